"""Names and dimensions of the variables of a MATLAB 5 file, from their headers alone.

Of each variable at most some kilobytes are read, and of a compressed one inflated. Nothing that a
file says is believed before it is compared with the size of the file.
"""

import struct
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import BinaryIO, NamedTuple

from featpipe.errors import ReadError
from featpipe.readers.foreign_kinds import foreign_kind
from featpipe.readers.mat5_walk import (
    CHAR,
    COMPRESSED,
    HEAD_BYTES,
    MATRIX,
    NUMBERS,
    OPAQUE,
    WIDTHS,
    Element,
    Head,
    Source,
    byte_order,
    matrix_head,
)
from featpipe.regular_files import open_file

_PROBE = 4096  # flags, 32 dimensions and a name of any sensible length
_MOST_VARIABLES = 20_000
_MOST_DEFLATED = 1032  # zlib makes no more bytes of one


class Variable(NamedTuple):
    """One variable of a MATLAB 5 file.

    Attributes
    ----------
    name : str
        Its name; empty for what MATLAB keeps for itself.
    shape : tuple of int
        Dimensions.
    kind : int
        Class of MATLAB, such as 6 for double.
    start, n_bytes : int
        Where its element lies in the file, behind its tag.
    inflated : int
        Bytes of its content as declared, inflated when it is compressed.
    is_compressed, is_complex : bool
        Whether it is.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    start: int
    n_bytes: int
    inflated: int
    is_compressed: bool
    is_complex: bool


def mat5_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the dimensions of the variables of a MATLAB 5 file.

    Parameters
    ----------
    path : Path
        The file. A hundred variables of 300 MB take some milliseconds, compressed or not.

    Returns
    -------
    dict of str to tuple of int
        By name, in the order of the file; of cells and structs their own dimensions. Objects of
        MATLAB code have none and are left out.

    Raises
    ------
    ReadError
        When it is another file, is damaged, or is truncated: the message names the variable.
    """
    return {name: variable.shape for name, variable in mat5_variables(path).items()}


def mat5_variables(path: Path) -> dict[str, Variable]:
    """Return what the heads of the variables of a MATLAB 5 file say.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict of str to Variable
        By name, in the order of the file.

    Raises
    ------
    ReadError
        As `mat5_shapes`.
    """
    found: dict[str, Variable] = {}
    with open_file(path) as file:
        try:
            for variable in listed(file):
                if not variable.name:
                    continue
                if variable.name in found:
                    raise ReadError(f"two variables are called {variable.name!r}; save it again")
                found[variable.name] = variable
        except ReadError as error:
            raise ReadError(f"{path}: {error}") from error
    return found


def listed(file: BinaryIO) -> Iterator[Variable]:
    """List the variables of a MATLAB 5 file.

    Parameters
    ----------
    file : binary file
        Open for reading.

    Yields
    ------
    Variable
        Also such without a name.

    Raises
    ------
    ReadError
        As `mat5_shapes`; the message does not repeat the path.
    """
    head = file.read(HEAD_BYTES)
    if foreign_kind(head) != "mat5":
        raise ReadError(f"it begins with {head[:8]!r}, not as MATLAB 5 files do; copy it again")
    order, at, n_file, i = byte_order(head), HEAD_BYTES, file.seek(0, 2), 0
    while at < n_file:
        i += 1
        if i > _MOST_VARIABLES:
            raise ReadError(f"it has over {_MOST_VARIABLES} variables; copy it again")
        variable = _variable(file, order, at, n_file, i)
        yield variable
        stop = variable.start + variable.n_bytes
        at = stop if variable.is_compressed else stop + -stop % 8
    if not i:
        raise ReadError("it is truncated before its first variable; copy it again")


def _variable(file: BinaryIO, order: str, at: int, n_file: int, i: int) -> Variable:
    """Read the variable whose tag is at a place of the file; it is the i-th from 1."""
    file.seek(at)
    probe = file.read(_PROBE)
    if len(probe) < 8:
        raise ReadError(f"it is truncated at byte {n_file}, in variable {i}; copy it again")
    kind, n_bytes = struct.unpack_from(f"{order}II", probe)
    if kind not in (MATRIX, COMPRESSED):
        zeros = " zeros, as after a broken download," * (not probe.strip(b"\0"))
        raise ReadError(f"at byte {at}:{zeros} no variable {i} begins there; copy it again")
    start, is_cut = at + 8, at + 8 + n_bytes > n_file
    try:
        content, inflated = probe[8 : 8 + n_bytes], n_bytes
        if kind == COMPRESSED:
            content, inflated = _inflated_head(content, order, n_bytes)
        head = _head(Source(content, order), inflated)
    except (ReadError, struct.error) as error:
        if is_cut:
            raise _truncated("", i, start + n_bytes, n_file) from error
        raise ReadError(f"variable {i}, at byte {at}, is damaged ({error})") from error
    if is_cut:
        raise _truncated(head.name, i, start + n_bytes, n_file)
    is_packed = kind == COMPRESSED
    return Variable(
        head.name, head.shape, head.kind, start, n_bytes, inflated, is_packed, head.is_complex
    )


def _truncated(name: str, i: int, stop: int, n_file: int) -> ReadError:
    which = f"variable {i} ({name})" if name else f"variable {i}"
    return ReadError(
        f"it is truncated: {which} goes to byte {stop}, the file ends at {n_file}; copy it again"
    )


def _inflated_head(packed: bytes, order: str, n_packed: int) -> tuple[bytes, int]:
    """Return the first bytes of a compressed variable behind its tag, and how many it declares."""
    try:
        first = zlib.decompressobj().decompress(packed, _PROBE)
    except zlib.error as error:
        raise ReadError(f"{error}; copy it again") from error
    if len(first) < 8:
        raise ReadError("it ends inside a tag; copy it again")
    kind, n_bytes = struct.unpack_from(f"{order}II", first)
    if kind != MATRIX:
        raise ReadError(f"a compressed variable cannot have type {kind}; copy it again")
    if n_bytes > _MOST_DEFLATED * n_packed:
        raise ReadError(f"{n_packed} bytes cannot inflate to {n_bytes}; copy it again")
    return first[8:], n_bytes


def _head(source: Source, n_bytes: int) -> Head:
    """Read the head of a variable and compare its dimensions with its bytes."""
    if not n_bytes:
        return Head(0, False, False, (0, 0), "", 0)
    head = matrix_head(source, Element(MATRIX, 0, n_bytes, n_bytes))
    if head.kind == OPAQUE:
        return head
    if head.after > len(source.content):
        raise ReadError("its name is not there; copy it again")
    if head.kind == CHAR or head.kind in NUMBERS:
        _compare(source, head, n_bytes)
    return head


def _compare(source: Source, head: Head, n_bytes: int) -> None:
    """Compare the numbers that a head declares with the tag behind it."""
    first, length = struct.unpack_from(f"{source.order}II", source.content, head.after)
    kind, length = (first & 0xFFFF, first >> 16) if first >> 16 else (first, length)
    n_items = prod(head.shape)
    is_text = head.kind == CHAR and kind == 16  # UTF-8: bytes, not characters
    if kind not in WIDTHS or (length // WIDTHS[kind] != n_items and not is_text):
        raise ReadError(f"{n_items} numbers are declared, {length} bytes are there; copy it again")
    if head.after + length > n_bytes:
        raise ReadError(f"{length} bytes of numbers cannot be in {n_bytes}; copy it again")
