"""Train one unit in this process, which can kill itself behind a chosen epoch or fold.

    python -m lookalikes.killed_training OUT METHOD KILL_AT [name=value ...]

KILL_AT counts epochs, or folds where a method has none, over all folds of the unit; 0 never kills.
Several seeds, "seed=0+1", are one unit on any device but "cpu": "device=cpu:0" stands for a GPU.
"""

import os
import signal
import sys
from pathlib import Path

from featpipe.tables import read_table
from lookalikes.outputs import features, grid, write_output
from pipelines import kept_folds
from pipelines.engine import update
from pipelines.steps import train
from pipelines.steps.together import TOGETHER, together
from pipelines.study_sections import TrainPlan
from pipelines.task_progress import GOES_ON

OPTIONS = {"mlp": {"n_epochs": 3, "batch": 16}, "cscm": {"n_epochs": 4, "batch": 16}, "svm": {}}

WENT_ON = []
"""Epochs at which trainings in this process went on."""


def write_tables(out, n_subjects=3, n_sessions=1):
    """Write small tables of eyes and EEG."""
    keys = grid(n_subjects, n_sessions, n_trials=4, n_windows=4)
    for family, n_columns in (("de", 45), ("eye", 33)):
        x = features(keys, n_columns, seed=n_columns, effect=1.0)
        write_output(out, family, keys, x, classes=("sad", "happy"))


def units_of(out, method, seed=0, protocol="loso", policy="last", device="cpu", **options):
    """Make the units of a method, one per seed."""
    plan = TrainPlan(
        (method,), protocol, policy=policy, seeds=tuple(map(int, str(seed).split("+"))),
        options={method: {**OPTIONS[method], **{k: int(v) for k, v in options.items()}}},
        device=device,
    )  # fmt: skip
    names = {"eeg": "de", "eye": "eye"}
    tables = {m: sorted(out.glob(f"features/{name}/*.parquet")) for m, name in names.items()}
    return train.units(plan, tables, out)


def unit_of(out, method, **about):
    """Make the one unit of a method."""
    [unit] = units_of(out, method, **about)
    return unit


def run(out, method, kill_at=0, every_s=0.0, **about):
    """Bring the unit up to date; fold files are kept however short the work was."""

    def reporter(out, unit):
        def report(done, total, what):
            if what == GOES_ON:
                WENT_ON.append(done)
            if done == int(kill_at):
                os.kill(os.getpid(), signal.SIGKILL)

        return report

    train.reporter = reporter
    kept_folds.WORTH_S, kept_folds.EVERY_S = 0.0, float(every_s)
    [task] = together(units_of(out, method, **about))
    return task, update(TOGETHER, task, {}, out / ".staging")


def results(out):
    """Bytes of predictions and networks, and the curves without the seconds they took."""
    curves = [
        read_table(path).replace_schema_metadata() for path in listed(out, "curves/*.parquet")
    ]
    same = listed(out, "predictions/*.parquet") + listed(out, "models/*/model.*")
    return curves, *(path.read_bytes() for path in same)


def listed(out, pattern):
    """List files in a fixed order."""
    return sorted(out.glob(pattern))


if __name__ == "__main__":
    place, name, moment, *rest = sys.argv[1:]
    _, row = run(Path(place), name, moment, **dict(text.split("=") for text in rest))
    sys.exit(row.state != "made")
