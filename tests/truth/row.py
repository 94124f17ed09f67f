"""What an experiment reports: a figure with its intervals, and what was expected of it."""

from typing import NamedTuple


class Interval(NamedTuple):
    """A 95 % interval, in points of accuracy; NaN where there is nothing to take it over."""

    low: float
    high: float

    def __str__(self) -> str:
        return "" if self.low != self.low else f"[{self.low:+.1f}, {self.high:+.1f}]"


NONE = Interval(float("nan"), float("nan"))


class Row(NamedTuple):
    """One figure.

    Attributes
    ----------
    what : str
        What was measured.
    figure : float
        Points of accuracy: of a difference, or of a method.
    of_subjects, of_seeds : Interval
        Over subjects, their seeds averaged; over seeds, their subjects averaged.
    n : str
        Over how many, for example "16 subjects x 5 seeds".
    wanted : str
        What was expected before anything was run; empty where nothing was.
    is_held : bool or None
        Whether it came so; None where nothing was expected.
    is_difference : bool
        Differences are shown with their sign.
    """

    what: str
    figure: float
    of_subjects: Interval = NONE
    of_seeds: Interval = NONE
    n: str = ""
    wanted: str = ""
    is_held: bool | None = None
    is_difference: bool = True
