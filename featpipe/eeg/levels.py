"""Pauses in a recording: what lies before and after them is put on one level for a high-pass.

Electrodes have drifted by millivolts when a recording goes on, and a high-pass would carry such a
step for seconds to both sides. It takes levels out, so that a level taken off before it changes
nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featpipe.eeg.decimation import decimate
from featpipe.eeg.filtering import Resampler, n_output
from featpipe.eeg.samples import Samples

_LEVEL_S = 0.25  # averaged on each side: longer takes drift for a step, shorter alpha
_SAME_SAMPLE = 1e-6
_IS_DC = 0.5  # gain of the second filter at 0 Hz: 1 without a high-pass, else 0


@dataclass(frozen=True)
class Levels:
    """Levels of the pieces between breaks, from the first piece on.

    Attributes
    ----------
    breaks : numpy.ndarray of int, shape (n_breaks,)
        First output sample of each later piece, ascending.
    level : numpy.ndarray, shape (n_breaks + 1, n_inputs), microvolt
        What each piece lies above the first one; the same as the piece before where that is not
        known, and where no more is between them than the signal itself does on either side.
    """

    breaks: np.ndarray
    level: np.ndarray


def find_levels(samples: Samples, how: Resampler, times: Sequence[float]) -> Levels | None:
    """Compare what lies on both sides of each break.

    Parameters
    ----------
    samples : Samples
        The recording.
    how : Resampler
        From `filtering.design`.
    times : sequence of float
        Where its pieces begin, s.

    Returns
    -------
    Levels or None
        None without breaks, and without a high-pass: levels are then part of the signal.
    """
    n_times = n_output(samples.n_times, how)
    breaks = np.unique(np.ceil(np.asarray(times) * how.sfreq - _SAME_SAMPLE).astype(np.int64))
    breaks = breaks[(breaks > 0) & (breaks < n_times)]
    if not breaks.size or abs(how.second.sum()) > _IS_DC:
        return None
    edges = [0, *breaks.tolist(), n_times]
    steps = [_step(samples, how, *edges[i : i + 3]) for i in range(len(breaks))]
    return Levels(breaks, np.cumsum([np.zeros(len(samples.first)), *steps], axis=0))


def _step(samples: Samples, how: Resampler, start: int, at: int, stop: int) -> np.ndarray:
    """Level behind a break less that before it, (n_inputs,), where the filter sees one side."""
    reach = len(how.taps) // 2 // how.down + 1
    n = round(_LEVEL_S * how.sfreq)
    before = decimate(samples, how, max(start, at - reach - n), max(start + 1, at - reach))
    after = decimate(samples, how, min(at + reach, stop - 1), min(at + reach + n, stop))
    (low, range_low), (high, range_high) = _level(before), _level(after)
    is_step = np.abs(high - low) > np.maximum(range_low, range_high)  # False where NaN
    return np.where(is_step, high - low, 0.0)


def _level(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return median and range of what is known, (n_inputs,) each; NaN where nothing is."""
    is_known = np.isfinite(x).any(axis=0)
    x = np.where(is_known, x, 0.0)
    span = np.nanmax(x, axis=0) - np.nanmin(x, axis=0)
    return np.where(is_known, np.nanmedian(x, axis=0), np.nan), span


def on_one_level(x: np.ndarray, start: int, levels: Levels | None) -> np.ndarray:
    """Take off each piece what it lies above the first one.

    Parameters
    ----------
    x : numpy.ndarray, shape (n_times, n_inputs), microvolt
        Behind the first filter.
    start : int
        Output sample that its first row is.
    levels : Levels or None
        From `find_levels`.

    Returns
    -------
    numpy.ndarray, shape of x
    """
    if levels is None:
        return x
    piece = np.searchsorted(levels.breaks, np.arange(start, start + len(x)), side="right")
    return x - levels.level[piece]
