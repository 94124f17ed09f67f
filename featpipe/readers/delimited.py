"""Tables of delimited text: where the row of names is, what separates fields, which rows count.

Trackers' software lets its users choose columns, their order, the separator and the decimal sign,
and spells names anew with every version; so columns are found by what is left of their names.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from featpipe.errors import ReadError, few
from featpipe.readers.sample_rate import PER_SECOND
from featpipe.readers.text_columns import parse_numbers, parse_texts
from featpipe.readers.text_lines import Lines, line, read_lines, split_lines, take

logger = logging.getLogger(__name__)

_SEPARATORS = "\t;,"
_MAX_PREAMBLE = 1000
_FEW, _MANY = 3, 20
"""Short rows that a copy damaged are few among many. Spreadsheets leave out empty fields at the end
of rows, which makes many short ones."""
_N_LOOKED_AT = 1000
"""Rows that tell how many columns are ever filled. A short row that lacks only empty ones, or has
nothing but its time, is a sample or a lost one, whose empty end was left out."""
_UNIT = re.compile(r"[\[(]([^\[\]()]*)[\])]")
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
_UNITS = {"s": "s", "ms": "ms", "us": "us", "µs": "us", "μs": "us", "ns": "ns"}  # both mu


@dataclass(frozen=True)
class Delimited:
    """A table of text.

    Attributes
    ----------
    lines : Lines
        The file, without quotation marks.
    is_row : numpy.ndarray of bool, shape (n_lines,)
        The rows of the table, without its row of names.
    names : mapping
        What `plain` leaves of a column's name -> position; of equal ones the first.
    units : mapping
        The same names -> what stands in brackets behind them, or "".
    separator, decimal : str
        One character each.
    """

    lines: Lines
    is_row: np.ndarray
    names: Mapping[str, int]
    units: Mapping[str, str]
    separator: str
    decimal: str


def open_delimited(path: Path, keys: Sequence[str], remedy: str) -> Delimited:
    """Read a table of delimited text.

    Parameters
    ----------
    path : Path
        The file.
    keys : sequence of str
        Names of which the table must have one. The row of names is the first that has, so that
        lines above it do no harm.
    remedy : str
        What to do where there is none.

    Returns
    -------
    Delimited
        A last row that is cut short is left out, with a warning.

    Raises
    ------
    ReadError
        When the file is empty or no text, when no row names a key, or when a row has more fields
        than there are names; the message says which.
    """
    lines = read_lines(path)
    i_names, separator, labels = _find_names(lines, keys, remedy)
    lines = unquoted(lines, separator)
    is_row = rows_below(lines, i_names, separator)
    first = {plain(label): i for i, label in reversed(list(enumerate(labels)))}
    names = {name: i for name, i in first.items() if name}
    units = {name: match[1].strip() if (match := _UNIT.search(labels[i])) else ""
             for name, i in names.items()}  # fmt: skip
    decimal = decimal_sign(lines, is_row, separator)
    return Delimited(lines, is_row, names, units, separator, decimal)


def plain(label: str) -> str:
    """Return a column's name without what stands in brackets, in lower case letters and digits.

    Examples
    --------
    >>> plain("Gaze point left X [DACS px]"), plain("TIME_TICK(f=10000)")
    ('gazepointleftx', 'timetick')
    """
    return "".join(filter(str.isalnum, _UNIT.sub("", label).lower()))


def first_of(table: Delimited, names: Sequence[str]) -> str:
    """Return the first of some names that the table has, or ""."""
    return next((name for name in names if name in table.names), "")


def numbers(
    table: Delimited, names: Sequence[str], is_wanted: np.ndarray | None = None
) -> np.ndarray:
    """Read columns of numbers.

    Parameters
    ----------
    table : Delimited
        The table.
    names : sequence of str
        Plain names; the first must be there, and hold a number in every row.
    is_wanted : numpy.ndarray of bool, shape (n_lines,), optional
        Rows to read; all of them by default.

    Returns
    -------
    numpy.ndarray of float64, shape (n_names, n_rows)
        NaN where a field is empty, and in columns that the table lacks.

    Raises
    ------
    ReadError
        When a field is not a number; the message names the line.
    """
    rows = table.is_row if is_wanted is None else is_wanted
    known = [name for name in names if name in table.names]
    places = [table.names[name] for name in known]
    values = parse_numbers(table.lines, rows, places, table.separator, table.decimal)
    found = dict(zip(known, values.T, strict=True))
    absent = np.full(len(values), np.nan)
    return np.stack([found.get(name, absent) for name in names])


def texts(
    table: Delimited, names: Sequence[str], is_wanted: np.ndarray | None = None
) -> list[np.ndarray]:
    """Read columns of text, each of shape (n_rows,); "" in those that the table lacks."""
    rows = table.is_row if is_wanted is None else is_wanted
    known = [name for name in names if name in table.names]
    places = [table.names[name] for name in known]
    found = dict(zip(known, parse_texts(table.lines, rows, places, table.separator), strict=True))
    absent = np.full(np.count_nonzero(rows), "")
    return [found.get(name, absent) for name in names]


def seconds_per_unit(table: Delimited, name: str, usual: str = "ms") -> float:
    """Return the seconds in one unit of a column of times; arguments are those of `time_unit`."""
    return 1.0 / PER_SECOND[time_unit(table, name, usual)]


def time_unit(table: Delimited, name: str, usual: str = "ms") -> str:
    """Return the unit of a column of times, as `sample_rate.PER_SECOND` calls it.

    Parameters
    ----------
    table : Delimited
        The table.
    name : str
        A plain name.
    usual : str
        The unit where the column's name tells none.

    Returns
    -------
    str

    Raises
    ------
    ReadError
        When it is no unit of time.
    """
    unit = table.units.get(name) or usual
    if unit not in _UNITS:
        raise ReadError(
            f"{table.lines.path}: the times {name!r} are in {unit!r}, which is none of "
            f"{', '.join(_UNITS)}; correct the name of the column"
        )
    return _UNITS[unit]


def _find_names(lines: Lines, keys: Sequence[str], remedy: str) -> tuple[int, str, list[str]]:
    """Return the line that names the columns, its separator, and the names as they are spelled."""
    wanted, shown = {plain(key) for key in keys}, None
    for i_line in range(min(len(lines.starts), _MAX_PREAMBLE)):
        text = line(lines, i_line)
        separator = max(_SEPARATORS, key=text.count)
        labels = [label.strip(' "') for label in text.split(separator)]
        shown = shown or [label for label in labels if label]
        if not wanted.isdisjoint(map(plain, labels)):
            return i_line, separator, labels
    raise ReadError(f"{lines.path}: no column {keys[0]!r} among {few(shown or [])}; {remedy}")


def unquoted(lines: Lines, separator: str) -> Lines:
    """Take quotation marks off; a separator between two of them becomes a blank."""
    if not (lines.text == ord('"')).any():
        return lines
    mark = re.escape(separator.encode())
    quoted = re.compile(rb'(^|%b)"([^"\n]*)"(?=%b|$)' % (mark, mark), re.MULTILINE)
    text = take(lines, np.full(len(lines.starts), True))
    text = quoted.sub(lambda cell: cell[1] + cell[2].replace(separator.encode(), b" "), text)
    return replace(split_lines(lines.path, text.replace(b'"', b"")), numbers=lines.numbers)


def decimal_sign(lines: Lines, is_row: np.ndarray, separator: str) -> str:
    """Tell the decimal sign from the first thousand rows."""
    if separator == ",":
        return "."
    rows = (line(lines, i) for i in np.flatnonzero(is_row)[:1000].tolist())
    has_comma = (_DECIMAL_COMMA.fullmatch(x.strip()) for row in rows for x in row.split(separator))
    return "," if any(has_comma) else "."


def rows_below(lines: Lines, i_names: int, separator: str) -> np.ndarray:
    """Mark the rows of the table and refuse those with surplus fields, and those that are cut.

    Parameters
    ----------
    lines : Lines
        The file, without quotation marks.
    i_names : int
        Line that names the columns.
    separator : str
        One character.

    Returns
    -------
    numpy.ndarray of bool, shape (n_lines,)
        Without a last row that is cut short, which is logged.

    Raises
    ------
    ReadError
        When a row has more fields than there are names, or one of a few has fewer than all others
        and lacks some that these have; the message names the line.
    """
    length = lines.stops - lines.starts - 1
    is_mark = lines.text == ord(separator)
    marks = np.flatnonzero(is_mark)  # adding them up per line would take eight times the text
    n_marks = np.searchsorted(marks, lines.stops) - np.searchsorted(marks, lines.starts)
    is_row = length > n_marks  # a spreadsheet pads its table with rows of separators
    is_row[: i_names + 1] = False
    n_fields = n_marks + 1 - is_mark[np.maximum(lines.stops - 2, 0)]  # without the last if empty
    n_names = int(n_fields[i_names])
    is_surplus = is_row & (n_fields > n_names)
    if is_surplus.any():
        i_line = int(np.argmax(is_surplus))
        raise ReadError(
            f"{lines.path}, line {lines.numbers[i_line] + 1}: it has {n_fields[i_line]} fields, "
            f"the row of names {n_names}; a text in it holds the separator {separator!r}, or two "
            "lines ran together: repair the line or export with another separator"
        )
    told = np.stack([n_marks, n_fields])  # of a whole row either is usual: its last may be empty
    rows = np.flatnonzero(is_row)
    if rows.size > 1 and (told[:, rows[-1]] < told[:, rows[-2]]).all():
        logger.warning("%s: its last line is cut and left out", lines.path.name)
        is_row[rows[-1]] = False
    _refuse_cut(lines, np.flatnonzero(is_row), told, separator)
    return is_row


def _refuse_cut(lines: Lines, rows: np.ndarray, told: np.ndarray, separator: str) -> None:
    """Refuse rows with fewer marks and fields than the others; where many have, it is a habit."""
    if rows.size < _MANY:
        return
    usual = np.median(told[:, rows], axis=1)
    short = rows[(told[:, rows] < usual[:, np.newaxis]).all(axis=0)]
    if not 0 < short.size <= _FEW:
        return
    some = np.setdiff1d(rows, short)[:: max(rows.size // _N_LOOKED_AT, 1)]
    n_filled = max(len(_filled(lines, i, separator)) for i in some.tolist())
    for i_line in short.tolist():
        fields = _filled(lines, i_line, separator)
        is_lost = told[0, i_line] > 0 and sum(map(bool, fields)) <= 1
        if not is_lost and len(fields) < n_filled:
            raise ReadError(
                f"{lines.path}, line {lines.numbers[i_line] + 1}: it has {told[1, i_line]} fields, "
                f"where {usual[1]:g} are usual in this table, so it is cut; repair or delete the "
                "line, or export the recording again"
            )


def _filled(lines: Lines, i_line: int, separator: str) -> list[str]:
    """Return the fields of a line up to its last one that is not empty."""
    fields = [field.strip() for field in line(lines, i_line).split(separator)]
    return fields[: max((i for i, field in enumerate(fields, start=1) if field), default=0)]
