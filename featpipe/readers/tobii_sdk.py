"""Tobii Research SDK: gaze data that a script of the lab saved, and events it found in them.

The SDK hands out one record per sample, with points as tuples; scripts save them with pandas, so
that names are those of the SDK, and cells read "(0.25, 0.5)". Whoever opens such a file with a
spreadsheet and saves it again rounds its system time stamps to 10 ms.
"""

import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ReadError, few
from featpipe.readers.delimited import Delimited, first_of, numbers, open_delimited, texts
from featpipe.readers.eye_frames import events_frame, messages_frame, samples_frame, told_kinds
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.readers.sample_rate import sampling_rate
from featpipe.recording import EyeRecording, empty_samples
from featpipe.schema import EYE_EVENT_KINDS

logger = logging.getLogger(__name__)

SIGNATURE = re.compile(
    r"\A(?:(?=[^\n]*\b(?:device|system)_time_stamp\b)"
    r"(?=[^\n]*\b(?:left|right)_(?:gaze_point_on_display_area|pupil_diameter)\b)"
    r'|"?label"?([\t;,])"?x"?\1"?y"?\1"?start"?\1"?end"?\1"?duration\b)'
)
_DEVICE, _SYSTEM = "devicetimestamp", "systemtimestamp"
_MICROSECONDS = 1e6
_SIDES = ("left", "right")
_NUMBER = r"(-?\d+(?:\.\d*)?(?:e[-+]?\d+)?|nan|none)"
_POINT = re.compile(rf"^\({_NUMBER}[, ]\s*{_NUMBER}\)$", re.IGNORECASE)


def check(path: Path) -> Check:
    """Tell whether there are a time and rows."""
    return verdict(path, lambda: _inspect(path))


def _inspect(path: Path) -> Check:
    if not _open(path).is_row.any():
        return Check("truncated", "the column row is followed by no rows; save it again")
    return OK


def _open(path: Path) -> Delimited:
    keys = ["device_time_stamp", "system_time_stamp", "start"]
    return open_delimited(path, keys, "save all columns that the SDK gives, and export again")


def read(path: Path) -> EyeRecording:
    """Read gaze data of the Tobii Research SDK, or events that were found in them.

    Parameters
    ----------
    path : Path
        Gaze data, one row per sample; or a table of label, x, y, start, end and duration, one row
        per event, whose start and end are system time stamps.

    Returns
    -------
    EyeRecording
        Gaze in shares of the screen from its upper left corner, pupils in mm, either lost where
        its validity is 0. Seconds are those of the device's clock, which is the exact one, moved
        as a whole onto the system's clock where both are given, by the median of their distance.
        Events are of both eyes, and stand there for either; of a kind that has none in the whole
        table nothing is known.

    Raises
    ------
    ReadError
        When a time is missing, when a clock was set back, or when a row is malformed; the message
        names file and line.
    """
    table = _open(path)
    is_gaze = bool(first_of(table, [_DEVICE, _SYSTEM]))
    samples, sfreq = _samples(table) if is_gaze else (empty_samples(), None)
    events = events_frame([]) if is_gaze else _events(table)
    return EyeRecording(
        samples=samples,
        events=events,
        messages=messages_frame([], []),
        units={"gaze": "norm", "pupil": "mm", "dispersion": "norm"},
        sfreq=sfreq,
        format="tobii_sdk",
        event_kinds=told_kinds(events),
    )


def _samples(table: Delimited) -> tuple[pd.DataFrame, float | None]:
    """Return the samples frame and the rate in Hz."""
    time = _clock(table)
    eyes = {}
    for side in _SIDES:
        names = [
            f"{side}{what}" for what in ("gazepointvalidity", "pupilvalidity", "pupildiameter")
        ]
        _, has_gaze, has_size, size = numbers(table, [first_of(table, [_DEVICE, _SYSTEM]), *names])
        gaze = _points(table, f"{side}gazepointondisplayarea")
        gaze[:, has_gaze == 0] = np.nan
        size[(has_size == 0) | (size <= 0)] = np.nan
        eyes[side] = np.stack([*gaze, size, size])
    places = table.lines.numbers[table.is_row]
    samples = samples_frame(table.lines.path, time, eyes, "us", places)
    return samples, sampling_rate(samples["time"].to_numpy())


def _clock(table: Delimited) -> np.ndarray:
    """Return the device's time in s, moved onto the system's clock where that is known."""
    device, *system = (numbers(table, [n])[0] for n in (_DEVICE, _SYSTEM) if n in table.names)
    return (device + np.median(system[0] - device) if system else device) / _MICROSECONDS


def _points(table: Delimited, name: str) -> np.ndarray:
    """Read cells such as "(0.25, 0.5)", shape (2, n_rows); NaN where one is empty."""
    (cells,) = texts(table, [name])
    parts = pd.Series(cells, dtype="str").str.extract(_POINT)
    is_bad = (cells != "") & parts[0].isna().to_numpy()
    if is_bad.any():
        row, shown = int(np.argmax(is_bad)), str(cells[is_bad][0])[:60]
        raise ReadError(
            f"{table.lines.path}, line {table.lines.numbers[table.is_row][row] + 1}: {name} is "
            f"{shown!r}, not two numbers in brackets; repair the line or save it again"
        )
    return np.array([pd.to_numeric(parts[i], errors="coerce") for i in (0, 1)], float)


def _events(table: Delimited) -> pd.DataFrame:
    start, end = numbers(table, ["start", "end"]) / _MICROSECONDS
    labels = np.char.lower(texts(table, ["label"])[0])
    if others := sorted(set(labels.tolist()) - set(EYE_EVENT_KINDS)):
        logger.warning("%s: events called %s are left out", table.lines.path.name, few(others))
    found = [(kind, labels == kind) for kind in EYE_EVENT_KINDS]
    return events_frame(
        [
            {"kind": kind, "eye": side, "onset": start[rows], "duration": (end - start)[rows]}
            for kind, rows in found
            for side in _SIDES
        ]
    )
