"""Text exports of unknown encoding and line ends, as an array of lines that can be selected.

A recording of an hour has millions of sample rows, so rows are told apart by vectorised looks at
their first bytes and handed to pandas in one piece; only what is rare is looped over.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ReadError

_MISSING = ["", "-", "."]
_NEWLINE = 10
_LONGEST = 1 << 20  # characters of a line; exports put hundreds of numbers into one cell
_AT_ONCE = 1 << 17  # rows parsed at once


@dataclass(frozen=True)
class Lines:
    """The lines of a text file.

    Attributes
    ----------
    path : Path
        The file, for messages.
    text : numpy.ndarray of uint8, shape (n_bytes,)
        The whole file in UTF-8, every line ended by one LF.
    starts, stops : numpy.ndarray of int64, shape (n_lines,)
        First byte of each line, and the byte after its LF.
    numbers : numpy.ndarray of int64, shape (n_lines,)
        Place of each line in the file, from 0; has gaps after `only`.
    """

    path: Path
    text: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    numbers: np.ndarray


def decode(content: bytes) -> str:
    """Decode a text file: byte-order mark, then UTF-8, then the Windows encodings.

    Parameters
    ----------
    content : bytes
        The file, or its beginning.

    Returns
    -------
    str
        Line ends CR CR LF, CR LF and CR have become LF.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", "replace")
    else:
        text = _decode_bytes(content.removeprefix(b"\xef\xbb\xbf"))
    return re.sub(r"\r+\n?", "\n", text) if "\r" in text else text


