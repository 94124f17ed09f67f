"""The pupil as a continuous trace, and the entropy of its slow bands.

The published bands, 0-0.2 to 0.6-1 Hz, cannot be told apart within a window of 1 or 4 s, whose
frequencies are 1 or 0.25 Hz apart. The entropy is therefore taken from a longer stretch of an
interpolated trace around each window. Lighting is not taken out here.
"""

from dataclasses import dataclass

import numpy as np

from featpipe.eye.side import events_of
from featpipe.recording import EyeRecording
from featpipe.schema import PUPIL_BANDS

TRACE_SFREQ = 20.0
"""Rate of the trace, Hz. Averaging over 1/20 s takes 0.4 % off an amplitude at 1 Hz."""

BLINK_S = 0.05
"""Silences longer than this are blinks or losses, whose edges are distorted."""

MARGIN_S = 0.05
"""Left out on either side of a blink: the lid covers part of the pupil before and after."""


_TIME_DECIMALS = 6
"""Times are compared with the bounds of a trace in microseconds, the finest step of any tracker."""


@dataclass(frozen=True)
class PupilSamples:
    """Valid pupil sizes of one eye as the tracker wrote them.

    Attributes
    ----------
    time : numpy.ndarray, shape (n_valid,)
        Seconds.
    x, y : numpy.ndarray, shape (n_valid,)
        Horizontal and vertical size in the tracker's unit; one of them may be NaN.
    is_clear : numpy.ndarray of bool, shape (n_valid,)
        Further than `MARGIN_S` from every silence longer than `BLINK_S`.
    """

    time: np.ndarray
    x: np.ndarray
    y: np.ndarray
    is_clear: np.ndarray


def pupil_samples(eye: EyeRecording, side: str) -> PupilSamples:
    """Return the valid pupil sizes of one eye, and which of them no blink distorts.

    Parameters
    ----------
    eye : EyeRecording
        Ordered by time, on any clock.
    side : str
        "left" or "right".

    Returns
    -------
    PupilSamples
        Empty if the export has no samples, or none with a pupil of this eye.
    """
    samples = eye.samples
    time = samples["time"].to_numpy(dtype=float)
    x, y = (samples[f"pupil_{axis}_{side}"].to_numpy(dtype=float) for axis in "xy")
    keep = samples[f"valid_{side}"].to_numpy(dtype=bool) & np.isfinite(time)
    keep &= np.isfinite(x) | np.isfinite(y)
    return PupilSamples(time[keep], x[keep], y[keep], ~_near_silence(time[keep]))


def is_filled_in(eye: EyeRecording, side: str) -> np.ndarray:
    """Tell which valid samples give no pupil size to the trace, which is interpolated there.

    Parameters
    ----------
    eye, side
        As in `pupil_samples`.

    Returns
    -------
    numpy.ndarray of bool, shape (n_samples,)
        Valid, but without a size or within `MARGIN_S` of a silence. All False for an eye whose
        pupil the export never gives.
    """
    filled = eye.samples[f"valid_{side}"].to_numpy(dtype=bool).copy()
    samples = pupil_samples(eye, side)
    if not samples.time.size:
        return np.zeros_like(filled)
    time = eye.samples["time"].to_numpy(dtype=float)
    size = eye.samples[[f"pupil_{axis}_{side}" for axis in "xy"]].to_numpy(dtype=float)
    filled[filled & np.isfinite(time) & np.isfinite(size).any(axis=1)] = ~samples.is_clear
    return filled


def pupil_trace(
    eye: EyeRecording, side: str, begin: float, end: float, max_gap_s: float = np.inf
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pupil size of one eye over a stretch of time, without gaps, at `TRACE_SFREQ`.

    From samples: lost ones are left out, and `MARGIN_S` on either side of every silence of more
    than `BLINK_S`; averages over 1 / `TRACE_SFREQ` s keep faster noise from folding into the slow
    bands; straight lines bridge gaps of up to `max_gap_s`, and the first and last size hold so far
    towards the bounds. Without pupil samples: straight lines between the average sizes of the
    fixations, placed at their midpoints.

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

    Returns
    -------
    time : numpy.ndarray, shape (n_times,)
        Multiples of 1 / `TRACE_SFREQ` s within the bounds; empty if these hold no pupil size.
    x, y : numpy.ndarray, shape (n_times,)
        Horizontal and vertical size in the tracker's unit; NaN in gaps that are not bridged, and
        throughout if never given.
    """
    samples = pupil_samples(eye, side)
    if samples.time.size:
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
    if samples.time.size:
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


def _near_silence(time: np.ndarray) -> np.ndarray:
    """Return which samples lie within the margin of a silence longer than `BLINK_S`."""
    step = np.diff(time)
    if not step.size:
        return np.zeros(time.size, dtype=bool)
    before = np.flatnonzero(step - np.median(step) > BLINK_S)
    begin = np.searchsorted(time, time[before] - MARGIN_S)
    end = np.searchsorted(time, time[before + 1] + MARGIN_S, side="right")
    depth = np.zeros(time.size + 1, dtype=int)
    np.add.at(depth, begin, 1)
    np.add.at(depth, end, -1)
    return np.cumsum(depth)[:-1] > 0


def _bin_means(time: np.ndarray, pupil: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average time and pupil size over stretches of 1 / `TRACE_SFREQ` s."""
    stretch = np.floor(time * TRACE_SFREQ + 0.5)
    first = np.concatenate([[0], np.flatnonzero(np.diff(stretch)) + 1])
    n_samples = np.diff(np.append(first, time.size))
    return np.add.reduceat(time, first) / n_samples, np.add.reduceat(pupil, first) / n_samples
