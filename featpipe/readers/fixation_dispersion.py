"""Spread of the gaze within fixations, for trackers whose exports do not give it."""

import numpy as np
import pandas as pd

from featpipe.recording import SAME_S


def add_dispersion(
    events: pd.DataFrame, samples: pd.DataFrame, with_last: bool = False, same: float = SAME_S
) -> pd.DataFrame:
    """Fill the dispersion of fixations that have none from the samples they span.

    Parameters
    ----------
    events : pandas.DataFrame
        Columns `schema.EYE_EVENTS`.
    samples : pandas.DataFrame
        Columns `schema.EYE_SAMPLES`, in the order of time.
    with_last : bool
        Whether durations end with the time of the last sample, as those of SMI and Pupil Player do;
        else with that of the next one, as EyeLink's, which hold one period more.
    same : float
        By how much times may be off, s, where an export rounds them.

    Returns
    -------
    pandas.DataFrame
        A copy; dispersion_x = max(x) - min(x) of the gaze with onset <= time < onset + duration, or
        <= with the last, dispersion_y likewise, as BeGaze defines them. NaN where no sample lies in
        a fixation.
    """
    events = events.copy()
    time = samples["time"].to_numpy()
    onset = events["onset"].to_numpy()
    end = onset + events["duration"].to_numpy()
    first = np.searchsorted(time, onset - same)
    stop = np.searchsorted(time, end + same if with_last else end - same)
    is_fixation = (events["kind"] == "fixation").to_numpy()
    for eye in ("left", "right"):
        for axis in ("x", "y"):
            spread = events[f"dispersion_{axis}"].to_numpy(copy=True)
            gaze = samples[f"gaze_{axis}_{eye}"].to_numpy()
            is_wanted = is_fixation & (events["eye"] == eye).to_numpy() & np.isnan(spread)
            rows = np.flatnonzero(is_wanted & (stop > first))
            spread[rows] = _spread(gaze, first[rows], stop[rows])
            events[f"dispersion_{axis}"] = spread
    return events


def _spread(gaze: np.ndarray, first: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Return max - min of gaze[first:stop] for each pair, NaN ignored."""
    if not len(first):
        return np.empty(0)
    bounds = np.stack([first, stop], axis=1).ravel()
    padded = np.append(gaze, np.nan)  # a span may end with the last sample
    return (np.fmax.reduceat(padded, bounds) - np.fmin.reduceat(padded, bounds))[::2]
