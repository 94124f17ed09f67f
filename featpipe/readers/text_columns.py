"""Columns of numbers and of text from selected lines of an export."""

import io
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.readers.text_lines import Lines, chosen, take

_MISSING = ["", "-", "."]
_AT_ONCE = 1 << 17  # rows parsed at once


def parse_texts(
    lines: Lines, is_wanted: np.ndarray, columns: Sequence[int], separator: str
) -> list[np.ndarray]:
    """Read columns of text from marked lines.

    Parameters
    ----------
    lines, is_wanted, columns, separator
        As in `parse_numbers`.

    Returns
    -------
    list of numpy.ndarray of str, shape (n_rows,)
        One per column, without blanks around; "" where a row is too short.
    """
    if not is_wanted.any() or not columns:
        return [np.empty(0, dtype=str) for _ in columns]
    table = pd.read_csv(
        io.BytesIO(_full_row(max(columns) + 1, separator) + take(lines, is_wanted)),
        sep=separator, header=None,
        names=list(range(max(columns) + 1)), usecols=sorted(set(columns)), index_col=False,
        dtype=str, keep_default_na=False, skip_blank_lines=False, quoting=3,
    )  # fmt: skip
    table = table.iloc[1:]
    return [table[column].fillna("").str.strip().to_numpy(dtype=str) for column in columns]


def _full_row(n_columns: int, separator: str) -> bytes:
    """Make a row in front that has all columns: pandas refuses rows that are all too short."""
    return (" " if separator == r"\s+" else separator).join("0" * n_columns).encode() + b"\n"


def parse_numbers(
    lines: Lines,
    is_wanted: np.ndarray,
    columns: Sequence[int],
    separator: str,
    decimal: str = ".",
    missing: Sequence[str] = (),
    called: Sequence[str] = (),
) -> np.ndarray:
    r"""Read columns of numbers from marked lines.

    Parameters
    ----------
    lines : Lines
        The file.
    is_wanted : numpy.ndarray of bool, shape (n_lines,)
        The rows of the table.
    columns : sequence of int
        Positions of the columns, the first of which must hold a number in every row.
    separator : str
        One character, or r"\s+" for any blank.
    decimal : str
        Decimal sign.
    missing : sequence of str
        Texts that stand for a missing value beside the usual ones.
    called : sequence of str
        What each column is, for messages.

    Returns
    -------
    numpy.ndarray of float64, shape (n_rows, n_columns)
        Missing values ("", "-", "." and fields that a short row lacks) are NaN, and so is what no
        finite number can hold.

    Raises
    ------
    ReadError
        When a field is not a number; the message names the line and the text.
    """
    numbers = np.empty((np.count_nonzero(is_wanted), len(columns)))
    order = sorted(set(columns))
    names = dict(zip(columns, called, strict=False))
    for rows, piece in _pieces(lines, is_wanted):
        table = _parse(piece, order, separator, decimal, missing)
        values = {i: _numbers(piece, table[i].to_numpy(), i, names.get(i)) for i in order}
        if np.isnan(values[columns[0]]).any():
            row = int(np.argmax(np.isnan(values[columns[0]])))
            found = table[columns[0]].iloc[row]
            text = "" if pd.isna(found) else str(found)
            raise _not_a_number(piece, row, columns[0], text, names.get(columns[0]))
        numbers[rows] = np.stack([values[column] for column in columns], axis=1)
    return numbers


def parse_seconds(
    lines: Lines,
    is_wanted: np.ndarray,
    column: int,
    separator: str,
    decimal: str,
    per_second: int,
    called: Sequence[str] = (),
) -> np.ndarray:
    """Read a column of times, which every row must have.

    Parameters
    ----------
    lines, is_wanted, separator, decimal, called
        As in `parse_numbers`.
    column : int
        Position of the column.
    per_second : int
        Units of the column in one second.

    Returns
    -------
    numpy.ndarray of float64, shape (n_rows,)
        Seconds. Whole numbers are divided as such: nanoseconds since 1970 have 19 digits, of which
        a float holds 16, so that only the last division may round.

    Raises
    ------
    ReadError
        When a field is not a number; the message names the line and the text.
    """
    seconds = np.empty(np.count_nonzero(is_wanted))
    for rows, piece in _pieces(lines, is_wanted):
        values = _parse(piece, [column], separator, decimal, ())[column].to_numpy()
        if values.dtype == np.int64:
            seconds[rows] = values // per_second + values % per_second / per_second
        else:
            every = np.full(len(piece.starts), True)
            floats = parse_numbers(piece, every, [column], separator, decimal, called=called)
            seconds[rows] = floats[:, 0] / per_second
    return seconds


def _pieces(lines: Lines, is_wanted: np.ndarray) -> Iterator[tuple[slice, Lines]]:
    """Cut the marked lines into pieces: a parser needs twice the text for itself."""
    wanted = chosen(lines, is_wanted)
    for first in range(0, len(wanted.starts), _AT_ONCE):
        rows = slice(first, first + _AT_ONCE)
        yield rows, chosen(wanted, rows)


def _parse(
    lines: Lines, columns: list[int], separator: str, decimal: str, missing: Sequence[str]
) -> pd.DataFrame:
    """Read columns of all lines, text where one is not a number."""
    text = take(lines, np.ones(len(lines.starts), bool))
    table = pd.read_csv(
        io.BytesIO(_full_row(max(columns) + 1, separator) + text), sep=separator, decimal=decimal,
        header=None, names=list(range(max(columns) + 1)), usecols=columns, index_col=False,
        na_values=[*_MISSING, *missing], skipinitialspace=True, skip_blank_lines=False, quoting=3,
        low_memory=False,
    )  # fmt: skip
    return table.iloc[1:]


def _numbers(lines: Lines, values: np.ndarray, column: int, name: str | None) -> np.ndarray:
    if values.dtype != object and values.dtype.kind in "iuf":
        return _finite(values)
    texts = pd.Series(values).map(str, na_action="ignore")  # of whole numbers beyond any float too
    numbers = np.asarray(pd.to_numeric(texts, errors="coerce"), np.float64)
    is_bad = np.isnan(numbers) & ~np.asarray(pd.isna(pd.Series(values)))
    if is_bad.any():
        row = int(np.argmax(is_bad))
        raise _not_a_number(lines, row, column, str(values[row]), name)
    return _finite(numbers)


def _finite(numbers: np.ndarray) -> np.ndarray:
    """Return float64 with NaN for what is infinite: an eye is nowhere near."""
    numbers = numbers.astype(np.float64)
    numbers[np.isinf(numbers)] = np.nan
    return numbers


def _not_a_number(lines: Lines, row: int, column: int, text: str, name: str | None) -> ReadError:
    what = f"field {column + 1}" + (f" ({name})" if name else "")
    return ReadError(
        f"{lines.path}, line {lines.numbers[row] + 1}: {what} is {text!r}, not a number; "
        "repair the line or export the recording again"
    )
