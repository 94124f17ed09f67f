"""Eye recordings of BIDS: `*_recording-eye1_physio.tsv.gz` with its JSON, one file per eye.

After BIDS 1.11 (once the proposal BEP 20): tables without header, whose columns the sidecar names
(timestamp, x_coordinate, y_coordinate, pupil_size), beside them `*_physioevents.tsv.gz`. Names of
the draft (`*_eyetrack.tsv`, eye1_x_coordinate) are understood too. The tracker's time stamps are
kept; what `StartTime` says of them, `clock_offset` tells.
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.bids_physio_events import join_events, read_events
from featpipe.readers.bids_physio_files import events_files, eye_files
from featpipe.readers.bids_physio_sidecar import EyeTable, eye_table, screen_scale
from featpipe.readers.eye_frames import samples_frame
from featpipe.readers.fixation_dispersion import add_dispersion
from featpipe.readers.gzipped import CutShortError, first_lines
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.readers.sample_rate import sampling_rate
from featpipe.readers.tsv_numbers import is_header, read_columns, refuse_cut
from featpipe.recording import EyeRecording

NAME = "bids_physio"
_N_FIRST = 2000
"""Rows whose time stamps are looked at before the whole is read."""
_RATE_DIFFERS = 0.1
"""Share by which a rate may differ from that of the time stamps."""


class _File(NamedTuple):
    """The file of one eye: times of the tracker, s, and eyes as `samples_frame` takes them."""

    table: EyeTable
    time: np.ndarray
    eyes: dict[str, np.ndarray]


def check(path: Path) -> Check:
    """Inflate the files of a recording to their ends and tell what is wrong in them.

    Parameters
    ----------
    path : Path
        The file of one eye.

    Returns
    -------
    Check
        "suspicious" where the sidecar contradicts the samples or leaves something open.
    """
    return verdict(path, lambda: _inspect(path))


def _inspect(path: Path) -> Check:
    try:
        for file in eye_files(path):
            refuse_cut(file)
    except CutShortError as error:
        return Check("truncated", str(error).removeprefix(f"{path}: "))
    tables = [eye_table(file) for file in eye_files(path)]
    flaws = [flaw for table in tables for flaw in (*table.flaws, *_rate_flaws(table))]
    return Check("suspicious", "; ".join(dict.fromkeys(flaws))) if flaws else OK


def _rate_flaws(table: EyeTable) -> list[str]:
    """Compare the rate that is told with that of the first time stamps."""
    told, found = table.sfreq, sampling_rate(np.array(_stamps(table)) / table.per_second)
    if told is None or found is None or abs(found / told - 1) <= _RATE_DIFFERS:
        return []
    return [f"SamplingFrequency = {told:g}, its time stamps have {found:g} Hz: correct the sidecar"]


def read(path: Path) -> EyeRecording:
    """Read an eye recording of BIDS.

    Parameters
    ----------
    path : Path
        The file of one eye; those of the other eyes beside it are read with it.

    Returns
    -------
    EyeRecording
        Both pupil columns carry the one size. A cyclopean gaze stands for both eyes where there is
        no other. Where the sidecar names no time stamps, times count from `StartTime`.

    Raises
    ------
    ReadError
        When a file is cut short or damaged, a row has not the fields that `Columns` names, or
        nothing was seen; the message names file and line.
    """
    files = [_read_file(file) for file in eye_files(path)]
    files = [file for file in files if not file.table.is_cyclopean] or files[:1]
    first = files[0]
    eyes = {side: np.full((4, first.time.size), np.nan) for side in ("left", "right")}
    for file in files:
        rows, n_lost = _nearest(first.time, file.time)
        for side, values in file.eyes.items():
            if np.isfinite(eyes[side]).any():
                raise ReadError(
                    f"{file.table.path}: a second recording of the {side} eye: correct RecordedEye "
                    "in its sidecar"
                )
            eyes[side] = np.where(rows >= 0, values[:, rows], np.nan)
        if n_lost > 0.5 * file.time.size:
            raise ReadError(
                f"{file.table.path}: its time stamps are not those of {first.table.path.name}: one "
                "of the two is of another recording; copy both again"
            )
    if not any(np.isfinite(eye).any() for eye in eyes.values()):
        raise ReadError(f"{path}: no row holds a gaze or a pupil; see Columns in its sidecar")
    return _recording(path, files, eyes)


def _recording(path: Path, files: list[_File], eyes: dict[str, np.ndarray]) -> EyeRecording:
    first = files[0]
    samples = samples_frame(path, first.time, eyes, first.table.time_unit)
    found = [
        read_events(events, file.table, file.time)
        for file in files
        for events in events_files(file.table.path)
    ]
    events, messages, kinds = join_events(found)
    return EyeRecording(
        samples=samples,
        events=add_dispersion(events, samples),
        messages=messages,
        units={
            "gaze": first.table.gaze_unit,
            "pupil": first.table.pupil_unit,
            "dispersion": first.table.gaze_unit,
        },
        sfreq=first.table.sfreq or sampling_rate(first.time),
        format=NAME,
        px_per_degree=screen_scale(path) if first.table.gaze_unit == "px" else None,
        event_kinds=kinds,
    )


def _nearest(time: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, int]:
    """Row of the sample of another eye nearest to each time, -1 where none is within half a step.

    The second number is how many of the other eye's samples have no place.
    """
    if time.size == other.size and np.array_equal(time, other):
        return np.arange(time.size), 0
    half = 0.5 * float(np.median(np.diff(time))) if time.size > 1 else 0.0
    after = np.clip(np.searchsorted(other, time), 0, other.size - 1)
    before = np.clip(after - 1, 0, None)
    rows = np.where(np.abs(other[after] - time) <= np.abs(other[before] - time), after, before)
    is_near = np.abs(other[rows] - time) <= half
    return np.where(is_near, rows, -1), other.size - np.unique(rows[is_near]).size


def _read_file(path: Path) -> _File:
    table = eye_table(path)
    columns = read_columns(path, table.columns, table.wanted())
    n_times = len(next(iter(columns.values())))
    if not n_times:
        raise CutShortError(f"{path}: it holds no sample; copy or export it again")
    time = _time(table, columns, n_times)
    eyes = {}
    for side, names in table.sides.items():
        lost = np.full(n_times, np.nan)
        x, y = (table.gaze_factor * columns.get(names[of], lost) for of in ("x", "y"))
        pupil = table.pupil_factor * columns.get(names["pupil"], lost)
        x, y = (np.where(np.isfinite(x + y), of, np.nan) for of in (x, y))
        pupil = np.where(pupil > 0, pupil, np.nan)
        eyes[side] = np.array([x, y, pupil, pupil])
    return _File(table, time, eyes)


def _time(table: EyeTable, columns: dict[str, np.ndarray], n_times: int) -> np.ndarray:
    if not table.time:
        if table.sfreq is None:
            raise ReadError(
                f"{table.path}: neither a column timestamp nor SamplingFrequency in its sidecar: "
                "add one of them"
            )
        return np.arange(n_times) / table.sfreq + (table.start or 0.0)
    time = columns[table.time] / table.per_second
    if np.isnan(time).any():
        i_row = int(np.isnan(time).argmax())
        raise ReadError(f"{table.path}, sample {i_row + 1}: it has no {table.time}; correct it")
    return time


def clock_offset(path: Path) -> tuple[float | None, str]:
    """Tell what `StartTime` says of the clocks: EEG time minus time in the eye file, s.

    `StartTime` counts from the first sample of the EEG to the first of the file.

    Parameters
    ----------
    path : Path
        The file of one eye.

    Returns
    -------
    offset : float or None
        None where it is not told, or cannot be.
    flaw : str
        Why it is None; empty otherwise.

    Raises
    ------
    ReadError
        When a sidecar or the first rows cannot be read.
    """
    table = eye_table(path)
    if table.start is None:
        return None, "StartTime is missing"
    if not table.time:
        return 0.0, ""
    stamps = _stamps(table)
    if not stamps:
        return None, "the first row has no time stamp"
    stamp = stamps[0]
    if table.start == stamp and table.per_second != 1 and stamp:
        # converters wrote the first time stamp there
        return None, f"StartTime = {table.start:.10g} is the first time stamp, not seconds of EEG"
    return table.start - stamp / table.per_second, ""


def _stamps(table: EyeTable) -> list[float]:
    """Return the time stamps of the first rows, up to one that has none."""
    lines = first_lines(table.path)[:_N_FIRST]
    if not table.time or not lines:
        return []
    i_field, stamps = table.columns.index(table.time), []
    for line in lines[int(is_header(lines[0], table.columns)) : -1]:
        try:
            stamps.append(float(line.split(b"\t")[i_field]))
        except (IndexError, ValueError):
            break
    return [stamp for stamp in stamps if math.isfinite(stamp)]
