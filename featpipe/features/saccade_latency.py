"""Time from the end of a saccade to the start of the next, of which all was seen."""

import numpy as np

from featpipe.eye.side import Events
from featpipe.features.spans import starting, trial_span
from featpipe.recording import SAME_S
from featpipe.windows import Grid


def saccade_latency(saccades: Events, unseen: np.ndarray, grid: Grid) -> np.ndarray:
    """Return the latency of every saccade of a trial.

    Parameters
    ----------
    saccades : Events
        Of one eye, ordered by onset.
    unseen : numpy.ndarray, shape (2, n_stretches)
        Begin and end of stretches in which there may have been other saccades, both ascending
        (`featpipe.eye.unseen`).
    grid : Grid
        The trial.

    Returns
    -------
    numpy.ndarray, shape (n_saccades,)
        Milliseconds from the end of the trial's previous saccade, at least 0; NaN for its first,
        for saccades of other trials, and where a stretch lies in between.
    """
    latency = np.full(saccades.onset.size, np.nan)
    of_trial, _ = starting(saccades.onset, trial_span(grid))
    onset, stop = saccades.onset[of_trial][1:], saccades.stop[of_trial][:-1]
    begin, end = unseen
    n_begun = np.searchsorted(begin, onset - SAME_S, side="right")
    n_over = np.searchsorted(end, stop + SAME_S, side="right")
    since = 1000 * np.maximum(onset - stop, 0)
    latency[of_trial[1:]] = np.where(n_begun > n_over, np.nan, since)
    return latency
