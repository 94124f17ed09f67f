"""Measure the peak memory of one extraction in a process of its own.

    python -m bench.memory_alone TOOL STUDY

What is printed is how far the resident memory rises above what it is once all is imported. The
kernels are loaded from the cache that an earlier process has filled, and count. Nothing runs
before, because memory that a first run gives back would be used again and not be seen.
"""

import json
import platform
import resource
import sys
from pathlib import Path

from bench.generate import Recording
from bench.signal_paths import ours, unit_of, with_mne

_CLEAR, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def main() -> None:
    """Extract, and print the rise in MB and the table."""
    tool, study = sys.argv[1], Path(sys.argv[2])
    before = restart()
    table = _extract(tool, study)
    reached = peak()
    found = {"rise_mb": (reached - before) / 1e6, "peak_mb": reached / 1e6, "table": str(table)}
    sys.stdout.write(json.dumps(found))


def _extract(tool: str, study: Path) -> Path:
    unit = unit_of(study)
    if tool == "featpipe":
        return ours(unit)
    path = unit.payload.source.eeg
    return with_mne(
        Recording(path, path, "<i4", 0, 0, 0, 0.0), study.with_name("mne.parquet"), "fft"
    )


def restart() -> int:
    """Begin to measure the peak anew; return the memory held now, bytes."""
    if not _CLEAR.exists():
        return peak()
    _CLEAR.write_text("5")
    return _status("VmRSS")


def peak() -> int:
    if _CLEAR.exists():
        return _status("VmHWM")
    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _status(name: str) -> int:
    lines = _STATUS.read_text(encoding="utf-8").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
