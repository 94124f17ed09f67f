"""The line between two clocks on which most pairs of marks agree.

Drifts stand on a grid, and for each the offset is the fullest stretch among the differences of the
pairs. Of a block of drifts it is known how many votes any of them can have at most, because offsets
move by so much only; so blocks are split where most may be found, until one drift has more votes
than any other block can have. The line is that of trying them all.
"""

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from featpipe.eye.alignment import Line

_MAX_BINS = 1 << 20


def vote(pairs: np.ndarray, tolerance: float, max_drift: float) -> Line:
    """Return the line on which the most pairs agree.

    Drifts are on a grid, fine enough for marks at both ends to stay within the tolerance; for each,
    the offset is the fullest stretch of 2 x `tolerance` among the pairs' differences. Of equal ones
    the smallest drift counts, then the smallest offset.

    Parameters
    ----------
    pairs : numpy.ndarray, shape (2, n_pairs)
        Source and target times; at least one pair.
    tolerance : float
        How far a mark may lie off the line, s.
    max_drift : float
        Largest |slope - 1| to try.

    Returns
    -------
    Line
    """
    grid = _grid(pairs, tolerance, max_drift)
    i_drift = _fullest(grid, 2 * tolerance)
    offset = np.sort(grid.offsets(i_drift))
    n_votes = _votes(offset, 2 * tolerance)
    first = int(np.argmax(n_votes))
    middle = np.median(offset[first : first + n_votes[first]])
    drift = i_drift * grid.step
    return Line(1 + drift, float(middle - drift * grid.centre))


def may_agree(
    pairs: np.ndarray, tolerance: float, max_drift: float, reach: float, n_needed: float
) -> bool:
    """Tell whether so many pairs may lie near one of the lines that `vote` looks at.

    Parameters
    ----------
    pairs, tolerance, max_drift
        As in `vote`.
    reach : float
        How near, s.
    n_needed : float
        Pairs.

    Returns
    -------
    bool
        False where no line has so many. It takes a fraction of the time of a vote, which is needed
        where True.
    """
    grid = _grid(pairs, tolerance, max_drift)
    blocks = [(-grid.n, grid.n)]
    while blocks:
        first, last = blocks.pop()
        if _at_most(grid, first, last, 2 * tolerance, 2 * reach) < n_needed:
            continue
        if first == last:
            return True
        blocks += _halves(first, last)
    return False


class _Grid(NamedTuple):
    """Pairs, and the drifts to try: -n to n steps.

    An offset moves by up to `moved` s from one drift to the next. Times count from `centre`.
    """

    source: np.ndarray
    target: np.ndarray
    centre: float
    step: float
    n: int
    moved: float

    def offsets(self, i_drift: int) -> np.ndarray:
        return self.target - (1 + i_drift * self.step) * self.source


def _grid(pairs: np.ndarray, tolerance: float, max_drift: float) -> _Grid:
    centre = float(pairs[0].mean())
    source, target = pairs[0] - centre, pairs[1] - centre
    step = 2 * tolerance / max(np.ptp(source), tolerance)
    moved = float(step * np.abs(source).max())
    return _Grid(source, target, centre, step, int(np.ceil(max_drift / step)), moved)


def _fullest(grid: _Grid, length: float) -> int:
    """Find the drift with the fullest stretch of a length, of equal ones that nearest to 0."""
    most = 0
    queue = [(-np.inf, 0, -grid.n, grid.n, False)]  # votes; rank; first and last drift; counted?
    while True:
        _, rank, first, last, is_counted = heappop(queue)
        if is_counted:
            return first
        if first == last:
            near = crowded(grid.offsets(first), length, most - 1)
            n_votes = int(_votes(np.sort(near), length).max(initial=0))
            most = max(most, n_votes)
            heappush(queue, (-n_votes, rank, first, first, True))
            continue
        for half in _halves(first, last):
            bound = _at_most(grid, *half, length, length)
            heappush(queue, (-bound, _rank(*half), *half, False))


def _halves(first: int, last: int) -> list[tuple[int, int]]:
    middle = (first + last) // 2
    return [(first, middle), (middle + 1, last)]


def _rank(first: int, last: int) -> int:
    """Place in the order 0, -1, 1, -2, 2 ... of the drift of a block that is nearest to 0."""
    nearest = min(max(0, first), last)
    return 2 * abs(nearest) - (nearest < 0)


def _votes(offset: np.ndarray, reach: float) -> np.ndarray:
    """Count from each of the ordered offsets on those within reach."""
    return np.searchsorted(offset, offset + reach, "right") - np.arange(offset.size)


def _at_most(grid: _Grid, first: int, last: int, width: float, length: float) -> int:
    """Return how many pairs a stretch of a length holds at most, whichever drift of a block it is.

    Counted in bins just wider than `width` at the middle drift, from which offsets move by so much.
    """
    centre = (first + last) // 2
    n_bins = int(np.ceil((length + 2 * (last - centre) * grid.moved) / width)) + 1
    until = np.cumsum(np.bincount(_bins(grid.offsets(centre), width)))
    if until.size <= n_bins:
        return int(until[-1])
    return int(max(until[n_bins - 1], (until[n_bins:] - until[:-n_bins]).max()))


def _bins(values: np.ndarray, reach: float) -> np.ndarray:
    """Return the bin of each value: just wider than `reach`, or as needed for `_MAX_BINS`."""
    place = values - values.min()
    place *= 1 / max(1.001 * reach, place.max() / _MAX_BINS)
    return place.astype(np.intp)


def crowded(values: np.ndarray, reach: float, n_known: int) -> np.ndarray:
    """Return the values among which more than `n_known` may lie within `reach`.

    Two neighbouring bins hold any such stretch; what cannot win need not be sorted then, of 200 000
    differences nearly all.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_values,)
        At least one.
    reach : float
        Length of a stretch, both ends included.
    n_known : int
        A stretch with so many is known.

    Returns
    -------
    numpy.ndarray
        In the order they had, with all that lie in stretches that hold more.
    """
    i_bin = _bins(values, reach)
    count = np.append(np.bincount(i_bin), 0)
    may_win = count[:-1] + count[1:] > n_known
    if not may_win.any():
        return values[:0]
    return values[(may_win | np.append(False, may_win[:-1]))[i_bin]]
