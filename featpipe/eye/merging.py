"""Fixations that a short loss, a few dropped frames, has split in two."""

import numpy as np

from featpipe.eye.gaze import Gaze


def merged(
    gaze: Gaze, first: np.ndarray, last: np.ndarray, max_dispersion: float
) -> tuple[np.ndarray, np.ndarray]:
    """Merge neighbouring fixations that are one but for a gap.

    Fixations are found without looking across gaps, as SMI's detector does, and merged then:
    those grown across gaps agree with SMI's less well.

    Parameters
    ----------
    gaze : Gaze
        Of one eye.
    first, last : numpy.ndarray of int, shape (n_fixations,)
        Seen samples of each fixation, `last` included.
    max_dispersion : float
        What X + Y of the merged fixation, all that lies between included, may reach; in the unit
        of the gaze.

    Returns
    -------
    first, last : numpy.ndarray of int
        Of those that are left.
    """
    n_gaps, n_breaks = (
        np.concatenate([[0], np.cumsum(steps)]) for steps in (gaze.is_gap, gaze.is_break)
    )
    before, after = last[:-1], first[1:]
    may_join = (n_gaps[after] > n_gaps[before]) & (n_breaks[after] == n_breaks[before])
    begins = first.copy()
    is_last = np.ones(first.size, bool)
    for i in np.flatnonzero(may_join):
        both = slice(begins[i], last[i + 1] + 1)
        if np.ptp(gaze.x[both]) + np.ptp(gaze.y[both]) <= max_dispersion:
            begins[i + 1], is_last[i] = begins[i], False
    return begins[is_last], last[is_last]
