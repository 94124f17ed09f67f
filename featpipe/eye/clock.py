"""One clock for both recordings: seconds from the first sample of the EEG.

The eye tracker's times become EEG times along one straight line. Its offset is given by the
study (`given_offset` compares it with the marks), or found, with the drift, from the triggers and
messages that both recordings hold.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError, ReadError
from featpipe.eye.alignment import equal_pairs, refine
from featpipe.eye.ambiguity import refuse_ambiguity
from featpipe.eye.marks import marks_of_both, shared_marks
from featpipe.eye.plausibility import (
    REACH,
    refuse_drift,
    refuse_lone_mark,
    refuse_misfit,
    refuse_pause,
)
from featpipe.eye.voting import vote
from featpipe.recording import EyeRecording

_NOT_A_MARK = ("bad", "edge", "boundary", "new segment")


@dataclass(frozen=True)
class ClockSettings:
    """How the clocks are aligned on shared marks.

    Attributes
    ----------
    max_residual_ms : float
        Largest median distance of a shared mark from the fitted line, ms.
    max_drift_ppm : float
        Largest difference in speed between the two clocks, parts per million; a fit beyond it is
        refused.
    """

    max_residual_ms: float = 50.0
    max_drift_ppm: float = 200.0

    def __post_init__(self):
        for name in ("max_residual_ms", "max_drift_ppm"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} = {getattr(self, name)}: must be above 0")


@dataclass(frozen=True)
class Clock:
    """How eye time becomes EEG time: `t_eeg = slope * t_eye + intercept`, seconds.

    Attributes
    ----------
    slope : float
        EEG seconds per second of the eye tracker; (slope - 1) * 1e6 is the drift in ppm.
    intercept : float
        EEG time at eye time 0, s.
    n_shared : int
        Marks that the line was fitted to; of a given offset, those that fit it
        (`featpipe.eye.given_offset`).
    n_left_out : int
        Marks of both recordings whose name occurs in the other one as well, but that are not among
        these.
    residual_ms, residual_max_ms : float
        Median and largest distance of these marks from the line, ms; NaN without any.
    source : str
        "offset" (given), "triggers" (fitted), or "trials" (`featpipe.eye.trial_clock`; all other
        numbers say nothing).
    """

    slope: float
    intercept: float
    n_shared: int
    n_left_out: int
    residual_ms: float
    residual_max_ms: float
    source: str


def offset_clock(offset: float) -> Clock:
    """Return the clock for a known offset.

    Parameters
    ----------
    offset : float
        EEG time minus eye time, s (`eye_offset` of the study).

    Returns
    -------
    Clock

    Raises
    ------
    ConfigError
        If the offset is not a finite number.
    """
    if not np.isfinite(offset):
        raise ConfigError(f"eye_offset = {offset}: expected a number of seconds")
    return Clock(1.0, float(offset), 0, 0, float("nan"), float("nan"), "offset")


def eeg_marks(marks: pd.DataFrame) -> pd.DataFrame:
    """Return those annotations of an EEG recording that can be triggers.

    Parameters
    ----------
    marks : pandas.DataFrame
        Columns `time` (s from the first sample) and `text`, as `featpipe.eeg.marks.read_marks`
        returns them.

    Returns
    -------
    pandas.DataFrame
        Columns `time` (s) and `code` (the text as it stands), without the stretches that are
        called bad or edge and without the bounds of segments.
    """
    code = [str(text) for text in marks["text"]]
    keep = np.array([not c.lower().startswith(_NOT_A_MARK) for c in code], dtype=bool)
    seconds = marks["time"].to_numpy(dtype=float)
    return pd.DataFrame({"time": seconds[keep], "code": np.array(code, dtype=object)[keep]})


def fit_clock(
    eeg_marks: pd.DataFrame, eye_messages: pd.DataFrame, settings: ClockSettings
) -> Clock:
    """Return the clock on which the marks of both recordings coincide.

    All pairs of marks with the same name (`marks.mark_name`) vote for offset and drift, so that
    lost, surplus and repeated marks do no harm; then least squares on the marks that pair up one
    to one. A single shared mark gives the offset only, and is believed only where one of the
    recordings holds no other mark that could contradict it.

    Parameters
    ----------
    eeg_marks : pandas.DataFrame
        Columns `time` (s, EEG) and `code` (annotation descriptions or trigger values).
    eye_messages : pandas.DataFrame
        Columns `schema.EYE_MESSAGES`; times in s of the tracker.
    settings : ClockSettings
        Limits.

    Returns
    -------
    Clock

    Raises
    ------
    ReadError
        If no mark is shared; if too few of the shared ones fit one line, or too badly; if that
        line drifts by more than `max_drift_ppm`; if the marks that it leaves over agree on another
        offset (a pause); if two offsets fit about equally well (identical marks at regular
        intervals, of which some are lost).
    """
    named = marks_of_both(eye_messages, eeg_marks)
    eye, eeg = shared_marks(*named)
    tolerance, max_drift = settings.max_residual_ms / 1000, settings.max_drift_ppm * 1e-6
    first = vote(equal_pairs(eye, eeg), tolerance, max_drift)
    line, fitted = refine(eye, eeg, first, REACH * tolerance)
    refuse_misfit(eye, eeg, line, tolerance)
    refuse_drift(line, fitted, settings.max_drift_ppm)
    refuse_lone_mark(fitted, min(time.size for time, _ in named))
    refuse_pause(eye, eeg, line, tolerance, max_drift)
    refuse_ambiguity(eye, eeg, line, tolerance, max_drift)
    residual = 1000 * np.abs(fitted[1] - line(fitted[0]))
    return Clock(
        slope=line.slope,
        intercept=line.intercept,
        n_shared=fitted.shape[1],
        n_left_out=eye.time.size + eeg.time.size - 2 * fitted.shape[1],
        residual_ms=float(np.median(residual)),
        residual_max_ms=float(residual.max()),
        source="triggers",
    )


def on_eeg_clock(eye: EyeRecording, clock: Clock) -> EyeRecording:
    """Return the eye recording with all times on the EEG's clock.

    Event durations stay as the tracker measured them. Rows are put in order of time.

    Parameters
    ----------
    eye : EyeRecording
        On the tracker's clock.
    clock : Clock
        From the tracker's clock to the EEG's.

    Returns
    -------
    EyeRecording

    Raises
    ------
    ReadError
        If the samples' clock starts anew within the recording (goes back by over a second).
    """
    step = np.diff(eye.samples["time"].to_numpy(dtype=float))
    restart = np.flatnonzero(step < -1.0)
    if restart.size:
        raise ReadError(
            f"{eye.format}: time goes back by {-step[restart[0]]:.3f} s at sample {restart[0] + 1}"
            ": the tracker's clock was set anew. Split the export there, one file per recording."
        )
    return replace(
        eye,
        samples=_mapped(eye.samples, "time", clock),
        events=_mapped(eye.events, "onset", clock),
        messages=_mapped(eye.messages, "time", clock),
    )


def _mapped(frame: pd.DataFrame, column: str, clock: Clock) -> pd.DataFrame:
    """Return the frame with one column of times mapped, in order of that column."""
    time = clock.slope * frame[column].to_numpy(dtype=float) + clock.intercept
    mapped = frame.assign(**{column: time})
    if np.all(np.diff(time) >= 0):
        return mapped
    return mapped.sort_values(column, kind="stable", ignore_index=True)
