"""kill -9 of a training behind fold k, epoch e: stacks of folds, one stack, fold by fold."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

from lookalikes.killed_training import results, write_tables

from chaos.row import Row, count
from chaos.telling import told

WITHIN = ("protocol=within",)
CASES = (
    # method, tables, options, moments: epochs over all stacks, or folds
    ("mlp", "many", WITHIN, (1, 2, 3, 4, 5)),
    ("cscm", "few", ("policy=source-validation",), (1, 2, 3)),
    ("svm", "few", (), (1, 2)),
)
QUICK = 1
"""Moments of each method that a quick run takes: the last ones."""


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Kill twice, an epoch or fold apart, and train to the end."""
    write_tables(folder / "few")
    write_tables(folder / "many", n_subjects=12, n_sessions=3)
    moments = [(case, moment) for case in CASES for moment in case[3][-QUICK * is_quick :]]
    n_equal = n_killed = n_touched = n_kept = 0
    whole: dict[str, tuple[object, ...]] = {}
    for (method, name, options, _), moment in told("killed training", moments):
        out = shutil.copytree(folder / name, folder / f"{method}_{moment}")
        if method not in whole:
            undisturbed = shutil.copytree(folder / name, folder / f"{method}_whole")
            assert train(undisturbed, method, 0, options) == 0
            whole[method] = results(undisturbed)
        n_killed += train(out, method, moment, options) == -signal.SIGKILL
        before = finished(out)
        n_killed += train(out, method, moment + 1, options) == -signal.SIGKILL
        after = finished(out)
        n_kept += len(before)
        n_touched += sum(before[file] != after.get(file) for file in before)
        assert train(out, method, 0, options) == 0
        n_equal += results(out) == whole[method]
    n = len(moments)
    what = "kill -9 of a training in fold k, epoch e, and again an epoch later"
    return [
        Row(f"{what}; mlp, cscm, svm", n, f"{n_equal} bit-equal to undisturbed", str(n),
            n_equal == n and n_killed == 2 * n),
        count("...", n, n_touched, f"of {n_kept} files of finished folds touched"),
    ]  # fmt: skip


def train(out: Path, method: str, moment: int, options: tuple[str, ...]) -> int:
    """Train in a process of its own that kills itself at a moment; return how it ended."""
    command = [sys.executable, "-m", "lookalikes.killed_training", str(out), method, str(moment)]
    return subprocess.run([*command, *options], check=False).returncode


def finished(out: Path) -> dict[str, tuple[int, int, bytes]]:
    """Name the files of finished folds, with marks that any writing would change."""
    files = [f for f in (out / ".cache/folds").glob("*/*/*.parquet") if ".half." not in f.name]
    return {f.name: (f.stat().st_mtime_ns, f.stat().st_ino, f.read_bytes()) for f in files}
