"""How much memory `featpipe scan` takes for a file, with all processes that it starts."""

import json
import subprocess
import sys
from pathlib import Path

from lookalikes.processes import environment

LIMIT = 400_000_000
"""Bytes; what imports take is about half of it."""


MEASURE = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(json.dumps([done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
"""
SMALL = '"$0" "$@"; exit $?'
"""A shell starts what measures: a process that pytest starts counts the memory of pytest."""


def peak_of_scan(*paths: Path) -> int:
    """Return the largest resident memory of the scan and of any process below it, bytes."""
    scan = [sys.executable, "-m", "pipelines", "scan", *map(str, paths)]
    command = ["sh", "-c", SMALL, sys.executable, "-c", MEASURE, *scan]
    done = subprocess.run(command, env=environment(), check=True, capture_output=True)
    code, peak = json.loads(done.stdout)
    assert code in (0, 2, 3)
    return 1024 * peak