def _decode_bytes(content: bytes) -> str:
    for encoding in ("utf-8", "cp1252", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def read_lines(path: Path) -> Lines:
    """Read a text file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Lines

    Raises
    ------
    ReadError
        When the file cannot be opened, is empty, or is not text in lines.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ReadError(f"{path}: it cannot be opened ({error.strerror or error})") from error
    if not content.strip():
        raise ReadError(f"{path}: it is empty; export or copy it again")
    text = _in_utf8(content)
    if b"\0" in text:
        raise ReadError(f"{path}: it holds NUL characters, so it is no text export; name the text")
    lines = split_lines(path, text if text.endswith(b"\n") else text + b"\n")
    length = lines.stops - lines.starts
    if length.max() > _LONGEST:
        raise ReadError(
            f"{path}, line {int(length.argmax()) + 1}: {int(length.max())} characters in one line: "
            "line ends were lost, or it is no table; export or copy it again"
        )
    return lines


def _in_utf8(content: bytes) -> bytes:
    """Return a file as `decode` does, in UTF-8; one in ASCII is not copied."""
    if not content.isascii():
        return decode(content).encode("utf-8", "replace")
    return re.sub(rb"\r+\n?", b"\n", content) if b"\r" in content else content


def split_lines(path: Path, text: bytes) -> Lines:
    """Find the lines of a text that ends with LF."""
    encoded = np.frombuffer(text, np.uint8)
    stops = np.flatnonzero(encoded == _NEWLINE) + 1
    starts = np.concatenate([np.zeros(1, np.int64), stops])[: len(stops)]
    return Lines(path, encoded, starts, stops, np.arange(len(stops)))


def only(lines: Lines, is_wanted: np.ndarray) -> Lines:
    """Return the marked lines, shape (n_lines,), which keep their numbers, as a text of their own.

    Patterns are looked for in a whole text.
    """
    kept = split_lines(lines.path, take(lines, is_wanted))
    return replace(kept, numbers=lines.numbers[is_wanted])


def chosen(lines: Lines, is_wanted: np.ndarray) -> Lines:
    """Return the marked lines, shape (n_lines,), where they stand; for all but patterns."""
    starts, stops, numbers = lines.starts, lines.stops, lines.numbers
    return replace(
        lines, starts=starts[is_wanted], stops=stops[is_wanted], numbers=numbers[is_wanted]
    )


def begins_with_digit(lines: Lines) -> np.ndarray:
    """Return a mask of the lines whose first character is a digit, shape (n_lines,)."""
    first = lines.text[lines.starts]
    return (first >= ord("0")) & (first <= ord("9"))


def find_lines(lines: Lines, pattern: bytes) -> np.ndarray:
    r"""Return the indices of the lines in which a pattern begins.

    Parameters
    ----------
    lines : Lines
        The file.
    pattern : bytes
        Regular expression; "^" matches at the start of each line.

    Returns
    -------
    numpy.ndarray of int64, shape (n_found,)
        From 0, ascending.
    """
    places = [match.start() for match in re.finditer(pattern, lines.text.data, re.MULTILINE)]
    return np.unique(np.searchsorted(lines.stops, np.array(places, np.int64), side="right"))


def contains(lines: Lines, pattern: bytes) -> bool:
    """Tell whether a pattern, "^" at the start of a line, is anywhere in the file."""
    return re.search(pattern, lines.text.data, re.MULTILINE) is not None


def line(lines: Lines, i_line: int) -> str:
    """Return one line without its end."""
    return lines.text[lines.starts[i_line] : lines.stops[i_line] - 1].tobytes().decode("utf-8")


def take(lines: Lines, is_wanted: np.ndarray) -> bytes:
    """Return the marked lines, shape (n_lines,), as one piece of text."""
    starts, stops = lines.starts[is_wanted], lines.stops[is_wanted]
    is_first = np.concatenate([[True], starts[1:] != stops[:-1]])[: len(starts)]
    runs = zip(starts[is_first], stops[np.append(is_first[1:], True)[: len(stops)]], strict=True)
    return b"".join(lines.text[start:stop].data for start, stop in runs)


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

    Returns
    -------
    numpy.ndarray of float64, shape (n_rows, n_columns)
        Missing values ("", "-", "." and fields that a short row lacks) are NaN.

    Raises
    ------
    ReadError
        When a field is not a number; the message names the line and the text.
    """
    numbers = np.empty((np.count_nonzero(is_wanted), len(columns)))
    wanted = chosen(lines, is_wanted)
    for first in range(0, len(numbers), _AT_ONCE):  # the parser needs twice the text for itself
        rows = slice(first, first + _AT_ONCE)
        piece = replace(wanted, starts=wanted.starts[rows], stops=wanted.stops[rows],
                        numbers=wanted.numbers[rows])  # fmt: skip
        numbers[rows] = _parse(piece, columns, separator, decimal)
    return numbers


def _parse(lines: Lines, columns: Sequence[int], separator: str, decimal: str) -> np.ndarray:
    order = sorted(set(columns))
    table = pd.read_csv(
        io.BytesIO(
            _full_row(max(order) + 1, separator) + take(lines, np.ones(len(lines.starts), bool))
        ),
        sep=separator,
        decimal=decimal,
        header=None,
        names=list(range(max(order) + 1)),
        usecols=order,
        index_col=False,
        na_values=_MISSING,
        skipinitialspace=True,
        skip_blank_lines=False,
        quoting=3,
        low_memory=False,
    )
    numbers = {column: _numbers(lines, table[column].to_numpy()[1:], column) for column in order}
    if np.isnan(numbers[columns[0]]).any():
        row = int(np.argmax(np.isnan(numbers[columns[0]])))
        raise _not_a_number(lines, row, columns[0], "")
    return np.stack([numbers[column] for column in columns], axis=1)


def _numbers(lines: Lines, values: np.ndarray, column: int) -> np.ndarray:
    if values.dtype != object and values.dtype.kind in "iuf":
        return values.astype(np.float64)
    numbers = np.asarray(pd.to_numeric(pd.Series(values), errors="coerce"), np.float64)
    is_bad = np.isnan(numbers) & ~np.asarray(pd.isna(pd.Series(values)))
    if is_bad.any():
        row = int(np.argmax(is_bad))
        raise _not_a_number(lines, row, column, str(values[row]))
    return numbers


def _not_a_number(lines: Lines, row: int, column: int, text: str) -> ReadError:
    return ReadError(
        f"{lines.path}, line {lines.numbers[row] + 1}: field {column + 1} is {text!r}, "
        "not a number; repair the line or export the recording again"
    )
