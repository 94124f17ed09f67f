"""Students with a teacher, beside the same student alone and beside one taught by mere labels."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from models.registry import make_config, variant
from truth.constructed import Draw, trained
from truth.paired import difference_row, mean_row
from truth.row import Row

LOSSES = ("kd", "crd", "cmcrd")
SEEDS = (0, 1, 2, 3, 4)
LABELS = "EEG is the label"
"""Name of runs in which the teacher reads the label, and so has nothing to tell but labels."""


def runs(student: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return what is trained for a modality: the student alone, and with each loss."""
    return [(f"dnn_{student}", {}), *((f"{loss}_{student}", {}) for loss in LOSSES)]


def differences(found: pd.DataFrame, student: str) -> list[Row]:
    """Return the difference of every taught student to the one alone."""
    made = []
    for method, options in runs(student)[1:]:
        name = variant(method, make_config(method, options))
        what = f"`{method}` - `dnn_{student}`"
        made.append(difference_row(found, method, f"dnn_{student}", what, name))
    return made


def on_draws(draw: Callable[[int], Draw], *, is_quick: bool) -> pd.DataFrame:
    """Train every student on the eyes of five studies, at its defaults; test on new people."""
    options = {"n_epochs": 5} if is_quick else {}
    seeds = SEEDS[: 2 if is_quick else None]
    found = trained(draw, seeds, runs("eye"), options).accuracy
    labels = trained(lambda seed: with_labels(draw(seed)), seeds, [("kd_eye", {})], options)
    return pd.concat([found, labels.accuracy.assign(variant=LABELS)], ignore_index=True)


def with_labels(one: Draw) -> Draw:
    """Return the same draw with the label in place of EEG: +1 or -1."""
    sign = (2 * one.windows.label - 1).astype(np.float32)
    eeg = sign.reshape(one.windows.x["eeg"].shape)
    return Draw(replace(one.windows, x={**one.windows.x, "eeg": eeg}), one.is_test)


def rows_of(found: pd.DataFrame, direction: Mapping[str, float], judge: Callable) -> list[Row]:
    """Return the rows of a construction.

    Parameters
    ----------
    found : pandas.DataFrame
        From `on_draws`.
    direction : mapping
        Targets -> accuracy of the direction learnt with them, in closed form.
    judge : callable
        Row of `kd_eye` -> what was expected of it, and whether it came so.
    """
    made = [
        Row(f"direction, {targets} (closed form)", 100 * accuracy, is_difference=False)
        for targets, accuracy in direction.items()
    ]
    made.append(mean_row(found, "dnn_eye", "`dnn_eye`"))
    kd, *others = differences(found, "eye")
    wanted, is_held = judge(kd)
    made += [kd._replace(wanted=wanted, is_held=is_held), *others]
    what = "`kd_eye`, its teacher sees the label"
    made.append(difference_row(found, "kd_eye", "dnn_eye", f"{what} - `dnn_eye`", LABELS))
    return [*made, _beyond_labels(found, f"`kd_eye` - {what}")]


def _beyond_labels(found: pd.DataFrame, what: str) -> Row:
    """Return what a teacher brings beside what its loss does with mere labels."""
    of = {
        name: found[(found["method"] == "kd_eye") & (found["variant"] == name)]
        for name in ("default", LABELS)
    }
    both = pd.concat([rows.assign(method=name) for name, rows in of.items()], ignore_index=True)
    return difference_row(both.assign(variant="default"), "default", LABELS, what)
