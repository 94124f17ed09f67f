"""How much memory `featpipe scan` takes for a file, with all processes that it starts."""

import os
import subprocess
import sys
from pathlib import Path

from lookalikes.processes import environment

LIMIT = 400_000_000
"""Bytes; what imports take is about half of it."""


def peak_of_scan(*paths: Path) -> int:
    """Return the largest resident memory of the scan and of any process below it, bytes."""
    command = [sys.executable, "-m", "pipelines", "scan", *map(str, paths)]
    process = subprocess.Popen(
        command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 2, 3)
    return 1024 * used.ru_maxrss
