"""Differential entropy (DE) per channel, window and band.

Half the logarithm of a band's power: the entropy of a Gaussian signal with that variance
(Shi, Jiao and Lu, EMBC 2013; Duan, Zhu and Lu, NER 2013). Smoothing along windows is not done here.
"""

from collections.abc import Mapping

import numpy as np

from featpipe.errors import ConfigError, unknown
from featpipe.features.band_power import band_power_at, summed_power
from featpipe.features.bandpass import bandpass_entropy
from featpipe.schema import BANDS
from featpipe.windows import window_starts

SEED_BANDS: Mapping[str, tuple[float, float]] = {**BANDS, "gamma": (31.0, 50.0)}
"""Edges the SEED code is called with; it takes both ends, so 31-50 means the same bins as 31-51."""


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
    method : {"stft", "bandpass"}
        How the band's power is estimated: as above, or as the variance of the band-passed signal,
        for which x has to be one trial (`featpipe.features.bandpass`).
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
        For an unknown method or convention, "seed" with another method than "stft", or a shape
        that is not (n_channels, n_times).

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
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2:
        raise ConfigError(f"x has shape {x.shape}: expected (n_channels, n_times)")
    if method not in ("stft", "bandpass"):
        raise ConfigError(unknown("DE method", method, ["stft", "bandpass"]))
    if convention not in ("nats", "seed"):
        raise ConfigError(unknown("[features] convention", convention, ["nats", "seed"]))
    if method == "bandpass":
        if convention == "seed":
            raise ConfigError('convention "seed" is defined for method "stft" only')
        return bandpass_entropy(x, sfreq, bands=bands, window_s=window_s, hop_s=hop_s)
    n_window = round(window_s * sfreq)
    hop = window_s * sfreq if hop_s is None else hop_s * sfreq
    starts = window_starts(x.shape[1], n_window, hop)
    if convention == "seed":
        return seed_entropy_at(x, sfreq, starts, n_window, bands or SEED_BANDS)
    return entropy(band_power_at(x, sfreq, starts, n_window, bands or BANDS))


def entropy(variance: np.ndarray) -> np.ndarray:
    """Differential entropy of a Gaussian, nats.

    Parameters
    ----------
    variance : array of any shape
        sigma^2 in microvolt^2.

    Returns
    -------
    numpy.ndarray, shape of variance
        0.5 ln(2 pi e sigma^2); NaN where sigma^2 is 0 or NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, 0.5 * np.log(2 * np.pi * np.e * variance), np.nan)


def seed_entropy_at(
    x: np.ndarray,
    sfreq: float,
    starts: np.ndarray,
    n_window: int,
    bands: Mapping[str, tuple[float, float]] = SEED_BANDS,
) -> np.ndarray:
    """DE in the SEED convention, of windows that are laid already; see `differential_entropy`.

    Parameters
    ----------
    x : array, shape (n_channels, n_times), microvolt
        The level counts: the lowest band takes DC.
    sfreq : float
        Hz.
    starts : array of int, shape (n_windows,)
        First sample of each window.
    n_window : int
        Samples in a window.
    bands : mapping of str to (low, high)
        Hz; both ends are included and bins are one lower than they say.

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, n_channels, n_bands), bits
        log2(100 mean |X_k|^2); NaN in a flat window and where a sample is lost.
    """
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, n_window + 1) / (n_window + 1))
    edges = np.array(list(bands.values()), dtype=np.float64) / sfreq * n_window
    bins = (edges + 1e-9).astype(np.int64) - 1  # without the zeros at the ends: hann(N + 2)[1:-1]
    bins = np.clip(np.stack([bins[:, 0], bins[:, 1] + 1], axis=1), 0, n_window // 2 + 1)
    power = summed_power(x, starts, taper, bins, is_centred=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = power / (bins[:, 1] - bins[:, 0])
        return np.where(power > 0, np.log2(100 * mean), np.nan)
