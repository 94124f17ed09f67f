"""The tags of a FIF file, compressed or not, walked from the first to the last in little memory.

MNE reads a tag of the head whole, whatever length it has, and goes by the directory of a file
rather than from tag to tag. A gzipped file of a megabyte may hold gigabytes of either.
"""

import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from featpipe.errors import ReadError
from featpipe.readers.gzipped import CutShortError, pieces
from featpipe.readers.preflight import read_head

GZIP_MAGIC = b"\x1f\x8b"
_TAG = struct.Struct(">iIii")
_DIRECTORY_POINTER, _DIRECTORY, _BLOCK_START = 101, 102, 104
_REF_ROLE, _REF_FILE_NUMBER, _REF_FILE_NAME, _NEXT_FILE = 115, 117, 118, 2
_KEPT = (_DIRECTORY_POINTER, _DIRECTORY, _BLOCK_START, _REF_ROLE, _REF_FILE_NUMBER, _REF_FILE_NAME)
_NUMBERS = (300, 302)  # buffers of recordings, epochs
_END = -1
_ANY_INFLATED = 4 << 30  # bytes that a compressed file of any size may hold
_MOST_OF_HEAD, _MOST_BUFFER = 64 << 20, 128 << 20  # bytes of one tag; buffers are of a second
_MOST_TAGS = 500_000  # a day has 90 000; each costs MNE half a kilobyte


class Tag(NamedTuple):
    """One tag: what it is, where its content lies, and that of the few that tell of the file."""

    kind: int
    start: int
    n_bytes: int
    content: bytes


class Walk(NamedTuple):
    """What a walk over a file found.

    Attributes
    ----------
    blocks : frozenset of int
        Kinds of blocks in it.
    next_name : str
        File name of the following part; empty without one.
    n_bytes : int
        Of the content, inflated.
    longest : int
        Bytes of the longest buffer of numbers.
    """

    blocks: frozenset[int]
    next_name: str
    n_bytes: int
    longest: int


class _Stored:
    """A file that is not compressed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._n_bytes = path.stat().st_size

    def read(self, start: int, n_bytes: int) -> bytes:
        """Return bytes of a place; fewer where the file ends."""
        return read_head(self._path, n_bytes, start)

    def has(self, stop: int) -> bool:
        """Tell whether the file goes up to a place."""
        return stop <= self._n_bytes


class _Inflated:
    """A gzipped file that is read from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        self._pieces = pieces(path, 1 << 62, _ANY_INFLATED)
        self._held, self._at = b"", 0

    def read(self, start: int, n_bytes: int) -> bytes:
        """Return bytes of a place behind all that were read; fewer where the file ends."""
        while (behind := self._at + len(self._held)) < start:
            if not (piece := next(self._pieces, b"")):
                return b""
            self._held, self._at = piece, behind
        parts = [self._held[start - self._at :]]
        n_there = len(parts[0])
        while n_there < n_bytes and (piece := next(self._pieces, b"")):
            parts.append(piece)
            n_there += len(piece)
        self._held, self._at = b"".join(parts), start
        return self._held[:n_bytes]

    def has(self, stop: int) -> bool:
        """Tell whether the file goes up to a place."""
        return stop == 0 or len(self.read(max(self._at, stop - 1), 1)) == 1


def walk(path: Path) -> Walk:
    """Walk the tags of a FIF file; once while it is untouched.

    Parameters
    ----------
    path : Path
        The file, compressed or not.

    Returns
    -------
    Walk

    Raises
    ------
    CutShortError
        When it ends inside a tag.
    ReadError
        When it holds what no recording does; the message does not repeat the path.
    """
    about = path.stat()
    return _walked(path.absolute(), about.st_size, about.st_mtime_ns, about.st_ino)


