"""Power of each band in each window, from the window's discrete Fourier transform.

The basis of DE and PSD, computed once for both. Only the bins that some band uses are evaluated;
the two halves of a window are folded first, as cosines are even and sines odd.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from featpipe.compiling import kernel
from featpipe.schema import BANDS

FLAT = 1e-12
"""A window whose deviation is this share of its level, or less, is flat: the rest is rounding."""

_LANES = 8  # channels are padded to full vector registers


def band_power_at(
    x: np.ndarray,
    sfreq: float,
    starts: np.ndarray,
    n_window: int,
    bands: Mapping[str, tuple[float, float]] = BANDS,
) -> np.ndarray:
    """Power of each band in each window.

    The window's mean is subtracted, a periodic Hann window applied, and the one-sided power P_k
    taken so that its sum over all bins is the window's Hann-weighted variance.

    Parameters
    ----------
    x : array, shape (n_channels, n_times), microvolt
        Fastest where the channels of a sample lie side by side in memory.
    sfreq : float
        Hz.
    starts : array of int, shape (n_windows,)
        First sample of each window.
    n_window : int
        Samples in a window.
    bands : mapping of str to (low, high)
        Hz, half-open [low, high).

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, n_channels, n_bands), microvolt^2
        Sum of P_k over the bins with low <= f_k < high. 0 in a flat window and in a band without
        a bin, NaN where the channel lost a sample of the window.
    """
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_window) / n_window)
    power = summed_power(x, starts, taper, band_bins(bands, sfreq, n_window), is_centred=True)
    return power / (n_window * np.square(taper).sum())


def band_bins(bands: Mapping[str, tuple[float, float]], sfreq: float, n_window: int) -> np.ndarray:
    """First bin and bin after the last of each band, shape (n_bands, 2); low <= f_k < high."""
    edges = np.array(list(bands.values()), dtype=np.float64) * n_window / sfreq
    return np.clip(np.ceil(edges - 1e-9), 0, n_window // 2 + 1).astype(np.int64)


def summed_power(
    x: np.ndarray, starts: np.ndarray, taper: np.ndarray, bins: np.ndarray, *, is_centred: bool
) -> np.ndarray:
    """Sum of squared DFT magnitudes over ranges of bins, nothing normalised.

    Parameters
    ----------
    x : array, shape (n_channels, n_times)
        The signal.
    starts : array of int, shape (n_windows,)
        First sample of each window.
    taper : array, shape (n_window,)
        Multiplies each window.
    bins : array of int, shape (n_bands, 2)
        First bin of each band and the one after its last.
    is_centred : bool
        Subtract each window's mean, and count a bin for its negative frequency too.

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, n_channels, n_bands)
        0 in a flat window, NaN where a sample is lost.
    """
    rows = np.ascontiguousarray(np.asarray(x, dtype=np.float64).T)
    cosines, sines, weight = _waves(int(bins.min()), int(bins.max()), len(taper))
    if not is_centred:
        weight = np.ones_like(weight)
    out = np.zeros((len(starts), rows.shape[1], len(bins)))
    starts = np.ascontiguousarray(starts, dtype=np.int64)
    _summed_power(rows, starts, taper, is_centred, bins, cosines, sines, weight, out)
    return out


@lru_cache(maxsize=8)
def _waves(lowest: int, end: int, n_window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cosines and sines of the bins in use over half a window, and each bin's weight.

    Rows and columns are filled up with zeros: bins to pairs, samples to fours. Bins above DC and
    below Nyquist stand for their negative frequency too: weight 2.
    """
    k = np.arange(lowest, max(end, lowest + 1))
    n_half = n_window // 2 + 1
    phase = 2 * np.pi * (np.outer(k, np.arange(n_half)) % n_window) / n_window
    fill = ((0, -len(k) % 2), (0, -n_half % 4))
    weight = np.where((k == 0) | (2 * k == n_window), 1.0, 2.0)
    return np.pad(np.cos(phase), fill), np.pad(np.sin(phase), fill), np.pad(weight, fill[0])


