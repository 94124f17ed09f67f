"""The course of training: every loss term and diagnostic, per epoch and fold."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError
from models.types import Losses

CURVE_COLUMNS = ("fold", "stage", "epoch", "term", "kind", "value")
"""Columns of `Fitted.curves`; epoch counts from 1 in each stage, kind is "loss" or "diagnostic"."""


class EpochReport(NamedTuple):
    """What `on_epoch` receives.

    Attributes
    ----------
    stage : str
        Name of the stage.
    epoch, n_epochs : int
        Epochs finished and planned, over all stages and groups of folds.
    folds : tuple of str
        The folds trained together.
    values : dict
        Name of each loss term and diagnostic -> mean over the epoch, shape (n_folds,).
    """

    stage: str
    epoch: int
    n_epochs: int
    folds: tuple[str, ...]
    values: dict[str, np.ndarray]


def values_of(means: Losses) -> dict[str, np.ndarray]:
    """Return terms and diagnostics together, as arrays of shape (n_folds,)."""
    return {name: value.numpy() for name, value in {**means.terms, **means.diagnostics}.items()}


def curve_rows(means: Losses, stage: str, epoch: int, folds: Sequence[str]) -> pd.DataFrame:
    """Return one epoch as rows of the curves frame.

    Parameters
    ----------
    means : Losses
        Mean of each term and diagnostic over the epoch, shape (n_folds,).
    stage : str
        Name of the stage.
    epoch : int
        From 1.
    folds : sequence of str
        Names, in the order of the values.

    Returns
    -------
    pandas.DataFrame
        Columns `CURVE_COLUMNS`.
    """
    rows = [
        (fold, stage, epoch, term, kind, value)
        for kind, values in (("loss", means.terms), ("diagnostic", means.diagnostics))
        for term, per_fold in values.items()
        for fold, value in zip(folds, per_fold.tolist(), strict=True)
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def check_finite(means: Losses, when: str, folds: Sequence[str]) -> None:
    """Stop a training that has gone astray.

    Raises
    ------
    ConfigError
        When a loss term is NaN or infinite in some fold.
    """
    for term, per_fold in means.terms.items():
        for fold, value in zip(folds, per_fold.tolist(), strict=True):
            if not np.isfinite(value):
                raise ConfigError(
                    f"{when}: loss term {term!r} became {value} in fold {fold}; lower the "
                    "method's lr, or look for extreme values among the features"
                )
