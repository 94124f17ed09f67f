"""How far two tables of the same windows agree: per column, between columns, and why they do not.

All functions take arrays of shape (n_windows, n_columns), row i of both being the same window. What
is not finite in one of them counts in neither.
"""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from featpipe.features.smoothing import linear_dynamical_system, moving_average

MEASURES = (
    *("n", "pearson", "spearman", "pearson_within", "spearman_within", "slope", "offset"),
    *("scale", "pearson_trials", "sd_ratio", "lag1_a", "lag1_b", "between_a", "between_b"),
)
"""Columns that `compare` returns."""

SMOOTHERS = {"as it is": None, "moving average": moving_average, "LDS": linear_dynamical_system}
"""Ways in which features of a trial are smoothed."""

_BLOCK = 32  # columns in double precision at a time: 150 000 windows are 40 MB each then


def compare(
    a: np.ndarray, b: np.ndarray, trial: np.ndarray, recording: np.ndarray, is_next: np.ndarray
) -> pd.DataFrame:
    """Compare equal columns of two tables.

    Parameters
    ----------
    a, b : array, shape (n_windows, n_columns)
        The two tables.
    trial, recording : array of int, shape (n_windows,)
        Number of each window's trial, unique over recordings, and of its recording.
    is_next : array of bool, shape (n_windows,)
        The window follows the one in the row before, in the same trial.

    Returns
    -------
    pandas.DataFrame
        One row per column of the tables: `n` windows that both have; correlations over all windows,
        which differences between recordings raise, and `_within` trials, whose means are taken
        off; the line b = `slope` a + `offset` (Theil); `scale`, standard deviation of the means of
        the trials in b over that in a, with the sign of their correlation, which smoothing leaves
        alone; `pearson_trials`, that correlation; `sd_ratio`, the ratio within trials; correlation
        of neighbouring windows; share of the variance in a recording that lies between its trials.
    """
    blocks = range(0, a.shape[1], _BLOCK)
    parts = [
        _compare(a[:, i : i + _BLOCK], b[:, i : i + _BLOCK], trial, recording, is_next)
        for i in blocks
    ]
    return pd.concat(parts, ignore_index=True)


def _compare(
    a: np.ndarray, b: np.ndarray, trial: np.ndarray, recording: np.ndarray, is_next: np.ndarray
) -> pd.DataFrame:
    a, b = _both_known(a, b)
    inner_a, inner_b = a - means(a, trial), b - means(b, trial)
    slope, offset = theil_line(a, b)
    scale, pearson_trials = trial_scale(a, b, trial, recording)
    found = {
        "n": np.isfinite(a).sum(axis=0),
        "pearson": pearson(a, b),
        "spearman": pearson(_ranks(a), _ranks(b)),
        "pearson_within": pearson(inner_a, inner_b),
        "spearman_within": pearson(_ranks(inner_a), _ranks(inner_b)),
        "slope": slope,
        "offset": offset,
        "scale": scale,
        "pearson_trials": pearson_trials,
        "sd_ratio": _over(_rms(inner_b), _rms(inner_a)),
        "lag1_a": lag_one(inner_a, is_next),
        "lag1_b": lag_one(inner_b, is_next),
        "between_a": between_share(a, trial, recording),
        "between_b": between_share(b, trial, recording),
    }
    return pd.DataFrame(found, columns=list(MEASURES))


