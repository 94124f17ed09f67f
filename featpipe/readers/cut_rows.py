"""Rows that a copy or an export cut short: left out at the end of a file, else refused."""

import logging
import re
from collections.abc import Sequence

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.text_lines import Lines, find_lines, line
from featpipe.regular_files import open_file

logger = logging.getLogger(__name__)

_APART_S = 0.005
"""End - start - duration is 0 or one period, the same in all rows of an export."""


def with_all_fields(
    lines: Lines, rows: np.ndarray, columns: Sequence[int], separator: str
) -> np.ndarray:
    r"""Return the rows that hold the columns, if most rows of their kind do.

    Parameters
    ----------
    lines : Lines
        The file.
    rows : numpy.ndarray of int, shape (n_rows,)
        Its lines with events of one kind.
    columns : sequence of int
        Positions of what is read of them.
    separator : str
        Regular expression.

    Returns
    -------
    numpy.ndarray of int
        Without the last line of the file where it is cut, which is logged.

    Raises
    ------
    ReadError
        When another row is; the message names the line.
    """
    blanks = None if re.fullmatch(separator, "\t ") else "\r\n "  # or a tab is one that separates
    n_fields = np.array([len(re.split(separator, line(lines, i).rstrip(blanks))) for i in rows])
    if not n_fields.size:
        return rows
    is_cut = n_fields < min(max(columns) + 1, np.median(n_fields))
    return rows[_is_whole(lines, rows, is_cut, "it has fewer fields than others of its kind")]


def lasts_as_told(
    lines: Lines, rows: np.ndarray, onset: np.ndarray, end: np.ndarray, duration: np.ndarray
) -> np.ndarray:
    """Tell which rows have the duration that their start and end say.

    Parameters
    ----------
    lines, rows
        As in `with_all_fields`.
    onset, end, duration : numpy.ndarray, shape (n_rows,)
        Seconds; NaN where an export does not tell them.

    Returns
    -------
    numpy.ndarray of bool, shape (n_rows,)
        Only the last line of the file may not have it, which is logged.

    Raises
    ------
    ReadError
        When another row has not; the message names the line.
    """
    apart = end - onset - duration
    if not np.isfinite(apart).any():
        return np.full(rows.size, True)
    with np.errstate(invalid="ignore"):
        is_cut = np.abs(apart - np.nanmedian(apart)) > _APART_S
    is_cut |= np.isnan(duration) & np.isfinite(end - onset)
    return _is_whole(lines, rows, is_cut, "its duration is not the time from its start to its end")


def without_cut_end(lines: Lines, is_row: np.ndarray, separator: str) -> np.ndarray:
    r"""Return which lines are rows of samples, without the last of the file where it is cut.

    Parameters
    ----------
    lines : Lines
        The file.
    is_row : numpy.ndarray of bool, shape (n_lines,)
        Rows of samples.
    separator : str
        Regular expression.

    Returns
    -------
    numpy.ndarray of bool, shape (n_lines,)
        Without the last line where it has fewer fields than the row before it, which is logged.
    """
    last = _n_lines(lines) - 1
    if last < 1 or not is_row[last] or not is_row[last - 1]:
        return is_row
    n_before, n_fields = (
        len(re.split(separator, line(lines, i).strip())) for i in (last - 1, last)
    )
    if n_fields < n_before:
        logger.warning("%s: its last line is cut and left out", lines.path.name)
        is_row = is_row & (np.arange(is_row.size) != last)
    return is_row


def without_open_end(lines: Lines, block: bytes, end: bytes) -> np.ndarray:
    """Return which lines to keep: all but a last number that may be the beginning of another.

    Parameters
    ----------
    lines : Lines
        The file.
    block, end : bytes
        Regular expressions of lines that begin and end a block of the recording.

    Returns
    -------
    numpy.ndarray of bool, shape (n_lines,)
        Without the last line where neither a line end nor its block's end stands behind its last
        digit, which is logged.
    """
    is_kept = np.ones(len(lines.starts), bool)
    last = _n_lines(lines) - 1
    if _has_last_line_end(lines) or last < 0 or not re.search(r"\d\.?$", line(lines, last)):
        return is_kept
    begun, ended = (find_lines(lines, word).max(initial=-1) for word in (block, end))
    if begun > ended:
        logger.warning("%s: its last line is cut and left out", lines.path.name)
        is_kept[last] = False
    return is_kept


def _has_last_line_end(lines: Lines) -> bool:
    with open_file(lines.path) as file:
        file.seek(max(lines.path.stat().st_size - 2, 0))  # UTF-16 has two bytes
        return bool(set(file.read()) & set(b"\r\n"))


def _n_lines(lines: Lines) -> int:
    """Return how many lines there are, without blank ones at the end."""
    return int(np.flatnonzero(lines.stops - lines.starts > 1).max(initial=-1)) + 1


def _is_whole(lines: Lines, rows: np.ndarray, is_cut: np.ndarray, what: str) -> np.ndarray:
    for i_line in rows[is_cut & (rows != _n_lines(lines) - 1)].tolist():
        raise ReadError(
            f"{lines.path}, line {lines.numbers[i_line] + 1}: {what}, {line(lines, i_line)!r}; "
            "repair or delete the line, or export the events again"
        )
    if is_cut.any():
        logger.warning("%s: its last line is cut and left out", lines.path.name)
    return ~is_cut
