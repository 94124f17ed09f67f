"""Tobii data exports of Pro Lab and Studio 3: one table, one row per sample or event.

Users choose the columns and their order, names changed between versions, and the rows of several
sensors stand between each other; so columns are found by name, without blanks, units and case.
Parsed here, because the eye-tracking libraries expect one version's names.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.readers.delimited import (
    Delimited,
    first_of,
    numbers,
    open_delimited,
    seconds_per_unit,
    texts,
    time_unit,
)
from featpipe.readers.eye_frames import events_frame, messages_frame, samples_frame
from featpipe.readers.fixation_dispersion import add_dispersion
from featpipe.readers.one_clock import refuse_several
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.readers.sample_rate import PER_SECOND, sampling_rate
from featpipe.recording import EyeRecording

SIGNATURE = re.compile(
    r"\A(?=[^\n]*[\t;,])(?=[^\n]*(Recording ?timestamp|ParticipantName|Participant name))"
    r"(?=[^\n]*(Gaze ?point|Pupil|Eye ?movement|Gaze ?event))",
    re.IGNORECASE,
)
_TIME = "recordingtimestamp"
_SIDES = ("left", "right")
_PUPILS = ("pupildiameter{}", "pupil{}")
_TYPES = ("eyemovementtype", "gazeeventtype")
_DURATIONS = ("eyemovementeventduration", "gazeeventduration")
_AMPLITUDES = ("saccadicamplitude", "saccadeamplitude")
_EVENTS = {"event": "eventvalue", "studioevent": "studioeventdata"}
_KINDS = ("fixation", "saccade")
_PAUSE_S = 0.1
"""No row for so long, and an event without a duration of its own is over."""
_LONGEST_STEP_MS = 300
"""Between samples; trackers take 30 to 1200 a second, which are 833 microseconds or more."""
_N_LOOKED_AT = 10_000
_MAX_VALIDITY = 1
"""Studio's codes: 0 certain, 1 probable, 2 to 4 unsure or lost; Tobii advises against these."""


def check(path: Path) -> Check:
    """Tell whether the export has a time and rows."""
    return verdict(path, lambda: _inspect(_open(path)))


def _inspect(export: Delimited) -> Check:
    if not export.is_row.any():
        return Check("truncated", "the column row is followed by no rows; export it again")
    return OK


def _open(path: Path) -> Delimited:
    return open_delimited(
        path,
        ["Recording timestamp"],
        "add it to the data export, without it nothing tells when a sample was taken",
    )


def read(path: Path) -> EyeRecording:
    """Read a Tobii data export.

    Parameters
    ----------
    path : Path
        The file; it needs the column 'Recording timestamp' and should have gaze points or pupil
        diameters, validities, eye movement type with gaze event duration, and events.

    Returns
    -------
    EyeRecording
        Only rows of the eye tracker are samples. An eye is lost where its validity is "Invalid", or
        above 1 in Studio's codes. Pupils in mm, in those rows that have one. Fixations and saccades
        are those of Tobii's filter, of both eyes, and stand there for either. It tells no blinks:
        "Eyes not found" is any loss, of a single row as well, so they are found in the samples
        (`featpipe.eye.detection`). A message is the value of an event, or its name where it has
        none.

    Raises
    ------
    ReadError
        When there is no time column, several recordings, a clock that was set back, nothing that is
        measured, or a malformed row; the message names the line.
    """
    export = _open(path)
    refuse_several(export, ["recordingname", "participantname"])
    is_sample = export.is_row & _is_eye_tracker(export)
    export = _with_unit(export, is_sample)
    time, eyes = _eyes(export, is_sample)
    if not any(np.isfinite(eye).any() for eye in eyes.values()) and not first_of(export, _TYPES):
        raise ReadError(
            f"{path}: it holds no gaze point, no pupil diameter and no eye movement type; add "
            "these columns to the data export"
        )
    places = export.lines.numbers[is_sample]
    samples = samples_frame(path, time, eyes, time_unit(export, _TIME), places)
    return EyeRecording(
        samples=samples,
        events=add_dispersion(_events(export, is_sample), samples),
        messages=_messages(export),
        units={"gaze": _gaze_unit(export), "pupil": "mm", "dispersion": _gaze_unit(export)},
        sfreq=sampling_rate(samples["time"].to_numpy()),
        format="tobii_tsv",
        event_kinds=_KINDS,
    )


def _is_eye_tracker(export: Delimited) -> np.ndarray:
    """Mark the lines of the eye tracker; without a column 'Sensor', those that measure anything."""
    marks = np.zeros(len(export.lines.starts), dtype=bool)
    if "sensor" in export.names:
        marks[export.is_row] = np.char.lower(texts(export, ["sensor"])[0]) == "eye tracker"
        return marks
    measures = [n for n in export.names if n.startswith(("gazepoint", "pupil", "validity"))]
    if measures:
        marks[export.is_row] = np.any([text != "" for text in texts(export, measures)], axis=0)
    return marks