def _both_known(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    is_known = np.isfinite(a) & np.isfinite(b)
    return np.where(is_known, a, np.nan), np.where(is_known, b, np.nan)


def _over(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide; NaN where the denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def _rms(x: np.ndarray) -> np.ndarray:
    """Root of the mean square of the finite values, per column."""
    count = np.isfinite(x).sum(axis=0)
    return np.sqrt(np.nansum(x * x, axis=0) / np.maximum(count, 1))


def means(x: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Mean of each row's group in each column, shape of x; NaN where a group has no value."""
    return pd.DataFrame(x).groupby(group).transform("mean").to_numpy()


def pearson(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlation of equal columns, (n_columns,); NaN where one of them does not vary.

    Examples
    --------
    >>> a = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    >>> pearson(a, 5 - 2 * a)
    array([-1., nan])
    """
    a, b = _both_known(a, b)
    count = np.maximum(np.isfinite(a).sum(axis=0), 1)
    a, b = a - np.nansum(a, axis=0) / count, b - np.nansum(b, axis=0) / count
    product = np.sqrt(np.nansum(a * a, axis=0) * np.nansum(b * b, axis=0))
    # rounding of equal numbers is no variance
    is_flat = (_rms(a) < 1e-12) | (_rms(b) < 1e-12)
    return _over(np.nansum(a * b, axis=0), np.where(is_flat, 0.0, product))


def _ranks(x: np.ndarray) -> np.ndarray:
    if np.isfinite(x).all():
        return np.asarray(rankdata(x, axis=0))
    return np.asarray(rankdata(x, axis=0, nan_policy="omit"))


def theil_line(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Robust line b = slope a + offset of equal columns: Theil's incomplete method.

    Rows are put in order of a; the slope is the median over the pairs of row i and row i + n/2, the
    offset the median of b - slope a. Noise of a draws the slope towards 0, as in least squares.

    Returns
    -------
    slope, offset : array, shape (n_columns,)
        NaN where a does not vary.

    References
    ----------
    Theil, "A rank-invariant method of linear and polynomial regression analysis", 1950.
    """
    slope, offset = np.full((2, a.shape[1]), np.nan)
    for i, (x, y) in enumerate(zip(a.T, b.T, strict=True)):
        is_known = np.isfinite(x) & np.isfinite(y)
        x, y = x[is_known], y[is_known]
        order = np.argsort(x, kind="stable")
        half = len(x) // 2
        low, high = order[:half], order[len(x) - half :]
        run = x[high] - x[low]
        if half and (run > 0).any():
            slope[i] = np.median((y[high] - y[low])[run > 0] / run[run > 0])
            offset[i] = np.median(y - slope[i] * x)
    return slope, offset


def trial_scale(
    a: np.ndarray, b: np.ndarray, trial: np.ndarray, recording: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Ratio of the spreads of trial means, b over a, levels of recordings taken off, (n_columns,).

    Smoothing within trials and noise of single windows leave it nearly alone.

    Returns
    -------
    scale, correlation : array, shape (n_columns,)
        The ratio with the sign of the correlation r of these means: where noise lowers r, the
        scale of what both share lies between r scale and scale / r.
    """
    one, two = (means(x, trial) - means(x, recording) for x in (a, b))
    r = pearson(one, two)
    return np.sign(r) * _over(_rms(two), _rms(one)), r


def lag_one(x: np.ndarray, is_next: np.ndarray) -> np.ndarray:
    """Correlation of neighbouring windows, (n_columns,).

    Parameters
    ----------
    x : array, shape (n_windows, n_columns)
        Without the means of the trials.
    is_next : array of bool, shape (n_windows,)
        The window follows the one in the row before.
    """
    follows = np.flatnonzero(is_next)
    return pearson(x[follows - 1], x[follows])


def between_share(x: np.ndarray, trial: np.ndarray, recording: np.ndarray) -> np.ndarray:
    """Share of the variance within recordings that lies between their trials, (n_columns,).

    0: a window tells nothing of its trial; 1: all windows of a trial are one.
    """
    level = means(x, recording)
    between = np.where(np.isfinite(x), means(x, trial) - level, np.nan)
    return _over(_rms(between) ** 2, _rms(x - level) ** 2)


def cross_correlation(a: np.ndarray, b: np.ndarray, trial: np.ndarray) -> np.ndarray:
    """Correlation of every column of a with every column of b within trials.

    Returns
    -------
    numpy.ndarray, shape (n_columns_a, n_columns_b)
        0 for columns that do not vary; unknown values count as the trial's mean.
    """
    return _standardised(a, trial).T @ _standardised(b, trial)


def _standardised(x: np.ndarray, trial: np.ndarray) -> np.ndarray:
    """Deviations from the mean of the trial, of length 1 per column, in single precision."""
    x = np.where(np.isfinite(x), x, np.nan)
    inner = np.nan_to_num(x - means(x, trial)).astype(np.float32)
    length = np.sqrt((inner.astype(np.float64) ** 2).sum(axis=0))
    is_flat = length < 1e-6 * np.sqrt(max(len(x), 1))
    return inner / np.where(is_flat, np.inf, length).astype(np.float32)


def smoothed(x: np.ndarray, trial: np.ndarray, how: str) -> np.ndarray:
    """Smooth every trial by itself.

    Parameters
    ----------
    x : array, shape (n_windows, n_columns)
        Windows of a trial stand together and in order.
    trial : array of int, shape (n_windows,)
        Number of each window's trial.
    how : str
        Key of `SMOOTHERS`.

    Returns
    -------
    numpy.ndarray, shape of x
    """
    smoother = SMOOTHERS[how]
    if smoother is None or not len(x):
        return x
    starts = np.flatnonzero(np.diff(trial)) + 1
    return np.concatenate([smoother(part) for part in np.split(x, starts)]).astype(x.dtype)


def median_within(a: np.ndarray, b: np.ndarray, trial: np.ndarray) -> float:
    """Median over the columns of the correlation within trials; NaN where none varies."""
    a, b = _both_known(a, b)
    found = pearson(a - means(a, trial), b - means(b, trial))
    return float(np.median(found[np.isfinite(found)])) if np.isfinite(found).any() else np.nan
