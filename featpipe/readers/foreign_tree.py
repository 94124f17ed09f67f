"""The arrays in nested dicts, lists and arrays of objects, by flat names."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.foreign_leaf import (
    A_LEAF,
    MOST_NESTED,
    REMEDY,
    Leaf,
    Terms,
    joined,
    refuse_outsize,
    unreadable,
)
from featpipe.readers.pickle_content import read_pickle
from featpipe.readers.pickled_arrays import Block, PickledArray

_PICKLE = b"\x80"  # protocol 2 and later
_LONGEST_TEXT = 1 << 24


def tree_leaves(value: Any, name: str, terms: Terms, depth: int = 0) -> Iterator[Leaf]:
    """Yield the arrays, numbers and texts of what a pickle or an array of objects holds.

    Parameters
    ----------
    value : object
        As `read_pickle` returns it. Bytes that are a pickle are read as one.
    name : str
        Its own name; empty at the top.
    terms : Terms
        What it may cost.
    depth : int
        How deep it is nested.

    Yields
    ------
    Leaf

    Raises
    ------
    ReadError
        When it is nested too deep, or has too many values.
    """
    terms.effort.spend(n_steps=A_LEAF)
    if depth > MOST_NESTED:
        raise ReadError(f"it is nested deeper than {MOST_NESTED}; {REMEDY}")
    if isinstance(value, bytes | Block):
        value = _unpacked(value, name, terms)
    if isinstance(value, Leaf):
        yield value
    elif isinstance(value, PickledArray) and not isinstance(value.content, list):
        yield from _array_leaves(value, name, terms, depth)
    else:
        for part, item in _parts(value):
            inner = name if part is None else joined(name, part)
            yield from tree_leaves(item, inner, terms, depth + 1)
        if isinstance(value, bool | int | float | complex | str | np.generic):
            yield _single(value, name)


def _parts(value: Any) -> Iterator[tuple[str | int | None, Any]]:
    """Yield what is in a container, each with its key or index."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
    elif isinstance(value, PickledArray) and isinstance(value.content, list):
        if not value.shape:
            yield None, value.content[0]
            return
        order = "F" if value.order == "F" else "C"
        places = np.arange(len(value.content)).reshape(value.shape, order=order).ravel()
        yield from ((i, value.content[place]) for i, place in enumerate(places))


def _array_leaves(array: PickledArray, name: str, terms: Terms, depth: int) -> Iterator[Leaf]:
    if array.dtype.kind == "S" and not array.shape:  # bytes that NumPy saved
        content = array.content
        yield from tree_leaves(content, name, terms, depth + 1)
    elif array.dtype.kind == "S":
        yield Leaf(name, array.shape, 4 * _n_bytes(array), lambda: _decoded(array.array()))
    else:
        yield Leaf(name, array.shape, _n_bytes(array), array.array)


def _n_bytes(array: PickledArray) -> int:
    content = array.content
    return content.n_bytes if isinstance(content, Block) else len(content)


def _decoded(texts: np.ndarray) -> np.ndarray:
    return np.char.decode(texts, "latin1")


def _unpacked(value: bytes | Block, name: str, terms: Terms) -> Any:
    """Return what bytes hold: a pickle, or text."""
    n_bytes = value.n_bytes if isinstance(value, Block) else len(value)
    if not terms.is_of_use(name):
        return Leaf(name, (), 4 * n_bytes, lambda: _text(value))
    start = value._replace(n_bytes=1).read() if isinstance(value, Block) else value[:1]
    if start != _PICKLE:
        return Leaf(name, (), 4 * n_bytes, lambda: _text(value))
    refuse_outsize(name, n_bytes, terms)
    terms.effort.spend(n_bytes)
    content = value.read() if isinstance(value, Block) else value
    return read_pickle(io.BytesIO(content), terms.effort)


def _text(value: bytes | Block) -> np.ndarray:
    content = value.read() if isinstance(value, Block) else value
    if len(content) > _LONGEST_TEXT:
        raise ReadError(f"a text in it has {len(content)} letters; {REMEDY}")
    return np.asarray(content.decode("latin1"))


def _single(value: Any, name: str) -> Leaf:
    """Return a number or text as an array."""
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return unreadable(name, f"a text of {len(value)} letters; {REMEDY}")
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        return unreadable(name, f"a number of {value.bit_length()} bits; {REMEDY}")
    if isinstance(value, bytes | np.bytes_):
        return Leaf(name, (), 4 * len(value), lambda: _text(value))
    n_bytes = 4 * len(value) if isinstance(value, str) else 16
    return Leaf(name, (), n_bytes, lambda: np.asarray(value))
