"""Differential entropy (DE) per channel, window and band.

Half the logarithm of a band's power: the entropy of a Gaussian signal with that variance
(Shi, Jiao and Lu, EMBC 2013; Duan, Zhu and Lu, NER 2013). Smoothing along windows is not done here.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numba import njit

from featpipe.errors import ConfigError, unknown
from featpipe.schema import BANDS
from featpipe.windows import window_starts

SEED_BANDS: Mapping[str, tuple[float, float]] = {**BANDS, "gamma": (31.0, 50.0)}
"""Edges the SEED code is called with; it takes both ends, so 31-50 means the same bins as 31-51."""

FLAT = 1e-12
"""A window whose deviation is this share of its level, or less, is flat: the rest is rounding."""


def differential_entropy(
    x: np.ndarray,
    sfreq: float,
    *,
    bands: Mapping[str, tuple[float, float]] | None = None,
    window_s: float = 1.0,
    hop_s: float | None = None,
    method: str = "stft",
    convention: str = "nats",
) -> np.ndarray:
    """Differential entropy of each band in each window.

    The window's mean is subtracted, a periodic Hann window applied and the one-sided power
    P_k taken so that its sum over all bins is the window's Hann-weighted variance. Then
    sigma^2 = sum of P_k over the bins with low <= f_k < high, and DE = 0.5 ln(2 pi e sigma^2).

    Parameters
    ----------
    x : array, shape (n_channels, n_times), microvolt
        Another unit shifts DE by a constant.
    sfreq : float
        Sampling rate, Hz.
    bands : mapping of str to (low, high), optional
        Hz, half-open [low, high). Default `schema.BANDS`, or `SEED_BANDS` under "seed".
    window_s : float
        Length of a window, seconds.
    hop_s : float, optional
        Seconds from one window to the next; by default windows do not overlap.
    method : {"stft"}
        How the band's power is estimated.
    convention : {"nats", "seed"}
        "seed" reproduces the widely used SEED code, oddities included: Hann without end points, no
        mean removal, un-normalised FFT, both band edges included and bins one lower than the edges
        say (1-4 Hz takes 0-3 Hz), log2(100 mean |X_k|^2).

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, n_channels, n_bands)
        NaN where sigma^2 is 0 or undefined: a flat window, a NaN sample, a band without a bin.

    Raises
    ------
    ConfigError
        For an unknown method or convention, or a shape that is not (n_channels, n_times).

    References
    ----------
    Zheng and Lu, "Investigating critical frequency bands and channels for EEG-based emotion
    recognition with deep neural networks", IEEE T. Auton. Ment. Dev. 2015.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(2 * np.pi * 10 * np.arange(1000) / 200)[np.newaxis]  # variance 0.5, alpha
    >>> de = differential_entropy(x, 200.0)
    >>> de.shape
    (5, 1, 5)
    >>> bool(np.isclose(de[0, 0, 2], 0.5 * np.log(2 * np.pi * np.e * 0.5)))
    True
    """
    x = np.ascontiguousarray(x, dtype=np.float64)
    if x.ndim != 2:
        raise ConfigError(f"x has shape {x.shape}: expected (n_channels, n_times)")
    if method != "stft":
        raise ConfigError(unknown("DE method", method, ["stft"]))
    n_window = round(window_s * sfreq)
    hop = window_s * sfreq if hop_s is None else hop_s * sfreq
    starts = window_starts(x.shape[1], n_window, hop)
    return entropy_at(x, sfreq, starts, n_window, bands=bands, convention=convention)


def entropy_at(
    x: np.ndarray,
    sfreq: float,
    starts: np.ndarray,
    n_window: int,
    *,
    bands: Mapping[str, tuple[float, float]] | None = None,
    convention: str = "nats",
) -> np.ndarray:
    """Differential entropy of windows that are laid already; see `differential_entropy`.

    Parameters
    ----------
    x : array of float64, shape (n_channels, n_times), microvolt
        C-contiguous.
    sfreq : float
        Hz.
    starts : array of int64, shape (n_windows,)
        First sample of each window.
    n_window : int
        Samples in a window.
    bands, convention
        As in `differential_entropy`.

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, n_channels, n_bands)
    """
    if convention not in ("nats", "seed"):
        raise ConfigError(unknown("[features] convention", convention, ["nats", "seed"]))
    is_seed = convention == "seed"
    bands = (SEED_BANDS if is_seed else BANDS) if bands is None else bands
    edges = (_seed_bins if is_seed else _bins)(bands, sfreq, n_window)
    taper = _seed_hann(n_window) if is_seed else _hann(n_window)
    power = _band_power(x, starts, taper, not is_seed, edges, *_waves(edges, n_window))
    with np.errstate(divide="ignore", invalid="ignore"):
        if is_seed:
            n_bins = edges[:, 1] - edges[:, 0]
            entropy = np.log2(100 * power / n_bins)
        else:
            scale = n_window * np.square(taper).sum()
            entropy = 0.5 * np.log(2 * np.pi * np.e * power / scale)
    return np.where(power > 0, entropy, np.nan)


def _hann(n_window: int) -> np.ndarray:
    """Periodic: the next window would go on where this one ends."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_window) / n_window)


