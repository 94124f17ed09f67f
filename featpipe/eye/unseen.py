"""Stretches of a recording in which nobody knows what an eye did."""

import numpy as np

from featpipe.eye.coverage import lost_time
from featpipe.eye.gaze import MAX_GAP_S, longest_step
from featpipe.recording import EyeRecording


def unseen_stretches(
    eye: EyeRecording, side: str, begin: float, end: float, max_blink_s: float
) -> np.ndarray:
    """Return the pauses of the tracker and the losses of an eye that are no blinks.

    Parameters
    ----------
    eye : EyeRecording
        Rows ordered by time.
    side : str
        "left" or "right".
    begin, end : float
        Where to look, s; what begins before or ends after is not found.
    max_blink_s : float
        Longer losses are no blinks, s.

    Returns
    -------
    numpy.ndarray, shape (2, n_stretches)
        Begin and end, s, from the last sample before to the first one after; begins and ends
        ascend. Of an export of events only, what its events do not cover (`lost_time`).
    """
    if not len(eye.samples):
        lost = lost_time(eye, side)
        return lost[:, lost[1] - lost[0] > max_blink_s]
    time = eye.samples["time"].to_numpy(dtype=float)
    near = slice(*np.searchsorted(time, [begin, end]))
    seen = time[near][eye.samples[f"valid_{side}"].to_numpy(dtype=bool)[near]]
    longest_gap = max(MAX_GAP_S, longest_step(time))
    found = [_steps_above(seen, max_blink_s), _steps_above(time[near], longest_gap)]
    return np.sort(np.concatenate(found, axis=1), axis=1)


def _steps_above(time: np.ndarray, limit: float) -> np.ndarray:
    i = np.flatnonzero(np.diff(time) > limit)
    return np.stack([time[i], time[i + 1]])
