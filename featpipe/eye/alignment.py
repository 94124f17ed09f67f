"""Find the straight line between two clocks from marks that both of them stamped.

Works on bare arrays. Marks may be missing, surplus or repeated on either side, so that the
n-th mark of one list need not be the n-th of the other: all pairs of equal codes vote (`voting`).
"""

from dataclasses import dataclass

import numpy as np

MAX_PAIRS = 200_000
"""Pairs that vote; of more, evenly spread ones are taken, since a fraction decides as well."""

DRIFT_PRIOR = 50.0**2
"""Added to the squared spread of the marks when the drift is fitted, s^2.

It says beforehand that clocks drift by about 100 ppm and marks jitter by about 5 ms (0.005 / 1e-4
= 50 s): marks spread over minutes decide on the drift themselves, a few marks close together
leave it at zero, and cannot send the clock astray an hour later.
"""

MIN_TOLERANCE_S = 0.005
"""Marks this close to the line are never outliers."""


@dataclass(frozen=True)
class Marks:
    """Time stamps of one clock, ordered by code, then time.

    Attributes
    ----------
    time : numpy.ndarray, shape (n_marks,)
        Seconds.
    code : numpy.ndarray of int, shape (n_marks,)
        Equal numbers mean the same kind of mark on both clocks.
    """

    time: np.ndarray
    code: np.ndarray


@dataclass(frozen=True)
class Line:
    """The straight line `slope * t + intercept` from one clock to another, seconds."""

    slope: float
    intercept: float

    def __call__(self, time: np.ndarray) -> np.ndarray:
        """Map times of the first clock to the second."""
        return self.slope * time + self.intercept


def ordered_marks(time: np.ndarray, code: np.ndarray) -> Marks:
    """Return marks ordered by code, then time."""
    order = np.lexsort((time, code))
    return Marks(np.asarray(time, dtype=float)[order], np.asarray(code)[order])


def equal_pairs(source: Marks, target: Marks) -> np.ndarray:
    """Return the times of all pairs of marks with equal codes.

    Parameters
    ----------
    source, target : Marks
        The two clocks.

    Returns
    -------
    numpy.ndarray, shape (2, n_pairs)
        Source and target time of each pair.
    """
    codes = np.intersect1d(source.code, target.code)
    pairs = [np.empty((2, 0))]
    for code in codes:
        a, b = source.time[source.code == code], target.time[target.code == code]
        a = a[:: max(1, int(np.ceil(len(a) * len(b) * len(codes) / MAX_PAIRS)))]
        pairs.append(np.stack([np.repeat(a, len(b)), np.tile(b, len(a))]))
    return np.concatenate(pairs, axis=1)


def count_pairs(source: Marks, target: Marks) -> int:
    """Return how many pairs of marks have equal codes, those that do not vote included."""
    n_codes = max(source.code.max(initial=0), target.code.max(initial=0)) + 1
    return int(np.bincount(source.code, None, n_codes) @ np.bincount(target.code, None, n_codes))


def match(source: Marks, target: Marks, line: Line, tolerance: float) -> np.ndarray:
    """Pair every mark with the mark of equal code that is nearest from both sides.

    Parameters
    ----------
    source, target : Marks
        The two clocks.
    line : Line
        From source to target.
    tolerance : float
        Largest distance of a pair, s.

    Returns
    -------
    numpy.ndarray, shape (2, n_matched)
        Source and target time of each pair; every mark at most once.
    """
    i_source, i_target = _partners(source, target, line, tolerance)
    return np.stack([source.time[i_source], target.time[i_target]])


def left_over(source: Marks, target: Marks, line: Line, tolerance: float) -> tuple[Marks, Marks]:
    """Return the marks of both clocks that `match` leaves without a partner.

    Parameters
    ----------
    source, target : Marks
        The two clocks.
    line : Line
        From source to target.
    tolerance : float
        Largest distance of a pair, s.

    Returns
    -------
    source, target : Marks
    """
    i_source, i_target = _partners(source, target, line, tolerance)
    return (
        Marks(np.delete(source.time, i_source), np.delete(source.code, i_source)),
        Marks(np.delete(target.time, i_target), np.delete(target.code, i_target)),
    )


def fit_line(pairs: np.ndarray) -> Line:
    """Return the least-squares line through pairs of times, its slope held near 1.

    Minimises sum (t_target - line(t_source))^2 + `DRIFT_PRIOR` (slope - 1)^2; with one pair, or
    all at one time, the slope is 1.

    Parameters
    ----------
    pairs : numpy.ndarray, shape (2, n_pairs)
        Source and target times; at least one pair.

    Returns
    -------
    Line
    """
    source, target = pairs.mean(axis=1)
    x, y = pairs[0] - source, pairs[1] - target
    drift = x @ (y - x) / (x @ x + DRIFT_PRIOR)
    return Line(float(1 + drift), float(target - source - drift * source))


def refine(source: Marks, target: Marks, line: Line, tolerance: float) -> tuple[Line, np.ndarray]:
    """Return the line fitted to the marks that match it, and those marks.

    Matching and fitting take turns: first within `tolerance`, at the end within three standard
    deviations of the residual, estimated from its median.

    Parameters
    ----------
    source, target : Marks
        The two clocks.
    line : Line
        Where to start from.
    tolerance : float
        Largest distance of a pair, s.

    Returns
    -------
    line : Line
    pairs : numpy.ndarray, shape (2, n_matched)
    """
    pairs = match(source, target, line, tolerance)
    for _ in range(3):
        line = fit_line(pairs)
        pairs = match(source, target, line, tolerance)
    spread = 3 * 1.4826 * np.median(np.abs(pairs[1] - line(pairs[0])))
    pairs = match(source, target, line, min(tolerance, max(float(spread), MIN_TOLERANCE_S)))
    line = fit_line(pairs)
    return line, pairs


def _partners(
    source: Marks, target: Marks, line: Line, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of the marks that pair up, of source and target."""
    mapped = line(source.time)
    low = min(mapped.min(), target.time.min())
    apart = 2 * (max(mapped.max(), target.time.max()) - low + tolerance)
    # Codes are laid one after the other on a single axis, too far apart to be neighbours.
    a = mapped - low + source.code * apart
    b = target.time - low + target.code * apart
    forth, back = _nearest(a, b), _nearest(b, a)
    mutual = (back[forth] == np.arange(a.size)) & (np.abs(b[forth] - a) <= tolerance)
    return np.flatnonzero(mutual), forth[mutual]


def _nearest(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return for each of `a` the index of the nearest of `b`; both ascending."""
    right = np.clip(np.searchsorted(b, a), 1, max(b.size - 1, 1))
    right = np.minimum(right, b.size - 1)
    left = np.maximum(right - 1, 0)
    return np.where(np.abs(b[left] - a) <= np.abs(b[right] - a), left, right)
