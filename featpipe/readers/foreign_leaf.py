"""One array of a foreign file, before its numbers are read; and what reading may cost."""

from collections.abc import Callable
from math import prod
from typing import NamedTuple, NoReturn

import numpy as np

from featpipe.errors import ReadError

MOST_NESTED = 12
MOST_LETTERS = 200
REMEDY = "copy it again; if it comes from somebody else, ask for it in another form"
_MOST_STEPS = 2_000_000  # of a microsecond or two
A_LEAF = 8
"""Steps that a value costs which becomes an array of its own."""

_A_BOMB = 100, 64 << 20  # as many bytes for each of its own, and so many in all
_PAGE = 4096  # bytes that are copied in the time of one step


class Leaf(NamedTuple):
    """An array that a file holds.

    Attributes
    ----------
    name : str
        Flat: names of containers and of what is in them, joined by "/".
    shape : tuple of int
        Dimensions.
    n_bytes : int
        What it will take, as the file declares it.
    make : callable
        Reads it.
    """

    name: str
    shape: tuple[int, ...]
    n_bytes: int
    make: Callable[[], np.ndarray]


class Effort:
    """The steps that may still be spent on a file, so that none keeps its reader busy for long."""

    __slots__ = ("left",)

    def __init__(self, n_steps: int = _MOST_STEPS) -> None:
        self.left = n_steps

    def spend(self, n_bytes: int = 0, n_steps: int = 1) -> None:
        """Take steps off, and one for each page of bytes."""
        self.left -= n_steps + n_bytes // _PAGE
        if self.left < 0:
            raise ReadError(f"it has millions of values that are not in arrays; {REMEDY}")


class Terms(NamedTuple):
    """Under which a file is read.

    Attributes
    ----------
    effort : Effort
        What is left of the steps it may cost.
    most_inflated : int
        Most bytes of a container that has to be inflated or held whole.
    is_of_use : callable
        (name) -> whether a variable, or something in it, may be wanted.
    """

    effort: Effort
    most_inflated: int
    is_of_use: Callable[[str], bool]


def refuse_outsize(name: str, n_bytes: int, terms: Terms) -> None:
    """Compare the bytes that a container declares with the most there may be."""
    if n_bytes > terms.most_inflated:
        raise ReadError(
            f"{name or 'its content'} would take {n_bytes} bytes, over {terms.most_inflated}; "
            f"{REMEDY}"
        )


def refuse_bomb(name: str, n_packed: int, n_bytes: int) -> None:
    """Refuse what inflates to far more than recordings and features do; ReadError."""
    most_fold, least = _A_BOMB
    if n_bytes > max(least, most_fold * n_packed):
        raise ReadError(
            f"{name or 'a variable'} inflates from {n_packed} bytes to {n_bytes}, as no recording "
            f"does; {REMEDY}"
        )


def joined(name: str, part: object) -> str:
    """Return the flat name of what is in a container.

    Parameters
    ----------
    name : str
        Of the container; empty at the top.
    part : str, int, float or numpy.generic
        Key, field or index.

    Returns
    -------
    str

    Raises
    ------
    ReadError
        When the part is longer than any name.
    """
    text = str(part)
    if len(text) > MOST_LETTERS:
        raise ReadError(f"a name in it has {len(text)} letters, {text[:20]!r}...; {REMEDY}")
    return f"{name}/{text}" if name else text


def unreadable(name: str, what: str) -> Leaf:
    """Return a leaf that refuses to be read: nobody may have asked for it."""

    def refuse() -> NoReturn:
        raise ReadError(f"{name or 'its content'} is {what}")

    return Leaf(name, (), 0, refuse)


def native(array: np.ndarray) -> np.ndarray:
    """Return an array in the byte order of this machine."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def sized(shape: object, dtype: np.dtype, n_bytes: int) -> tuple[int, ...]:
    """Return a declared shape, provided that its numbers are what so many bytes are.

    Parameters
    ----------
    shape : object
        What the file has for it.
    dtype : numpy.dtype
        Of the numbers.
    n_bytes : int
        How many there are.

    Returns
    -------
    tuple of int

    Raises
    ------
    ReadError
        When it is no shape, or another number of bytes.
    """
    if not isinstance(shape, tuple) or len(shape) > 32:
        raise ReadError(f"{str(shape)[:40]} are no dimensions; {REMEDY}")
    if not all(type(size) is int and 0 <= size < 1 << 48 for size in shape):
        raise ReadError(f"{str(shape)[:40]} are no dimensions; {REMEDY}")
    wanted = prod(shape) * dtype.itemsize
    if wanted != n_bytes or not dtype.itemsize:
        raise ReadError(
            f"{wanted} bytes of {dtype} are declared, {n_bytes} are there; copy it again"
        )
    return shape
