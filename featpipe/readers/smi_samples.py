"""SMI raw samples: text exports of iView X (IDF Converter) and BeGaze, one row per sample.

Pairing with the events export and the choice of an eye are done elsewhere.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.readers.eye_frames import messages_frame, samples_frame
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.readers.sample_rate import sampling_rate
from featpipe.readers.text_columns import parse_numbers
from featpipe.readers.text_lines import Lines, begins_with_digit, find_lines, line, read_lines
from featpipe.recording import EyeRecording, empty_events

COLUMN_ROW = re.compile(r'^"?Time"?([\t,;])"?Type"?\1"?Trial"?', re.MULTILINE)
_UNIT = re.compile(r"\s*\[(.*)\]\s*$")
_PUPILS = ("Dia X", "Dia Y"), ("Mapped Diameter",), ("Pupil Diameter",), ("Dia",)
_MICROSECONDS = 1e6
_NOTHING_MEASURED = "no point of regard and no pupil among its columns; export it again with them"
_PORT = "Trigger"
"""The state of the trigger port in every sample; older exports and ETG lack it."""


@dataclass(frozen=True)
class Table:
    """Where the rows of an export are and what its columns mean.

    Attributes
    ----------
    names : mapping
        Column name without its unit -> position.
    units : mapping
        Column name -> unit.
    separator, decimal : str
        Field separator and decimal sign.
    is_sample, is_message : numpy.ndarray of bool, shape (n_lines,)
        Rows of either type.
    declared_sfreq : float or None
        Hz, from the header.
    n_declared : int or None
        Number of samples, from the header.
    px_per_degree : float or None
        Of the calibrated screen, from the header.
    """

    names: Mapping[str, int]
    units: Mapping[str, str]
    separator: str
    decimal: str
    is_sample: np.ndarray
    is_message: np.ndarray
    declared_sfreq: float | None
    n_declared: int | None
    px_per_degree: float | None


def read_table(lines: Lines) -> Table:
    """Find the column row, the sample rows and the message rows.

    Parameters
    ----------
    lines : Lines
        The file.

    Returns
    -------
    Table

    Raises
    ------
    ReadError
        When there is no column row, or none of the columns a recording needs.
    """
    found = find_lines(lines, COLUMN_ROW.pattern.encode())
    if not len(found):
        raise ReadError(
            f"{lines.path}: no row begins with Time, Type, Trial; export raw data from BeGaze or "
            "with the IDF Converter"
        )
    head = int(found[0])
    fields = line(lines, head)
    separator = re.match(COLUMN_ROW, fields)[1]  # type: ignore[index]
    labels = [label.strip().strip('"') for label in fields.split(separator)]
    names = {_UNIT.sub("", label): i for i, label in reversed(list(enumerate(labels)))}
    units = {_UNIT.sub("", label): match[1] for label in labels if (match := _UNIT.search(label))}
    is_row = begins_with_digit(lines)
    is_row[: head + 1] = False
    quoted = re.escape(separator.encode())
    is_message = np.zeros_like(is_row)
    is_message[find_lines(lines, rb"^\d+" + quoted + rb'"?MSG\b')] = True
    is_sample = is_row & ~is_message
    header = "\n".join(line(lines, i) for i in range(head))
    return Table(
        names=names,
        units=units,
        separator=separator,
        decimal=_decimal(lines, is_sample, separator),
        is_sample=is_sample,
        is_message=is_message & is_row,
        declared_sfreq=_declared(header, "Sample Rate"),
        n_declared=int(n) if (n := _declared(header, "Number of Samples")) is not None else None,
        px_per_degree=_px_per_degree(header),
    )


def _decimal(lines: Lines, is_sample: np.ndarray, separator: str) -> str:
    if separator == "," or not is_sample.any():
        return "."
    row = line(lines, int(np.argmax(is_sample))).split(separator)
    return "," if any(re.fullmatch(r"\s*-?\d+,\d+\s*", field) for field in row) else "."


def _declared(header: str, key: str) -> float | None:
    match = re.search(rf"^(?:##\s*)?{key}:\s*(\d+(?:\.\d+)?)", header, re.MULTILINE)
    return float(match[1]) if match and float(match[1]) > 0 else None


def _px_per_degree(header: str) -> float | None:
    """Pixels in one degree at the middle of the screen, from its width and its distance."""
    found = [
        re.search(rf"^(?:##\s*)?{re.escape(key)}:\s*(\d+)", header, re.MULTILINE)
        for key in ("Calibration Area", "Stimulus Dimension [mm]", "Head Distance [mm]")
    ]
    width_px, width_mm, distance_mm = (float(match[1]) if match else 0.0 for match in found)
    if not width_px * width_mm * distance_mm:
        return None
    return width_px / width_mm * distance_mm * math.tan(math.radians(1.0))


def check(path: Path) -> Check:
    """Compare the number of samples that the header declares with the rows.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Check
    """
    return verdict(path, lambda: _inspect(read_table(read_lines(path))))


def _inspect(table: Table) -> Check:
    if _measures_nothing(table):
        return Check("corrupt", _NOTHING_MEASURED)
    n_rows = int(table.is_sample.sum())
    if not n_rows:
        return Check("truncated", "the header is followed by no samples; export it again")
    if table.n_declared and n_rows < table.n_declared:
        return Check(
            "truncated",
            f"the header declares {table.n_declared} samples, {n_rows} are there; copy or export "
            "it again, or correct 'Number of Samples' if rows were taken out on purpose",
        )
    return OK


def read(path: Path) -> EyeRecording:
    """Read an SMI samples export.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    EyeRecording
        Without events. An eye is valid where its validity is not 0, its point of regard is not
        (0, 0) and its diameter is not 0; elsewhere its values are NaN. Where both eyes share one
        averaged point of regard and one of them is lost, that average has taken in the zero of
        the lost eye: there the gaze is NaN and the pupil of the other eye stays. A binocular
        point of regard (B POR) is given to both eyes. Messages are those of MSG rows, and the
        values of the column Trigger in the samples in which they begin.

    Raises
    ------
    ReadError
        When the file is no such export, or when a row is malformed; the message names the line.
    """
    lines = read_lines(path)
    table = read_table(lines)
    if _measures_nothing(table):
        raise ReadError(f"{path}: {_NOTHING_MEASURED}")
    measured = [name for side in "LR" for name in _columns_of(table, side)]
    wanted = ["Time", *measured, *([_PORT] if _PORT in table.names else [])]
    columns = [table.names[name] for name in wanted]
    values = parse_numbers(lines, table.is_sample, columns, table.separator, table.decimal)
    by_name = dict(zip(wanted, values.T, strict=True))
    time = by_name["Time"] / _MICROSECONDS
    eyes = {name: _eye(table, by_name, side) for name, side in (("left", "L"), ("right", "R"))}
    _drop_half_averages(eyes)
    samples = samples_frame(path, time, eyes, "us", lines.numbers[table.is_sample])
    return EyeRecording(
        samples=samples,
        events=empty_events(),
        messages=_messages(lines, table, time, by_name.get(_PORT, np.zeros(0))),
        units={"gaze": "px", "pupil": _pupil_unit(table), "dispersion": "px"},
        sfreq=table.declared_sfreq or sampling_rate(samples["time"].to_numpy()),
        format="smi_samples",
        px_per_degree=table.px_per_degree,
    )


def _measures_nothing(table: Table) -> bool:
    return all(name.endswith("Validity") for side in "LR" for name in _columns_of(table, side))


def _columns_of(table: Table, side: str) -> list[str]:
    """Columns of one eye that are there: gaze x and y, pupil x and y, validity."""
    both = [f"{side} POR X", f"{side} POR Y"]
    gaze = both if both[0] in table.names else ["B POR X", "B POR Y"]
    wanted = [*gaze, *_pupil_columns(table, side), f"{side} Validity"]
    return [name for name in wanted if name in table.names]


def _pupil_columns(table: Table, side: str) -> list[str]:
    for stems in _PUPILS:
        names = [f"{side} {stem}" for stem in stems]
        if names[0] in table.names:
            return [name for name in names if name in table.names]
    return []


def _pupil_unit(table: Table) -> str:
    for side in "LR":
        for name in _pupil_columns(table, side):
            return table.units.get(name, "px")
    return "px"


def _eye(table: Table, values: Mapping[str, np.ndarray], side: str) -> np.ndarray:
    """Gaze x and y, pupil x and y of one eye, (4, n_times), NaN where it is lost."""
    lost = np.full_like(values["Time"], np.nan)
    names = _columns_of(table, side)
    gaze = [values[name] for name in names if "POR" in name] or [lost, lost]
    pupil = [values[name] for name in names if "Dia" in name] or [lost, lost]
    eye = np.array([gaze[0], gaze[-1], pupil[0], pupil[-1]])
    is_lost = (eye[0] == 0) & (eye[1] == 0) | (eye[2] == 0) | (eye[3] == 0)
    if (validity := values.get(f"{side} Validity")) is not None:
        is_lost |= validity == 0
    eye[:, is_lost] = np.nan
    return eye


def _drop_half_averages(eyes: Mapping[str, np.ndarray]) -> None:
    left, right = eyes["left"], eyes["right"]
    has_left, has_right = (np.isfinite(eye[0]) for eye in (left, right))
    is_both = has_left & has_right
    if is_both.any() and np.array_equal(left[:2, is_both], right[:2, is_both]):
        left[:2, has_left & ~has_right] = np.nan
        right[:2, has_right & ~has_left] = np.nan


def _messages(lines: Lines, table: Table, time: np.ndarray, port: np.ndarray) -> pd.DataFrame:
    """Return the texts of message rows, and the values to which the trigger port changes."""
    numbers = np.flatnonzero(table.is_message).tolist()
    rows = [line(lines, i).split(table.separator, 3) for i in numbers]
    rows = [row for row in rows if len(row) == 4]
    times = [int(row[0]) / _MICROSECONDS for row in rows]
    port = np.nan_to_num(port)
    begins = np.flatnonzero((np.diff(port) != 0) & (port[1:] != 0)) + 1
    values = [f"{value:.0f}" for value in port[begins]]
    return messages_frame([*times, *time[begins]], [*(row[3] for row in rows), *values])