def _seed_hann(n_window: int) -> np.ndarray:
    """Without the two zeros at the ends, as MATLAB's hann(N + 2)[1:-1]."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, n_window + 1) / (n_window + 1))


def _bins(bands: Mapping[str, tuple[float, float]], sfreq: float, n_window: int) -> np.ndarray:
    """First bin and bin after the last of each band, shape (n_bands, 2); low <= f_k < high."""
    edges = np.array(list(bands.values()), dtype=np.float64) * n_window / sfreq
    return np.clip(np.ceil(edges - 1e-9), 0, n_window // 2 + 1).astype(np.int64)


def _seed_bins(bands: Mapping[str, tuple[float, float]], sfreq: float, n_window: int) -> np.ndarray:
    """One bin low and both ends included, as the SEED code has it."""
    edges = np.array(list(bands.values()), dtype=np.float64) / sfreq * n_window
    bins = (edges + 1e-9).astype(np.int64) - 1
    return np.clip(np.stack([bins[:, 0], bins[:, 1] + 1], axis=1), 0, n_window // 2 + 1)


def _waves(edges: np.ndarray, n_window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cosines and sines of the bins in use, first half of the window, and each bin's weight.

    The second half mirrors the first, so the kernel folds the window before it multiplies.
    Bins above DC and below Nyquist stand for their negative frequency too: weight 2.
    """
    k = np.arange(edges.min(), edges.max())
    phase = 2 * np.pi * np.outer(k, np.arange(n_window // 2 + 1)) / n_window
    weight = np.where((k == 0) | (2 * k == n_window), 1.0, 2.0)
    return np.cos(phase), np.sin(phase), weight


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile, and keep the machine code for next time where some folder can be written."""
    options: dict[str, Any] = {"nogil": True, "fastmath": {"reassoc", "contract"}}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # neither the package's folder nor the user's: compile every time
        return njit(**options)(function)


@_compiled
def _band_power(
    x: np.ndarray,
    starts: np.ndarray,
    taper: np.ndarray,
    is_nats: bool,
    edges: np.ndarray,
    cosines: np.ndarray,
    sines: np.ndarray,
    weight: np.ndarray,
) -> np.ndarray:
    """Sum of squared DFT magnitudes per window, channel and band; 0 for a flat window.

    Under nats the mean is taken off and bins are weighted one-sidedly; under seed neither.
    """
    n_window, n_bands = taper.size, edges.shape[0]
    n_half, n_bins = n_window // 2 + 1, cosines.shape[0]
    is_even = n_window % 2 == 0
    low = edges.min()
    out = np.zeros((starts.size, x.shape[0], n_bands))
    even, odd, power = np.empty(n_half), np.empty(n_half), np.empty(n_bins)
    for channel in range(x.shape[0]):
        for window in range(starts.size):
            segment = x[channel, starts[window] : starts[window] + n_window]
            mean, square, peak = 0.0, 0.0, 0.0
            for n in range(n_window):
                mean += segment[n]
                peak = max(peak, abs(segment[n]))
            mean /= n_window
            for n in range(n_window):
                square += (segment[n] - mean) ** 2
            if square <= n_window * (FLAT * peak) ** 2:
                continue
            level = mean if is_nats else 0.0
            even[0], odd[0] = taper[0] * (segment[0] - level), 0.0
            for n in range(1, n_half):
                a = taper[n] * (segment[n] - level)
                b = taper[n_window - n] * (segment[n_window - n] - level)
                even[n], odd[n] = a + b, a - b
            if is_even:  # the middle sample is its own mirror image
                even[n_half - 1], odd[n_half - 1] = even[n_half - 1] / 2, 0.0
            for k in range(n_bins):
                real, imaginary = 0.0, 0.0
                for n in range(n_half):
                    real += cosines[k, n] * even[n]
                    imaginary += sines[k, n] * odd[n]
                power[k] = real**2 + imaginary**2
                if is_nats:
                    power[k] *= weight[k]
            for band in range(n_bands):
                total = 0.0
                for k in range(edges[band, 0] - low, edges[band, 1] - low):
                    total += power[k]
                out[window, channel, band] = total
    return out
