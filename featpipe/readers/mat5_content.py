"""The arrays of a MATLAB 5 file, read where they lie; only what is wanted is inflated.

Numbers have the type that they had in MATLAB, also where it saved them as smaller integers; text is
text, one string a row. Sizes, types and counts are compared with the bytes that are there first
(`mat5_walk`). After MathWorks, "MAT-File Format", level 5; tests compare with SciPy.
"""

import mmap
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.foreign_leaf import (
    A_LEAF,
    Leaf,
    Terms,
    joined,
    native,
    refuse_bomb,
    refuse_outsize,
    unreadable,
)
from featpipe.readers.mat5_shapes import Variable, listed
from featpipe.readers.mat5_walk import (
    CELL,
    CHAR,
    HEAD_BYTES,
    MATRIX,
    MOST_NESTED,
    NUMBERS,
    STRUCT,
    Element,
    Head,
    Source,
    broken,
    byte_order,
    expect,
    field_names,
    matrix_head,
    number_element,
)
from featpipe.regular_files import open_file

_STORED = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
    16: "u1", 17: "u2", 18: "u4",
}  # fmt: skip
_CLASSES = {
    6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"
}  # fmt: skip
_OTHERS = {3: "an object", 5: "a sparse matrix", 16: "a function", 17: "an object of MATLAB code"}
_TEXT = {
    1: "latin1", 2: "latin1", 16: "utf-8", 3: "utf-16", 4: "utf-16", 17: "utf-16", 18: "utf-32"
}  # fmt: skip


_PIECE = 1 << 20  # bytes
_SLACK = 1 << 13  # bytes of tags and of the name


class _Matrix(NamedTuple):
    source: Source
    element: Element
    head: Head


def mat5_leaves(path: Path, terms: Terms) -> Iterator[Leaf]:
    """Yield the arrays of a MATLAB 5 file.

    Parameters
    ----------
    path : Path
        The file.
    terms : Terms
        What it may cost.

    Yields
    ------
    Leaf
        Cells and structs as what is in them, indices from 0 in the order of rows; the index of a
        struct of one element is left out.

    Raises
    ------
    ReadError
        When the file is damaged; the message does not repeat the path.
    """
    with open_file(path) as file:
        # read in a process of its own, which a file that shrinks on a server may end
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        source = Source(content, byte_order(content[:HEAD_BYTES]))
        for variable in listed(file):
            terms.effort.spend()
            if not variable.name:
                continue
            name = joined("", variable.name)
            if variable.kind in NUMBERS:
                yield _numeric_variable(source, variable, name)
            elif terms.is_of_use(name):
                refuse_outsize(name, variable.inflated, terms)
                yield from _leaves(*_located(source, variable), name, terms, 0)


def _numeric_variable(source: Source, variable: Variable, name: str) -> Leaf:
    """Return the leaf of numbers, which are inflated when they are read."""

    def make() -> np.ndarray:
        if variable.inflated > 16 * prod(variable.shape) + _SLACK:
            raise ReadError(f"{name} is longer than its dimensions; copy the file again")
        inner, element = _located(source, variable)
        return _numbers(_Matrix(inner, element, matrix_head(inner, element)))

    width = np.dtype(_CLASSES[variable.kind]).itemsize * (2 if variable.is_complex else 1)
    return Leaf(name, variable.shape, prod(variable.shape) * width, make)


def _located(source: Source, variable: Variable) -> tuple[Source, Element]:
    """Return the bytes that hold a variable, and where in them."""
    start, stop = variable.start, variable.start + variable.n_bytes
    if not variable.is_compressed:
        return source, Element(MATRIX, start, stop, stop)
    refuse_bomb(variable.name, variable.n_bytes, variable.inflated)
    n_bytes = 8 + variable.inflated
    content = inflated(memoryview(source.content)[start:stop], n_bytes, variable.name)
    return Source(content, source.order), Element(MATRIX, 8, n_bytes, n_bytes)


def inflated(packed: memoryview, n_bytes: int, name: str) -> bytearray:
    """Inflate a variable, piece by piece: zlib would hold all of it twice.

    Parameters
    ----------
    packed : memoryview
        Its bytes in the file.
    n_bytes : int
        As many as it declares.
    name : str
        For messages.

    Returns
    -------
    bytearray

    Raises
    ------
    ReadError
        When it has more or fewer bytes, or is damaged; the message does not repeat the path.
    """
    stream, content, at = zlib.decompressobj(), bytearray(n_bytes), 0
    try:
        for start in range(0, len(packed), _PIECE):
            rest, piece = packed[start : start + _PIECE], b""
            while rest or len(piece) == _PIECE:  # there may be more than one piece in it
                piece = stream.decompress(rest, _PIECE)
                if at + len(piece) > n_bytes:
                    raise ReadError(f"{name} is longer than it says; copy the file again")
                content[at : at + len(piece)] = piece
                at, rest = at + len(piece), stream.unconsumed_tail
    except zlib.error as error:
        raise ReadError(f"{name} is damaged ({error}); copy the file again") from error
    if at != n_bytes or not stream.eof:
        raise ReadError(f"{name} is not as long as it says; copy the file again")
    return content


