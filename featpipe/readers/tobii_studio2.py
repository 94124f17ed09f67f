"""Tobii Studio 2: the tables All-Data, Fixation-Data and Event-Data of one recording.

Each stands below lines of properties, and knows its time in ms from the start of the recording.
Whichever is named, the others are found beside it, because none of them holds everything.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.readers.delimited import Delimited, numbers, open_delimited, texts
from featpipe.readers.eye_frames import events_frame, messages_frame, samples_frame
from featpipe.readers.fixation_dispersion import add_dispersion
from featpipe.readers.one_clock import refuse_restart
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.readers.sample_rate import sampling_rate
from featpipe.recording import EyeRecording, empty_samples

SIGNATURE = re.compile(
    r'^(?=(?:[^\n]*[\t;,])?"?Timestamp\b)(?=[^\n]*[\t;,])'
    r"(?=[^\n]*\b(?:GazePoint[XY]?(?:Left|Right)?|Pupil(?:Left|Right)|FixationDuration|EventKey)\b)",
    re.MULTILINE,
)
_FILES = ("All-Data", "Fixation-Data", "Event-Data")
_SIDES = ("left", "right")
_MEASURES = tuple(f"{what}{side}" for side in _SIDES for what in ("gazepointx", "pupil"))
_MAX_VALIDITY = 1
"""0 is certain, 1 probable, 2 to 4 unsure or lost."""
_MISSING = -1.0


def sources(path: Path) -> tuple[Path, ...]:
    """Return the named table and those of its recording that lie beside it."""
    word = next((word for word in _FILES if word in path.name), None)
    if word is None:
        return (path,)
    others = (path.with_name(path.name.replace(word, other)) for other in _FILES if other != word)
    return (path, *(file for file in others if file.is_file()))


def check(path: Path) -> Check:
    """Tell whether the table has a time and rows."""
    return verdict(path, lambda: _inspect(path))


def _inspect(path: Path) -> Check:
    if not _open(path).is_row.any():
        return Check("truncated", "the column row is followed by no rows; export it again")
    return OK


def _open(path: Path) -> Delimited:
    return open_delimited(path, ["Timestamp"], "export it again from Tobii Studio")


def read(path: Path) -> EyeRecording:
    """Read a recording of Tobii Studio 2.

    Parameters
    ----------
    path : Path
        One of its tables.

    Returns
    -------
    EyeRecording
        Samples are the rows of All-Data that measure something; without All-Data there are none.
        Gaze in pixels of the screen, pupils in mm; an eye is lost where its validity is above 1,
        or, without validities, its pupil -1,
        and a gaze where a coordinate is -1. Fixations are those of Tobii's filter, of both eyes,
        and stand there for either; Studio 2 tells neither saccades nor blinks. A message is the
        descriptor of an event, or what was logged, or else the name of the event.

    Raises
    ------
    ReadError
        When no table holds samples or fixations, when a clock was set back, or when a row is
        malformed; the message names file and line.
    """
    tables = [_open(file) for file in sources(path)]
    measured = _first_with(tables, _MEASURES)
    fixated = _first_with(tables, ["fixationduration"])
    if measured is None and fixated is None:
        raise ReadError(
            f"{path}: it holds what happened on the screen, neither samples nor fixations; put the "
            "All-Data or the Fixation-Data of this recording beside it"
        )
    samples = empty_samples() if measured is None else _samples(measured)
    return EyeRecording(
        samples=samples,
        events=add_dispersion(
            events_frame([] if fixated is None else _fixations(fixated)), samples
        ),
        messages=_messages(_first_with(tables, ["event"])),
        units={"gaze": "px", "pupil": "mm", "dispersion": "px"},
        sfreq=sampling_rate(samples["time"].to_numpy()),
        format="tobii_studio2",
        event_kinds=("fixation",),
    )


def _first_with(tables: Sequence[Delimited], names: Sequence[str]) -> Delimited | None:
    return next((table for table in tables if not table.names.keys().isdisjoint(names)), None)


def _timed(table: Delimited, names: Sequence[str], is_wanted: np.ndarray) -> np.ndarray:
    """Read the time in s and more columns of numbers, shape (1 + n_names, n_rows)."""
    values = numbers(table, ["timestamp", *names], is_wanted)
    values[0] /= 1e3
    places = table.lines.numbers[is_wanted]
    remedy = "export each recording into a file of its own"
    refuse_restart(table.lines.path, places, values[0], remedy)
    return values


def _samples(table: Delimited) -> pd.DataFrame:
    """Build the samples frame; rows of nothing but an event stand between those of the tracker."""
    is_sample = table.is_row.copy()
    is_sample[table.is_row] = np.any([text != "" for text in texts(table, _MEASURES)], axis=0)
    eyes, time = {}, np.empty(0)
    for side in _SIDES:
        names = [f"{name}{side}" for name in ("gazepointx", "gazepointy", "pupil", "validity")]
        time, x, y, size, validity = _timed(table, names, is_sample)
        x[(x == _MISSING) | (y == _MISSING)] = np.nan
        y[np.isnan(x)] = np.nan
        # Where no validity tells, lost gazes are minus the screen (-1280, -1024), as if seen.
        is_lost = np.isnan(validity) & (size == _MISSING)
        size[size <= 0] = np.nan
        eyes[side] = np.stack([x, y, size, size])
        eyes[side][:, is_lost] = np.nan
        eyes[side][:, validity > _MAX_VALIDITY] = np.nan
    return samples_frame(table.lines.path, time, eyes, "ms", table.lines.numbers[is_sample])


def _fixations(table: Delimited) -> list[dict[str, np.ndarray | str]]:
    """Return the fixations of either eye: All-Data repeats each in all its rows."""
    (indices,) = texts(table, ["fixationindex"])
    is_fixation = table.is_row.copy()
    is_fixation[table.is_row] = np.char.isdigit(indices) | ("fixationindex" not in table.names)
    onset, index, duration = _timed(table, ["fixationindex", "fixationduration"], is_fixation)
    first = np.concatenate([[True], index[1:] != index[:-1]])[: index.size]
    times = {"onset": onset[first], "duration": duration[first] / 1e3}
    return [{"kind": "fixation", "eye": side, **times} for side in _SIDES]


def _messages(table: Delimited | None) -> pd.DataFrame:
    if table is None:
        return messages_frame([], [])
    names, logged, descriptors = texts(table, ["event", "data1", "descriptor"])
    (time,) = numbers(table, ["timestamp"])
    labels = np.where((names == "LogData") & (logged != ""), logged, names)
    labels = np.where(descriptors != "", descriptors, labels)
    is_event = names != ""
    return messages_frame((time[is_event] / 1e3).tolist(), labels[is_event].tolist())