def _with_unit(export: Delimited, is_sample: np.ndarray) -> Delimited:
    """Tell the unit of a clock whose name does not: ms, unless samples are too far apart for that.

    Pro Lab exported microseconds under the bare name too, as in SEED-VII.
    """
    if export.units.get(_TIME):
        return export
    rows = np.flatnonzero(is_sample)[:_N_LOOKED_AT]
    is_first = np.zeros(is_sample.size, dtype=bool)
    is_first[rows] = True
    step = np.diff(numbers(export, [_TIME], is_first)[0])
    is_fine = bool(np.any(step > 0)) and np.median(step[step > 0]) > _LONGEST_STEP_MS
    return replace(export, units={**export.units, _TIME: "us" if is_fine else "ms"})


def _timed(export: Delimited, names: Sequence[str], is_wanted: np.ndarray) -> np.ndarray:
    """Read the time in s and more columns of numbers, shape (1 + n_names, n_rows)."""
    values = numbers(export, [_TIME, *names], is_wanted)
    values[0] *= seconds_per_unit(export, _TIME)
    return values


def _eyes(export: Delimited, is_sample: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the time and of each eye gaze x and y and twice the one pupil diameter."""
    eyes, time = {}, np.empty(0)
    for side in _SIDES:
        gaze = [f"gazepoint{side}{axis}" for axis in "xy"]
        if gaze[0] not in export.names:  # the average of both eyes
            gaze = ["gazepointx", "gazepointy"]
        pupil = first_of(export, [name.format(side) for name in _PUPILS])
        time, x, y, size = _timed(export, [*gaze, pupil], is_sample)
        eye = np.stack([x, y, np.where(size > 0, size, np.nan), np.where(size > 0, size, np.nan)])
        eye[:, _is_lost(export, is_sample, side)] = np.nan
        eyes[side] = eye
    return time, eyes


def _is_lost(export: Delimited, is_sample: np.ndarray, side: str) -> np.ndarray:
    name = f"validity{side}"
    if name not in export.names:
        return np.zeros(int(is_sample.sum()), dtype=bool)
    (codes,) = texts(export, [name], is_sample)
    is_number = np.char.isdigit(codes)
    levels = np.where(is_number, codes, "9").astype(int)
    return np.where(is_number, levels > _MAX_VALIDITY, np.char.lower(codes) != "valid")


def _gaze_unit(export: Delimited) -> str:
    unit = export.units.get(first_of(export, ["gazepointleftx", "gazepointx"]), "").lower()
    return "norm" if "norm" in unit else "mm" if unit.endswith("mm") else "px"


def _events(export: Delimited, is_sample: np.ndarray) -> pd.DataFrame:
    """Turn runs of rows of one eye movement into events of either eye."""
    name = first_of(export, _TYPES)
    if not name or not is_sample.any():
        return events_frame([])
    names = [first_of(export, spellings) for spellings in (_DURATIONS, _AMPLITUDES)]
    time, duration, degrees = _timed(export, names, is_sample)
    index = first_of(export, [f"{name}index", "gazeeventindex"])
    types, indices = texts(export, [name, index], is_sample)
    is_new = (types[1:] != types[:-1]) | (indices[1:] != indices[:-1])
    is_new |= np.isnan(duration[1:]) & (np.diff(time) > _PAUSE_S)
    is_new = np.concatenate([[True], is_new])
    first, last = np.flatnonzero(is_new), np.flatnonzero(np.append(is_new[1:], True))
    step = 1 / (sampling_rate(time) or np.inf)
    stop = np.minimum(time[last] + step, np.append(time[first[1:]], np.inf))
    in_rows = stop - time[first]  # not until the next, which may follow after a pause
    told = duration[first] / PER_SECOND[_duration_unit(export, names[0], duration[first], in_rows)]
    # whole ms may reach the first row of the next event, so they count beyond a period only
    length = np.where(np.abs(told - in_rows) >= step, told, in_rows)
    kinds = np.char.lower(types[first])
    tables = []
    for kind in _KINDS:
        of = first[kinds == kind]
        times = {"onset": time[of], "duration": length[kinds == kind]}
        more = {"amplitude": degrees[of]} if kind == "saccade" else {}
        tables += [{"kind": kind, "eye": eye, **times, **more} for eye in _SIDES]
    return events_frame(tables)


def _duration_unit(export: Delimited, name: str, duration: np.ndarray, in_rows: np.ndarray) -> str:
    """Return the unit of durations: as told, else that of the clock or ms, as the rows have it."""
    if export.units.get(name):
        return time_unit(export, name)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_s = duration / in_rows
    per_s = per_s[np.isfinite(per_s) & (per_s > 0)]
    units = (time_unit(export, _TIME), "ms")
    if not per_s.size:
        return units[0]
    return min(units, key=lambda unit: abs(np.log(np.median(per_s) / PER_SECOND[unit])))


def _messages(export: Delimited) -> pd.DataFrame:
    name = first_of(export, tuple(_EVENTS))
    if not name:
        return messages_frame([], [])
    events, values = texts(export, [name, _EVENTS[name]])
    (time,) = _timed(export, [], export.is_row)
    is_event = events != ""
    labels = np.where(values != "", values, events)
    return messages_frame(time[is_event].tolist(), labels[is_event].tolist())
