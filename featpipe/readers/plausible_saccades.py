"""Exported saccades that no eye makes: what a detector finds where tracking was bad or lost."""

import logging
from dataclasses import replace
from pathlib import Path

from featpipe.recording import EyeRecording

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
        A saccade above `MAX_DURATION_S` is left out: it is a stretch in which the eye was lost, and
        its duration would spoil the columns as its amplitude would. One above `MAX_AMPLITUDE_DEG`
        stays, since something moved at that moment, with an amplitude of NaN.
    """
    is_saccade = (eye.events["kind"] == "saccade").to_numpy()
    is_long = is_saccade & (eye.events["duration"] > MAX_DURATION_S).to_numpy()
    is_wide = is_saccade & ~is_long & (eye.events["amplitude"] > MAX_AMPLITUDE_DEG).to_numpy()
    if not is_long.any() and not is_wide.any():
        return eye
    logger.warning(
        "%s: of %d saccades %d last over %g s and are left out, %d are above %g degrees and have "
        "no amplitude: no eye does that, tracking was lost",
        path.name, is_saccade.sum(), is_long.sum(), MAX_DURATION_S, is_wide.sum(),
        MAX_AMPLITUDE_DEG,
    )  # fmt: skip
    events = eye.events.copy()
    events.loc[is_wide, "amplitude"] = float("nan")
    return replace(eye, events=events.loc[~is_long].reset_index(drop=True))
