"""Exported saccades that no eye makes: what a detector finds where tracking was bad or lost."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.recording import SAME_S, EyeRecording

logger = logging.getLogger(__name__)

MAX_AMPLITUDE_DEG = 90.0
"""Eyes turn by about 45 degrees to either side of straight ahead, so from end to end by twice that.

Nearly all saccades are below 20 degrees; trackers see no more than 60.
"""

MAX_DURATION_S = 0.5
"""A saccade lasts about 21 ms and 2.2 ms per degree, so the largest one 220 ms; twice that is none.

References
----------
Carpenter (1988), Movements of the Eyes, 2nd edition, London, Pion.
"""

_SIDES = ("left", "right")


def plausible_saccades(path: Path, eye: EyeRecording) -> EyeRecording:
    """Return the recording without the saccades that cannot be any, which are told.

    Parameters
    ----------
    path : Path
        The file, for the log.
    eye : EyeRecording
        As a reader returns it; amplitudes in degrees.

    Returns
    -------
    EyeRecording
        A saccade around a blink is left out, because the lid made it, and so is one with a lost
        sample: each sample of a saccade was seen, as in `featpipe.eye.detection`, by one eye
        where the saccades are those of both. One above
        `MAX_DURATION_S` is left out as well: it is a stretch in which the eye was lost, and its
        duration would spoil the columns as its amplitude would. One above `MAX_AMPLITUDE_DEG`
        stays, since something moved at that moment, with an amplitude of NaN.

    Notes
    -----
    In a real SMI recording of 60 Hz 65 of 1062 saccades hold a lost sample, nearly all a single
    one. SMI tells 20 degrees of them (median), while where the gaze was last and next seen lies 1
    apart: the detector took the zeros of the lost sample for a place.
    """
    events = eye.events.loc[~_is_around_blink(eye)].reset_index(drop=True)
    is_saccade = (events["kind"] == "saccade").to_numpy()
    is_unseen = is_saccade & _has_lost_sample(events, eye.samples)
    is_long = is_saccade & ~is_unseen & (events["duration"] > MAX_DURATION_S).to_numpy()
    is_left_out = is_unseen | is_long
    is_wide = is_saccade & ~is_left_out & (events["amplitude"] > MAX_AMPLITUDE_DEG).to_numpy()
    if is_unseen.any():
        logger.warning(
            "%s: of %d saccades %d have a sample in which the eye was lost, and are left out: what "
            "moved was not seen", path.name, is_saccade.sum(), is_unseen.sum(),
        )  # fmt: skip
    if is_long.any() or is_wide.any():
        logger.warning(
            "%s: of %d saccades %d last over %g s and are left out, %d are above %g degrees and "
            "have no amplitude: no eye does that, tracking was lost",
            path.name, is_saccade.sum(), is_long.sum(), MAX_DURATION_S, is_wide.sum(),
            MAX_AMPLITUDE_DEG,
        )  # fmt: skip
    events.loc[is_wide, "amplitude"] = float("nan")
    return replace(eye, events=events.loc[~is_left_out].reset_index(drop=True))


def _is_around_blink(eye: EyeRecording) -> np.ndarray:
    """Mark the saccades that enclose a blink of the same eye."""
    events = eye.events
    onset = events["onset"].to_numpy()
    stop = onset + events["duration"].to_numpy()
    is_lid = np.zeros(len(events), bool)
    for side in _SIDES if eye.onsets == "recorded" else ():
        is_eye = (events["eye"] == side).to_numpy()
        blinks = np.flatnonzero(is_eye & (events["kind"] == "blink").to_numpy())
        saccades = np.flatnonzero(is_eye & (events["kind"] == "saccade").to_numpy())
        following = np.searchsorted(onset[blinks], onset[saccades])
        ends = np.append(stop[blinks], np.inf)[following]
        is_lid[saccades] = ends <= stop[saccades]
    return is_lid


def _has_lost_sample(events: pd.DataFrame, samples: pd.DataFrame) -> np.ndarray:
    """Mark the events in which the gaze of their eye is lost, where it was exported at all."""
    time, onset = samples["time"].to_numpy(), events["onset"].to_numpy()
    first = np.searchsorted(time, onset - SAME_S)
    stop = np.searchsorted(time, onset + events["duration"].to_numpy() - SAME_S)
    lost = np.array([_is_lost(samples, side) for side in _SIDES])
    if _are_of_both(events):
        lost[:] = lost.all(axis=0)
    has_lost = np.zeros(len(events), bool)
    for side, is_lost in zip(_SIDES, lost, strict=True):
        if not is_lost.all():
            at = np.flatnonzero(is_lost)
            is_any = np.searchsorted(at, stop) > np.searchsorted(at, first)
            has_lost |= (events["eye"] == side).to_numpy() & is_any
    return has_lost


def _is_lost(samples: pd.DataFrame, side: str) -> np.ndarray:
    x, y = (samples[f"gaze_{axis}_{side}"].to_numpy() for axis in "xy")
    return np.isnan(x) | np.isnan(y)


def _are_of_both(events: pd.DataFrame) -> bool:
    """Tell whether the saccades are found in both eyes together, and so the same in either."""
    saccades = events.loc[events["kind"] == "saccade", ["eye", "onset", "duration"]]
    left, right = (saccades.loc[saccades["eye"] == side].iloc[:, 1:] for side in _SIDES)
    return np.array_equal(left.to_numpy(), right.to_numpy())
