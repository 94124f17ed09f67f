"""A checksum over the footer of a Parquet file, in front of it: Parquet itself guards pages alone.

The footer holds the names of columns, the places of their pages and the metadata; of bits flipped
there, every second one changes what is read and raises nothing. It is found from the end of a file,
so that what stands before it is nobody's, and every reader passes it over.
"""

import hashlib
from pathlib import Path
from typing import Any, BinaryIO

from featpipe.errors import ReadError
from featpipe.regular_files import open_file

Buffer = Any
"""Bytes, or what lends its own, as an Arrow buffer does."""

_NAME = b"featpipe footer:"
_N_SEAL = len(_NAME) + hashlib.sha256().digest_size
_N_TAIL = 8  # the length of the footer, and "PAR1"
_N_READ = 1 << 16
"""Most footers are shorter, so that one read is enough."""


def sealed(content: Buffer) -> bytes:
    """Return the content of a finished file, with the checksum of its footer before that.

    Parameters
    ----------
    content : bytes or what gives them
        All of the file; it has no such checksum yet.
    """
    whole = memoryview(content)
    n_footer = int.from_bytes(whole[-_N_TAIL:-4], "little")
    start = len(whole) - _N_TAIL - n_footer
    return b"".join((whole[:start], _seal_of(whole[start:]), whole[start:]))


def read_footer(path: Path) -> bytes:
    """Return the end of a file, from its footer on, which is as it was sealed.

    Parameters
    ----------
    path : Path
        A Parquet file. Of one that was never sealed, by whomever, nothing is compared; of what is
        no Parquet file a few bytes are returned, which no parser takes.

    Raises
    ------
    ReadError
        When the footer is not the one that was sealed, or it is no regular file.
    """
    with open_file(path) as stream:
        size = stream.seek(0, 2)
        end = _end_of(stream, size, _N_READ)
        n_footer = int.from_bytes(end[-_N_TAIL:-4], "little")
        n_needed = n_footer + _N_TAIL + _N_SEAL
        if n_needed > len(end) and n_footer + _N_TAIL <= size:
            end = _end_of(stream, size, n_needed)
    footer = end[-(n_footer + _N_TAIL) :]
    before = end[-n_needed : -(n_footer + _N_TAIL)]
    if before.startswith(_NAME) and before != _seal_of(footer):
        raise ReadError(
            f"{path}: damaged (its footer is not the one that was written): delete it and run again"
        )
    return footer


def _end_of(stream: BinaryIO, size: int, n_most: int) -> bytes:
    stream.seek(max(size - n_most, 0))
    return stream.read()


def _seal_of(footer: Buffer) -> bytes:
    return _NAME + hashlib.sha256(footer).digest()
