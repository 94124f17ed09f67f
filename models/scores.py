"""Scores derived from stored predictions: per fold and subject, and summed up per method."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, recall_score

from featpipe.errors import ConfigError
from featpipe.schema import PREDICTION_KEYS
from models.registry import get_method

METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "kappa", "ece")
"""What is measured; of `ece`, the expected calibration error, less is better."""

N_BINS = 15
"""Of confidence, equally wide, in `ece`."""

N_RESAMPLES, CONFIDENCE = 2000, 0.95
"""Of the bootstrap over subjects."""

SCORE_COLUMNS = (
    *("method", "variant", "train_modalities", "test_modality", "protocol", "split", "policy"),
    *("manner", "scaling", "marks", "eeg", "role", "seed", "fold", "subject", "n", *METRICS),
    "seconds",
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
    "role",
)


def scores(
    predictions: pd.DataFrame, seconds: float = float("nan"), role: str = ""
) -> pd.DataFrame:
    """Score every fold and subject.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As `cross_validate` returns it; several runs may stand below one another.
    seconds : float
        Time the run took, for the column of that name.
    role : str
        What the run is to others ("teacher", "member") if it was trained for these alone.

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
    has_many = len(predictions["dataset"].unique()) > 1
    groups: Any = predictions.groupby(by, sort=False, observed=True)
    for values, group in groups:
        row: dict[str, Any] = dict(zip(by, values, strict=True))
        method = get_method(row["method"])
        row["train_modalities"] = "+".join(method.train_modalities) or "none"
        row["test_modality"] = "+".join(method.inputs) or "none"
        if has_many:  # equal numbers in two data sets are two people
            row["subject"] = f"{row['dataset']} {row['subject']}"
        rows.append({**row, **_measure(group), "role": role, "seconds": seconds})
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
        n_seeds, the mean `seconds` of a seed, which are of all its folds and of what was trained
        before, and for each metric ``_mean`` over subjects and seeds, ``_sd`` over subjects of
        their mean over seeds (n - 1 in the denominator), ``_sd_population`` (n, common in this
        literature), ``_sd_seeds`` over seeds of the mean over subjects, and ``_low`` and ``_high``,
        the 95 % percentile bootstrap interval of the mean over subjects. A spread over one is NaN.
    """
    rows = []
    groups: Any = scores.groupby(list(_RUN), sort=False, observed=True)
    for values, group in groups:
        row: dict[str, Any] = dict(zip(_RUN, values, strict=True))
        row |= {f"n_{unit}s": len(group[unit].unique()) for unit in ("subject", "seed")}
        row["seconds"] = float(group.groupby("seed", observed=True)["seconds"].first().mean())
        for metric in METRICS:
            row |= _spread(metric, group)
        rows.append(row)
    return pd.DataFrame(rows)


def _spread(metric: str, group: pd.DataFrame) -> dict[str, float]:
    """Return mean and standard deviations of one metric; NaN scores do not count."""
    table: Any = group.groupby(["subject", "seed"], observed=True)[metric].mean()
    per_subject = table.groupby(level="subject").mean()
    per_seed = table.groupby(level="seed").mean()
    low, high = _bootstrap(per_subject.dropna().to_numpy())
    return {
        f"{metric}_mean": float(per_subject.mean()),
        f"{metric}_low": low,
        f"{metric}_high": high,
        f"{metric}_sd": float(per_subject.std(ddof=1)),
        f"{metric}_sd_population": float(per_subject.std(ddof=0)),
        f"{metric}_sd_seeds": float(per_seed.std(ddof=1)),
    }


def _bootstrap(values: np.ndarray) -> tuple[float, float]:
    """Return the percentile interval of the mean; the same values have the same one."""
    if len(values) < 2:
        return float("nan"), float("nan")
    drawn = np.random.default_rng(0).integers(len(values), size=(N_RESAMPLES, len(values)))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values[drawn].mean(axis=1), [tail, 1 - tail])
    return float(low), float(high)


def calibration_error(probability: np.ndarray, truth: np.ndarray) -> float:
    """Return the expected calibration error (Guo et al., ICML 2017, Eq. 3).

    Parameters
    ----------
    probability : array, shape (n_windows, n_classes)
        Of each class.
    truth : array of int, shape (n_windows,)
        Index of the true class.

    Returns
    -------
    float
        Mean distance between confidence and accuracy over `N_BINS` equally wide bins of
        confidence, weighted by the windows in each.

    Examples
    --------
    >>> calibration_error(np.array([[0.9, 0.1], [0.9, 0.1]]), np.array([0, 1])).__round__(3)
    0.4
    """
    confidence, is_right = probability.max(axis=1), probability.argmax(axis=1) == truth
    # a bin holds its upper end
    bins = np.clip(np.ceil(confidence * N_BINS).astype(int) - 1, 0, N_BINS - 1)
    gap = np.bincount(bins, confidence - is_right, minlength=N_BINS)
    return float(np.abs(gap).sum() / len(truth))


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
        "ece": calibration_error(probability[:, has_class], truth),
    }