@lru_cache(maxsize=1024)
def _walked(path: Path, *version: int) -> Walk:
    blocks, starts, next_name, longest, stop = set(), set(), "", 0, 0
    is_packed, role, pointer, directory = read_head(path, 2) == GZIP_MAGIC, 0, 0, b""
    file = (_Inflated if is_packed else _Stored)(path)
    try:
        for tag in _tags(file):
            _require_size(tag.kind, tag.n_bytes, is_packed)
            starts.add(tag.start - _TAG.size)
            stop = tag.start + tag.n_bytes
            number = int.from_bytes(tag.content[:4], "big", signed=True)
            if tag.kind in _NUMBERS:
                longest = max(longest, tag.n_bytes)
            elif tag.kind == _BLOCK_START:
                blocks.add(number)
            elif tag.kind == _DIRECTORY_POINTER:
                pointer = number
            elif tag.kind == _DIRECTORY and tag.start - _TAG.size == pointer:
                directory = tag.content
            elif tag.kind == _REF_ROLE:
                role = number
            elif tag.kind == _REF_FILE_NAME and role == _NEXT_FILE:
                next_name = next_name or _own_folder(tag.content.decode("latin-1"))
            elif tag.kind == _REF_FILE_NUMBER and role == _NEXT_FILE:
                next_name = next_name or _numbered(path.name, number)
        if pointer > 0 and not directory and (pointer >= stop or not is_packed):
            directory = _directory(file, pointer)  # MNE writes it behind the end
        _check_directory(file, directory, starts, is_packed)
    except ReadError as error:
        text = str(error).removeprefix(f"{path}: ")
        raise type(error)(text) from error
    return Walk(frozenset(blocks), next_name, stop, longest)


def _tags(file: _Stored | _Inflated) -> Iterator[Tag]:
    at = 0
    for _ in range(_MOST_TAGS):
        head = file.read(at, _TAG.size)
        if not head:
            return
        if len(head) < _TAG.size:
            raise CutShortError(f"it ends at byte {at + len(head)}, inside a tag; copy it again")
        kind, _, n_bytes, following = _TAG.unpack(head)
        stop = at + _TAG.size + n_bytes
        if n_bytes < 0:
            raise ReadError(f"the tag at byte {at} has {n_bytes} bytes; copy it again")
        is_kept = kind in _KEPT and n_bytes <= _MOST_OF_HEAD
        yield Tag(kind, at + _TAG.size, n_bytes, file.read(at + 16, n_bytes) if is_kept else b"")
        if not file.has(stop):
            raise CutShortError(f"a tag goes to byte {stop}, the file ends before; copy it again")
        if following == _END:
            return
        if 0 < following < stop:
            raise ReadError(f"the tag at byte {at} points back to byte {following}")
        at = following if following > 0 else stop
    raise ReadError(f"it has over {_MOST_TAGS} tags, as no recording does; save it again with MNE")


def _require_size(kind: int, n_bytes: int, is_packed: bool) -> None:
    """Refuse what MNE would hold at once and no recording has."""
    is_number = kind in _NUMBERS
    most = _MOST_BUFFER if is_number else _MOST_OF_HEAD
    if n_bytes > most and (is_packed or not is_number):  # else it is as large as the file
        raise ReadError(
            f"a tag of kind {kind} has {n_bytes} bytes, over {most}, as in no recording; save it "
            "again with MNE"
        )


def _directory(file: _Stored | _Inflated, at: int) -> bytes:
    """Return the directory that lies at a place; nothing where the file ends before."""
    head = file.read(at, _TAG.size)
    if len(head) < _TAG.size:
        return b""
    _, _, n_bytes, _ = _TAG.unpack(head)
    if not 0 <= n_bytes <= _TAG.size * _MOST_TAGS:
        raise ReadError(f"its directory has {n_bytes} bytes; save it again with MNE")
    return file.read(at + _TAG.size, n_bytes)


def _check_directory(
    file: _Stored | _Inflated, directory: bytes, starts: set[int], is_packed: bool
) -> None:  # fmt: skip
    """Compare where the directory says that tags are with where they are."""
    for kind, _, n_bytes, at in _TAG.iter_unpack(directory[: len(directory) // 16 * 16]):
        if at in starts or at < 0:
            continue
        if is_packed:
            raise ReadError(
                f"its directory has a tag at byte {at}, where none begins; save it again with MNE"
            )
        head = file.read(at, _TAG.size)
        if len(head) == _TAG.size:
            kind, _, n_bytes, _ = _TAG.unpack(head)
            _require_size(kind, n_bytes, is_packed)


def _own_folder(name: str) -> str:
    if name in ("", ".", "..") or any(letter in name for letter in "/\\\0"):
        raise ReadError(
            f"its next part is called {name!r}, which is no name of a file beside it; save it "
            "again with MNE"
        )
    return name


def _numbered(name: str, number: int) -> str:
    """Name a part of which only the number is known."""
    stem, _, rest = name.partition(".")
    head, _, own = stem.rpartition("-")
    return f"{head if head and own.isdigit() else stem}-{number}.{rest}"
