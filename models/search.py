"""What the options of a method may be in a search: data that stand beside its `Config`."""

from dataclasses import dataclass
from math import exp, log
from typing import Any

import numpy as np

DIGITS = 3
"""Significant ones of a number drawn from a range, so that what is printed is what was used."""


@dataclass(frozen=True)
class Choice:
    """One of some values, each as likely as the others.

    Attributes
    ----------
    values : tuple
        As the method's `Config` takes them.
    """

    values: tuple[Any, ...]


@dataclass(frozen=True)
class LogRange:
    """A number between two, as likely to be in one octave as in another.

    Attributes
    ----------
    low, high : float or int
        Above 0, both possible. Two whole numbers give whole ones.
    """

    low: float
    high: float


Range = Choice | LogRange


def draw(where: Range, rng: np.random.Generator) -> Any:
    """Draw one value.

    Parameters
    ----------
    where : Choice or LogRange
        What it may be.
    rng : numpy.random.Generator
        Is asked once.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> draw(Choice(("loss", "grl")), rng), draw(LogRange(30, 200), rng)
    ('grl', 50)
    """
    if isinstance(where, Choice):
        return where.values[int(rng.integers(len(where.values)))]
    found = exp(rng.uniform(log(where.low), log(where.high)))
    if isinstance(where.low, int) and isinstance(where.high, int):
        return round(found)
    return min(max(float(f"{found:.{DIGITS}g}"), where.low), where.high)
