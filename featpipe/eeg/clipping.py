"""Channels that stay at the limit of their amplifier."""

import numpy as np

from featpipe.compiling import kernel

CLIPPED_RUN = 3
"""Samples in a row at the highest or lowest number. Ours: coarse digits give two equal peaks by
chance, a limit of the amplifier gives long runs."""

N_BEYOND = 8
"""Samples that may lie beyond the limit in a recording: spikes of a switch, damaged numbers."""


class Clipping:
    """Share of samples in runs at the highest or lowest number of their channel.

    Up to `N_BEYOND` samples beyond that number do not count. Where no channel moves is a pause, not
    a limit of the amplifier, and left out. Telling it takes both neighbours of a sample: the first
    and the last are not judged.

    Parameters
    ----------
    n_channels : int
        Rows of the blocks.
    has_pauses : bool
        Whether there are enough channels to tell a pause.
    """

    def __init__(self, n_channels: int, has_pauses: bool) -> None:
        self._has_pauses = has_pauses
        self._edge = np.empty((n_channels, 0))
        shape = (n_channels, 2, N_BEYOND + 1)  # of x and of -x, the highest numbers, falling
        self._number = np.full(shape, -np.inf)
        self._n_there = np.zeros(shape, dtype=np.int64)
        self._n_clipped = np.zeros(shape, dtype=np.int64)
        self._before = np.full((n_channels, 2), np.nan)
        self._run = np.zeros((n_channels, 2), dtype=np.int64)
        self._n_known = np.zeros(n_channels, dtype=np.int64)

    def add(self, raw_block: np.ndarray) -> None:
        """Count on.

        Parameters
        ----------
        raw_block : numpy.ndarray, shape (n_channels, n_times_raw)
            As recorded; NaN where lost.
        """
        x = np.concatenate([self._edge, raw_block], axis=1)
        self._edge = x[:, -2:].copy()
        is_still = ((x[:, 1:] == x[:, :-1]) | np.isnan(x[:, 1:])).all(axis=0)
        x = x[:, 1:-1].copy()
        if self._has_pauses:
            x[:, is_still[:-1] | is_still[1:]] = np.nan
        self._n_known += np.isfinite(x).sum(axis=1)
        _count_clipped(
            x, CLIPPED_RUN, self._number, self._n_there, self._n_clipped, self._before, self._run
        )

    def share(self) -> np.ndarray:
        """Return the share per channel; 0 for a channel that never moves, which is flat."""
        moves = self._number[:, 0, 0] > -self._number[:, 1, 0]
        n_beyond = np.cumsum(self._n_there, axis=2) - self._n_there
        n_clipped = np.where(n_beyond <= N_BEYOND, self._n_clipped, 0).max(axis=2).sum(axis=1)
        return np.where(moves, n_clipped / np.maximum(self._n_known, 1), 0.0)


@kernel
def _count_clipped(x, n_run, number, n_there, n_clipped, before, run):
    last = number.shape[2] - 1
    for i in range(x.shape[0]):
        for side in range(2):
            sign = 1.0 - 2.0 * side
            for j in range(x.shape[1]):
                value = sign * x[i, j]
                run[i, side] = run[i, side] + 1 if value == before[i, side] else 1
                before[i, side] = value
                if not value >= number[i, side, last]:
                    continue
                place = 0
                while value < number[i, side, place]:
                    place += 1
                if value > number[i, side, place]:  # new: the lowest one leaves
                    for k in range(last, place, -1):
                        number[i, side, k] = number[i, side, k - 1]
                        n_there[i, side, k] = n_there[i, side, k - 1]
                        n_clipped[i, side, k] = n_clipped[i, side, k - 1]
                    number[i, side, place] = value
                    n_there[i, side, place] = 0
                    n_clipped[i, side, place] = 0
                n_there[i, side, place] += 1
                if run[i, side] == n_run:
                    n_clipped[i, side, place] += n_run
                elif run[i, side] > n_run:
                    n_clipped[i, side, place] += 1
