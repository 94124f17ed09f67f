"""Where an eye looked: its samples without those that were lost, and the gaps between them."""

from dataclasses import dataclass

import numpy as np

from featpipe.eye.coverage import usual_step

MAX_GAP_S = 0.075
"""Longest gap that a fixation goes on across, s: the gap fill-in of Tobii's I-VT filter (Olsen
2012), shorter than any blink to be seen at low rates."""


@dataclass(frozen=True)
class Gaze:
    """The samples in which one eye was seen, and what is between them.

    Attributes
    ----------
    rows : numpy.ndarray of int, shape (n_seen,)
        Their places among all samples.
    time : numpy.ndarray, shape (n_seen,), s
        Ascending.
    x, y : numpy.ndarray, shape (n_seen,)
        Gaze; finite.
    is_gap : numpy.ndarray of bool, shape (n_seen - 1,)
        Whether samples are missing between one and the next: lost, dropped, or never taken since
        the tracker paused.
    is_break : numpy.ndarray of bool, shape (n_seen - 1,)
        Whether such a gap is longer than `MAX_GAP_S`, or a blink.
    """

    rows: np.ndarray
    time: np.ndarray
    x: np.ndarray
    y: np.ndarray
    is_gap: np.ndarray
    is_break: np.ndarray

    @property
    def moved(self) -> np.ndarray:
        """Distance of each sample from the next, in the unit of the gaze."""
        return np.hypot(np.diff(self.x), np.diff(self.y))


def seen_gaze(
    time: np.ndarray, x: np.ndarray, y: np.ndarray, blink_onset: np.ndarray, blink_stop: np.ndarray
) -> Gaze:
    """Return the samples that tell where an eye looked.

    Parameters
    ----------
    time : array, shape (n_times,), s
        Ascending; stamps may be repeated.
    x, y : array, shape (n_times,)
        Gaze, NaN where lost.
    blink_onset, blink_stop : array, shape (n_blinks,), s
        Ascending. What a tracker wrote during a blink is no gaze.

    Returns
    -------
    Gaze
    """
    n_begun, n_over = (np.searchsorted(edge, time, "right") for edge in (blink_onset, blink_stop))
    rows = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & (n_begun <= n_over))
    seen = time[rows]
    step = np.diff(seen)
    is_gap = (np.diff(rows) > 1) | (step > longest_step(time))
    is_blink = np.diff(n_begun[rows]) > 0
    return Gaze(rows, seen, x[rows], y[rows], is_gap, is_gap & (is_blink | (step > MAX_GAP_S)))


def longest_step(time: np.ndarray) -> float:
    """Return the time between samples, s, above which some were dropped or the tracker paused."""
    return 2.5 * usual_step(time)
