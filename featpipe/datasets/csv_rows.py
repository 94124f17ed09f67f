"""Rows of a small CSV file that people write by hand or save from a spreadsheet.

No line may have more fields than the header, not even empty ones: a decimal comma that stands
without quotes pushes all that follows into the next columns, where it may still make sense.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from featpipe.errors import ConfigError, ReadError, unknown
from featpipe.readers.text_lines import decode
from featpipe.regular_files import content_of

_SEPARATORS = (",", "\t", ";")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_MAX_BYTES = 1 << 24  # a hundred thousand rows have some of these
_AS_TEXT = "save it as CSV UTF-8"


def read_rows(path: Path, known: tuple[str, ...], required: tuple[str, ...]) -> pd.DataFrame:
    """Read a table of text.

    Parameters
    ----------
    path : Path
        Separated by comma, tab or semicolon, whichever the header has; UTF-8, UTF-16 with its
        mark, or an encoding of Windows.
    known : tuple of str
        Columns that may be there. One without a name is passed over when it is empty.
    required : tuple of str
        Columns that must be there.

    Returns
    -------
    pandas.DataFrame of str
        Indexed by line of the file, from 1; blank rows are left out, cells are stripped, those that
        a line lacks at its end are empty.

    Raises
    ------
    ConfigError
        When it is no such table; the message names file and line.
    """
    text = _text(path)
    header, *rows = _fields(path, text)
    names = [name.strip() for name in header[1]]
    for place, name in enumerate(names):
        if name and name not in known:
            raise ConfigError(f"{path}: {unknown('column', name, known)}")
        if name and name in names[:place]:
            raise ConfigError(f"{path}: column {name!r} is there twice: take one out")
    for name in required:
        if name not in names:
            raise ConfigError(
                f"{path}: column {name!r} is missing; known columns: {', '.join(known)}"
            )
    if not rows:
        raise ConfigError(f"{path}: no rows")
    cells = [_named(path, line, names, fields) for line, fields in rows]
    return pd.DataFrame(cells, index=[line for line, _ in rows], columns=list(filter(None, names)))


def _text(path: Path) -> str:
    if not path.exists():
        raise ConfigError(f"{path}: no such file; [study] in the study file names it")
    try:
        content = content_of(path, _MAX_BYTES)
    except ReadError as error:
        raise ConfigError(str(error)) from error
    if content.startswith(_WORKBOOKS):
        raise ConfigError(f"{path}: it is a workbook, whatever its name says: {_AS_TEXT}")
    text = decode(content)
    if "\0" in text:
        raise ConfigError(f"{path}: it is no text that can be read: {_AS_TEXT}")
    if not text.strip():
        raise ConfigError(f"{path}: it is empty")
    return text


def _fields(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line and fields of what is not blank."""
    header = text.lstrip().partition("\n")[0]
    separator = next((mark for mark in _SEPARATORS if mark in header), ",")
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator, strict=True)
    try:
        for fields in reader:
            if any(map(str.strip, fields)):
                yield reader.line_num, fields
    except csv.Error as error:
        raise ConfigError(
            f"{path} line {reader.line_num}: cannot be read as CSV ({error}): correct the quotes"
        ) from error


def _named(path: Path, line: int, names: list[str], fields: list[str]) -> dict[str, str]:
    if len(fields) > len(names):
        raise ConfigError(
            f"{path} line {line}: {len(fields)} fields, expected the {len(names)} of the header "
            f"({', '.join(names)}): write decimals with a point, text that holds a separator in "
            "quotes, and no separator behind the last field"
        )
    fields = [*map(str.strip, fields), *[""] * (len(names) - len(fields))]
    for place, (name, field) in enumerate(zip(names, fields, strict=True), start=1):
        if not name and field:
            raise ConfigError(
                f"{path} line {line}: {field!r} stands in column {place}, which has no "
                "name: name it in the header, or take it out"
            )
    return {name: field for name, field in zip(names, fields, strict=True) if name}
