"""How much training windows count: all alike, or as much as their `good`.

Networks draw a window so often, among those of its subject; subjects are drawn equally often, and
an epoch has as many steps, as without weights. So a weight needs nothing of a method, and a run or
a trial, which is drawn as a whole, weighs what its windows do on average. Estimators, which see all
windows once, take it as the weight of a row. Standardisation counts every training window once:
`[train] min_good` leaves windows out of that, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from featpipe.errors import ConfigError, unknown
from models.loading import Windows
from models.runs import Items
from models.types import Fold
from models.units import SUBJECT, units

WEIGHTS: Mapping[str, str] = {
    "none": "all training windows count alike",
    "good": "training windows count as much as their share of clean data, `good`",
}
"""Name -> what it means."""


def weighted(windows: Windows, weight: str) -> Windows:
    """Give every window its weight in training.

    Parameters
    ----------
    windows : Windows
        All windows of the study.
    weight : str
        A key of `WEIGHTS`; "none" returns the windows as they are.

    Raises
    ------
    ConfigError
        When there is no such weight, or `good` is no number from 0 up.
    """
    if weight not in WEIGHTS:
        raise ConfigError(unknown("weight", weight, WEIGHTS))
    if weight == "none":
        return windows
    good = windows.keys["good"].to_numpy(np.float64)
    is_odd = ~(good >= 0)
    if is_odd.any():
        row = windows.keys.iloc[int(np.argmax(is_odd))]
        raise ConfigError(
            f"[train] weight = {weight!r}: window {row['window']} of trial {row['trial']}, subject "
            f"{row['subject']}, has a `good` of {row['good']}: expected a share from 0 to 1; "
            "extract its recording again"
        )
    return replace(windows, weight=good)


def check_weights(windows: Windows, items: Items, folds: Sequence[Fold]) -> None:
    """Refuse folds with a subject of whom nothing could be drawn.

    Parameters
    ----------
    windows : Windows
        All windows of the study.
    items : Items
        What batches are drawn from.
    folds : sequence of Fold
        With training sides.

    Raises
    ------
    ConfigError
        Naming fold and subject.
    """
    if windows.weight is None:
        return
    code, names = units(windows.keys, SUBJECT)
    for fold in folds:
        pool = items.inside(fold.train)
        subject = code[pool if pool.ndim == 1 else pool.max(axis=1)]
        total = np.bincount(subject, items.weigh(pool), minlength=len(names))
        empty = [names[i] for i in np.unique(subject) if total[i] <= 0]
        if empty:
            raise ConfigError(
                f"fold {fold.name}: all training windows of {empty[0]} have the weight 0, `good` "
                "is 0 in all of them: leave the subject out with [train] subjects, or set [train] "
                'weight = "none"'
            )
