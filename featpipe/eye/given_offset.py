"""What the marks of both recordings say of an offset that the study gives.

The offset stays what the study says, and the drift 0: the marks are counted, and where they
contradict it a warning says so, because people mistype offsets more often than amplifiers do.
"""

import logging
from dataclasses import replace

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.eye.alignment import Line, Marks, match
from featpipe.eye.clock import Clock, ClockSettings, fit_clock, offset_clock
from featpipe.eye.marks import marks_of_both, shared_marks
from featpipe.eye.plausibility import REACH, refuse_misfit

logger = logging.getLogger(__name__)


def checked_offset_clock(
    offset: float, eeg_marks: pd.DataFrame, eye_messages: pd.DataFrame, settings: ClockSettings
) -> Clock:
    """Return the clock for a given offset, with what the marks of both recordings say of it.

    Parameters
    ----------
    offset : float
        EEG time minus eye time, s (`eye_offset` of the study).
    eeg_marks, eye_messages : pandas.DataFrame
        As `featpipe.eye.clock.fit_clock` takes them.
    settings : ClockSettings
        Limits; a warning is given where `fit_clock` would refuse such a line, or finds another.

    Returns
    -------
    Clock
        Drift 0 and the given offset; number and distances are of the marks of equal names that
        lie within three times `max_residual_ms` of each other.

    Raises
    ------
    ConfigError
        If the offset is not a finite number.
    """
    clock, line = offset_clock(offset), Line(1.0, float(offset))
    try:
        eye, eeg = shared_marks(*marks_of_both(eye_messages, eeg_marks))
    except ReadError:
        return clock  # there are none
    near = match(eye, eeg, line, REACH * settings.max_residual_ms / 1000)
    distance = 1000 * np.abs(near[1] - line(near[0]))
    try:
        found = fit_clock(eeg_marks, eye_messages, settings)
    except ReadError:
        doubt = _misfit(eye, eeg, line, settings)
    else:
        doubt = _elsewhere(found, line, eye, settings)
    if doubt:
        logger.warning(
            "eye_offset = %.3f s is used as given, but the marks contradict it: of %d in the eye "
            "recording and %d in the EEG with equal names %d fit; %s",
            *(offset, eye.time.size, eeg.time.size, distance.size, doubt),
        )
    return replace(
        clock,
        n_shared=distance.size,
        n_left_out=eye.time.size + eeg.time.size - 2 * distance.size,
        residual_ms=float(np.median(distance)) if distance.size else float("nan"),
        residual_max_ms=float(distance.max()) if distance.size else float("nan"),
    )


def _elsewhere(found: Clock, line: Line, eye: Marks, settings: ClockSettings) -> str:
    """Return where the marks fit, if that is not the line; else nothing."""
    other = Line(found.slope, found.intercept)(eye.time)
    if np.median(np.abs(other - line(eye.time))) <= settings.max_residual_ms / 1000:
        return ""
    return (
        f"{found.n_shared} fit at {np.mean(other - eye.time):.3f} s, {found.residual_ms:.1f} ms "
        f"off in the median, drift {1e6 * (found.slope - 1):.0f} ppm"
    )


def _misfit(eye: Marks, eeg: Marks, line: Line, settings: ClockSettings) -> str:
    """Return what is to be thought of marks that fit no line beyond doubt, if not this one."""
    tolerance = settings.max_residual_ms / 1000
    try:
        if match(eye, eeg, line, tolerance).size:
            refuse_misfit(eye, eeg, line, tolerance)
            return ""
    except ReadError:
        pass
    return "nor does any other offset fit them beyond doubt: do equal names mean the same?"
