"""The pupil as a continuous trace, and the entropy of its slow bands.

The published bands, 0-0.2 to 0.6-1 Hz, cannot be told apart within a window of 1 or 4 s, whose
frequencies are 1 or 0.25 Hz apart. The entropy is therefore taken from a longer stretch of an
interpolated trace around each window. Lighting is not taken out here.
"""

import numpy as np

from featpipe.eye.pupil_samples import pupil_period, pupil_samples
from featpipe.eye.side import events_of
from featpipe.recording import EyeRecording
from featpipe.schema import PUPIL_BANDS

TRACE_SFREQ = 20.0
"""Rate of the trace, Hz. Averaging over 1/20 s takes 0.4 % off an amplitude at 1 Hz."""

_TIME_DECIMALS = 6
"""Times are compared with the bounds of a trace in microseconds, the finest step of any tracker."""


def pupil_trace(
    eye: EyeRecording,
    side: str,
    begin: float,
    end: float,
    max_gap_s: float = np.inf,
    period: float | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pupil size of one eye over a stretch of time, without gaps, at `TRACE_SFREQ`.

    From samples: lost ones are left out, and so are those beside blinks and losses
    (`featpipe.eye.pupil_samples`); averages over 1 / `TRACE_SFREQ` s keep faster noise from
    folding into the slow bands; straight lines bridge gaps of up to `max_gap_s`, and the first and
    last size hold so far towards the bounds. Without pupil samples: straight lines between the
    average sizes of the fixations, placed at their midpoints.

    Parameters
    ----------
    eye : EyeRecording
        Ordered by time, on any clock.
    side : str
        "left" or "right".
    begin, end : float
        Bounds of the trace, s. Only sizes at begin <= time < end count; what lies outside tells no
        more than whether a sample inside borders on a blink.
    max_gap_s : float
        Longest gap between samples that is bridged, s; fixations may lie further apart.
    period : float, optional
        `pupil_period` of the whole recording, s, where `eye` is a part of it.

    Returns
    -------
    time : numpy.ndarray, shape (n_times,)
        Multiples of 1 / `TRACE_SFREQ` s within the bounds; empty if these hold no pupil size.
    x, y : numpy.ndarray, shape (n_times,)
        Horizontal and vertical size in the tracker's unit; NaN in gaps that are not bridged, and
        throughout if never given.
    """
    period = pupil_period(eye, side) if period is None else period
    samples = pupil_samples(eye, side, period)
    has_samples = np.isfinite(period)
    if has_samples:
        inside = _inside(samples.time, begin, end)
        if samples.is_clear[inside].any():
            inside &= samples.is_clear
        time, pupil = samples.time[inside], np.stack([samples.x, samples.y])[:, inside]
    else:
        time, pupil = _fixation_pupils(eye, side, begin, end)
    if not time.size:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    first, stop = np.ceil(np.round(np.array([begin, end]) * TRACE_SFREQ, _TIME_DECIMALS))
    grid = np.arange(first, stop) / TRACE_SFREQ
    if has_samples:
        x, y = (_bridged(time, axis, grid, max_gap_s) for axis in pupil)
    else:
        x, y = (_between(time, axis, grid) for axis in pupil)
    return grid, x, y


def slow_band_entropy(
    time: np.ndarray, pupil: np.ndarray, centre: np.ndarray, length_s: float
) -> np.ndarray:
    """Return the differential entropy of the pupil's slow bands around given times.

    As for EEG: the stretch's mean is subtracted (so that the lowest band, which begins at 0 Hz,
    does not hold the size itself, only its slow change), periodic Hann window, one-sided power
    that sums to the stretch's Hann-weighted variance; sigma^2 is the sum over the bins with
    low <= f < high, and DE = 0.5 ln(2 pi e sigma^2).

    A stretch is centred on its time, but moved inwards at the ends of the trace, and shorter only
    if the trace is. From 5 s on every band has a bin; the default of 20 s gives 4, 4, 4 and 8. A
    stretch that is shorter than one period of a band's upper edge cannot hold that band.

    Parameters
    ----------
    time, pupil : numpy.ndarray, shape (n_times,)
        Trace at `TRACE_SFREQ`, seconds and any unit.
    centre : numpy.ndarray, shape (n_windows,)
        Where to take the entropy, s.
    length_s : float
        Length of the stretch, s.

    Returns
    -------
    numpy.ndarray, shape (n_windows, 4)
        Nats, in the order of `schema.PUPIL_BANDS`; NaN where the stretch cannot hold a band, has no
        bin in it, no power, or a gap.
    """
    n_times = min(round(length_s * TRACE_SFREQ), time.size)
    entropy = np.full((centre.size, len(PUPIL_BANDS)), np.nan)
    if n_times < 2:
        return entropy
    first = np.round((centre - time[0]) * TRACE_SFREQ - n_times / 2).astype(int)
    first = np.clip(first, 0, time.size - n_times)
    stretch = pupil[first[:, None] + np.arange(n_times)]  # (n_windows, n_times)
    power = _power(stretch)
    frequency = np.arange(power.shape[1]) * TRACE_SFREQ / n_times
    for band, (low, high) in enumerate(PUPIL_BANDS):
        if n_times * high < TRACE_SFREQ * (1 - 1e-9):
            continue
        variance = power[:, (frequency >= low) & (frequency < high)].sum(axis=1)
        seen = variance > 0
        entropy[seen, band] = 0.5 * np.log(2 * np.pi * np.e * variance[seen])
    return entropy


def _power(stretch: np.ndarray) -> np.ndarray:
    """Return one-sided power per frequency; sums to the Hann-weighted variance."""
    n_times = stretch.shape[1]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_times) / n_times)
    x = stretch - stretch.mean(axis=1, keepdims=True)
    # Rounding must not pass for the variance of a pupil that never changes.
    x[np.ptp(stretch, axis=1) <= 1e-9 * np.abs(stretch).max(axis=1)] = 0  # one with gaps is NaN
    power = np.abs(np.fft.rfft(hann * x)) ** 2 / (n_times * np.sum(hann**2))
    power[:, 1 : (n_times + 1) // 2] *= 2
    return power


def _inside(time: np.ndarray, begin: float, end: float) -> np.ndarray:
    """Return which times lie in [begin, end)."""
    time = np.round(time, _TIME_DECIMALS)
    return (time >= round(begin, _TIME_DECIMALS)) & (time < round(end, _TIME_DECIMALS))


def _fixation_pupils(
    eye: EyeRecording, side: str, begin: float, end: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return midpoints, ordered, and average pupil sizes (2, n) of the fixations."""
    fixations = events_of(eye, side, "fixation")
    middle = fixations.onset + fixations.duration / 2
    pupil = np.stack([fixations.pupil_x, fixations.pupil_y])
    order = np.argsort(middle, kind="stable")
    order = order[np.isfinite(pupil[:, order]).any(axis=0) & _inside(middle[order], begin, end)]
    return middle[order], pupil[:, order]


