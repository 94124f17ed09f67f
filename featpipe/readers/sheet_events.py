"""The events in one sheet of a BeGaze workbook.

Columns of different length stand side by side: of fixations, of saccades, of blinks, and single
values that sum up the trial, of which only its length is needed. A cell that makes no sense is a
gap, told as a flaw; a column that makes none is an error.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.readers.trial_tables import LONGEST_S, TrialTable
from featpipe.readers.workbook import Cell, Sheet
from featpipe.recording import empty_events

_COLUMNS = {
    "fixation": {
        "onset": ("fixation start",),
        "duration": ("fixation duration",),
        "pupil_x": ("average pupil size x", "average pupil diameter"),
        "pupil_y": ("average pupil size y", "average pupil diameter"),
        "dispersion_x": ("dispersion x",),
        "dispersion_y": ("dispersion y",),
    },
    "saccade": {
        "onset": ("saccade start",),
        "duration": ("saccade duration",),
        "amplitude": ("amplitude", "saccade amplitude"),
    },
    "blink": {"onset": ("blink start",), "duration": ("blink duration",)},
}
_DURATIONS = tuple(columns["duration"][0] for columns in _COLUMNS.values())
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6}
_MISSING = ("", "-", ".")
_HEADER_WITHIN = 20  # rows; BeGaze puts the names into the first one
_NUMBER = re.compile(r"[+-]?\d+([.,]\d*)?(e[+-]?\d+)?", re.IGNORECASE)
_LARGEST = 1e12


class Column(NamedTuple):
    """A column of a sheet: where it stands, and the unit in its name, "" where there is none."""

    position: int
    unit: str


class Table(NamedTuple):
    """A sheet whose row of names was found.

    Attributes
    ----------
    path : Path
        The workbook, for messages.
    name : str
        Of the sheet.
    columns : mapping
        Name, in lower case, without its unit and surplus blanks -> column.
    first_row : int
        Number of the first row of cells.
    rows : list of list
        Cells under the names.
    """

    path: Path
    name: str
    columns: Mapping[str, Column]
    first_row: int
    rows: list[list[Cell]]


def find_table(path: Path, sheet: Sheet) -> Table | None:
    """Find the row of names in a sheet.

    Parameters
    ----------
    path : Path
        The workbook, for messages.
    sheet : Sheet
        One sheet.

    Returns
    -------
    Table or None
        None when no row names a duration of events.
    """
    for i_row, row in enumerate(sheet.rows[:_HEADER_WITHIN]):
        columns = {}
        for position, cell in enumerate(row):
            name, unit = _name_and_unit(cell)
            columns.setdefault(name, Column(position, unit))
        if any(name in columns for name in _DURATIONS):
            first = sheet.first_row + i_row + 1
            return Table(path, sheet.name, columns, first, sheet.rows[i_row + 1 :])
    return None


def _name_and_unit(cell: Cell) -> tuple[str, str]:
    unit = re.search(r"\[(.*?)\]", str(cell))
    name = " ".join(re.sub(r"\[.*?\]", " ", str(cell)).lower().split())
    return name, unit[1].strip().lower() if unit else ""


def kinds_of(table: Table) -> list[str]:
    """Return the kinds of events whose durations a sheet has.

    Where some kinds have a column of starts, those without one are left out: they could not be put
    on the same clock.
    """
    found = [kind for kind in _COLUMNS if _find(table, kind, "duration") is not None]
    timed = [kind for kind in found if _find(table, kind, "onset") is not None]
    return timed or found


def pupil_unit(table: Table) -> str:
    """Return the unit of the pupil's size: pixels, unless the sheet says millimetres."""
    column = _find(table, "fixation", "pupil_x")
    return "mm" if column is not None and column.unit == "mm" else "px"


def trial_table(table: Table, trial: int) -> tuple[TrialTable, list[str]]:
    """Take the events out of a sheet.

    Parameters
    ----------
    table : Table
        The sheet.
    trial : int
        Which trial it is.

    Returns
    -------
    table : TrialTable
        Where the sheet does not tell the eye, it stands for the left one.
    flaws : list of str
        What was wrong with single rows, each with its sheet and row.

    Raises
    ------
    ReadError
        When a column has text and not one number, or a unit of time that is none.
    """
    flaws: list[str] = []
    held = kinds_of(table)
    frames = [_events(table, kind, flaws) for kind in held]
    for kind, frame in zip(held, frames, strict=True):
        declared = _first_number(table, f"{kind} count")
        if math.isfinite(declared) and declared != len(frame):
            flaws.append(f"{_place(table)}: {declared:g} {kind}s declared, {len(frame)} there")
    lengths = filter(math.isfinite, (_length(table, kind) for kind in _COLUMNS))
    events = pd.concat(frames, ignore_index=True)
    return TrialTable(trial, events, next(lengths, math.nan)), flaws


