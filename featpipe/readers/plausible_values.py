"""Numbers of eye exports that nothing measured: a damaged digit, a sentinel of the tracker."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.recording import EyeRecording

logger = logging.getLogger(__name__)

LARGEST_TIME_S = 1e10
"""Seconds; those since 1970 are 2e9."""

LONGEST_EVENT_S = 86_400.0

LARGEST_MEASURE = 1e6
"""Pixels, millimetres, degrees, tracker's units: the largest real ones are some ten thousand."""

_SIDES = ("left", "right")


def plausible_values(path: Path, eye: EyeRecording) -> EyeRecording:
    """Return the recording with what cannot have been measured lost, as a blink is.

    Parameters
    ----------
    path : Path
        The file, for messages.
    eye : EyeRecording
        As a reader returns it.

    Returns
    -------
    EyeRecording
        Gaze, pupils and measures of events are NaN where they are infinite or above
        `LARGEST_MEASURE`, and such gaze is not valid; a warning names the columns.

    Raises
    ------
    ReadError
        When a time is beyond any clock: whatever stands beside it may be elsewhere too.
    """
    refuse = (("samples", "time"), ("messages", "time"), ("events", "onset"))
    for table, column in refuse:
        _refuse_time(path, table, getattr(eye, table), column, LARGEST_TIME_S)
    _refuse_time(path, "events", eye.events, "duration", LONGEST_EVENT_S)
    samples, told = _measured(eye.samples, "time")
    events, told_of_events = _measured(eye.events, "onset")
    if not (told or told_of_events):
        return eye
    logger.warning(
        "%s: nothing measures numbers above %g, these are taken for lost: %s",
        path.name, LARGEST_MEASURE, "; ".join((told + told_of_events)[:5]),
    )  # fmt: skip
    for side in _SIDES if told else ():
        is_known = np.isfinite(samples[[f"gaze_x_{side}", f"gaze_y_{side}"]]).all(axis=1)
        was_known = np.isfinite(eye.samples[[f"gaze_x_{side}", f"gaze_y_{side}"]]).all(axis=1)
        is_spoilt = (was_known | _is_beyond(eye.samples, side)) & ~is_known
        samples[f"valid_{side}"] = samples[f"valid_{side}"] & ~is_spoilt
    return replace(eye, samples=samples, events=events)


def _is_beyond(samples: pd.DataFrame, side: str) -> np.ndarray:
    gaze = samples[[f"gaze_x_{side}", f"gaze_y_{side}"]].to_numpy(float)
    return np.any(np.abs(gaze) > LARGEST_MEASURE, axis=1)


def _refuse_time(path: Path, table: str, frame: pd.DataFrame, column: str, most: float) -> None:
    values = frame[column].to_numpy(float)
    wrong = np.flatnonzero(np.abs(values) > most)
    if wrong.size:
        i = int(wrong[0])
        raise ReadError(
            f"{path}: row {i + 1} of its {table} has the {column} {values[i]:g} s, over {most:g}: "
            "a number in it is damaged; correct it, or export the recording again"
        )


def _measured(frame: pd.DataFrame, clock: str) -> tuple[pd.DataFrame, list[str]]:
    """Lose what is too large; tell of which columns, with the first value and its time."""
    changed, told = {}, []
    for column in frame.select_dtypes("number"):
        if column in (clock, "duration"):
            continue
        values = frame[column].to_numpy(float)
        is_wrong = np.abs(values) > LARGEST_MEASURE
        if is_wrong.any():
            first = int(np.argmax(is_wrong))
            told.append(f"{column} {values[first]:g} at {frame[clock].iloc[first]:.3f} s")
            changed[column] = pd.Series(np.where(is_wrong, np.nan, values), frame.index).astype(
                frame[column].dtype
            )
    return frame.assign(**changed), told
