"""Tobii data exports of Pro Lab and Studio 3: one table, one row per sample or event.

Users choose the columns and their order, names changed between versions, and the rows of several
sensors stand between each other; so columns are found by name, without blanks, units and case.
Parsed here, because the eye-tracking libraries expect one version's names.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ReadError, few
from featpipe.readers.delimited import decimal_sign
from featpipe.readers.eye_frames import (
    events_frame,
    messages_frame,
    samples_frame,
    sampling_rate,
)
from featpipe.readers.fixation_dispersion import add_dispersion
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.readers.text_columns import parse_numbers, parse_texts
from featpipe.readers.text_lines import Lines, line, read_lines
from featpipe.recording import EyeRecording

SIGNATURE = re.compile(
    r"\A(?=[^\n]*[\t;,])(?=[^\n]*(Recording ?timestamp|ParticipantName|Participant name))"
    r"(?=[^\n]*(Gaze ?point|Pupil|Eye ?movement|Gaze ?event))",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[\[(]([^\])]*)[\])]")
_SIDES = ("left", "right")
_PUPILS = ("pupildiameter{}", "pupil{}")
_TYPES = ("eyemovementtype", "gazeeventtype")
_AMPLITUDES = ("saccadicamplitude", "saccadeamplitude")
_EVENTS = (("event", "eventvalue"), ("studioevent", "studioeventdata"))
_KINDS = {"fixation": "fixation", "saccade": "saccade", "eyesnotfound": "blink"}
_MAX_VALIDITY = 1
"""Studio's codes: 0 certain, 1 probable, 2 to 4 unsure or lost; Tobii advises against these."""


@dataclass(frozen=True)
class Export:
    """The table and what its columns are called.

    Attributes
    ----------
    lines : Lines
        The file.
    is_row : numpy.ndarray of bool, shape (n_lines,)
        All rows below the header that hold something.
    names : mapping
        Name in lower case letters without unit -> position; of equal ones the first.
    units : mapping
        The same names -> unit.
    separator, decimal : str
        Field separator and decimal sign.
    """

    lines: Lines
    is_row: np.ndarray
    names: Mapping[str, int]
    units: Mapping[str, str]
    separator: str
    decimal: str


def check(path: Path) -> Check:
    """Tell whether the export has a time and rows."""
    return verdict(path, lambda: _inspect(_open(path)))


def _inspect(export: Export) -> Check:
    if not export.is_row.any():
        return Check("truncated", "the column row is followed by no rows; export it again")
    return OK


def _open(path: Path) -> Export:
    lines = read_lines(path)
    header = line(lines, 0)
    separator = max("\t;,", key=header.count)
    labels = [label.strip().strip('"') for label in header.split(separator)]
    names: dict[str, int] = {}
    units: dict[str, str] = {}
    for i, label in enumerate(labels):
        name = re.sub("[^a-z]", "", _UNIT.sub("", label).lower())
        if name and name not in names:
            names[name], unit = i, _UNIT.search(label)
            units[name] = unit[1].strip() if unit else ""
    if "recordingtimestamp" not in names:
        raise ReadError(
            f"{path}: no column 'Recording timestamp' among {few([x for x in labels if x])}; add "
            "it to the data export, without it nothing tells when a sample was taken"
        )
    is_row = lines.stops - lines.starts > 1
    is_row[0] = False
    return Export(lines, is_row, names, units, separator, decimal_sign(lines, is_row, separator))


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
        above 1 in Studio's codes. Pupils in mm, in those rows that have one. Fixations, saccades
        and losses are those of Tobii's filter, of both eyes, and stand there for either; "Eyes not
        found" is a blink. A message is the value of an event, or its name where it has none.

    Raises
    ------
    ReadError
        When there is no time column, several recordings, nothing that is measured, or a malformed
        row; the message names the line.
    """
    export = _open(path)
    _refuse_several(export)
    is_sample = export.is_row & _is_eye_tracker(export)
    time, eyes = _eyes(export, is_sample)
    if not any(np.isfinite(eye).any() for eye in eyes.values()) and not _first(export, _TYPES):
        raise ReadError(
            f"{path}: it holds no gaze point, no pupil diameter and no eye movement type; add "
            "these columns to the data export"
        )
    samples = samples_frame(path, time, eyes)
    return EyeRecording(
        samples=samples,
        events=add_dispersion(_events(export, is_sample), samples),
        messages=_messages(export),
        units={"gaze": _gaze_unit(export), "pupil": "mm", "dispersion": _gaze_unit(export)},
        sfreq=sampling_rate(time),
        format="tobii_tsv",
    )


def _refuse_several(export: Export) -> None:
    for name in ("recordingname", "participantname"):
        if name in export.names:
            (values,) = parse_texts(
                export.lines, export.is_row, [export.names[name]], export.separator
            )
            found = [value for value in dict.fromkeys(values.tolist()) if value]
            if len(found) > 1:
                raise ReadError(
                    f"{export.lines.path}: it holds {len(found)} recordings ({few(found)}); export "
                    "one file per recording"
                )


def _is_eye_tracker(export: Export) -> np.ndarray:
    """Mark the lines of the eye tracker; without a column 'Sensor', those that measure anything."""
    marks = np.zeros(len(export.lines.starts), dtype=bool)
    measures = [n for n in export.names if n.startswith(("gazepoint", "pupil", "validity"))]
    columns = ["sensor"] if "sensor" in export.names else measures
    texts = parse_texts(
        export.lines, export.is_row, [export.names[n] for n in columns], export.separator
    )
    if columns == ["sensor"]:
        marks[export.is_row] = np.char.lower(texts[0]) == "eye tracker"
    elif texts:
        marks[export.is_row] = np.any([text != "" for text in texts], axis=0)
    return marks


def _numbers(export: Export, is_wanted: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Read the time in s and columns that may be absent (NaN), shape (1 + n_names, n_rows)."""
    known = [name for name in names if name in export.names]
    columns = [export.names[name] for name in ("recordingtimestamp", *known)]
    values = parse_numbers(export.lines, is_wanted, columns, export.separator, export.decimal).T
    rows = dict(zip(known, values[1:], strict=True))
    unit = export.units["recordingtimestamp"]
    time = values[0] * (1e-6 if unit.endswith("s") and unit[:1] in "uµμ" and unit != "s" else 1e-3)
    absent = np.full(time.size, np.nan)
    return np.stack([time, *(rows.get(name, absent) for name in names)])