def _events(table: Table, kind: str, flaws: list[str]) -> pd.DataFrame:
    """Return the events of one kind; those without a sound time are left out."""
    columns = {name: _find(table, kind, name) for name in _COLUMNS[kind]}
    there = {name: column for name, column in columns.items() if column is not None}
    values = {name: _numbers(table, column, flaws) for name, column in there.items()}
    is_row = np.any([np.isfinite(numbers) for numbers in values.values()], axis=0)
    for name in ("onset", "duration"):
        if name in there:
            values[name] *= _seconds(table, there[name])
    for name in ("pupil_x", "pupil_y"):
        if name in there:
            values[name][values[name] <= 0] = np.nan  # a 0 is no size
    frame = empty_events().reindex(range(len(table.rows))).assign(**values, eye=_eyes(table))
    is_sound = frame["duration"].between(0, LONGEST_S, inclusive="right").to_numpy()
    if "onset" in there:
        is_new = ~frame.duplicated(["eye", "onset"]).to_numpy()
        is_sound = is_sound & np.isfinite(values["onset"]) & is_new
    what = f"{kind}s without a duration or start of their own are left out"
    _tell(table, is_row & ~is_sound, what, flaws)
    frame = frame[is_sound].assign(kind=kind)
    is_back = np.zeros(len(table.rows), bool)
    is_back[frame.index] = frame.groupby("eye")["onset"].diff().lt(0)
    _tell(table, is_back, f"starts of {kind}s run backwards and were sorted", flaws)
    return frame


def _seconds(table: Table, column: Column) -> float:
    """Return how many seconds the unit of a column is; BeGaze writes ms, and at times no unit."""
    if (unit := column.unit or "ms") not in _SECONDS:
        raise ReadError(
            f"{table.path}, {_place(table)}: times in [{unit}]; known: {', '.join(_SECONDS)}"
        )
    return _SECONDS[unit]


def _find(table: Table, kind: str, name: str) -> Column | None:
    for known in _COLUMNS[kind][name]:
        if known in table.columns:
            return table.columns[known]
    return None


def _cells(table: Table, column: Column) -> list[Cell]:
    at = column.position
    return [row[at] if at < len(row) else "" for row in table.rows]


def _numbers(table: Table, column: Column, flaws: list[str]) -> np.ndarray:
    """Return a column as numbers, NaN where a cell is empty or makes no sense."""
    numbers = np.array([_number(cell) for cell in _cells(table, column)], float)
    is_bad = np.isinf(numbers)
    if is_bad.any() and not np.isfinite(numbers).any():
        row = int(np.argmax(is_bad))
        raise ReadError(
            f"{table.path}, sheet {table.name!r}, row {table.first_row + row}: "
            f"{_cells(table, column)[row]!r}, and no number in the whole column; export it again"
        )
    _tell(table, is_bad, "cells are no numbers and count as missing", flaws)
    numbers[is_bad] = np.nan
    return numbers


def _number(cell: Cell) -> float:
    """Return the number in a cell, NaN where there is nothing, infinity where it is none."""
    if isinstance(cell, bool):
        return math.inf
    if isinstance(cell, str):
        text = cell.strip()
        if text in _MISSING:
            return math.nan
        return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else math.inf
    return cell if abs(cell) < _LARGEST else math.inf


def _eyes(table: Table) -> list[str]:
    if (column := table.columns.get("eye l/r")) is None:
        return ["left"] * len(table.rows)
    cells = _cells(table, column)
    return ["right" if str(cell).strip().lower().startswith("r") else "left" for cell in cells]


def _length(table: Table, kind: str) -> float:
    """Return the seconds of the trial that number and frequency of its events amount to."""
    count = _first_number(table, f"{kind} count")
    frequency = _first_number(table, f"{kind} frequency")
    seconds = count / frequency if frequency > 0 else math.nan
    return seconds if 0 < seconds < LONGEST_S else math.nan


def _first_number(table: Table, name: str) -> float:
    if (column := table.columns.get(name)) is None:
        return math.nan
    return next(filter(math.isfinite, map(_number, _cells(table, column))), math.nan)


def _tell(table: Table, is_flawed: np.ndarray, what: str, flaws: list[str]) -> None:
    if n_flawed := int(np.count_nonzero(is_flawed)):
        row = table.first_row + int(np.argmax(is_flawed))
        flaws.append(
            f"{_place(table)}, row {row}: {what}" + f" ({n_flawed} in all)" * (n_flawed > 1)
        )


def _place(table: Table) -> str:
    return f"sheet {table.name!r}"
