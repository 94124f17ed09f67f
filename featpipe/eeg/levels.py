"""Pauses in a recording: what lies before and after them is put on one level for a high-pass.

Electrodes have drifted by millivolts when a recording goes on, and a high-pass would carry such a
step for seconds to both sides. It takes levels out, so that a level taken off before it changes
nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from featpipe.eeg.decimation import decimate
from featpipe.eeg.filtering import Resampler, n_output
from featpipe.eeg.samples import Samples

_LEVEL_S = 0.25  # averaged on each side: longer takes drift for a step, shorter alpha
_RANGE_S = 1.0  # looked at for what the signal does by itself: slow waves and drift as well
_LEAST_S = 0.02  # a shorter piece has no level
_FAR_S = 0.5  # from side to side: further away the signal is another one
_TIMES = 2.0  # a step is so many times that range: a false one spoils more than a missed one
_LEAST_UV = 20.0  # less is a count or two of a coarse converter
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
        known (lost, or too short), and where the step is below 20 uV, or not twice what the signal
        itself does within a second on either side.
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
    reach = len(how.taps) // 2 // how.down + 1  # so far the first filter mixes both sides
    edges = [-reach, *breaks.tolist(), n_times + reach]
    pieces = [(start + reach, stop - reach) for start, stop in pairwise(edges)]
    return Levels(breaks, _levels(samples, how, pieces))


class _Side(NamedTuple):
    """What lies on one side of a break, in each channel."""

    median: np.ndarray  # NaN where nothing is known
    span: np.ndarray
    at: np.ndarray  # its output sample next to the break
    is_long: np.ndarray  # enough to show what the signal does by itself


def _levels(samples: Samples, how: Resampler, pieces: Sequence[tuple[int, int]]) -> np.ndarray:
    """Level of each piece, (n_pieces, n_inputs), from where the filter sees that piece only."""
    level = np.zeros((len(pieces), len(samples.first)))
    unknown = np.full(len(samples.first), np.nan)
    before, reached = _Side(unknown, unknown, unknown, np.zeros(len(unknown), bool)), 0.0
    for i, (start, stop) in enumerate(pieces):
        level[i] = reached
        if stop - start < _LEAST_S * how.sfreq:
            continue
        level[i] += _step(before, _side(samples, how, start, stop), how.sfreq)
        last = _side(samples, how, stop, start)
        tells_more = np.isfinite(last.median) & (last.is_long | ~before.is_long)
        reached = np.where(tells_more, level[i], reached)
        pairs = zip(last, before, strict=True)
        before = _Side(*(np.where(tells_more, new, old) for new, old in pairs))
    return level


def _side(samples: Samples, how: Resampler, at: int, end: int) -> _Side:
    """Look at a piece from the break at output sample `at` on towards its other end."""
    n, n_most = round(_LEVEL_S * how.sfreq), round(_RANGE_S * how.sfreq)
    if end > at:
        x = decimate(samples, how, at, min(at + n_most, end))
    else:
        x = decimate(samples, how, max(at - n_most, end), at)[::-1]
    is_long = np.full(x.shape[1], len(x) == n_most)
    is_known = np.isfinite(x[:n]).any(axis=0)
    median = np.where(is_known, np.nanmedian(np.where(is_known, x[:n], 0.0), axis=0), np.nan)
    span = np.fmax.reduce(x) - np.fmin.reduce(x)
    return _Side(median, span, np.full(x.shape[1], at), is_long)


def _step(before: _Side, after: _Side, sfreq: float) -> np.ndarray:
    """Find by how much the signal steps more than it moves by itself, (n_inputs,), or else 0."""
    step = after.median - before.median
    # short pieces may lie between, and a slow wave turns within them
    longer = np.maximum((after.at - before.at) / (_FAR_S * sfreq), 1.0)
    most = np.maximum(_TIMES * longer**2 * np.fmax(before.span, after.span), _LEAST_UV)
    is_step = (before.is_long | after.is_long) & (np.abs(step) > most)  # False where NaN
    return np.where(is_step, step, 0.0)


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