def _first(export: Export, names: Sequence[str]) -> str | None:
    return next((name for name in names if name in export.names), None)


def _eyes(export: Export, is_sample: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the time and of each eye gaze x and y and twice the one pupil diameter."""
    eyes, time = {}, np.empty(0)
    for side in _SIDES:
        gaze = [f"gazepoint{side}{axis}" for axis in "xy"]
        if gaze[0] not in export.names:  # the average of both eyes
            gaze = ["gazepointx", "gazepointy"]
        pupil = _first(export, [name.format(side) for name in _PUPILS]) or "no pupil"
        time, x, y, size = _numbers(export, is_sample, [*gaze, pupil])
        eye = np.stack([x, y, np.where(size > 0, size, np.nan), np.where(size > 0, size, np.nan)])
        eye[:, _is_lost(export, is_sample, side)] = np.nan
        eyes[side] = eye
    return time, eyes


def _is_lost(export: Export, is_sample: np.ndarray, side: str) -> np.ndarray:
    name = f"validity{side}"
    if name not in export.names:
        return np.zeros(int(is_sample.sum()), dtype=bool)
    (texts,) = parse_texts(export.lines, is_sample, [export.names[name]], export.separator)
    is_number = np.char.isdigit(texts)
    codes = np.where(is_number, texts, "9").astype(int)
    return np.where(is_number, codes > _MAX_VALIDITY, np.char.lower(texts) != "valid")


def _gaze_unit(export: Export) -> str:
    unit = export.units.get(_first(export, ["gazepointleftx", "gazepointx"]) or "", "")
    return "norm" if "norm" in unit.lower() else "mm" if unit.lower().endswith("mm") else "px"


def _events(export: Export, is_sample: np.ndarray) -> pd.DataFrame:
    """Turn runs of rows of one eye movement into events of either eye."""
    name = _first(export, _TYPES)
    if name is None or not is_sample.any():
        return events_frame([])
    amplitude = _first(export, _AMPLITUDES) or "no amplitude"
    time, duration, degrees = _numbers(export, is_sample, ["gazeeventduration", amplitude])
    index = f"{name}index" if f"{name}index" in export.names else "gazeeventindex"
    columns = [export.names[n] for n in (name, index) if n in export.names]
    texts = parse_texts(export.lines, is_sample, columns, export.separator)
    is_new = np.any([np.concatenate([[True], text[1:] != text[:-1]]) for text in texts], axis=0)
    first = np.flatnonzero(is_new)
    stop = np.concatenate([time[first[1:]], time[-1:]])
    length = np.where(np.isnan(duration[first]), stop - time[first], duration[first] / 1e3)
    kinds = np.char.lower(texts[0][first])
    tables = []
    for theirs, kind in _KINDS.items():
        of = first[kinds == theirs]
        times = {"onset": time[of], "duration": length[kinds == theirs]}
        more = {"amplitude": degrees[of]} if kind == "saccade" else {}
        tables += [{"kind": kind, "eye": eye, **times, **more} for eye in _SIDES]
    return events_frame(tables)


def _messages(export: Export) -> pd.DataFrame:
    for name, value in _EVENTS:
        if name in export.names:
            columns = [export.names[n] for n in (name, value) if n in export.names]
            texts = parse_texts(export.lines, export.is_row, columns, export.separator)
            is_event = texts[0] != ""
            time = _numbers(export, export.is_row, [])[0]
            labels = np.where(texts[-1] != "", texts[-1], texts[0])
            return messages_frame(time[is_event].tolist(), labels[is_event].tolist())
    return messages_frame([], [])
