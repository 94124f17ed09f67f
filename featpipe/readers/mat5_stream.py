"""Some arrays out of a large MATLAB 5 variable, inflated once from front to back and not kept.

A struct of all subjects is one compressed stream, of which scipy would hold everything: DREAMER.mat
is half a gigabyte, and four inflated. Nothing is believed before it is compared with the room that
the element around it has, and with what it may cost, so this needs no process of its own.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.foreign_leaf import A_LEAF, REMEDY, Effort, joined, refuse_bomb
from featpipe.readers.mat5_shapes import listed
from featpipe.readers.mat5_walk import HEAD_BYTES, MATRIX, byte_order
from featpipe.regular_files import open_file

Part = Literal["array", "shape", ""]

_CHUNK = 1 << 20
_MOST_NESTED = 12
_CELL, _STRUCT, _CHAR, _DOUBLE, _SINGLE, _NUMBERS = 1, 2, 4, 6, 7, range(6, 16)
_STORED = dict(zip((1, 2, 3, 4, 5, 6, 7, 9, 12, 13), "i1 u1 i2 u2 i4 u4 f4 f8 i8 u8".split(),
                   strict=True))  # fmt: skip
_TEXT = {16: "utf-8", 17: "utf-16", 4: "utf-16"}
_AGAIN = "copy it again"


class Leaf(NamedTuple):
    """An array of numbers or text in a variable.

    Attributes
    ----------
    name : str
        Names of structs and cells joined by "/", indices from 0, as `foreign.read_arrays` has them.
    shape : tuple of int
        Dimensions.
    array : numpy.ndarray or None
        Its content, where that is wanted; text as an array of one str.
    """

    name: str
    shape: tuple[int, ...]
    array: np.ndarray | None


class _Stream:
    """Bytes of a variable, from front to back, and what may still be spent on them."""

    def __init__(
        self, file: BinaryIO, n_packed: int, is_compressed: bool, order: str, most_bytes: int
    ) -> None:
        self.file, self.left, self.order = file, n_packed, order
        self.effort, self.most_bytes = Effort(), most_bytes
        self.inflate = zlib.decompressobj() if is_compressed else None
        self.buffer, self.begin, self.at = b"", 0, 0

    def fill(self) -> None:
        tail = self.inflate.unconsumed_tail if self.inflate else b""
        if not tail:
            tail = self.file.read(min(_CHUNK, self.left))
            self.left -= len(tail)
        found = self.inflate.decompress(tail, _CHUNK) if self.inflate else tail
        if not found and not tail:
            raise ReadError(f"it ends inside an array; {_AGAIN}")
        self.buffer, self.begin = found, 0

    def take(self, n: int, *, is_kept: bool = True) -> bytes:
        if n < 0:
            raise ReadError(f"an element goes beyond the one around it; {_AGAIN}")
        self.at += n
        parts = []
        while n:
            if self.begin == len(self.buffer):
                self.fill()
            part = self.buffer[self.begin : self.begin + n]
            self.begin, n = self.begin + len(part), n - len(part)
            if is_kept:
                parts.append(part)
        return b"".join(parts)

    def unpack(self, form: str) -> tuple[int, ...]:
        return struct.unpack(self.order + form, self.take(struct.calcsize(self.order + form)))


def leaves(
    path: Path, variable: str, wanted: Callable[[str], Part], most_bytes: int = 1 << 30
) -> Iterator[Leaf]:
    """Walk one variable of a MATLAB 5 file.

    Parameters
    ----------
    path : Path
        The file.
    variable : str
        Name of the variable.
    wanted : callable
        Name of an array -> "array" for its content, "shape", or "" to pass over it.
    most_bytes : int
        Most bytes of all contents that are wanted.

    Yields
    ------
    Leaf
        What is wanted, in the order of the file.

    Raises
    ------
    ReadError
        When there is no such variable, it is damaged, or costs more than it may.
    """
    try:
        with open_file(path) as file:
            order = byte_order(file.read(HEAD_BYTES))
            file.seek(0)
            found = next((one for one in listed(file) if one.name == variable), None)
            if found is None:
                raise ReadError(f"it has no variable {variable}; {_AGAIN}")
            refuse_bomb(found.name, found.n_bytes, found.inflated)
            file.seek(found.start)
            stream = _Stream(file, found.n_bytes, found.is_compressed, order, most_bytes)
            n_bytes = stream.unpack("II")[1] if found.is_compressed else found.n_bytes
            yield from _matrix(stream, variable, stream.at + n_bytes, wanted, 0)
    except (ReadError, zlib.error) as error:
        raise ReadError(f"{path}: {error}") from error


def _element(stream: _Stream, stop: int) -> tuple[int, int, int]:
    """Type and bytes of the element that begins here, and how many bytes fill it up."""
    if stream.at + 8 > stop:
        raise ReadError(f"an element begins outside of the one around it; {_AGAIN}")
    (first,) = stream.unpack("I")
    if first >> 16:  # a short element holds its data inside the tag
        kind, n_bytes, n_fill = first & 0xFFFF, first >> 16, 4 - (first >> 16)
    else:
        kind, (n_bytes,) = first, stream.unpack("I")
        n_fill = -n_bytes % 8
    if n_fill < 0 or stream.at + n_bytes > stop:
        raise ReadError(f"an element of {n_bytes} bytes is in one of fewer; {_AGAIN}")
    return kind, n_bytes, n_fill


def _content(stream: _Stream, stop: int, most: int = 1 << 16) -> bytes:
    _, n_bytes, n_fill = _element(stream, stop)
    if n_bytes > most:
        raise ReadError(f"{n_bytes} bytes of a name or of dimensions cannot be; {_AGAIN}")
    found = stream.take(n_bytes)
    stream.take(n_fill, is_kept=False)
    return found


def _matrix(
    stream: _Stream, name: str, stop: int, wanted: Callable[[str], Part], depth: int
) -> Iterator[Leaf]:
    stream.effort.spend(n_steps=A_LEAF)
    if depth > _MOST_NESTED:
        raise ReadError(f"it is nested deeper than {_MOST_NESTED}; {_AGAIN}")
    if stream.at == stop:  # an empty matrix
        if part := wanted(name):
            yield Leaf(name, (0, 0), np.empty((0, 0)) if part == "array" else None)
        return
    flags, sizes = _content(stream, stop), _content(stream, stop)
    _content(stream, stop)  # inside of others it has no name
    if len(flags) < 4 or len(sizes) < 8 or len(sizes) % 4:
        raise ReadError(f"{name} has no class or no dimensions; {_AGAIN}")
    kind = struct.unpack_from(f"{stream.order}I", flags)[0] & 0xFF
    shape = struct.unpack(f"{stream.order}{len(sizes) // 4}i", sizes)
    if min(shape) < 0 or prod(shape) > stop:
        raise ReadError(f"{shape} are no dimensions of {name}; {_AGAIN}")
    if kind in (_CELL, _STRUCT):
        fields = _field_names(stream, stop) if kind == _STRUCT else [""]
        n_items = prod(shape) if fields else 0  # none costs a step that has no bytes
        for item, field in ((i, field) for i in range(n_items) for field in fields):
            inner = name if kind == _STRUCT and n_items == 1 else joined(name, item)
            yield from _item(stream, joined(inner, field) if field else inner, stop, wanted, depth)
    elif (kind == _CHAR or kind in _NUMBERS) and (part := wanted(name)):
        array = _array(stream, kind, shape, stop, name) if part == "array" else None
        yield Leaf(name, shape, array)
    stream.take(stop - stream.at, is_kept=False)


def _item(
    stream: _Stream, name: str, stop: int, wanted: Callable[[str], Part], depth: int
) -> Iterator[Leaf]:
    kind, n_bytes, n_fill = _element(stream, stop)
    if kind != MATRIX:
        raise ReadError(f"{name} cannot have type {kind}; {_AGAIN}")
    yield from _matrix(stream, name, stream.at + n_bytes, wanted, depth + 1)
    stream.take(min(n_fill, stop - stream.at), is_kept=False)


def _field_names(stream: _Stream, stop: int) -> list[str]:
    length = _content(stream, stop)
    n_letters = struct.unpack(f"{stream.order}i", length)[0] if len(length) == 4 else 0
    letters = _content(stream, stop)
    if n_letters < 1 or len(letters) % n_letters:
        raise ReadError(f"{len(letters)} bytes are no names of {n_letters}; {_AGAIN}")
    stream.effort.spend(n_steps=len(letters) // n_letters)
    rows = (letters[i : i + n_letters] for i in range(0, len(letters), n_letters))
    return [row.partition(b"\0")[0].decode("latin-1") for row in rows]


def _array(stream: _Stream, kind: int, shape: tuple[int, ...], stop: int, name: str) -> np.ndarray:
    stored, n_bytes, _ = _element(stream, stop)
    stream.most_bytes -= max(n_bytes, 8 * prod(shape))
    if stream.most_bytes < 0:
        raise ReadError(
            f"{name} and what is before it take more bytes than they can have; {REMEDY}"
        )
    content = stream.take(n_bytes)
    if kind == _CHAR:
        encoding = _TEXT.get(stored, "latin-1")
        if encoding == "utf-16":
            encoding += "-le" if stream.order == "<" else "-be"
        return np.array([content.decode(encoding, errors="replace")])
    if stored not in _STORED or n_bytes != prod(shape) * np.dtype(_STORED[stored]).itemsize:
        raise ReadError(f"{name} declares {shape} and has {n_bytes} bytes; {_AGAIN}")
    numbers = np.frombuffer(content, np.dtype(stream.order + _STORED[stored]))
    wide = {_DOUBLE: np.float64, _SINGLE: np.float32}.get(kind)  # MATLAB stores 3.0 in a byte
    return numbers.astype(wide or _STORED[stored]).reshape(shape, order="F")