@kernel
def _describe(segment, mean, peak, square):
    """Mean, largest magnitude and sum of squared deviations of each channel of a window."""
    n_times, n_channels = segment.shape
    mean[:], peak[:], square[:] = 0.0, 0.0, 0.0
    for n in range(n_times):
        line = segment[n]
        for c in range(n_channels):
            mean[c] += line[c]
            peak[c] = max(peak[c], abs(line[c]))
    for c in range(n_channels):
        mean[c] /= n_times
    for n in range(n_times):
        line = segment[n]
        for c in range(n_channels):
            square[c] += (line[c] - mean[c]) ** 2


@kernel
def _fold(segment, taper, level, even, odd):
    """Taper a window and add up, or subtract, its mirrored halves."""
    n_times, n_channels = segment.shape
    for n in range(n_times // 2 + 1):
        mirror = (n_times - n) % n_times
        line, mirrored = segment[n], segment[mirror]
        a, b = taper[n], taper[mirror]
        # the first sample, and the middle one of an even window, are their own mirror images
        b_even = 0.0 if mirror == n else b
        for c in range(n_channels):
            even[n, c] = a * (line[c] - level[c]) + b_even * (mirrored[c] - level[c])
            odd[n, c] = a * (line[c] - level[c]) - b * (mirrored[c] - level[c])


@kernel
def _transform(even, odd, cosines, sines, weight, power):
    """Squared magnitude of every bin in use, shape (n_bins, n_channels); two bins at a time."""
    n_padded = even.shape[1]
    real, imaginary = np.empty((2, n_padded)), np.empty((2, n_padded))
    for k in range(0, cosines.shape[0], 2):
        real[:], imaginary[:] = 0.0, 0.0
        for n in range(0, cosines.shape[1], 4):
            a0, a1, a2, a3 = cosines[k, n], cosines[k, n + 1], cosines[k, n + 2], cosines[k, n + 3]
            b0, b1 = cosines[k + 1, n], cosines[k + 1, n + 1]
            b2, b3 = cosines[k + 1, n + 2], cosines[k + 1, n + 3]
            for c in range(n_padded):
                x0, x1, x2, x3 = even[n, c], even[n + 1, c], even[n + 2, c], even[n + 3, c]
                real[0, c] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
                real[1, c] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
            a0, a1, a2, a3 = sines[k, n], sines[k, n + 1], sines[k, n + 2], sines[k, n + 3]
            b0, b1 = sines[k + 1, n], sines[k + 1, n + 1]
            b2, b3 = sines[k + 1, n + 2], sines[k + 1, n + 3]
            for c in range(n_padded):
                x0, x1, x2, x3 = odd[n, c], odd[n + 1, c], odd[n + 2, c], odd[n + 3, c]
                imaginary[0, c] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
                imaginary[1, c] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
        for i in range(2):
            for c in range(n_padded):
                power[k + i, c] = weight[k + i] * (real[i, c] ** 2 + imaginary[i, c] ** 2)


@kernel
def _summed_power(rows, starts, taper, is_centred, bins, cosines, sines, weight, out):
    """Fill out, shape (n_windows, n_channels, n_bands), from rows (n_times, n_channels)."""
    n_window, n_channels = taper.size, rows.shape[1]
    n_padded = (n_channels + _LANES - 1) // _LANES * _LANES
    even, odd = np.zeros((cosines.shape[1], n_padded)), np.zeros((cosines.shape[1], n_padded))
    power = np.empty((cosines.shape[0], n_padded))
    mean, peak, square = np.empty(n_channels), np.empty(n_channels), np.empty(n_channels)
    level = mean if is_centred else np.zeros(n_channels)
    lowest = bins.min()
    for window in range(starts.size):
        segment = rows[starts[window] : starts[window] + n_window]
        _describe(segment, mean, peak, square)
        _fold(segment, taper, level, even, odd)
        _transform(even, odd, cosines, sines, weight, power)
        for c in range(n_channels):
            if square[c] <= n_window * (FLAT * peak[c]) ** 2:
                continue
            for band in range(bins.shape[0]):
                for k in range(bins[band, 0] - lowest, bins[band, 1] - lowest):
                    out[window, c, band] += power[k, c]
