"""The course of training: loss terms, diagnostics and validation, per epoch and fold."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from torch import Tensor

from featpipe.errors import ConfigError
from models.types import Losses

CURVE_COLUMNS = ("fold", "stage", "epoch", "term", "kind", "value")
"""Columns of `Fitted.curves`; epoch counts from 1 in each stage, kind is "loss", "diagnostic" or
"validation". Where the epoch was chosen on validation, each fold has one row "chosen" at it."""

VALIDATION_SCORE = "validation_balanced_accuracy"
VALIDATION_LOSS = "validation_cross_entropy"
OF_MODALITY = "validation_balanced_accuracy_"
"""In front of the modality, where single ones are judged on the validation side, too."""


class Epoch(NamedTuple):
    """One epoch of some folds; every value has shape (n_folds,) and lies on the CPU.

    Attributes
    ----------
    stage : str
        Name of the stage.
    number : int
        From 1 in each stage.
    means : Losses
        Mean of each term and diagnostic over the epoch.
    validation : dict
        Name -> measure after the epoch; empty where nothing is held out.
    """

    stage: str
    number: int
    means: Losses
    validation: dict[str, Tensor]


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
        Name of each loss term and diagnostic -> mean over the epoch, and name of each validation
        measure -> its value after the epoch, shape (n_folds,).
    """

    stage: str
    epoch: int
    n_epochs: int
    folds: tuple[str, ...]
    values: dict[str, np.ndarray]


def values_of(epoch: Epoch) -> dict[str, np.ndarray]:
    """Return all values of an epoch together, as arrays of shape (n_folds,)."""
    values = {**epoch.means.terms, **epoch.means.diagnostics, **epoch.validation}
    return {name: value.numpy() for name, value in values.items()}


def curve_rows(epoch: Epoch, folds: Sequence[str]) -> pd.DataFrame:
    """Return one epoch as rows of the curves frame.

    Parameters
    ----------
    epoch : Epoch
        Its values.
    folds : sequence of str
        Names, in the order of the values.

    Returns
    -------
    pandas.DataFrame
        Columns `CURVE_COLUMNS`.
    """
    kinds = {
        "loss": epoch.means.terms,
        "diagnostic": epoch.means.diagnostics,
        "validation": epoch.validation,
    }
    rows = [
        (fold, epoch.stage, epoch.number, term, kind, value)
        for kind, values in kinds.items()
        for term, per_fold in values.items()
        for fold, value in zip(folds, per_fold.tolist(), strict=True)
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def to_rows(curves: pd.DataFrame) -> list[list[Any]]:
    """Return a curves frame as rows that JSON can hold, to the last bit."""
    return curves.to_dict("split")["data"]


def from_rows(rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Return the curves frame of such rows, also of none, with the types it had."""
    return pd.DataFrame(list(rows), columns=list(CURVE_COLUMNS))


def chosen_rows(epochs: Sequence[int], stage: str, folds: Sequence[str]) -> pd.DataFrame:
    """Return the rows that mark the epoch chosen on validation in each fold."""
    rows = [
        (fold, stage, epoch, "chosen", "validation", 1.0)
        for fold, epoch in zip(folds, epochs, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def joined(curves: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the epochs of a training below one another; there are none where nothing was to learn."""
    if not curves:
        return from_rows([])
    return pd.concat(curves, ignore_index=True)


def check_finite(rows: pd.DataFrame, method: str) -> None:
    """Stop a training that has gone astray.

    Parameters
    ----------
    rows : pandas.DataFrame
        One epoch, from `curve_rows`.
    method : str
        For the message.

    Raises
    ------
    ConfigError
        When a loss term, or a measure on validation, is NaN or infinite in some fold.
    """
    judged: Any = rows[rows["kind"] != "diagnostic"]
    is_bad = ~np.isfinite(judged["value"].to_numpy(float))
    if is_bad.any():
        row = judged[is_bad].iloc[0]
        raise ConfigError(
            f"{method}, stage {row['stage']}, epoch {row['epoch']}: loss term {row['term']!r} "
            f"became {row['value']} in fold {row['fold']}; lower the method's lr, or look for "
            "extreme values among the features"
        )
