"""Tables of delimited text of which somebody says what the columns are called.

Names count letter by letter here, and all of them must be there: whoever wrote them down looked at
the file, so that what differs is a mistake to be told, not a version to be guessed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from featpipe.errors import ReadError, few, unknown
from featpipe.readers.delimited import Delimited, decimal_sign, rows_below, unquoted
from featpipe.readers.text_lines import Lines, find_lines, line, only, read_lines, split_lines, take

BLANK = " "
"""Separator of fields that any number of blanks keeps apart."""
_SEPARATORS = ("\t", ";", ",", BLANK)
_MAX_PREAMBLE = 1000


def open_described(
    path: Path,
    wanted: Mapping[str, str],
    separator: str | None = None,
    decimal: str | None = None,
    comment: str | None = None,
    encoding: str | None = None,
) -> Delimited:
    """Read a table of delimited text.

    Parameters
    ----------
    path : Path
        The file.
    wanted : mapping
        Option that names a column -> the column. The row of names is the first that holds them
        all, so that lines above it do no harm.
    separator, decimal : str or None
        None finds them in the file.
    comment : str or None
        Lines that begin with it are no part of the table.
    encoding : str or None
        As in `text_lines.read_lines`.

    Returns
    -------
    Delimited
        Its names are as the file spells them, without units.

    Raises
    ------
    ReadError
        When the file is empty or no text, when no row names the wanted columns, or when a row has
        more fields than there are names; the message says which.
    """
    lines = _uncommented(read_lines(path, encoding), comment)
    i_names, separator = _find_names(lines, wanted, separators(separator, decimal))
    labels = labels_in(line(lines, i_names), separator)
    if separator == BLANK:
        lines, separator = _tabbed(lines), "\t"
    lines = unquoted(lines, separator)
    is_row = rows_below(lines, i_names, separator)
    names = {label: i for i, label in reversed(list(enumerate(labels))) if label}
    decimal = decimal or decimal_sign(lines, is_row, separator)
    return Delimited(lines, is_row, names, dict.fromkeys(names, ""), separator, decimal)


def separators(separator: str | None, decimal: str | None) -> list[str]:
    """Return the one that is known, or else all that can be."""
    return [s for s in _SEPARATORS if s != decimal] if separator is None else [separator]


def labels_in(text: str, separator: str) -> list[str]:
    """Return the names in a line, without blanks and quotation marks around."""
    parts = text.split() if separator == BLANK else text.split(separator)
    return [part.strip(' "') for part in parts]


def _uncommented(lines: Lines, comment: str | None) -> Lines:
    if comment is None:
        return lines
    is_kept = np.full(len(lines.starts), True)
    is_kept[find_lines(lines, rb"^[ \t]*" + re.escape(comment.encode()))] = False
    if not is_kept.any():
        raise ReadError(
            f"{lines.path}: every line begins with {comment!r}, so nothing is left but comments; "
            "correct comment"
        )
    return only(lines, is_kept)


def _tabbed(lines: Lines) -> Lines:
    """Put one tab where any number of blanks is."""
    text = take(lines, np.full(len(lines.starts), True))
    text = re.sub(rb"[ \t]+", b"\t", re.sub(rb"(?m)^[ \t]+|[ \t]+$", b"", text))
    return replace(split_lines(lines.path, text), numbers=lines.numbers)


def _find_names(
    lines: Lines, wanted: Mapping[str, str], separators: Sequence[str]
) -> tuple[int, str]:
    """Return the line that names the columns and its separator."""
    first = line(lines, 0)
    usual = max(separators, key=lambda s: first.count(s) or 0.5 * (s == BLANK))
    best, best_found = (0, usual), 0
    names = set(wanted.values())
    for i_line in range(min(len(lines.starts), _MAX_PREAMBLE)):
        for separator in separators:
            n_found = len(names.intersection(labels_in(line(lines, i_line), separator)))
            if n_found > best_found:
                best, best_found = (i_line, separator), n_found
        if best_found == len(names):
            break
    labels = labels_in(line(lines, best[0]), best[1])
    for option, name in wanted.items():
        if labels.count(name) != 1:
            place = f"{lines.path}, line {lines.numbers[best[0]] + 1}"
            raise ReadError(f"{place}: {_not_one(option, name, labels, best[1])}")
    return best


def _not_one(option: str, name: str, labels: Sequence[str], separator: str) -> str:
    known = [label for label in labels if label]
    if name in known:
        return f"{known.count(name)} columns are called {name!r} ({option}); rename them"
    said = f"{option} = {name!r}: {unknown('column', name, known)}"
    if len(known) > 40:  # a list of all would hide the message
        said = f"{said.split(' Known:')[0]} Known: {few(known)}."
    return f"{said} Separated at {separator!r}; correct {option}, or the separator"