def _leaves(
    source: Source, element: Element, name: str, terms: Terms, depth: int
) -> Iterator[Leaf]:
    terms.effort.spend(n_steps=A_LEAF)
    if depth > MOST_NESTED:
        raise broken(element.start, f"nested deeper than {MOST_NESTED}")
    if element.start == element.stop:  # an empty cell
        yield Leaf(name, (0, 0), 0, lambda: np.empty((0, 0)))
        return
    matrix = _Matrix(source, element, matrix_head(source, element))
    head = matrix.head
    if head.kind in NUMBERS:
        width = np.dtype(_CLASSES[head.kind]).itemsize * (2 if head.is_complex else 1)
        yield Leaf(name, head.shape, prod(head.shape) * width, lambda: _numbers(matrix))
    elif head.kind == CHAR:
        yield Leaf(name, head.shape[:-1], prod(head.shape) * 4, lambda: _text(matrix, terms))
    elif head.kind in (CELL, STRUCT):
        for part, item in _items(matrix, terms):
            inner = name
            for step in part:
                inner = joined(inner, step)
            yield from _leaves(source, item, inner, terms, depth + 1)
    elif head.kind in _OTHERS:
        yield unreadable(name, f"{_OTHERS[head.kind]}, which is not read; save its numbers alone")
    else:
        raise broken(element.start, f"there is no class {head.kind}")


def _items(matrix: _Matrix, terms: Terms) -> Iterator[tuple[tuple[str | int, ...], Element]]:
    """Yield what is in a cell or struct with its index and field, in the order of rows."""
    source, stop, at, fields = matrix.source, matrix.element.stop, matrix.head.after, [""]
    if matrix.head.kind == STRUCT:
        fields, at = field_names(source, at, stop)
    n_elements = prod(matrix.head.shape)
    if n_elements * max(1, len(fields)) > (stop - at) // 8 and n_elements * len(fields):
        raise broken(at, f"{n_elements} items cannot be in {stop - at} bytes")
    found = []
    for _ in range(n_elements * len(fields)):
        terms.effort.spend()
        found.append(expect(source, at, stop, MATRIX, "an item"))
        at = found[-1].after
    if not found:
        return
    places = np.arange(n_elements).reshape(matrix.head.shape, order="F").ravel()
    for i, place in enumerate(places):
        for i_field, field in enumerate(fields):
            index = () if matrix.head.kind == STRUCT and n_elements == 1 else (i,)
            part = (*index, field) if matrix.head.kind == STRUCT else index
            yield part, found[place * len(fields) + i_field]


def _numbers(matrix: _Matrix) -> np.ndarray:
    source, head, stop = matrix.source, matrix.head, matrix.element.stop
    n_items, at, parts = prod(head.shape), head.after, []
    for _ in range(2 if head.is_complex else 1):
        element = number_element(source, head.kind, n_items, at, stop)
        dtype = np.dtype(f"{source.order}{_STORED[element.kind]}")
        stored = np.frombuffer(source.content, dtype, n_items, element.start)
        parts.append(native(stored).astype(_CLASSES[head.kind], copy=False))
        at = element.after
    array = parts[0]
    if head.is_complex:  # not real + 1j * imaginary, of which infinity makes NaN
        array = np.empty(n_items, np.result_type(array, np.complex64))
        array.real, array.imag = parts
    array = array.astype(bool) if head.is_logical else array
    return array.reshape(head.shape, order="F")


def _text(matrix: _Matrix, terms: Terms) -> np.ndarray:
    source, head, stop = matrix.source, matrix.head, matrix.element.stop
    n_items, shape = prod(head.shape), head.shape[:-1]
    element = number_element(source, CHAR, n_items, head.after, stop)
    terms.effort.spend(n_steps=max(n_items, element.stop - element.start))
    codec = _TEXT.get(element.kind, "latin1")
    codec += {"<": "-le", ">": "-be"}[source.order] * (codec in ("utf-16", "utf-32"))
    text = source.content[element.start : element.stop].decode(codec, "replace")
    if len(text) != n_items and prod(shape) == 1:
        return np.array([text]).reshape(shape)
    if len(text) != n_items:
        raise broken(head.after, f"{n_items} letters are declared, {len(text)} are there")
    if not n_items:
        return np.empty((0,), "U1")
    letters = np.frombuffer(text.encode("utf-32-le"), "<U1").reshape(head.shape, order="F")
    rows = np.ascontiguousarray(letters.reshape(-1, head.shape[-1])).view(f"<U{head.shape[-1]}")
    return native(rows.reshape(shape))
