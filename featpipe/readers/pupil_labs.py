"""Pupil Labs Core: the CSV files that Pupil Player exports, found beside gaze_positions.csv.

Read where they are there: pupil_positions.csv (sizes), fixations.csv and blinks.csv (events),
annotations.csv (messages). Read with pandas: no library keeps up with all versions of the export.
"""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ReadError, few
from featpipe.readers.delimited import rows_below, unquoted
from featpipe.readers.eye_frames import events_frame, messages_frame, samples_frame
from featpipe.readers.fixation_dispersion import add_dispersion
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.readers.sample_rate import sampling_rate
from featpipe.readers.text_columns import parse_numbers
from featpipe.readers.text_lines import Lines, find_lines, line, read_lines
from featpipe.recording import EyeRecording

SIGNATURE = re.compile(r"\A(gaze_timestamp|timestamp),(world_index|index),confidence,norm_pos_x,")
_NAME = "gaze_positions"
_BESIDE = ("pupil_positions", "fixations", "blinks", "annotations")
_KINDS = {"fixations": "fixation", "blinks": "blink"}
_EYES = {"right": 0, "left": 1}  # eye 0 is the right one of Pupil Core
_MIN_CONFIDENCE = 0.6
"""Below it Pupil Labs itself calls a datum useless."""
_MAX_APART_S = 0.02
"""A pupil seen longer ago than this is not that of the gaze sample."""


def sources(path: Path) -> tuple[Path, ...]:
    """Return the gaze file and what lies beside it, as they are named."""
    if _NAME not in path.name:
        return (path,)
    beside = (path.with_name(path.name.replace(_NAME, name)) for name in _BESIDE)
    return (path, *(file for file in beside if file.is_file()))


def check(path: Path) -> Check:
    """Tell whether there is a sample in the file."""
    return verdict(path, lambda: _inspect(path))


def _inspect(path: Path) -> Check:
    if len(read_lines(path).starts) < 2:
        return Check("truncated", "the column row is followed by no samples; export it again")
    return OK


def read(path: Path) -> EyeRecording:
    """Read an export of Pupil Player.

    Parameters
    ----------
    path : Path
        The gaze_positions.csv, with any prefix.

    Returns
    -------
    EyeRecording
        One gaze for both eyes, in shares of the scene camera's picture (it may lie outside 0 to 1);
        lost where its confidence is below 0.6. Pupils in mm where the 3-D model gave a diameter,
        else in pixels of the eye camera, of each eye the sample nearest in time. Fixations and
        blinks are of both eyes, and stand there for either.

    Raises
    ------
    ReadError
        When a column is missing, or when a row is malformed; the message names file and line.
    """
    files = {next((n for n in _BESIDE if n in file.name), _NAME): file for file in sources(path)}
    lines, header = _open(path)
    table = _columns(lines, header, [header[0], "norm_pos_x", "norm_pos_y", "confidence"])
    time, *gaze, confidence = table.T
    order = np.argsort(time, kind="stable")
    time, gaze = time[order], np.array(gaze)[:, order]
    gaze[:, ~(confidence[order] >= _MIN_CONFIDENCE)] = np.nan
    unit, pupils = _pupils(files["pupil_positions"]) if "pupil_positions" in files else ("mm", {})
    eyes = {}
    for side in ("left", "right"):
        size = _nearest(*pupils[side], time) if side in pupils else np.full(time.size, np.nan)
        eyes[side] = np.stack([*gaze, size, size])
    samples = samples_frame(path, time, eyes)
    return EyeRecording(
        samples=samples,
        events=add_dispersion(_events(files), samples, with_last=True),
        messages=_messages(files),
        units={"gaze": "norm", "pupil": unit, "dispersion": "norm"},
        sfreq=sampling_rate(time),
        format="pupil_labs",
        event_kinds=tuple(kind for name, kind in _KINDS.items() if name in files),
    )


def _open(path: Path) -> tuple[Lines, list[str]]:
    """Read a file; return its lines and the names of its columns."""
    lines = read_lines(path)
    return lines, [name.strip() for name in line(lines, 0).split(",")]


def _columns(lines: Lines, header: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Read columns of numbers by name, shape (n_rows, n_columns); the first one has no gaps."""
    if missing := [name for name in names if name not in header]:
        raise ReadError(
            f"{lines.path}: no column {missing[0]!r} among {few(header)}; export with Pupil Player"
        )
    lines = unquoted(lines, ",")
    is_row = rows_below(lines, 0, ",")
    return parse_numbers(lines, is_row, [header.index(name) for name in names], ",")


def _pupils(path: Path) -> tuple[str, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Return the unit, and of each eye times and diameters.

    Each frame stands there twice, 2-D and 3-D, and only the latter knows millimetres.
    """
    lines, header = _open(path)
    stamp = "pupil_timestamp" if "pupil_timestamp" in header else "timestamp"
    eye = "eye_id" if "eye_id" in header else "id"
    wanted = [stamp, eye, "confidence", "diameter"]
    has_3d = "diameter_3d" in header
    table = _columns(lines, header, [*wanted, *["diameter_3d"] * has_3d])
    in_mm = has_3d and bool((table[:, -1] > 0).any())
    size = table[:, -1] if in_mm else table[:, 3]
    is_known = (size > 0) & (table[:, 2] >= _MIN_CONFIDENCE)
    found = {}
    for side, number in _EYES.items():
        rows = is_known & (table[:, 1] == number)
        if rows.any():
            order = np.argsort(table[rows, 0], kind="stable")
            found[side] = (table[rows, 0][order], size[rows][order])
    return ("mm" if in_mm else "px"), found


def _nearest(times: np.ndarray, values: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Return the value nearest in time, NaN where none is near."""
    after = np.clip(np.searchsorted(times, time), 1, max(times.size - 1, 1))
    after = np.minimum(after, times.size - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(time - times[before] < times[after] - time, before, after)
    is_near = np.abs(times[nearest] - time) <= _MAX_APART_S
    return np.where(is_near, values[nearest], np.nan)


def _events(files: dict[str, Path]) -> pd.DataFrame:
    tables = []
    for name, kind in _KINDS.items():
        if name in files:
            unit = 1e-3 if kind == "fixation" else 1.0  # theirs are in ms, those of blinks in s
            onset, duration = _columns(*_open(files[name]), ["start_timestamp", "duration"]).T
            times = {"onset": onset, "duration": unit * duration}
            tables += [{"kind": kind, "eye": eye, **times} for eye in _EYES]
    return events_frame(tables)


def _messages(files: dict[str, Path]) -> pd.DataFrame:
    if "annotations" not in files:
        return messages_frame([], [])
    path = files["annotations"]
    lines, header = _open(path)
    if "timestamp" not in header or "label" not in header:
        raise ReadError(f"{path}: no columns timestamp and label; export with Pupil Player")
    rows = list(csv.reader(line(lines, i) for i in find_lines(lines, rb"^.+$").tolist()[1:]))
    i_time, i_label = header.index("timestamp"), header.index("label")
    try:
        times = [float(row[i_time]) for row in rows]
        return messages_frame(times, [row[i_label] for row in rows])
    except (ValueError, IndexError) as error:
        raise ReadError(f"{path}: a row is malformed ({error}); export it again") from error
