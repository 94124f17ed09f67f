"""Tags and heads of the elements of a MATLAB 5 file, each compared with the bytes around it.

Who reads a file hops from tag to tag and touches no data. Layout after MathWorks, "MAT-File
Format", level 5.
"""

import mmap
import struct
from typing import NamedTuple

from featpipe.errors import ReadError

HEAD_BYTES = 128
MATRIX, COMPRESSED, _INT8, _INT32, _UINT32 = 14, 15, 1, 5, 6
WIDTHS = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2, 18: 4}
CELL, STRUCT, CHAR, SPARSE, NUMBERS, OPAQUE = 1, 2, 4, 5, range(6, 16), 17
MOST_NESTED = 30


class Element(NamedTuple):
    """One element: its type, its content, and where the next one begins."""

    kind: int
    start: int
    stop: int
    after: int


class Source(NamedTuple):
    """Bytes of a file and their order, "<" or ">"."""

    content: mmap.mmap | bytes | bytearray
    order: str


class Head(NamedTuple):
    """What a matrix says about itself.

    Attributes
    ----------
    kind : int
        Class of MATLAB, such as 6 for double.
    is_complex, is_logical : bool
        Its flags.
    shape : tuple of int
        Dimensions, two or more; none of an object of MATLAB code.
    name : str
        Empty inside cells and structs.
    after : int
        Where its content begins.
    """

    kind: int
    is_complex: bool
    is_logical: bool
    shape: tuple[int, ...]
    name: str
    after: int


def byte_order(content: mmap.mmap | bytes) -> str:
    """Return "<" or ">", as the header of a MATLAB 5 file says."""
    return "<" if content[126:128] == b"IM" else ">"


def broken(at: int, what: str) -> ReadError:
    """Return the error for a defect at a place of the file; it does not repeat the path."""
    return ReadError(f"at byte {at}: {what}; copy the file again or save it again")


def read_element(source: Source, at: int, stop: int) -> Element:
    """Return the element whose tag is at a place; ReadError when it goes beyond `stop`."""
    if at + 8 > stop:
        raise broken(at, f"it ends at byte {stop}, inside a tag")
    first, n_bytes = struct.unpack_from(f"{source.order}II", source.content, at)
    if first >> 16:  # a short element holds its data inside the tag
        if first >> 16 > 4:
            raise broken(at, f"a short element cannot have {first >> 16} bytes")
        return Element(first & 0xFFFF, at + 4, at + 4 + (first >> 16), at + 8)
    start = at + 8
    if start + n_bytes > stop:
        raise broken(at, f"an element goes to byte {start + n_bytes}, beyond {stop}")
    return Element(first, start, start + n_bytes, start + n_bytes + -n_bytes % 8)


def expect(source: Source, at: int, stop: int, kind: int, what: str) -> Element:
    """Return the element at a place; ReadError when it is of another type."""
    element = read_element(source, at, stop)
    if element.kind != kind:
        raise broken(at, f"{what} cannot have type {element.kind}")
    return element


def matrix_head(source: Source, matrix: Element) -> Head:
    """Read what a matrix says about itself before its content.

    Parameters
    ----------
    source : Source
        Bytes, at least up to the end of the name.
    matrix : Element
        Where it lies; not empty.

    Returns
    -------
    Head

    Raises
    ------
    ReadError
        When a size, a type or a number of dimensions cannot be.
    """
    flags = expect(source, matrix.start, matrix.stop, _UINT32, "array flags")
    if flags.stop - flags.start != 8:
        raise broken(matrix.start, "array flags have 8 bytes")
    (word,) = struct.unpack_from(f"{source.order}I", source.content, flags.start)
    kind, is_complex, is_logical = word & 0xFF, bool(word & 0x0800), bool(word & 0x0200)
    if kind == OPAQUE:  # an object of MATLAB code: its names come next, and no dimensions
        return Head(kind, is_complex, is_logical, (), "", flags.after)
    sizes = expect(source, flags.after, matrix.stop, _INT32, "dimensions")
    n_dims = (sizes.stop - sizes.start) // 4
    if not 2 <= n_dims <= 32:
        raise broken(flags.after, f"an array cannot have {n_dims} dimensions")
    shape = struct.unpack_from(f"{source.order}{n_dims}i", source.content, sizes.start)
    if min(shape) < 0:
        raise broken(flags.after, f"{shape} are no dimensions")
    name = expect(source, sizes.after, matrix.stop, _INT8, "a name")
    text = source.content[name.start : name.stop].decode("latin1")
    return Head(kind, is_complex, is_logical, shape, text, name.after)


def number_element(source: Source, kind: int, n_items: int, at: int, stop: int) -> Element:
    """Return the element of the numbers of an array; ReadError when they are not so many."""
    element = read_element(source, at, stop)
    n_found = (element.stop - element.start) // WIDTHS.get(element.kind, 1)
    is_text = kind == CHAR and element.kind == 16  # UTF-8: bytes, not characters
    if element.kind not in WIDTHS or (n_found != n_items and not is_text):
        raise broken(at, f"{n_items} numbers are declared, {n_found} are there")
    return element


def field_names(source: Source, at: int, stop: int) -> tuple[list[str], int]:
    """Return the names of a struct's fields and where its content begins."""
    names, n_letters = _name_table(source, at, stop)
    table = source.content[names.start : names.stop]
    rows = [table[i : i + n_letters] for i in range(0, len(table), n_letters)]
    return [row.split(b"\0")[0].decode("latin1") for row in rows], names.after


def _name_table(source: Source, at: int, stop: int) -> tuple[Element, int]:
    length = expect(source, at, stop, _INT32, "the length of field names")
    if length.stop - length.start != 4:
        raise broken(at, "the length of field names has 4 bytes")
    (n_letters,) = struct.unpack_from(f"{source.order}i", source.content, length.start)
    names = expect(source, length.after, stop, _INT8, "field names")
    n_bytes = names.stop - names.start
    if n_letters < 1 or n_bytes % n_letters:
        raise broken(at, f"{n_bytes} bytes of field names are not in rows of {n_letters}")
    return names, n_letters
