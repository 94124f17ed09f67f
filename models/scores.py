"""Scores derived from stored predictions: per fold and subject, and summed up per method."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, recall_score

from featpipe.errors import ConfigError
from featpipe.schema import PREDICTION_KEYS
from models.registry import get_method

METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "kappa")

SCORE_COLUMNS = (
    *("method", "variant", "train_modalities", "test_modality", "protocol", "split", "policy"),
    *("manner", "scaling", "marks", "eeg", "seed", "fold", "subject", "n", *METRICS, "seconds"),
)
"""Columns of `scores.parquet`."""

_RUN = (
    "method",
    "variant",
    "train_modalities",
    "test_modality",
    "protocol",
    "split",
    "policy",
    "manner",
    "scaling",
    "marks",
    "eeg",
)


def scores(predictions: pd.DataFrame, seconds: float = float("nan")) -> pd.DataFrame:
    """Score every fold and subject.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As `cross_validate` returns it; several runs may stand below one another.
    seconds : float
        Time the run took, for the column of that name.

    Returns
    -------
    pandas.DataFrame
        Columns `SCORE_COLUMNS`, one row per method, variant, seed, protocol, fold and subject.

    Raises
    ------
    ConfigError
        When there is no prediction.
    """
    if predictions.empty:
        raise ConfigError("no predictions to score: train a method first")
    by = [*PREDICTION_KEYS, "dataset", "subject"]
    rows = []
    groups: Any = predictions.groupby(by, sort=False, observed=True)
    for values, group in groups:
        row: dict[str, Any] = dict(zip(by, values, strict=True))
        method = get_method(row["method"])
        row["train_modalities"] = "+".join(method.train_modalities) or "none"
        row["test_modality"] = "+".join(method.inputs) or "none"
        rows.append({**row, **_measure(group), "seconds": seconds})
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Sum up scores over subjects and seeds.

    A subject's score is its mean over folds, so sessions are averaged first.

    Parameters
    ----------
    scores : pandas.DataFrame
        As `scores` returns it.

    Returns
    -------
    pandas.DataFrame
        One row per method, variant, terms (protocol, policy ...) and EEG family: n_subjects,
        n_seeds, and for each metric ``_mean`` over subjects and seeds, ``_sd`` over subjects of
        their mean over seeds (n - 1 in the denominator), ``_sd_population`` (n, common in this
        literature) and ``_sd_seeds`` over seeds of the mean over subjects. A spread over one is
        NaN.
    """
    rows = []
    groups: Any = scores.groupby(list(_RUN), sort=False, observed=True)
    for values, group in groups:
        row: dict[str, Any] = dict(zip(_RUN, values, strict=True))
        row |= {f"n_{unit}s": len(group[unit].unique()) for unit in ("subject", "seed")}
        for metric in METRICS:
            row |= _spread(metric, group)
        rows.append(row)
    return pd.DataFrame(rows)


def _spread(metric: str, group: pd.DataFrame) -> dict[str, float]:
    """Return mean and standard deviations of one metric; NaN scores do not count."""
    table: Any = group.groupby(["subject", "seed"], observed=True)[metric].mean()
    per_subject = table.groupby(level="subject").mean()
    per_seed = table.groupby(level="seed").mean()
    return {
        f"{metric}_mean": float(per_subject.mean()),
        f"{metric}_sd": float(per_subject.std(ddof=1)),
        f"{metric}_sd_population": float(per_subject.std(ddof=0)),
        f"{metric}_sd_seeds": float(per_seed.std(ddof=1)),
    }


def _measure(group: pd.DataFrame) -> dict[str, float]:
    """Score the windows of one subject in one fold."""
    columns = [name for name in group.columns if name.startswith("p_")]
    probability = group[columns].to_numpy()
    has_class = ~np.isnan(probability).all(axis=0)  # runs of other studies may have more classes
    truth = group["label"].to_numpy(np.int64)
    found = probability[:, has_class].argmax(axis=1)
    seen = np.unique(truth)
    has_two = len(np.union1d(truth, found)) > 1
    return {
        "n": len(truth),
        "accuracy": float(accuracy_score(truth, found)),
        # mean recall over the classes that occur
        "balanced_accuracy": float(recall_score(truth, found, labels=seen, average="macro")),
        "macro_f1": float(f1_score(truth, found, average="macro")),
        "kappa": float(cohen_kappa_score(truth, found)) if has_two else float("nan"),
    }
