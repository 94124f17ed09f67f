"""A walk over all of a MATLAB file before SciPy reads it in this process.

SciPy's reader trusts the sizes and types inside a file and can end the interpreter with a
segmentation fault when one byte is wrong. It is given what was walked from the first tag to the
last, where it will read the same bytes, and nothing else.
"""

import mmap
from math import prod
from pathlib import Path

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.foreign_leaf import Effort, refuse_bomb
from featpipe.readers.mat5_content import inflated
from featpipe.readers.mat5_shapes import listed
from featpipe.readers.mat5_walk import (
    CELL,
    CHAR,
    HEAD_BYTES,
    MATRIX,
    MOST_NESTED,
    NUMBERS,
    SPARSE,
    STRUCT,
    WIDTHS,
    Element,
    Head,
    Source,
    broken,
    byte_order,
    expect,
    field_names,
    matrix_head,
    number_element,
    read_element,
)
from featpipe.regular_files import open_file

_MOST_MATRICES = 3_000_000  # 200 000 events with 12 fields are 2.4 million
_MOST_WITHOUT_FIELDS = 1000  # SciPy makes a step for each element, and there is no byte of it
_INTEGERS = 5
_REFUSED = {3: "an object", 16: "a function", 17: "an object of MATLAB code"}


def require_sound(path: Path) -> None:
    """Walk a MATLAB file that another library is to read with SciPy.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    ReadError
        When a size, a type or a number of dimensions cannot be, when it holds objects or functions,
        or is of another version; the message does not repeat the path.
    """
    with open_file(path) as file:
        head = file.read(HEAD_BYTES)
        if is_hdf5(head):
            raise ReadError("it is in the format of MATLAB 7.3; save it with -v7")
        file.seek(0)
        effort = Effort(_MOST_MATRICES)
        for variable in listed(file):  # as SciPy goes: by the bytes that each declares
            refuse_bomb(variable.name, variable.n_bytes, variable.inflated)
            if variable.is_compressed:
                file.seek(variable.start)
                packed, n_bytes = file.read(variable.n_bytes), 8 + variable.inflated
                content = inflated(memoryview(packed), n_bytes, variable.name)
                source = Source(content, byte_order(head))
                _walk(source, Element(MATRIX, 8, n_bytes, n_bytes), variable.name, effort, 0)
                continue
            stop = variable.start + variable.n_bytes
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                source = Source(content, byte_order(head))
                element = Element(MATRIX, variable.start, stop, stop)
                _walk(source, element, variable.name, effort, 0)


def is_hdf5(head: bytes) -> bool:
    """Tell MATLAB 7.3 from MATLAB 5 by the bytes that SciPy decides by; the text may lie.

    Parameters
    ----------
    head : bytes
        The first bytes of the file.

    Returns
    -------
    bool

    Raises
    ------
    ReadError
        When it is neither.
    """
    if len(head) < HEAD_BYTES:
        raise ReadError("it is shorter than the header of a MATLAB file; copy it again")
    if 0 in head[:4]:
        raise ReadError("it is in the format of MATLAB 4; load it in MATLAB and save it with -v7")
    version = head[125 if head[126:127] == b"I" else 124]
    if version not in (1, 2):
        raise ReadError(f"there is no version {version} of MATLAB files; copy it again")
    return version == 2


def _walk(source: Source, matrix: Element, name: str, effort: Effort, depth: int) -> int:
    """Walk an array and all that is in it, and return where SciPy will be when it has read it."""
    effort.spend()
    if matrix.start == matrix.stop:
        return matrix.start
    if depth > MOST_NESTED:
        raise broken(matrix.start, f"nested deeper than {MOST_NESTED}")
    head = matrix_head(source, matrix)
    if head.kind in _REFUSED:
        raise ReadError(
            f"{name} is {_REFUSED[head.kind]}, which is not read; remove it in MATLAB and save the "
            "file again"
        )
    n_items, at = prod(head.shape), head.after
    if head.kind in (CELL, STRUCT):
        fields = [""]
        if head.kind == STRUCT:
            fields, at = field_names(source, at, matrix.stop)
        if not fields and n_items > _MOST_WITHOUT_FIELDS:
            raise broken(at, f"{n_items} elements without fields cannot be")
        if n_items * len(fields) > (matrix.stop - at) // 8:
            raise broken(at, f"{n_items * len(fields)} items cannot be in {matrix.stop - at} bytes")
        names = [f"{name}.{field}" if field else f"{name}{{}}" for field in fields]
        for _ in range(n_items):
            for inner in names:
                at = _walk_item(source, at, matrix.stop, inner, effort, depth)
        return at
    if head.kind == SPARSE:
        return _walk_sparse(source, head, matrix.stop)
    if head.kind != CHAR and head.kind not in NUMBERS:
        raise broken(at, f"there is no class {head.kind}")
    for _ in range(2 if head.is_complex and head.kind != CHAR else 1):
        at = number_element(source, head.kind, n_items, at, matrix.stop).after
    return at


def _walk_item(
    source: Source, at: int, stop: int, name: str, effort: Effort, depth: int
) -> int:  # fmt: skip
    item = expect(source, at, stop, MATRIX, "an item")
    after = _walk(source, item, name, effort, depth + 1)
    if after != item.after:  # SciPy would take what is between for the next tag
        raise broken(after, f"{name} goes to byte {item.after}")
    return after


def _walk_sparse(source: Source, head: Head, stop: int) -> int:
    """Walk rows, starts of columns and numbers of a sparse matrix; SciPy believes the indices."""
    if len(head.shape) != 2:
        raise broken(head.after, f"a sparse matrix cannot have {len(head.shape)} dimensions")
    n_rows, n_columns = head.shape
    rows, at = _integers(source, head.after, stop)
    starts, at = _integers(source, at, stop)
    if len(starts) != n_columns + 1 or starts[0] or np.any(starts[1:] < starts[:-1]):
        raise broken(at, "the columns of a sparse matrix do not follow each other")
    n_numbers = int(starts[-1])
    used = rows[:n_numbers]
    if len(used) < n_numbers or np.any(used < 0) or np.any(used >= n_rows):
        raise broken(at, "a sparse matrix has numbers outside of its rows")
    for _ in range(2 if head.is_complex else 1):
        element = read_element(source, at, stop)
        width = WIDTHS.get(element.kind)
        if width is None or (element.stop - element.start) // width < n_numbers:
            raise broken(at, f"{n_numbers} numbers of a sparse matrix are declared")
        at = element.after
    return at


def _integers(source: Source, at: int, stop: int) -> tuple[np.ndarray, int]:
    element = expect(source, at, stop, _INTEGERS, "an index of a sparse matrix")
    content = bytes(source.content[element.start : element.stop])
    return np.frombuffer(content[: len(content) // 4 * 4], f"{source.order}i4"), element.after
