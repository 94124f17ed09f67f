"""Lost samples filled in for a long filter, which would spread each over its whole length."""

import numpy as np


def bridge(x: np.ndarray, reach: int) -> np.ndarray:
    """Fill gaps so that a filter of 2 * reach + 1 taps at a known sample meets values only.

    A gap of up to `reach` samples becomes a straight line between its neighbours; in a longer one
    each sample takes the value of the nearest known sample. What is more than `reach` away from
    both ends stays lost. A sample therefore depends on nothing beyond `reach`.

    Parameters
    ----------
    x : array, shape (n_times, n_channels)
        NaN where lost.
    reach : int
        Samples.

    Returns
    -------
    numpy.ndarray, shape (n_times, n_channels)

    Examples
    --------
    >>> bridge(np.array([[1.0], [np.nan], [3.0]]), 1).ravel()
    array([1., 2., 3.])
    """
    y = x.copy()
    for channel in np.flatnonzero(np.isnan(x).any(axis=0)):
        is_lost = np.isnan(x[:, channel])
        if not is_lost.all():
            lost, known = np.flatnonzero(is_lost), np.flatnonzero(~is_lost)
            y[lost, channel] = _filled(lost, known, x[known, channel], reach)
    return y


def _filled(lost: np.ndarray, known: np.ndarray, values: np.ndarray, reach: int) -> np.ndarray:
    right = np.searchsorted(known, lost)
    has_left, has_right = right > 0, right < len(known)
    left, right = np.maximum(right - 1, 0), np.minimum(right, len(known) - 1)
    before = np.where(has_left, lost - known[left], np.inf)
    after = np.where(has_right, known[right] - lost, np.inf)
    is_short = before + after - 1 <= reach
    share = np.where(is_short, before / np.where(is_short, before + after, 1.0), after < before)
    share = np.where(~is_short & (before == after), 0.5, share)
    filled = values[left] + (values[right] - values[left]) * share
    return np.where(np.minimum(before, after) <= reach, filled, np.nan)
