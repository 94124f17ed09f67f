"""The arrays of .npy and .npz files: sizes are compared before anything is read or inflated."""

import io
import tokenize
import zipfile
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, cast

import numpy as np
from numpy.lib import format as npy_format

from featpipe.errors import ReadError
from featpipe.readers.foreign_leaf import (
    REMEDY,
    Leaf,
    Terms,
    native,
    refuse_bomb,
    refuse_outsize,
    sized,
    unreadable,
)
from featpipe.readers.foreign_tree import tree_leaves
from featpipe.readers.pickle_content import read_pickle
from featpipe.regular_files import open_file

_LONGEST_HEADER = 10_000  # as NumPy has it
_LOCAL_HEADER = 30  # bytes of a zip member before its name and its content
_MOST_MEMBERS = 20_000
_SPENT = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # others inflate without a limit


class _Header(NamedTuple):
    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype
    n_bytes: int  # of itself


def npy_leaves(path: Path, terms: Terms) -> Iterator[Leaf]:
    """Yield the array of a .npy file, or the arrays of objects in it.

    Parameters
    ----------
    path : Path
        The file.
    terms : Terms
        What it may cost.

    Yields
    ------
    Leaf
        An array has an empty name.

    Raises
    ------
    ReadError
        When the header is not one, or declares other than the file holds.
    """
    yield from _leaves("", path.stat().st_size, lambda: open_file(path), terms)


def npz_leaves(path: Path, terms: Terms) -> Iterator[Leaf]:
    """Yield the arrays of an .npz file.

    Parameters
    ----------
    path, terms
        As `npy_leaves`.

    Yields
    ------
    Leaf
        Numbers are not inflated until they are read.

    Raises
    ------
    ReadError
        When the archive is damaged, its members overlap, or one declares other than it holds.
    """
    try:
        with zipfile.ZipFile(path) as parts:
            members = [_sound(member) for member in parts.infolist()]
            _refuse_overlap(members, parts.start_dir)
            for member in members:
                name = member.filename.removesuffix(".npy")
                if name == member.filename:
                    continue  # no array: NumPy writes none, people may add a note
                open_member = _opener(parts, member)
                yield from _leaves(name, member.file_size, open_member, terms)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise ReadError(f"it is damaged ({error}); copy it again") from error


def _opener(parts: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    return lambda: cast("BinaryIO", parts.open(member))


def _sound(member: zipfile.ZipInfo) -> zipfile.ZipInfo:
    if member.flag_bits & 1:
        raise ReadError("it is protected by a password; save it without one")
    if member.compress_type not in _SPENT:
        raise ReadError(
            f"{member.filename!r} is compressed in way {member.compress_type}, which NumPy never "
            f"does; {REMEDY}"
        )
    if member.compress_type == zipfile.ZIP_STORED and member.file_size != member.compress_size:
        raise ReadError(f"{member.filename!r} has two sizes; copy it again")
    refuse_bomb(member.filename, member.compress_size, member.file_size)
    return member


def _refuse_overlap(members: list[zipfile.ZipInfo], stop: int) -> None:
    """Refuse an archive whose members share bytes: that is how small ones inflate to anything."""
    if len(members) > _MOST_MEMBERS:
        raise ReadError(f"it has {len(members)} members; {REMEDY}")
    for member in sorted(members, key=lambda member: member.header_offset, reverse=True):
        if member.header_offset + _LOCAL_HEADER + member.compress_size > stop:
            raise ReadError(
                f"{member.filename!r} reaches into what follows it: the archive is truncated or "
                f"made up; {REMEDY}"
            )
        stop = member.header_offset


def _leaves(
    name: str, n_file: int, opened: Callable[[], BinaryIO], terms: Terms
) -> Iterator[Leaf]:  # fmt: skip
    """Yield what one .npy stream holds."""
    terms.effort.spend()
    with opened() as file:
        header = _header(file, name)
    rest = n_file - header.n_bytes
    is_bytes = header.dtype.kind in "SV" and not header.dtype.names and prod(header.shape) == 1
    if header.dtype.names or (header.dtype.kind not in "biufcSUO" and not is_bytes):
        what = "records" if header.dtype.names else f"{header.dtype}"
        yield unreadable(name, f"an array of {what}; save its numbers alone")
    elif header.dtype.hasobject:
        if terms.is_of_use(name):
            refuse_outsize(name, n_file, terms)
            yield from tree_leaves(_objects(opened, header, terms), name, terms)
    elif is_bytes:  # of a pickle, however NumPy was made to hold them
        sized(header.shape, header.dtype, rest)
        if terms.is_of_use(name):
            refuse_outsize(name, n_file, terms)
            content = _content(opened, header, rest)
            yield from tree_leaves(content, name, terms)
    else:
        shape = sized(header.shape, header.dtype, rest)
        larger = 4 if header.dtype.kind == "S" else 1
        yield Leaf(name, shape, rest * larger, lambda: _array(opened, header, rest))


def _objects(opened: Callable[[], BinaryIO], header: _Header, terms: Terms) -> Any:
    """Return the objects of an array: a pickle behind a header."""
    with opened() as file:
        file.read(header.n_bytes)
        content = file.read()
    terms.effort.spend(len(content))
    return read_pickle(io.BytesIO(content), terms.effort)


def _content(opened: Callable[[], BinaryIO], header: _Header, n_bytes: int) -> bytes:
    with opened() as file:
        file.read(header.n_bytes)
        content = file.read(n_bytes)
        at_end = file.read(1)  # only at its end is the checksum of a member compared
    if len(content) != n_bytes or at_end:
        raise ReadError("it is damaged (an array is not as long as it says); copy it again")
    return content


def _array(opened: Callable[[], BinaryIO], header: _Header, n_bytes: int) -> np.ndarray:
    content = _content(opened, header, n_bytes)
    if not n_bytes:
        return np.empty(header.shape, header.dtype)
    array = np.frombuffer(content, header.dtype)
    array = array.reshape(header.shape, order="F" if header.is_fortran else "C")
    return np.char.decode(array, "latin1") if array.dtype.kind == "S" else native(array)


def _header(file: IO[bytes], name: str) -> _Header:
    """Read the header of a .npy stream; NumPy's own reader of headers evaluates literals only."""
    try:
        start = io.BytesIO(file.read(_LONGEST_HEADER + 12))
        version = npy_format.read_magic(start)
        if version not in ((1, 0), (2, 0)):
            raise ReadError(f"{name or 'it'} is .npy of version {version}; save it again")
        read = {1: npy_format.read_array_header_1_0, 2: npy_format.read_array_header_2_0}
        shape, is_fortran, dtype = read[version[0]](start, max_header_size=_LONGEST_HEADER)
    except (ValueError, TypeError, SyntaxError, tokenize.TokenError, RecursionError) as error:
        if isinstance(error, ReadError):
            raise
        what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise ReadError(
            f"the header of {name or 'the array'} is damaged ({what}); copy it again"
        ) from error
    return _Header(shape, is_fortran, dtype, start.tell())