def _bridged(time: np.ndarray, pupil: np.ndarray, grid: np.ndarray, max_gap_s: float) -> np.ndarray:
    """Return one axis of the pupil, averaged over each step of the grid, on straight lines."""
    known = np.isfinite(pupil)
    if not known.any():
        return np.full(grid.size, np.nan)
    times, sizes = _bin_means(time[known], pupil[known])
    trace = np.interp(grid, times, sizes)
    right = np.searchsorted(times, grid)
    before = np.where(right > 0, times[np.maximum(right - 1, 0)], -np.inf)
    after = np.where(right < times.size, times[np.minimum(right, times.size - 1)], np.inf)
    gap = np.where(np.isfinite(before) & np.isfinite(after), after - before, 0.0)
    gap = np.where(np.isinf(before), after - grid, np.where(np.isinf(after), grid - before, gap))
    trace[gap > max_gap_s + 1 / TRACE_SFREQ] = np.nan
    return trace


def _between(time: np.ndarray, pupil: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return one axis of the pupil on straight lines between fixations; NaN if it has none."""
    known = np.isfinite(pupil)
    if not known.any():
        return np.full(grid.size, np.nan)
    return np.interp(grid, time[known], pupil[known])


def _bin_means(time: np.ndarray, pupil: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average time and pupil size over stretches of 1 / `TRACE_SFREQ` s."""
    stretch = np.floor(time * TRACE_SFREQ + 0.5)
    first = np.concatenate([[0], np.flatnonzero(np.diff(stretch)) + 1])
    n_samples = np.diff(np.append(first, time.size))
    return np.add.reduceat(time, first) / n_samples, np.add.reduceat(pupil, first) / n_samples
