"""How far a long task is: reported by the worker, heard by whoever started it.

What is said is an event of Dask's scheduler, so it arrives from workers anywhere. Nothing waits for
it, and where no worker is about it is not said.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dask.distributed import Client

EVERY_S = 1.0
"""A task says no more often how far it is."""

GOES_ON = "goes on at epoch"
"""Said at once, instead of what the pieces are, of a training that an earlier run began."""


class Report(NamedTuple):
    """How far a unit is.

    Attributes
    ----------
    unit : str
        Its name.
    done, total : int
        Pieces of its work.
    what : str
        What the pieces are: "epochs" or "folds"; or `GOES_ON`.
    """

    unit: str
    done: int
    total: int
    what: str


def reporter(out: Path, unit: str) -> Callable[[int, int, str], None]:
    """Return a function that a task calls as often as it likes with done, total and what.

    Parameters
    ----------
    out : Path
        Output root of the run; others may use the same scheduler.
    unit : str
        Name of the unit.
    """
    last = time.monotonic()

    def report(done: int, total: int, what: str) -> None:
        nonlocal last
        now = time.monotonic()
        if what == GOES_ON or now - last >= EVERY_S:
            last = now
            _say(_topic(out), Report(unit, done, total, what))

    return report


def hear(client: "Client", out: Path, heard: Callable[[Report], None]) -> None:
    """Have `heard` called, by a thread of the client, with every report of a run's tasks.

    Parameters
    ----------
    client : dask.distributed.Client
        Of the run.
    out : Path
        Its output root.
    heard : callable
        Takes a Report.
    """
    client.subscribe_topic(_topic(out), lambda event: heard(Report(*event[1])))


def _topic(out: Path) -> str:
    return f"featpipe-progress {out.absolute()}"


def _say(topic: str, report: Report) -> None:
    if "distributed" not in sys.modules:
        return  # no worker can be here
    from dask.distributed import get_worker

    try:
        worker = get_worker()
    except ValueError:  # the unit is made in the process that asked for it
        return
    worker.log_event(topic, list(report))
