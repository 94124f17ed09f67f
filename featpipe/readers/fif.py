"""FIF files, split ones included, through MNE after a walk over their tags."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import mne
from mne.io import BaseRaw

from featpipe.errors import ReadError
from featpipe.readers.breaks import log_breaks
from featpipe.readers.preflight import OK, Check, read_head, verdict
from featpipe.readers.through_mne import open_raw

FIF_MAGIC = struct.pack(">iii", 100, 31, 20)  # the tag of the file's identity
GZIP_MAGIC = b"\x1f\x8b"
_TAG = struct.Struct(">iIii")
_BLOCK_START, _REF_ROLE, _REF_FILE_NAME, _NEXT_FILE = 104, 115, 118, 2
_RAW_BLOCKS = (102, 112, 119)
_END = -1


class Tag(NamedTuple):
    """One tag: what it is and where its content lies."""

    kind: int
    start: int
    n_bytes: int


def walk_tags(path: Path) -> Iterator[Tag]:
    """Yield the tags of a FIF file in the order of the file.

    Parameters
    ----------
    path : Path
        The file, not compressed.

    Yields
    ------
    Tag

    Raises
    ------
    ReadError
        When a tag goes beyond the end of the file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while at < size:
            file.seek(at)
            head = file.read(_TAG.size)
            if len(head) < _TAG.size:
                raise ReadError(f"it ends at byte {size}, inside a tag; copy it again")
            kind, _, n_bytes, following = _TAG.unpack(head)
            stop = at + _TAG.size + n_bytes
            if n_bytes < 0 or stop > size:
                raise ReadError(
                    f"a tag goes to byte {stop}, the file ends at {size}; copy it again"
                )
            yield Tag(kind, at + _TAG.size, n_bytes)
            if following == _END:
                return
            if following > 0 and following < stop:
                raise ReadError(f"the tag at byte {at} points back to byte {following}")
            at = following if following > 0 else stop


def next_part(path: Path) -> Path | None:
    """Return the following part of a split FIF file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Path or None
        None when the file is the last part, or compressed.
    """
    if read_head(path, 2) == GZIP_MAGIC:
        return None
    is_next = False
    for tag in walk_tags(path):
        if tag.kind == _REF_ROLE and tag.n_bytes == 4:
            is_next = int.from_bytes(read_head(path, 4, tag.start), "big") == _NEXT_FILE
        elif tag.kind == _REF_FILE_NAME and is_next:
            return (
                path.parent / Path(read_head(path, tag.n_bytes, tag.start).decode("latin-1")).name
            )
    return None


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
        A compressed file is not walked, because that means reading all of it.
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
    if read_head(path, 2) == GZIP_MAGIC:
        return OK
    if read_head(path, 12) != FIF_MAGIC:
        return Check("corrupt", f"it begins with {read_head(path, 12)!r}, not like a FIF file")
    try:
        blocks = [_block(path, tag) for tag in walk_tags(path) if tag.kind == _BLOCK_START]
    except ReadError as error:
        return Check("truncated", str(error))
    if not set(blocks) & set(_RAW_BLOCKS):
        return Check("corrupt", "it holds no continuous recording; give the raw file")
    return OK


def _block(path: Path, tag: Tag) -> int:
    return int.from_bytes(read_head(path, 4, tag.start), "big")


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
