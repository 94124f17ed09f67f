"""Power density (PSD) per channel, window and band.

The same DFT of the same window as DE by `stft`: a pipeline computes the power once for both.
Smoothing along windows is not done here.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from featpipe.errors import ConfigError
from featpipe.features.band_power import band_bins, band_power_at
from featpipe.schema import BANDS
from featpipe.windows import window_starts


def power_density(
    x: ArrayLike,
    sfreq: float,
    *,
    bands: Mapping[str, tuple[float, float]] | None = None,
    window_s: float = 1.0,
    hop_s: float | None = None,
) -> np.ndarray:
    """Mean one-sided power density of each band in each window.

    The periodogram of one window: mean subtracted, periodic Hann window, scaled so that the
    integral over all frequencies is the window's Hann-weighted variance. Then the mean over the
    bins with low <= f_k < high.

    Parameters
    ----------
    x : array, shape (n_channels, n_times), microvolt
        Another unit scales the density by its square.
    sfreq : float
        Sampling rate, Hz.
    bands : mapping of str to (low, high), optional
        Hz, half-open [low, high). Default `schema.BANDS`.
    window_s : float
        Length of a window, seconds.
    hop_s : float, optional
        Seconds from one window to the next; by default windows do not overlap.

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, n_channels, n_bands)
        Microvolt^2/Hz. NaN for a flat window, a lost sample, a band without a bin.

    Raises
    ------
    ConfigError
        For a shape that is not (n_channels, n_times).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(2 * np.pi * 10 * np.arange(1000) / 200)[np.newaxis]
    >>> float(power_density(x, 200.0)[0, 0, 2].round(9))  # variance 0.5 in the 6 Hz of alpha
    0.083333333
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2:
        raise ConfigError(f"x has shape {x.shape}: expected (n_channels, n_times)")
    bands = BANDS if bands is None else bands
    n_window = round(window_s * sfreq)
    hop = window_s * sfreq if hop_s is None else hop_s * sfreq
    starts = window_starts(x.shape[1], n_window, hop)
    power = band_power_at(x, sfreq, starts, n_window, bands)
    return density_from_power(power, bands, sfreq, n_window)


def bands_below(
    bands: Mapping[str, tuple[float, float]], h_freq: float | None
) -> dict[str, tuple[float, float]]:
    """Cut bands off where the pass band ends.

    Parameters
    ----------
    bands : mapping of str to (low, high)
        Hz, half-open [low, high).
    h_freq : float or None
        Upper end of the pass band, Hz; None cuts nothing.

    Returns
    -------
    dict of str to (low, high)
        What is left of each band; one that lies above `h_freq` has equal edges and no bins.

    Examples
    --------
    >>> bands_below({"beta": (14.0, 31.0), "gamma": (31.0, 51.0)}, 40.0)
    {'beta': (14.0, 31.0), 'gamma': (31.0, 40.0)}
    """
    end = np.inf if h_freq is None else h_freq
    return {name: (low, max(low, min(high, end))) for name, (low, high) in bands.items()}


def density_from_power(
    power: ArrayLike,
    bands: Mapping[str, tuple[float, float]],
    sfreq: float,
    n_window: int,
    *,
    h_freq: float | None = None,
) -> np.ndarray:
    """Mean one-sided power density from the power of each band.

    Parameters
    ----------
    power : array, shape (..., n_bands), microvolt^2
        From `featpipe.features.band_power.band_power_at`; with `h_freq`, of
        `bands_below(bands, h_freq)`.
    bands : mapping of str to (low, high)
        The bands of the last axis, Hz.
    sfreq : float
        Hz.
    n_window : int
        Samples in a window.
    h_freq : float, optional
        Upper end of the pass band, Hz: the mean is that of the bins below it, else a band that
        is cut off would be thinned by bins that can hold nothing.

    Returns
    -------
    numpy.ndarray of float64, shape of power, microvolt^2/Hz
        NaN where the power is 0 or NaN.
    """
    power = np.asarray(power, dtype=np.float64)
    bins = band_bins(bands_below(bands, h_freq), sfreq, n_window)
    width = np.maximum(bins[:, 1] - bins[:, 0], 1) * sfreq / n_window  # Hz; no bin has no power
    return np.where(power > 0, power / width, np.nan)
