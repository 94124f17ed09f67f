"""From the arrays of a reader to the frames of an `EyeRecording`."""

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.readers.one_clock import refuse_restart
from featpipe.readers.sample_rate import refuse_other_unit
from featpipe.recording import empty_events, empty_messages
from featpipe.schema import EYE_EVENT_KINDS, EYE_EVENTS, EYE_SAMPLES

logger = logging.getLogger(__name__)

_PREFIX = re.compile(r'^[\s"]*(?:#\s*Message:\s*)?')


def samples_frame(
    path: Path,
    time: np.ndarray,
    eyes: Mapping[str, np.ndarray],
    unit: str = "s",
    numbers: np.ndarray | None = None,
) -> pd.DataFrame:
    """Build the samples frame.

    Parameters
    ----------
    path : Path
        The file, for messages.
    time : numpy.ndarray, shape (n_times,)
        Seconds as the tracker wrote them.
    eyes : mapping
        "left" and "right" -> gaze x and y, pupil x and y, shape (4, n_times), NaN where lost.
    unit : {"s", "ms", "us", "ns"}
        What the times were taken for in the file.
    numbers : numpy.ndarray of int64, shape (n_times,), optional
        Place of each row in the file, from 0; by default its rows are counted.

    Returns
    -------
    pandas.DataFrame
        Columns `schema.EYE_SAMPLES`, in the order of time. An eye is valid where it has a gaze or
        a pupil.

    Raises
    ------
    ReadError
        When time falls by more than 0.1 s, or has a rate that no tracker has.
    """
    numbers = np.arange(time.size) if numbers is None else numbers
    refuse_restart(path, numbers, time, "export each recording into a file of its own")
    columns: dict[str, np.ndarray] = {"time": time}
    for side, eye in eyes.items():
        names = ("gaze_x", "gaze_y", "pupil_x", "pupil_y")
        columns |= {f"{name}_{side}": row for name, row in zip(names, eye, strict=True)}
        columns[f"valid_{side}"] = np.logical_or.reduce(np.isfinite(eye), axis=0)
    frame = pd.DataFrame({name: columns[name] for name in EYE_SAMPLES})
    if n_back := int(np.sum(np.diff(time) < 0)):
        logger.warning("%s: time runs backwards %d times; rows were sorted", path.name, n_back)
        frame = in_order(frame, "time")
    called, remedy = f'the time, in "{unit}",', "write the true unit into the export:"
    refuse_other_unit(path, frame["time"].to_numpy(), unit, called, remedy)
    return frame


def messages_frame(times: Sequence[float], texts: Sequence[str]) -> pd.DataFrame:
    """Build the messages frame.

    Parameters
    ----------
    times : sequence of float
        Seconds as the tracker wrote them.
    texts : sequence of str
        Messages; SMI's "# Message:" in front is taken off.

    Returns
    -------
    pandas.DataFrame
        Columns `schema.EYE_MESSAGES`, in the order of time.
    """
    if not len(times):
        return empty_messages()
    texts = [_PREFIX.sub("", text).rstrip().rstrip('"') for text in texts]
    frame = pd.DataFrame({"time": np.array(times, float), "text": pd.Series(texts, dtype="str")})
    return in_order(frame, "time")


def events_frame(
    tables: Sequence[Mapping[str, np.ndarray | str] | pd.DataFrame],
) -> pd.DataFrame:
    """Build the events frame.

    Parameters
    ----------
    tables : sequence of mapping or pandas.DataFrame
        One per kind and eye: "kind", "eye", and arrays named as in `schema.EYE_EVENTS`; what is
        absent becomes NaN, and so does a pupil of 0 or less, which is how trackers write a lost
        one.

    Returns
    -------
    pandas.DataFrame
        Columns `schema.EYE_EVENTS`, in the order of onsets.
    """
    frames = [t if isinstance(t, pd.DataFrame) else pd.DataFrame(dict(t)) for t in tables]
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return empty_events()
    empty = empty_events()
    frame = pd.concat(frames, ignore_index=True).reindex(columns=list(EYE_EVENTS))
    frame = frame.astype(empty.dtypes.to_dict())
    pupils = frame[["pupil_x", "pupil_y"]]
    frame[["pupil_x", "pupil_y"]] = pupils.where(pupils > 0)
    return in_order(frame, "onset")


def told_kinds(events: pd.DataFrame) -> tuple[str, ...]:
    """Return the kinds of which there is an event, for exports that name no others."""
    found = set(events["kind"])
    return tuple(kind for kind in EYE_EVENT_KINDS if kind in found)


def in_order(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return a frame sorted by a column, equal rows in the order they had."""
    order = np.argsort(frame[column].to_numpy(), kind="stable")
    return frame.take(order).reset_index(drop=True)
