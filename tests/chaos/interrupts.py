"""Ctrl-C and SIGTERM, sent to the processes of a run as terminals and batch systems do."""

import signal
from pathlib import Path

from chaos.as_tests import outcomes
from chaos.row import Row

ONCE = "test_once_finishes_what_runs_and_says_how_to_go_on"
TWICE = "test_twice_stops_at_once"
CASES = {
    f"{ONCE}[{signal.SIGINT:d}]": ("Ctrl-C once", "exit 130 {seconds} s behind the running tasks"),
    f"{ONCE}[{signal.SIGTERM:d}]": ("SIGTERM", "exit 130 {seconds} s behind the running tasks"),
    TWICE: ("Ctrl-C twice", "exit 130 after {seconds} s"),
}


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Interrupt runs of two workers."""
    found = outcomes(folder, "pipelines/test_ending.py", ONCE, TWICE)
    return [
        found[name].row(what, 1, f"{figure}, 0 processes left", "0 left, finished tables whole")
        for name, (what, figure) in CASES.items()
    ]
