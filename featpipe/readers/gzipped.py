"""Content of files that may be gzipped, piece by piece and within limits.

Deflate makes a gigabyte of a megabyte of equal bytes, so that what is small on the disk says
nothing about what comes out.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from featpipe.errors import ReadError
from featpipe.regular_files import open_file, state_of

CHUNK = 1 << 20
"""Most bytes of a piece."""

_PACKED_CHUNK = 1 << 14  # small, because what lies behind a member is copied for each of them
_MOST_MEMBERS = 1 << 16  # files packed block by block have one for 64 kB
_MOST_REPEATED = 200  # times the size of a file; samples have ten, and those that were lost more
_ANY_REPEATED = 1 << 24  # bytes that may inflate from whatever
_MOST_INFLATED = 1032  # times the size of a file, by deflate
_GZIP = b"\x1f\x8b"


class CutShortError(ReadError):
    """A file ends before its content does."""


def pieces(
    path: Path, most_bytes: int, any_repeated: int | None = None
) -> Iterator[bytes]:  # fmt: skip
    """Yield the content of a file piece by piece, inflated where it is gzipped.

    Parameters
    ----------
    path : Path
        The file.
    most_bytes : int
        Most that are inflated in all.
    any_repeated : int, optional
        Most that a file of any size may inflate to, be it the same for ever.

    Raises
    ------
    CutShortError
        When a gzipped file ends too early.
    ReadError
        When it cannot be opened, is damaged, larger than that, or repeats the same for ever.
    """
    n_bytes = 0
    most_repeated = max(any_repeated or _ANY_REPEATED, _MOST_REPEATED * state_of(path).st_size)
    try:
        with open_file(path) as file:
            is_packed = file.read(2) == _GZIP
            file.seek(0)
            stored = iter(lambda: file.read(CHUNK), b"")
            for piece in _inflated(path, file) if is_packed else stored:
                n_bytes += len(piece)
                if n_bytes > most_bytes:
                    raise ReadError(
                        f"{path}: it inflates to more than {most_bytes} bytes, which no such file "
                        "has; replace it"
                    )
                if n_bytes > most_repeated:
                    raise ReadError(
                        f"{path}: it inflates to over {_MOST_REPEATED} times its size, so that it "
                        "repeats the same rows and is no recording; replace it"
                    )
                yield piece
    except zlib.error as error:
        raise ReadError(f"{path}: its content is damaged ({error}); copy it again") from error
    except OSError as error:
        raise ReadError(f"{path}: it cannot be read ({error}); copy it again") from error


def _inflated(path: Path, file: BinaryIO) -> Iterator[bytes]:
    """Inflate the members of a gzipped file, one behind the other."""
    inflator, n_members, packed, is_inside = zlib.decompressobj(31), 1, b"", False
    while packed := packed or file.read(_PACKED_CHUNK):
        if not is_inside and not (packed := packed.lstrip(b"\0")):
            continue  # zeros may fill up a file behind its last member
        if piece := inflator.decompress(packed, CHUNK):
            yield piece
        is_inside, packed = not inflator.eof, inflator.unconsumed_tail
        if inflator.eof:
            packed, n_members = inflator.unused_data, n_members + 1
            inflator = zlib.decompressobj(31)
        if n_members > _MOST_MEMBERS:
            raise ReadError(
                f"{path}: it has over {_MOST_MEMBERS} gzipped parts, which no such file has; "
                "replace it"
            )
    if is_inside:
        raise CutShortError(f"{path}: it ends within its content; copy it again")


def content(path: Path, most_bytes: int) -> bytes:
    """Return the whole content of a small file, inflated where it is gzipped.

    Raises
    ------
    ReadError
        As `pieces`.
    """
    return b"".join(pieces(path, most_bytes))


def first_lines(path: Path) -> list[bytes]:
    """Return the first lines of a file, those in its first megabyte, inflated where it is gzipped.

    Raises
    ------
    ReadError
        When it cannot be opened or is damaged there.
    """
    head = b""
    for piece in pieces(path, 2 * CHUNK):
        head += piece
        if len(head) >= CHUNK:
            break
    return [line.rstrip(b"\r") for line in head.split(b"\n")]


def may_be_cut(path: Path) -> bool:
    """Tell from its last bytes whether a gzipped file may have been cut, without inflating it.

    They hold the size of the content, which is between that of the file and a thousand times as
    much. Of a file that was cut anything stands there, which now and then is within.

    Raises
    ------
    ReadError
        When it cannot be opened.
    """
    n_bytes = state_of(path).st_size
    with open_file(path) as file:
        if file.read(2) != _GZIP:
            return False
        file.seek(max(0, n_bytes - 4))
        (told,) = struct.unpack("<I", file.read(4).ljust(4, b"\0"))
    return not n_bytes <= told <= _MOST_INFLATED * n_bytes
