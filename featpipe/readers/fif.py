"""FIF files, split and compressed ones included, through MNE after a walk over their tags."""

import struct
from pathlib import Path

import mne
from mne.io import BaseRaw

from featpipe.errors import ReadError
from featpipe.readers.breaks import log_breaks
from featpipe.readers.fif_tags import GZIP_MAGIC, walk
from featpipe.readers.gzipped import CutShortError
from featpipe.readers.preflight import OK, Check, read_head, verdict
from featpipe.readers.through_mne import open_raw

FIF_MAGIC = struct.pack(">iii", 100, 31, 20)  # the tag of the file's identity
_RAW_BLOCKS = (102, 112, 119)


def next_part(path: Path) -> Path | None:
    """Return the following part of a split FIF file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Path or None
        None when the file is the last part.

    Raises
    ------
    ReadError
        As `walk`.
    """
    name = walk(path).next_name
    return path.parent / name if name else None


def sources(path: Path) -> tuple[Path, ...]:
    """Return all parts of a FIF file.

    Parameters
    ----------
    path : Path
        The first part.

    Returns
    -------
    tuple of Path
        In the order of time.

    Raises
    ------
    ReadError
        When a part is missing, or when the parts do not end.
    """
    parts = [path]
    while (part := next_part(parts[-1])) is not None:
        if not part.is_file():
            raise ReadError(f"{path}: its part {part.name} is not there; copy it too")
        if part in parts:
            raise ReadError(f"{path}: its parts refer to each other in a circle")
        parts.append(part)
    return tuple(parts)


def check(path: Path) -> Check:
    """Walk the tags of all parts of a FIF file to their end.

    Parameters
    ----------
    path : Path
        The first part.

    Returns
    -------
    Check
        A compressed file is inflated for it, piece by piece.
    """
    return verdict(path, lambda: _inspect(path))


def _inspect(path: Path) -> Check:
    found = _inspect_part(path)
    part, seen = path, {path}
    while found == OK and (part := next_part(part)) is not None:
        if part in seen or not part.is_file():
            sources(path)  # says which of the two it is
        seen.add(part)
        status, reason = _inspect_part(part)
        found = Check(status, f"part {part.name}: {reason}" if reason else "")
    return found


def _inspect_part(path: Path) -> Check:
    if (head := read_head(path, 12)) != FIF_MAGIC and not head.startswith(GZIP_MAGIC):
        return Check("corrupt", f"it begins with {head!r}, not like a FIF file")
    try:
        found = walk(path)
    except CutShortError as error:
        return Check("truncated", str(error))
    if not found.blocks & set(_RAW_BLOCKS):
        return Check("corrupt", "it holds no continuous recording; give the raw file")
    return OK


def read(path: Path) -> BaseRaw:
    """Open a FIF file with all its parts.

    Parameters
    ----------
    path : Path
        The first part.

    Returns
    -------
    mne.io.BaseRaw
        Places where recordings were put end to end are logged.

    Raises
    ------
    ReadError
        When MNE cannot read it.
    """
    raw = open_raw(path, lambda: mne.io.read_raw_fif(path, preload=False))
    log_breaks(path, raw)
    return raw
