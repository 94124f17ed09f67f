"""One clock for both recordings: seconds from the first sample of the EEG.

The eye tracker's times become EEG times along one straight line. Its offset is given by the
study, or found, with the drift, from the triggers and messages that both recordings hold.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError, ReadError
from featpipe.eye.alignment import Line, Marks, equal_pairs, match, ordered_marks, refine, vote
from featpipe.eye.marks import named_marks
from featpipe.recording import EyeRecording

if TYPE_CHECKING:
    import mne

MIN_SHARE_FITTED = 0.5
"""Of the marks that could have a partner, this share must have one on the line."""

REACH = 3.0
"""Marks up to so many times the largest median residual away are taken for partners."""

MAX_RIVAL = 0.8
"""A second offset that fits this share of the marks of the best one makes it ambiguous."""

_NOT_A_MARK = ("bad", "edge")

_REMEDY = (
    "Give eye_offset for this recording in recordings.csv "
    "(seconds; EEG time = eye time + eye_offset)."
)


@dataclass(frozen=True)
class ClockSettings:
    """How the clocks are aligned on shared marks.

    Attributes
    ----------
    max_residual_ms : float
        Largest median distance of a shared mark from the fitted line, ms.
    max_drift_ppm : float
        Largest difference in speed between the two clocks, parts per million.
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
        Marks that the line was fitted to; 0 for a given offset.
    residual_ms, residual_max_ms : float
        Median and largest distance of these marks from the line, ms; NaN for a given offset.
    source : str
        "offset" (given) or "triggers" (fitted).
    """

    slope: float
    intercept: float
    n_shared: int
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
    return Clock(1.0, float(offset), 0, float("nan"), float("nan"), "offset")


def eeg_marks(annotations: "mne.Annotations | pd.DataFrame") -> pd.DataFrame:
    """Return the marks of an EEG recording from its annotations.

    Parameters
    ----------
    annotations : mne.Annotations or pandas.DataFrame
        With onset in s from the first sample and description; or, as a frame, columns `time` and
        `text` (`featpipe.eeg.marks.read_marks`).

    Returns
    -------
    pandas.DataFrame
        Columns `time` (s) and `code` (the description as it stands), without the stretches that
        MNE calls bad or edge.
    """
    if isinstance(annotations, pd.DataFrame):
        time, text = annotations["time"], annotations["text"]
    else:
        time, text = annotations.onset, annotations.description
    code = [str(t) for t in text]
    keep = np.array([not c.lower().startswith(_NOT_A_MARK) for c in code], dtype=bool)
    seconds = np.asarray(time, dtype=float)
    return pd.DataFrame({"time": seconds[keep], "code": np.array(code, dtype=object)[keep]})


def fit_clock(
    eeg_marks: pd.DataFrame, eye_messages: pd.DataFrame, settings: ClockSettings
) -> Clock:
    """Return the clock on which the marks of both recordings coincide.

    All pairs of marks with the same name (`marks.mark_name`) vote for offset and drift, so that
    lost, surplus and repeated marks do no harm; then least squares on the marks that pair up one
    to one. With a single shared mark only the offset is fitted.

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
        If no mark is shared, if two offsets fit about equally well (identical marks at regular
        intervals, of which some are lost), or if too few marks fit one line, or too badly.
    """
    eye, eeg = _shared_marks(eeg_marks, eye_messages)
    tolerance, max_drift = settings.max_residual_ms / 1000, settings.max_drift_ppm * 1e-6
    pairs = equal_pairs(eye, eeg)
    line, fitted = refine(eye, eeg, vote(pairs, tolerance, max_drift), REACH * tolerance)
    _refuse_misfit(eye, eeg, line, settings)
    if match(eye, eeg, line, REACH * tolerance).shape[1] < max(eye.time.size, eeg.time.size):
        others = pairs[:, np.abs(pairs[1] - line(pairs[0])) > REACH * tolerance]
        if others.size:
            _refuse_rival(eye, eeg, line, vote(others, tolerance, max_drift), tolerance)
    residual = 1000 * np.abs(fitted[1] - line(fitted[0]))
    return Clock(
        slope=line.slope,
        intercept=line.intercept,
        n_shared=fitted.shape[1],
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


def _shared_marks(eeg_marks: pd.DataFrame, eye_messages: pd.DataFrame) -> tuple[Marks, Marks]:
    """Return the marks of eye and EEG whose name occurs in both."""
    eye_time, eye_name = named_marks(
        pd.Series(eye_messages["time"]), pd.Series(eye_messages["text"])
    )
    eeg_time, eeg_name = named_marks(pd.Series(eeg_marks["time"]), pd.Series(eeg_marks["code"]))
    shared = np.intersect1d(eye_name, eeg_name)
    if not shared.size:
        raise ReadError(
            "no trigger of the EEG occurs among the messages of the eye recording: EEG has "
            f"{_listed(eeg_name)}; eye has {_listed(eye_name)}. {_REMEDY}"
        )
    marks = []
    for time, name in ((eye_time, eye_name), (eeg_time, eeg_name)):
        keep = np.isin(name, shared)
        marks.append(ordered_marks(time[keep], np.searchsorted(shared, name[keep])))
    return marks[0], marks[1]


def _listed(names: np.ndarray) -> str:
    """Return the first few different names, for a message."""
    different = np.unique(names)
    more = f" and {different.size - 8} more" if different.size > 8 else ""
    return ", ".join(map(repr, different[:8].tolist())) + more if different.size else "none"


def _refuse_rival(eye: Marks, eeg: Marks, line: Line, rival: Line, tolerance: float) -> None:
    """Raise if another line, through pairs that the first leaves over, fits as well."""
    n_best, n_rival = (match(eye, eeg, at, REACH * tolerance).shape[1] for at in (line, rival))
    if n_rival < MAX_RIVAL * n_best:
        return
    middle = float(eye.time.mean())
    offsets = [float(at(eye.time).mean()) - middle for at in (line, rival)]
    raise ReadError(
        f"the marks fit two offsets about equally well: {offsets[0]:.3f} s ({n_best} marks) and "
        f"{offsets[1]:.3f} s ({n_rival} marks), of {eye.time.size} in the eye recording and "
        f"{eeg.time.size} in the EEG; marks of one name at regular intervals cannot tell. {_REMEDY}"
    )


def _refuse_misfit(eye: Marks, eeg: Marks, line: Line, settings: ClockSettings) -> None:
    """Raise if too few of the marks lie near the line, or too far from it."""
    reach = REACH * settings.max_residual_ms / 1000
    near = match(eye, eeg, line, reach)
    mapped = line(eye.time)
    eye_codes = eye.code[(mapped >= eeg.time.min() - reach) & (mapped <= eeg.time.max() + reach)]
    eeg_codes = eeg.code[(eeg.time >= mapped.min() - reach) & (eeg.time <= mapped.max() + reach)]
    n_codes = max(eye.code.max(), eeg.code.max()) + 1
    paired = np.minimum(
        np.bincount(eye_codes, None, n_codes), np.bincount(eeg_codes, None, n_codes)
    )
    # Two wrong files may by chance agree at the end of one and the begin of the other.
    possible = max(int(paired.sum()), min(eye.time.size, eeg.time.size) // 2)
    if near.shape[1] < MIN_SHARE_FITTED * possible:
        raise ReadError(
            f"only {near.shape[1]} of {possible} shared marks fit one clock within "
            f"{1000 * reach:.0f} ms; do both files belong to the same session? {_REMEDY}"
        )
    residual = 1000 * float(np.median(np.abs(near[1] - line(near[0]))))
    if residual > settings.max_residual_ms:
        raise ReadError(
            f"{near.shape[1]} shared marks lie {residual:.1f} ms (median) off the fitted clock, "
            f"more than max_residual_ms = {settings.max_residual_ms:g}. {_REMEDY}"
        )
