"""A second run that finds nothing to do."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.generate import copies, neuroscan, write_study
from bench.size import Size
from bench.table import OURS, Row, timed
from bench.timing import say, take_turns
from pipelines import workflow
from pipelines.job import open_job
from pipelines.running import RunSettings

SECONDS = 10
COMPARED = "correctness: tables written anew, of as many as there are recordings"


def rows(folder: Path, size: Size) -> Iterator[Row]:
    """Extract many small recordings, then again and again."""
    recording = neuroscan(folder, SECONDS)
    files = copies(recording, folder / "raw", size.n_unchanged)
    study = write_study(folder / "study", files, [(0, SECONDS)])
    out = folder / "out"
    say(f"    extracting {size.n_unchanged} recordings once")
    _verb(study, out)
    before = _written(out)
    tools = {
        f"{OURS}, workflow.extract": partial(_again, study, out),
        f"{OURS}, whole process": partial(_verb, study, out),
    }
    case = f"{size.n_unchanged} recordings, nothing changed"
    found = take_turns(tools, size.n_runs)
    after = _written(out)
    if len(before) != size.n_unchanged:
        raise RuntimeError(f"{len(before)} tables of {size.n_unchanged} recordings")
    figures = {"tables written anew": float(sum(before[path] != after[path] for path in before))}
    for name, times in found.items():
        yield timed("unchanged", case, name, times, figures, COMPARED)


def _again(study: Path, out: Path) -> None:
    states = {row.state for row in workflow.extract(open_job(study, out), RunSettings())}
    if states != {"kept"}:
        raise RuntimeError(f"a rerun should keep all tables, it was: {', '.join(sorted(states))}")


def _verb(study: Path, out: Path) -> None:
    words = [sys.executable, "-m", "pipelines", "extract", study, "-o", out]
    subprocess.run(words, check=True, capture_output=True)


def _written(out: Path) -> dict[Path, tuple[int, int]]:
    found = {path: path.stat() for path in out.glob("features/*/*.parquet")}
    return {path: (about.st_mtime_ns, about.st_ino) for path, about in found.items()}
