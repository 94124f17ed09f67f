"""Folds that would leak are refused before anything is trained."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError
from models.types import Fold
from models.units import CLIP, SESSION, SUBJECT, TRIAL, units

_APART: Mapping[str, Sequence[str]] = {
    "subject": SUBJECT,
    "session": SESSION,
    "trial": TRIAL,
    "clip": CLIP,
}


def check_folds(folds: Iterable[Fold], keys: pd.DataFrame, split: str) -> None:
    """Refuse folds that would leak.

    Parameters
    ----------
    folds : iterable of Fold
        All folds of a run.
    keys : pandas.DataFrame
        Key columns of the windows.
    split : str
        Units that must not be on both sides: "subject", "session", "trial", "clip", several of
        them joined by "+", or "window" where trials are divided on purpose. Else trials never are.

    Raises
    ------
    ConfigError
        When a unit is on both sides of a fold, a trial in training and validation, a side is
        empty, two folds share a name, or a window is tested twice.
    """
    apart = [units(keys, _APART[name]) for name in split.split("+") if name != "window"]
    trial = units(keys, TRIAL)
    window = np.arange(len(keys)), [f"window {row}" for row in range(len(keys))]
    n_tested = np.zeros(len(keys), int)
    seen: set[str] = set()
    for fold in folds:
        for code, names in apart or [window]:
            _check_apart(fold.name, {"training": fold.train, "test": fold.test}, code, names)
        if fold.validate is not None:
            for code, names in apart or [window]:
                sides = {"validation": fold.validate, "test": fold.test}
                _check_apart(fold.name, sides, code, names)
            sides = {"training": fold.train, "validation": fold.validate}
            _check_apart(fold.name, sides, *(trial if apart else window))
        if fold.name in seen:
            raise ConfigError(f"two folds are called {fold.name}")
        seen.add(fold.name)
        np.add.at(n_tested, fold.test, 1)
    if n_tested.max(initial=0) > 1:
        raise ConfigError(f"{(n_tested > 1).sum()} windows are tested more than once")


def _check_apart(
    fold: str, sides: Mapping[str, np.ndarray], code: np.ndarray, names: Sequence[str]
) -> None:
    """Refuse two sides of a fold when one is empty or a unit is on both."""
    for side, rows in sides.items():
        if not len(rows):
            raise ConfigError(f"fold {fold}: the {side} side has no window")
    one, other = (code[rows] for rows in sides.values())
    both = np.intersect1d(one, other)
    if len(both):
        raise ConfigError(f"fold {fold}: {names[both[0]]} is in {' and '.join(sides)}")
