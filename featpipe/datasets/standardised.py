"""Whether columns were standardised before they were handed on: their statistics give it away."""

import numpy as np

_NEARLY_ALL = 0.95  # of the columns that vary
_OFF = 0.05  # of mean and deviation
_ROUNDING = 1e-6  # of ends


def standardised(x: np.ndarray) -> str:
    """Say how columns were standardised over all of their rows.

    Parameters
    ----------
    x : array, shape (n_windows, ...)
        Everything behind the first axis is a column; NaN or infinite where unknown.

    Returns
    -------
    str
        "mean 0, deviation 1" or "from 0 to 1" when nearly all columns that vary are so, else empty.
    """
    x = x.reshape(len(x), -1).astype(float)
    x = np.where(np.isfinite(x), x, np.nan)
    x = x[:, np.isfinite(x).any(axis=0)]
    low, high = np.nanmin(x, axis=0, initial=np.inf), np.nanmax(x, axis=0, initial=-np.inf)
    x, low, high = (of[..., high > low] for of in (x, low, high))
    if not x.size:
        return ""
    is_scored = (np.abs(np.nanmean(x, axis=0)) < _OFF) & (np.abs(np.nanstd(x, axis=0) - 1) < _OFF)
    if is_scored.mean() >= _NEARLY_ALL:
        return "mean 0, deviation 1"
    is_ranged = (np.abs(low) < _ROUNDING) & (np.abs(high - 1) < _ROUNDING)
    return "from 0 to 1" if is_ranged.mean() >= _NEARLY_ALL else ""
