"""Smooth a feature along the windows of one trial. Never across trials.

The published SEED features are smoothed, which by itself lifts accuracy a lot: a table says in its
metadata which of these was applied.
"""

import numpy as np


def moving_average(x: np.ndarray, width: int = 5) -> np.ndarray:
    """Centred moving average; the edges average the windows there are.

    Parameters
    ----------
    x : array, shape (n_windows, ...)
        Feature series of one trial.
    width : int
        Odd number of windows.

    Returns
    -------
    numpy.ndarray, shape of x
        A NaN is left out of its neighbours' averages and stays NaN itself.

    Examples
    --------
    >>> moving_average(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), width=3)
    array([1.5, 2. , 3. , 4. , 4.5])
    """
    x = np.asarray(x, dtype=np.float64)
    half, n_windows = width // 2, len(x)
    is_known = np.isfinite(x)
    known = np.where(is_known, x, 0.0)
    total, count = np.zeros_like(x), np.zeros_like(x)
    for lag in range(-half, half + 1):
        begin, end = max(0, -lag), min(n_windows, n_windows - lag)
        if begin < end:
            total[begin:end] += known[begin + lag : end + lag]
            count[begin:end] += is_known[begin + lag : end + lag]
    return np.where(is_known, total / np.maximum(count, 1), np.nan)


def linear_dynamical_system(
    x: np.ndarray,
    transition: float = 1e-3,
    observation: float = 1.0,
    initial: float = 0.1,
) -> np.ndarray:
    r"""Local-level Kalman smoother: forward filter, backward (Rauch-Tung-Striebel) pass.

    .. math:: z_t = z_{t-1} + N(0, Q), \quad x_t = z_t + N(0, R), \quad z_1 \sim N(\bar x, P)

    Parameters
    ----------
    x : array, shape (n_windows, ...)
        Feature series of one trial; every feature is smoothed alone.
    transition, observation, initial : float
        Variances Q, R and P. The initial mean is the trial's mean.

    Returns
    -------
    numpy.ndarray, shape of x
        Expected level given the whole trial. A NaN counts as not observed and stays NaN.

    References
    ----------
    Shi and Lu, "Off-line and on-line vigilance estimation based on linear dynamical system and
    manifold learning", EMBC 2010. Constants as in Jiang et al., MAET, 2023.
    """
    x = np.asarray(x, dtype=np.float64)
    if len(x) == 0:
        return x.copy()
    is_seen = np.isfinite(x)
    count = np.maximum(is_seen.sum(axis=0), 1)
    level = np.where(is_seen, x, 0.0).sum(axis=0) / count
    filtered, variances = np.empty_like(x), np.empty_like(x)
    variance = np.full_like(level, initial)
    for i, seen in enumerate(is_seen):
        if i > 0:
            variance = variance + transition
        gain = np.where(seen, variance / (variance + observation), 0.0)
        level = level + gain * np.where(seen, x[i] - level, 0.0)
        variance = (1 - gain) * variance
        filtered[i], variances[i] = level, variance
    smooth = filtered
    for i in range(len(x) - 2, -1, -1):
        back = variances[i] / (variances[i] + transition)
        smooth[i] = filtered[i] + back * (smooth[i + 1] - filtered[i])
    return np.where(is_seen, smooth, np.nan)
