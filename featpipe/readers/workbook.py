"""The sheets of an .xls or .xlsx workbook, whatever state the file is in."""

import json
import re
import subprocess
import sys
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from featpipe.errors import ReadError
from featpipe.readers.preflight import read_head

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP_MAGIC = b"PK\x03\x04"
_READER = Path(__file__).with_name("workbook_rows.py")
_MAX_FILE = 64 << 20  # bytes; an hour of events takes 1 MB
_MAX_INFLATED = 128 << 20
_MAX_REPEATED = 200  # times its packed size; tables of events have ten
_ANY_REPEATED = 16 << 20  # bytes that may inflate from whatever
_MAX_CELLS = 4_000_000
_MAX_MEMORY = 512 << 20
_MAX_SECONDS = 60
_PROBE = 1 << 20  # bytes of text in which a workbook is recognised
_TEXT_PART = re.compile(r"xl/(sharedStrings|worksheets/sheet\d+)\.xml")
_LOCKED_XLSX = "EncryptedPackage".encode("utf-16-le")
_LOCKED_XLS = re.compile(rb"\x09\x08\x10\x00\x00\x06.{14}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)

Cell = float | int | str | bool


class Sheet(NamedTuple):
    """One worksheet.

    Attributes
    ----------
    name : str
        As its tab says.
    first_row : int
        Number of the first row, as spreadsheets count.
    rows : list of list
        Cells, "" where empty, those at the end of a row left out; dates as text. No rows where
        the sheet is empty.
    """

    name: str
    first_row: int
    rows: list[list[Cell]]


def mentions(path: Path, words: re.Pattern[bytes]) -> bool:
    """Tell whether a workbook has a text in its cells, without reading its sheets.

    Parameters
    ----------
    path : Path
        Any file.
    words : re.Pattern of bytes
        The text, ASCII.

    Returns
    -------
    bool
        Also True for a workbook that hides its text: protected by a password, or an .xlsx whose
        directory is lost, so that whoever reads it can say so. False for what is no workbook.
    """
    head = read_head(path, len(OLE_MAGIC))
    if head == OLE_MAGIC:
        content = read_head(path, _MAX_FILE)
        narrow = content.replace(b"\0", b"")  # texts have one or two bytes a letter
        return words.search(narrow) is not None or _is_locked(content)
    if head.startswith(ZIP_MAGIC):
        try:
            return words.search(_texts(path)) is not None
        except (zipfile.BadZipFile, ValueError, OSError, EOFError, RuntimeError):
            return path.suffix.lower() == ".xlsx"
    return False


def _is_locked(content: bytes) -> bool:
    return _LOCKED_XLSX in content or _LOCKED_XLS.search(content) is not None


def _texts(path: Path) -> bytes:
    """Return the first texts of a workbook, with the tags between them."""
    with zipfile.ZipFile(path) as parts:
        named = sorted(name for name in parts.namelist() if _TEXT_PART.fullmatch(name))
        texts = []
        for name in named[:2]:
            with parts.open(name) as part:
                texts.append(part.read(_PROBE))
    return b"\n".join(texts)


def read_workbook(path: Path) -> tuple[Sheet, ...]:
    """Read all sheets of a workbook.

    Parameters
    ----------
    path : Path
        An .xls (Excel 97 or later) or .xlsx file; its content decides.

    Returns
    -------
    tuple of Sheet
        In the order of their tabs.

    Raises
    ------
    ReadError
        When it is no workbook, truncated, damaged, protected by a password, or larger than any
        table of eye events.
    """
    about = path.stat()
    return _read(path.absolute(), about.st_size, about.st_mtime_ns, about.st_ino)


@lru_cache(maxsize=4)
def _read(path: Path, *version: int) -> tuple[Sheet, ...]:
    """Read a file once for its check and its reading."""
    _refuse_outsize(path)
    # -P: the folder of readers must not shadow modules of the child
    command = [sys.executable, "-P", str(_READER), str(path), str(_MAX_CELLS), str(_MAX_MEMORY)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_MAX_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ReadError(f"{path}: reading it takes over {_MAX_SECONDS} s; save it anew") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        if any("ModuleNotFoundError" in line for line in said):
            raise ReadError(f"{path}: python-calamine is not installed; pip install it")
        raise ReadError(f"{path}: its structure is damaged beyond reading; copy or save it anew")
    found = json.loads(done.stdout)
    if "refused" in found:
        raise ReadError(f"{path}: {found['refused']}; copy it again, or save it anew from Excel")
    return tuple(Sheet(*sheet) for sheet in found["sheets"])


def _refuse_outsize(path: Path) -> None:
    """Compare what a file declares with limits before anything is inflated."""
    if path.stat().st_size > _MAX_FILE:
        raise ReadError(f"{path}: over {_MAX_FILE >> 20} MB: no table of eye events is that large")
    if read_head(path, len(OLE_MAGIC)) == OLE_MAGIC:
        if _is_locked(read_head(path, _MAX_FILE)):
            raise ReadError(f"{path}: it is protected by a password; save it without one")
        return
    try:
        with zipfile.ZipFile(path) as parts:
            declared = parts.infolist()
    except zipfile.BadZipFile as error:
        raise ReadError(f"{path}: it is cut off or damaged ({error}); copy it again") from error
    if any(part.flag_bits & 1 for part in declared):
        raise ReadError(f"{path}: it is protected by a password; save it without one")
    n_bytes = sum(part.file_size for part in declared)
    n_repeated = max(_ANY_REPEATED, _MAX_REPEATED * sum(part.compress_size for part in declared))
    if n_bytes > min(_MAX_INFLATED, n_repeated):
        raise ReadError(
            f"{path}: {path.stat().st_size} bytes that would inflate to {n_bytes}: no table of eye "
            "events is that large; save it anew from Excel"
        )
