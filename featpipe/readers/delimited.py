"""Tables of delimited text: where the row of names is, what separates fields, which rows count."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from featpipe.errors import ReadError, few, unknown
from featpipe.readers.text_lines import Lines, line, read_lines, split_lines, take

logger = logging.getLogger(__name__)

BLANKS = r"\s+"
"""Separator of fields that any number of blanks keeps apart."""
SEPARATORS = ("\t", ";", ",", BLANKS)
_MAX_PREAMBLE = 1000
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")


@dataclass(frozen=True)
class Delimited:
    """A table of text.

    Attributes
    ----------
    lines : Lines
        The file, without quotation marks.
    is_row : numpy.ndarray of bool, shape (n_lines,)
        The rows of the table, without its row of names.
    labels : tuple of str
        Names of the columns as the file spells them, "" where one has none.
    separator : str
        One character, or `BLANKS`.
    decimal : str
        "." or ",".
    """

    lines: Lines
    is_row: np.ndarray
    labels: tuple[str, ...]
    separator: str
    decimal: str


def open_delimited(
    path: Path,
    wanted: Mapping[str, str] | None = None,
    separator: str | None = None,
    decimal: str | None = None,
) -> Delimited:
    """Read a table of delimited text.

    Parameters
    ----------
    path : Path
        The file.
    wanted : mapping or None
        Option that names a column -> the column. The row of names is the first that holds them
        all, so that lines above it do no harm; None takes the first line.
    separator, decimal : str or None
        None finds them in the file.

    Returns
    -------
    Delimited
        A last row that is cut short is left out, with a warning.

    Raises
    ------
    ReadError
        When the file is empty or no text, when no row names the wanted columns, or when a row has
        more fields than there are names; the message says which.
    """
    lines = _unquoted(read_lines(path))
    separators = SEPARATORS if separator is None else (separator,)
    i_names, separator = _find_names(lines, wanted or {}, separators)
    is_row = _rows_below(lines, i_names, separator)
    labels = tuple(fields(line(lines, i_names), separator))
    return Delimited(
        lines, is_row, labels, separator, decimal or decimal_sign(lines, is_row, separator)
    )


def fields(text: str, separator: str) -> list[str]:
    """Return the fields of one line without blanks around."""
    parts = text.split() if separator == BLANKS else text.split(separator)
    return [part.strip() for part in parts]


def decimal_sign(lines: Lines, is_row: np.ndarray, separator: str) -> str:
    """Tell the decimal sign from the first thousand marked lines."""
    if separator == ",":
        return "."
    rows = (line(lines, i) for i in np.flatnonzero(is_row)[:1000].tolist())
    has_comma = (_DECIMAL_COMMA.fullmatch(x) for row in rows for x in fields(row, separator))
    return "," if any(has_comma) else "."


def _unquoted(lines: Lines) -> Lines:
    """Take quotation marks off; a separator between them is then one field too many, and told."""
    if not (lines.text == ord('"')).any():
        return lines
    text = take(lines, np.full(len(lines.starts), True)).replace(b'"', b"")
    return split_lines(lines.path, text)


def _find_names(
    lines: Lines, wanted: Mapping[str, str], separators: Sequence[str]
) -> tuple[int, str]:
    """Return the line that names the columns and its separator."""
    first = line(lines, 0)
    usual = max(separators, key=lambda s: first.count(s) or 0.5 * (s == BLANKS))
    best, best_found = (0, usual), 0
    names = set(wanted.values())
    for i in range(min(len(lines.starts), _MAX_PREAMBLE) if names else 0):
        for separator in separators:
            n_found = len(names.intersection(fields(line(lines, i), separator)))
            if n_found > best_found:
                best, best_found = (i, separator), n_found
        if best_found == len(names):
            break
    labels = fields(line(lines, best[0]), best[1])
    for option, name in wanted.items():
        if labels.count(name) != 1:
            raise ReadError(_not_one(lines, best, option, name, labels))
    return best


def _not_one(
    lines: Lines, where: tuple[int, str], option: str, name: str, labels: Sequence[str]
) -> str:
    known = [label for label in labels if label]
    place = f"{lines.path}, line {where[0] + 1}"
    if name in labels:
        return f"{place}: {labels.count(name)} columns are called {name!r} ({option}); rename them"
    if len(known) > 40:  # a list of all would hide the message
        hint = unknown("column", name, known).split(" Known:")[0]
        return f"{place}: {option} = {name!r}: {hint} Known: {few(known)}; correct {option}"
    return (
        f"{place}: {option} = {name!r}: {unknown('column', name, known)} Separated at "
        f"{where[1]!r}; correct {option}, or the separator"
    )


def _rows_below(lines: Lines, i_names: int, separator: str) -> np.ndarray:
    """Mark the rows of the table and refuse those with surplus fields."""
    length = lines.stops - lines.starts - 1
    is_row = length > 0
    is_row[: i_names + 1] = False
    if separator == BLANKS:
        return is_row
    is_mark = lines.text == ord(separator)
    n_marks = np.add.reduceat(is_mark, lines.starts, dtype=np.int64)
    is_row &= length > n_marks  # a spreadsheet pads its table with rows of separators
    n_fields = n_marks + 1 - is_mark[np.maximum(lines.stops - 2, 0)]  # without the last if empty
    n_names = int(n_fields[i_names])
    is_surplus = is_row & (n_fields > n_names)
    if is_surplus.any():
        i_line = int(np.argmax(is_surplus))
        raise ReadError(
            f"{lines.path}, line {i_line + 1}: it has {n_fields[i_line]} fields, the row of names "
            f"{n_names}; a text in it holds the separator {separator!r}, or two lines "
            "ran together: repair the line or export with another separator"
        )
    rows = np.flatnonzero(is_row)
    if rows.size > 1 and n_marks[rows[-1]] < n_marks[rows[-2]]:
        logger.warning("%s: its last line is cut and left out", lines.path.name)
        is_row[rows[-1]] = False
    return is_row
