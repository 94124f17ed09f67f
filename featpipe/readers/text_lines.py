"""Text exports of unknown encoding and line ends, as an array of lines that can be selected.

A recording of an hour has millions of sample rows, so rows are told apart by vectorised looks at
their first bytes and handed to pandas in large pieces; only what is rare is looped over.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from featpipe.errors import ReadError
from featpipe.regular_files import open_file

_NEWLINE = 10
_LONGEST = 1 << 20  # characters of a line; exports put hundreds of numbers into one cell


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
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        windows = ("gb18030", "cp1252") if _is_chinese(content) else ("cp1252", "gb18030")
    for encoding in windows:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _is_chinese(content: bytes) -> bool:
    """Whether what is not ASCII comes in pairs, most of them the common characters of GB 2312.

    The letters of western text stand alone, and two in a row ("Größe") are of the small ones,
    which are the rare characters of GB 2312.
    """
    runs = re.findall(rb"[\x80-\xff]+", content)
    if any(len(run) % 2 for run in runs):
        return False
    leads = np.frombuffer(b"".join(runs), np.uint8)[::2]
    return float(np.mean((leads >= 0xA1) & (leads <= 0xD7))) > 0.5


def read_lines(path: Path, encoding: str | None = None) -> Lines:
    """Read a text file.

    Parameters
    ----------
    path : Path
        The file.
    encoding : str or None
        As Python names it; None is what `decode` finds.

    Returns
    -------
    Lines

    Raises
    ------
    ReadError
        When the file cannot be opened, is empty, is not text in lines, or not in that encoding.
    """
    with open_file(path) as file:
        content = file.read()
    if not content.strip():
        raise ReadError(f"{path}: it is empty; export or copy it again")
    text = _in_utf8(content) if encoding is None else _from(path, content, encoding)
    if b"\0" in text:
        raise ReadError(
            f"{path}: it holds NUL characters, so it is no text export; name the text, and save "
            "UTF-16 with its byte-order mark"
        )
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


def _from(path: Path, content: bytes, encoding: str) -> bytes:
    """Return a file of the encoding that somebody named, in UTF-8."""
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        i_line = content.count(b"\n", 0, getattr(error, "start", 0))
        raise ReadError(
            f"{path}, line {i_line + 1}: it is not in encoding = {encoding!r} ({error}); correct "
            "the encoding, or leave it out to have it found"
        ) from error
    return re.sub(r"\r+\n?", "\n", text).encode("utf-8", "replace")


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


def chosen(lines: Lines, is_wanted: np.ndarray | slice) -> Lines:
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
