"""Train one unit in this process, which can kill itself behind a chosen epoch or fold.

    python -m lookalikes.killed_training OUT METHOD KILL_AT [name=value ...]

KILL_AT counts epochs, or folds where a method has none, over all folds of the unit; 0 never kills.
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


def unit_of(out, method, seed=0, protocol="loso", policy="last", **options):
    """Make the one unit of a method."""
    plan = TrainPlan(
        (method,), protocol, policy=policy, seeds=(int(seed),),
        options={method: {**OPTIONS[method], **{k: int(v) for k, v in options.items()}}},
    )  # fmt: skip
    names = {"eeg": "de", "eye": "eye"}
    tables = {m: sorted(out.glob(f"features/{name}/*.parquet")) for m, name in names.items()}
    [unit] = train.units(plan, tables, out)
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
    unit = unit_of(out, method, **about)
    return unit, update(train.TRAIN, unit, {}, out / ".staging")


def results(out):
    """Bytes of predictions and networks, and the curves without the seconds they took."""
    (predictions,) = out.glob("predictions/*.parquet")
    (curves,) = out.glob("curves/*.parquet")
    models = sorted(out.glob("models/*/model.*"))
    curves = read_table(curves).replace_schema_metadata()
    return predictions.read_bytes(), curves, *(path.read_bytes() for path in models)


if __name__ == "__main__":
    place, name, moment, *rest = sys.argv[1:]
    _, row = run(Path(place), name, moment, **dict(text.split("=") for text in rest))
    sys.exit(row.state != "made")
