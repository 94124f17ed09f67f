"""Differential entropy from band-passed signals: filter the trial, take the variance per window.

The other road to the entropy that `featpipe.features.de` takes through one DFT per window. The
filter sees the whole trial in both directions, so that a window knows no start-up of its own.
Proposed by Shi, Jiao and Lu (EMBC 2013). Smoothing along windows is not done here.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from featpipe.compiling import kernel
from featpipe.errors import ConfigError
from featpipe.features.band_power import FLAT
from featpipe.features.butterworth import sections
from featpipe.schema import BANDS
from featpipe.windows import window_starts

TOGETHER = 16  # channels side by side: minutes of signal, forth and back, fit the outer cache
_BLOCK = 64  # samples that go through all sections while they are in the inner cache
_UNROLL = 8  # samples per look at a section's state, else it all goes through memory


def bandpass_entropy(
    x: ArrayLike,
    sfreq: float,
    *,
    bands: Mapping[str, tuple[float, float]] | None = None,
    window_s: float = 1.0,
    hop_s: float | None = None,
    order: int = 4,
) -> np.ndarray:
    r"""Differential entropy of each band-passed channel in each window.

    The filter is `scipy.signal.butter(order, (low, high), "bandpass")`, forward and backward over
    the trial, hence without delay and with the gain :math:`|H|^2`. Ends and start are those of
    `scipy.signal.sosfiltfilt`: the trial goes on beyond each end as its own point reflection, for
    3 (2 order + 1) samples or, in a trial that is not longer than that, for n_times - 1; each
    pass starts as if its first sample had always been there. DE = 0.5 ln(2 pi e var) with the
    population variance of each window.

    A lost sample (NaN or infinite) would spread over the rest of the trial. It is bridged for the
    filter instead, by a straight line between its neighbours, level at the ends of the trial.
    Exactly the windows that hold one are NaN; what others near a gap see of the bridge is the
    ringing of the filter, some 1 / (high - low) seconds.

    Parameters
    ----------
    x : array, shape (n_channels, n_times), microvolt
        One whole trial. Another unit shifts DE by a constant.
    sfreq : float
        Sampling rate, Hz.
    bands : mapping of str to (low, high), optional
        Hz, the edges at which each pass is 3 dB down. Default `schema.BANDS`.
    window_s : float
        Length of a window, seconds.
    hop_s : float, optional
        Seconds from one window to the next; by default windows do not overlap.
    order : int
        Order of the Butterworth prototype per pass; the band-pass has twice as many poles.

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, n_channels, n_bands)
        Nats, never infinite. NaN where the window holds a lost sample or is flat before the
        filter (all that is left in it is its neighbours' ringing).

    Raises
    ------
    ConfigError
        For a band that is not inside (0, sfreq / 2), an order below 1, or a shape that is not
        (n_channels, n_times).

    Notes
    -----
    Some toolboxes filter each window alone, once and from rest. The numbers differ: one pass
    weights the spectrum by :math:`|H|^2` where two weight it by :math:`|H|^4`, and the start from
    rest lowers the variance of 1-s windows of white noise by 32 % in delta, 5 % in gamma.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(2 * np.pi * 10 * np.arange(2000) / 200)[np.newaxis]  # variance 0.5, alpha
    >>> de = bandpass_entropy(x, 200.0)
    >>> de.shape
    (10, 1, 5)
    >>> bool(np.isclose(de[5, 0, 2], 0.5 * np.log(2 * np.pi * np.e * 0.5), atol=1e-3))
    True
    """
    x = _trial(x)
    n_window = round(window_s * sfreq)
    hop = window_s * sfreq if hop_s is None else hop_s * sfreq
    starts = window_starts(x.shape[1], n_window, hop)
    return bandpass_entropy_at(x, sfreq, starts, n_window, bands=bands, order=order)


def bandpass_entropy_at(
    x: ArrayLike,
    sfreq: float,
    starts: ArrayLike,
    n_window: int,
    *,
    bands: Mapping[str, tuple[float, float]] | None = None,
    order: int = 4,
) -> np.ndarray:
    """Differential entropy of windows that are laid already; see `bandpass_entropy`.

    Parameters
    ----------
    x, sfreq, bands, order
        As in `bandpass_entropy`.
    starts : array of int, shape (n_windows,)
        First sample of each window; windows may overlap, and there may be none.
    n_window : int
        Samples in a window.

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, n_channels, n_bands)

    Raises
    ------
    ConfigError
        As in `bandpass_entropy`, and for windows that reach beyond the trial.
    """
    x = _trial(x)
    poles, scale = sections(BANDS if bands is None else bands, sfreq, order)
    starts = np.ascontiguousarray(starts, dtype=np.int64)
    if starts.size == 0:
        return np.empty((0, len(x), len(poles)))
    if n_window < 1 or starts.min() < 0 or starts.max() + n_window > x.shape[1]:
        raise ConfigError(
            f"windows of {n_window} samples from {starts.min()} to {starts.max()}: expected them"
            f" inside the trial of {x.shape[1]} samples"
        )
    is_lost = ~np.isfinite(x)
    n_edge = min(3 * (2 * order + 1), x.shape[1] - 1)
    variance = _band_variance(_bridged(x, is_lost), starts, n_window, poles, scale, n_edge, FLAT)
    variance[_any_within(is_lost, starts, n_window)] = np.nan
    is_known = (variance > 0) & (variance < np.inf)
    return 0.5 * np.log(2 * np.pi * np.e * np.where(is_known, variance, np.nan))


def _trial(x: ArrayLike) -> np.ndarray:
    x = np.ascontiguousarray(x, dtype=np.float64)
    if x.ndim != 2:
        raise ConfigError(f"x has shape {x.shape}: expected (n_channels, n_times)")
    return x


def _bridged(x: np.ndarray, is_lost: np.ndarray) -> np.ndarray:
    """Draw straight lines across lost samples; a channel without any sample becomes 0."""
    rows = np.flatnonzero(is_lost.any(axis=1))
    if rows.size == 0:
        return x
    x, time = x.copy(), np.arange(x.shape[1])
    for row in rows:
        lost, kept = np.flatnonzero(is_lost[row]), time[~is_lost[row]]
        x[row, lost] = np.interp(lost, kept, x[row, kept]) if kept.size else 0.0
    return x


def _any_within(is_lost: np.ndarray, starts: np.ndarray, n_window: int) -> np.ndarray:
    """Tell which windows hold a lost sample, shape (n_windows, n_channels)."""
    if not is_lost.any():
        return np.zeros((starts.size, len(is_lost)), dtype=bool)
    count = np.cumsum(np.pad(is_lost, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    return (count[:, starts + n_window] > count[:, starts]).T


@kernel
def _band_variance(x, starts, n_window, poles, scale, n_edge, flat):
    """Variance per window, channel and band, `TOGETHER` channels at a time; NaN for a flat one."""
    n_channels, n_rows = x.shape[0], x.shape[1] + 2 * n_edge
    out = np.full((starts.size, n_channels, poles.shape[0]), np.nan)
    raw, line = np.zeros((n_rows, TOGETHER)), np.empty((n_rows, TOGETHER))
    is_flat = np.empty((starts.size, TOGETHER), dtype=np.bool_)
    for first in range(0, n_channels, TOGETHER):
        n_lanes = min(TOGETHER, n_channels - first)
        _pack(x[first : first + n_lanes], n_edge, raw)
        for window in range(starts.size):
            begin = starts[window] + n_edge
            rows = raw[begin : begin + n_window]
            square, peak = _square(rows), _peak(rows)
            for lane in range(TOGETHER):
                is_flat[window, lane] = square[lane] <= n_window * (flat * peak[lane]) ** 2
        for band in range(poles.shape[0]):
            _sweep(raw, line, poles[band], 0, 1)
            _sweep(line, line, poles[band], n_rows - 1, -1)
            for window in range(starts.size):
                begin = starts[window] + n_edge
                square = _square(line[begin : begin + n_window])
                for lane in range(n_lanes):
                    if not is_flat[window, lane]:
                        out[window, first + lane, band] = scale[band] * square[lane] / n_window
    return out


@kernel
def _pack(x, n_edge, rows):
    """Lay channels side by side, one row per sample, point-reflected beyond both ends."""
    n_channels, n_times = x.shape
    for n in range(n_times):
        for lane in range(n_channels):
            rows[n_edge + n, lane] = x[lane, n]
    last = n_edge + n_times - 1
    for n in range(1, n_edge + 1):
        for lane in range(n_channels):
            rows[n_edge - n, lane] = 2 * rows[n_edge, lane] - rows[n_edge + n, lane]
            rows[last + n, lane] = 2 * rows[last, lane] - rows[last - n, lane]


@kernel
def _sweep(source, line, poles, first, step):
    """Run all sections over the rows from `first` on, forward or backward, from `source` to `line`.

    The first row counts as having been there for ever: the state of the first section is minus
    that row, its output 0, and so is all that follows. The last block is filtered to its end,
    whatever stands there, and written as far as there are rows.
    """
    n_rows = line.shape[0]
    state, block = np.zeros((poles.shape[0], 2, TOGETHER)), np.zeros((_BLOCK, TOGETHER))
    for lane in range(TOGETHER):
        state[0, 0, lane] = state[0, 1, lane] = -source[first, lane]
    for begin in range(0, n_rows, _BLOCK):
        count = min(_BLOCK, n_rows - begin)
        for n in range(count):
            for lane in range(TOGETHER):
                block[n, lane] = source[first + step * (begin + n), lane]
        for section in range(poles.shape[0]):
            _section(block.ravel(), state[section], poles[section, 0], poles[section, 1])
        for n in range(count):
            for lane in range(TOGETHER):
                line[first + step * (begin + n), lane] = block[n, lane]


@kernel
def _section(block, state, a1, a2):
    """Filter a block in place by (1 - z^-2) / (1 + a1 z^-1 + a2 z^-2)."""
    z1, z2 = state[0], state[1]
    for begin in range(0, block.size, _UNROLL * TOGETHER):
        rows = block[begin : begin + _UNROLL * TOGETHER]
        for lane in range(TOGETHER):
            before1, before2 = z1[lane], z2[lane]
            for n in range(_UNROLL):
                u = rows[n * TOGETHER + lane]
                y = u + before1
                before1 = before2 - a1 * y
                before2 = -u - a2 * y
                rows[n * TOGETHER + lane] = y
            z1[lane], z2[lane] = before1, before2


@kernel
def _square(rows):
    """Sum of squared deviations from the mean down the rows; 0 where all are equal."""
    mean, square = np.zeros(TOGETHER), np.zeros(TOGETHER)
    for n in range(rows.shape[0]):
        for lane in range(TOGETHER):
            mean[lane] += rows[n, lane] - rows[0, lane]
    for lane in range(TOGETHER):
        mean[lane] = rows[0, lane] + mean[lane] / rows.shape[0]
    for n in range(rows.shape[0]):
        for lane in range(TOGETHER):
            square[lane] += (rows[n, lane] - mean[lane]) ** 2
    return square


@kernel
def _peak(rows):
    """Largest magnitude down the rows."""
    peak = np.zeros(TOGETHER)
    for n in range(rows.shape[0]):
        for lane in range(TOGETHER):
            peak[lane] = max(peak[lane], abs(rows[n, lane]))
    return peak
