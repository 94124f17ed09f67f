"""Progress of experiments on stderr, with the time left; results go to stdout."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import Protocol, TypeVar

T = TypeVar("T", covariant=True)


class Many(Sized, Iterable[T], Protocol[T]):
    """Something of a known length to go through."""


def say(text: str) -> None:
    """Write one line."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def told(what: str, items: Many[T]) -> Iterator[T]:
    """Go through items; behind each say how far it is and how long the rest takes.

    Parameters
    ----------
    what : str
        What is done with each.
    items : sized iterable
        What to go through.
    """
    begin = time.monotonic()
    for i, item in enumerate(items, start=1):
        yield item
        left = (time.monotonic() - begin) / i * (len(items) - i)
        say(f"    {what} {i} of {len(items)}, about {left:.0f} s left")
