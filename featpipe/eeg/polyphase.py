"""The taps of a resampling filter, as a stretch of output samples meets them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

TOGETHER = 8
"""Taps that the kernel adds up in one sweep; it has them in as many variables."""

_STRETCH = 96  # output samples computed from one stretch of input, about


class Polyphase(NamedTuple):
    """Taps by the residue of the output samples that use them.

    The outputs of a stretch are r + up * s; all of one residue r use the same taps, on input rows
    that are `down` apart, which are neighbours when the input is laid out by its phase.

    Attributes
    ----------
    n_outputs : int
        Output samples in a stretch, a multiple of the `up` of the resampler.
    n_rows : int
        Input samples under the filter in a stretch.
    taps : numpy.ndarray of float32, shape (up, n_taps)
        Per residue, in order of the rows they meet; filled up with zeros.
    places : numpy.ndarray of int64, shape (up, n_taps)
        Row of the laid-out input that a tap meets at s = 0.
    exact : numpy.ndarray of float64, shape (up, n_taps)
        The same in double precision and in order of time.
    begins, lengths : numpy.ndarray of int64, shape (up,)
        First input row that a residue meets at s = 0, and how many.
    gain : float
        What the filter makes of a constant.
    """

    n_outputs: int
    n_rows: int
    taps: np.ndarray
    places: np.ndarray
    exact: np.ndarray
    begins: np.ndarray
    lengths: np.ndarray
    gain: float


@lru_cache(maxsize=8)
def polyphase(taps: bytes, up: int, down: int) -> Polyphase:
    """Arrange the taps of a filter for stretches of output samples.

    Parameters
    ----------
    taps : bytes
        Of float64, an odd number, of a filter at `up` times the rate of the input.
    up, down : int
        The ratio of the rates.

    Returns
    -------
    Polyphase
    """
    h = np.frombuffer(taps)
    half = len(h) // 2
    n_steps = max(1, _STRETCH // up)
    begin = -(half // up)  # of the stretch that starts at output 0
    residue = np.arange(up)[:, np.newaxis]
    first = -((half - residue * down) // up)  # input sample under the first tap of a residue
    n_taps = -(-(len(h) // up + 1) // TOGETHER) * TOGETHER
    row = first - begin + np.arange(n_taps)
    place = residue * down + half - (row + begin) * up
    has_tap = (place >= 0) & (place < len(h))
    n_rows = int(row.max()) + 1 + (n_steps - 1) * down
    exact = np.where(has_tap, h[np.clip(place, 0, len(h) - 1)], 0.0)
    n_steps_laid_out = -(-n_rows // down)
    places = (row % down) * n_steps_laid_out + row // down
    by_place = places.argsort(axis=1)  # taps of one sweep meet neighbouring rows: a smaller cache
    return Polyphase(
        n_outputs=n_steps * up,
        n_rows=n_rows,
        taps=np.take_along_axis(exact, by_place, axis=1).astype(np.float32),
        places=np.take_along_axis(places, by_place, axis=1),
        exact=exact,
        begins=np.ascontiguousarray(row[:, 0]),
        lengths=has_tap.sum(axis=1),
        gain=float(h.sum()) / up,
    )
