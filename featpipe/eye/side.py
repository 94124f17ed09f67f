"""Which eye to take, and its events."""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError, ReadError, unknown
from featpipe.recording import EyeRecording

SIDES = ("auto", "left", "right")

_LOOKING = ("fixation", "saccade")


@dataclass(frozen=True)
class Events:
    """Events of one kind and one eye, ordered by onset.

    Attributes
    ----------
    onset, duration : numpy.ndarray, shape (n_events,)
        Seconds; finite, durations not negative.
    pupil_x, pupil_y, dispersion_x, dispersion_y : numpy.ndarray, shape (n_events,)
        The tracker's units; NaN where unknown.
    amplitude : numpy.ndarray, shape (n_events,)
        Degrees; NaN where unknown.
    """

    onset: np.ndarray
    duration: np.ndarray
    pupil_x: np.ndarray
    pupil_y: np.ndarray
    dispersion_x: np.ndarray
    dispersion_y: np.ndarray
    amplitude: np.ndarray

    @property
    def stop(self) -> np.ndarray:
        """End of each event, s."""
        return self.onset + self.duration


def choose_side(eye: EyeRecording, side: str) -> str:
    """Return the eye to compute features from.

    "auto" takes the eye of which there are events where the other has none, else the one with the
    larger share of valid samples, the left one on a tie. In an export of events only, the summed
    duration of the fixations and saccades stands for it, or that of the blinks where it tells
    nothing else.

    Parameters
    ----------
    eye : EyeRecording
        Any clock.
    side : str
        "left", "right" or "auto".

    Returns
    -------
    str
        "left" or "right".

    Raises
    ------
    ConfigError
        If `side` is none of the three.
    ReadError
        If the recording holds no data of the eye that was asked for, or of either.
    """
    if side not in SIDES:
        raise ConfigError(unknown("eye side", side, SIDES))
    amount = {name: _amount(eye, name) for name in ("left", "right")}
    if side == "auto":
        side = best_side(eye)
    if amount[side] > 0:
        return side
    other = other_side(side)
    advice = f"choose side = {other!r}, or leave out" if amount[other] > 0 else "leave out"
    which = f"the {side} eye" if amount[other] > 0 else "either eye"
    raise ReadError(f"{eye.format}: no valid data of {which}; {advice} this recording")


def best_side(eye: EyeRecording) -> str:
    """Return the eye that "auto" takes, which may have no data where neither has."""
    rank = {}
    for name in ("left", "right"):
        amount = _amount(eye, name)
        rank[name] = (amount > 0, has_events(eye, name), amount)
    return "right" if rank["right"] > rank["left"] else "left"


def has_events(eye: EyeRecording, side: str) -> bool:
    """Tell whether any event is of this eye, or of neither by name."""
    return bool((_column(eye.events, "eye") != other_side(side)).any())


def other_side(side: str) -> str:
    """Return "right" for "left", and "left" for "right"."""
    return "right" if side == "left" else "left"


def events_of(eye: EyeRecording, side: str, kind: str) -> Events:
    """Return the events of one kind and eye, ordered by onset.

    Events that name neither eye (of a tracker that reports both as one) belong to either.
    Defective ones, without an onset or with a negative or unknown duration, are left out.

    Parameters
    ----------
    eye : EyeRecording
        Any clock.
    side : str
        "left" or "right".
    kind : str
        One of `schema.EYE_EVENT_KINDS`.

    Returns
    -------
    Events
    """
    other = other_side(side)
    duration = _column(eye.events, "duration")
    keep = (_column(eye.events, "kind") == kind) & (_column(eye.events, "eye") != other)
    keep &= np.isfinite(_column(eye.events, "onset")) & np.isfinite(duration) & (duration >= 0)
    rows = np.flatnonzero(keep)
    rows = rows[np.argsort(_column(eye.events, "onset")[rows], kind="stable")]
    return Events(**{field.name: _column(eye.events, field.name)[rows] for field in fields(Events)})


def _amount(eye: EyeRecording, side: str) -> float:
    """Return how much valid data one eye has: share of samples, or seconds of events."""
    if len(eye.samples):
        return float(_column(eye.samples, f"valid_{side}").mean())
    told = [kind for kind in _LOOKING if kind in eye.event_kinds] or eye.event_kinds
    return sum(float(events_of(eye, side, kind).duration.sum()) for kind in told)


def _column(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column as an array: of objects if text, else of numbers."""
    return frame[name].to_numpy(dtype=object if name in ("kind", "eye") else float)
