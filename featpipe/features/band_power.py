"""Power of each band in each window, from the window's discrete Fourier transform.

The basis of DE and PSD, computed once for both. Only the bins that some band uses are evaluated.
The two halves of a window are folded first, as cosines are even and sines odd; a half of even
length is folded once more, into one quarter for the even bins and one for the odd ones.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np

from featpipe.compiling import aligned, kernel
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
    *,
    silent: float = 0.0,
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
    silent : float
        A window whose standard deviation is this or less is flat, microvolt.

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, n_channels, n_bands), microvolt^2
        Sum of P_k over the bins with low <= f_k < high. 0 in a flat window and in a band without
        a bin, NaN where the channel lost a sample of the window.
    """
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_window) / n_window)
    bins = band_bins(bands, sfreq, n_window)
    power = summed_power(x, starts, taper, bins, is_centred=True, silent=silent)
    return power / (n_window * np.square(taper).sum())


def band_bins(bands: Mapping[str, tuple[float, float]], sfreq: float, n_window: int) -> np.ndarray:
    """First bin and bin after the last of each band, shape (n_bands, 2); low <= f_k < high."""
    edges = np.array(list(bands.values()), dtype=np.float64) * n_window / sfreq
    return np.clip(np.ceil(edges - 1e-9), 0, n_window // 2 + 1).astype(np.int64)


def summed_power(
    x: np.ndarray,
    starts: np.ndarray,
    taper: np.ndarray,
    bins: np.ndarray,
    *,
    is_centred: bool,
    silent: float = 0.0,
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
    silent : float
        A window whose standard deviation is this or less is flat.

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, n_channels, n_bands)
        0 in a flat window, NaN where a sample is lost.
    """
    rows = np.ascontiguousarray(np.asarray(x, dtype=np.float64).T)
    lowest, end = int(bins.min()), max(int(bins.max()), int(bins.min()) + 1)
    even, odd = (_waves(lowest, end, len(taper), parity, is_centred) for parity in (0, 1))
    out = np.zeros((len(starts), rows.shape[1], len(bins)))
    starts = np.ascontiguousarray(starts, dtype=np.int64)
    room = _room(len(taper), even[0].shape[1], end - lowest, rows.shape[1])
    _summed_power(rows, starts, taper, is_centred, silent, bins, even, odd, *room, out)
    return out


def _room(n_window: int, n_folded: int, n_bins: int, n_channels: int) -> Iterator[np.ndarray]:
    """Make the arrays that a window goes through, whose rows begin with lines of the cache."""
    n_padded = -(-n_channels // _LANES) * _LANES
    n_half = max(n_window // 2 + 1, n_folded)
    for shape in ((2, n_half), (4, n_folded), (2, 4), (n_bins + 1,)):
        yield aligned((*shape, n_padded), np.float64)


@lru_cache(maxsize=8)
def _waves(
    lowest: int, end: int, n_window: int, parity: int, is_one_sided: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cosines, sines, weight and place of the bins of one parity.

    Of an odd window, which cannot be folded twice, all bins are here at parity 0. Rows and columns
    are filled up with zeros to fours of bins and samples; bins that are filled up have a place
    behind all others. One-sided, bins above DC and below Nyquist stand for their negative frequency
    too: weight 2.
    """
    k = np.arange(lowest, end)
    if n_window % 2 == 0:
        k, n_folded = k[k % 2 == parity], n_window // 4 + 1
    else:
        k, n_folded = k[: len(k) * (1 - parity)], n_window // 2 + 1
    phase = 2 * np.pi * (np.outer(k, np.arange(n_folded)) % n_window) / n_window
    fill = ((0, -len(k) % 4), (0, -n_folded % 4))
    weight = np.where((k == 0) | (2 * k == n_window) | (not is_one_sided), 1.0, 2.0)
    place = np.pad(k - lowest, fill[0], constant_values=end - lowest)
    return np.pad(np.cos(phase), fill), np.pad(np.sin(phase), fill), np.pad(weight, fill[0]), place


@kernel
def _find_mean(segment, mean):
    n_times, n_channels = segment.shape
    mean[:] = 0.0
    for n in range(n_times):
        line = segment[n]
        for c in range(n_channels):
            mean[c] += line[c]
    for c in range(n_channels):
        mean[c] /= n_times


@kernel
def _fold(segment, taper, mean, level, even, odd, square, peak):
    """Taper a window less a level and add up, or subtract, its mirrored halves.

    Also find the sum of squared deviations from the mean and the largest magnitude.
    """
    n_times, n_channels = segment.shape
    square[:], peak[:] = 0.0, 0.0
    for n in range(n_times // 2 + 1):
        mirror = (n_times - n) % n_times
        line, mirrored = segment[n], segment[mirror]
        a, b, once = taper[n], taper[mirror], 1.0
        if mirror == n:  # the first sample, and the middle one of an even window
            once = 0.0
        for c in range(n_channels):
            x, y = line[c], mirrored[c]
            square[c] += (x - mean[c]) ** 2 + once * (y - mean[c]) ** 2
            peak[c] = max(peak[c], max(abs(x), abs(y)))
            even[n, c] = a * (x - level[c]) + once * b * (y - level[c])
            odd[n, c] = a * (x - level[c]) - b * (y - level[c])  # 0 for its own mirror image


@kernel
def _weighted_rows(rows, weights, k, out):
    """Sum up all rows by the weights of four bins, k and the next three, at once."""
    out[:] = 0.0
    for n in range(0, rows.shape[0], 4):
        a0, a1, a2, a3 = weights[k, n], weights[k, n + 1], weights[k, n + 2], weights[k, n + 3]
        b0, b1 = weights[k + 1, n], weights[k + 1, n + 1]
        b2, b3 = weights[k + 1, n + 2], weights[k + 1, n + 3]
        c0, c1 = weights[k + 2, n], weights[k + 2, n + 1]
        c2, c3 = weights[k + 2, n + 2], weights[k + 2, n + 3]
        d0, d1 = weights[k + 3, n], weights[k + 3, n + 1]
        d2, d3 = weights[k + 3, n + 2], weights[k + 3, n + 3]
        for c in range(rows.shape[1]):
            x0, x1, x2, x3 = rows[n, c], rows[n + 1, c], rows[n + 2, c], rows[n + 3, c]
            out[0, c] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
            out[1, c] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
            out[2, c] += c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3
            out[3, c] += d0 * x0 + d1 * x1 + d2 * x2 + d3 * x3


@kernel
def _fold_again(rows, sums, differences):
    """Add up, or subtract, the mirrored halves of a half, shape (n_half + 1, n_channels)."""
    n_half = rows.shape[0] - 1
    for n in range(n_half // 2 + 1):
        a, b = rows[n], rows[n_half - n]
        once = 0.0 if 2 * n == n_half else 1.0  # the middle is its own mirror image
        for c in range(rows.shape[1]):
            sums[n, c] = a[c] + once * b[c]
            differences[n, c] = a[c] - b[c]


@kernel
def _transform(real_rows, imaginary_rows, waves, sums, power):
    """Put the squared magnitude of the bins of some waves in their places, (n_bins, n_channels)."""
    cosines, sines, weight, place = waves
    real, imaginary = sums[0], sums[1]
    for k in range(0, place.size, 4):
        _weighted_rows(real_rows, cosines, k, real)
        _weighted_rows(imaginary_rows, sines, k, imaginary)
        for i in range(4):
            row = power[place[k + i]]
            for c in range(power.shape[1]):
                row[c] = weight[k + i] * (real[i, c] ** 2 + imaginary[i, c] ** 2)


@kernel
def _summed_power(
    rows, starts, taper, is_centred, silent, bins, even_waves, odd_waves, halves, quarters, sums,
    power, out,
):  # fmt: skip
    """Fill out, shape (n_windows, n_channels, n_bands), from rows (n_times, n_channels)."""
    n_window, n_channels = taper.size, rows.shape[1]
    n_half, n_folded = n_window // 2 + 1, quarters.shape[1]
    even, odd = halves[0], halves[1]
    mean, peak, square = np.empty(n_channels), np.empty(n_channels), np.empty(n_channels)
    level = mean if is_centred else np.zeros(n_channels)
    lowest = bins.min()
    for window in range(starts.size):
        segment = rows[starts[window] : starts[window] + n_window]
        _find_mean(segment, mean)
        _fold(segment, taper, mean, level, even, odd, square, peak)
        if n_window % 2:
            _transform(even[:n_folded], odd[:n_folded], even_waves, sums, power)
        else:
            _fold_again(even[:n_half], quarters[0], quarters[1])
            _fold_again(odd[:n_half], quarters[2], quarters[3])
            _transform(quarters[0], quarters[3], even_waves, sums, power)
            _transform(quarters[1], quarters[2], odd_waves, sums, power)
        for c in range(n_channels):
            if square[c] <= n_window * max(FLAT * peak[c], silent) ** 2:
                continue
            for band in range(bins.shape[0]):
                for k in range(bins[band, 0] - lowest, bins[band, 1] - lowest):
                    out[window, c, band] += power[k, c]
