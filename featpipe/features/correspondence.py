"""Whose windows are these? Pieces of one table found again in another: recordings, trials, shifts.

A piece, a trial or a recording, is compared as a whole: all its windows and columns are one long
vector. What is not finite in one of two pieces counts in neither.
"""

import numpy as np

_SURE = 5.0  # times the spread of what does not belong together: 45 x 45 pairs never reach it
_LEAST, _LEAST_OF_FEW = 0.2, 0.5  # below four pieces the spread is hardly known
_OWN = 0.5  # most that a piece may correlate with its namesake, of what it does with its match


def lay_pieces(x: np.ndarray, piece: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Lay every piece out as one row.

    Parameters
    ----------
    x : array, shape (n_windows, n_columns)
        Values without the means of their trials.
    piece : array of int, shape (n_windows,)
        Number of each window's piece.
    place : array of int, shape (n_windows,)
        Where in its piece a window lies; equal places of two pieces are compared.

    Returns
    -------
    numpy.ndarray, shape (n_pieces, n_places * n_columns), float32
        NaN where a piece has no window.
    """
    laid = np.full((piece.max() + 1, place.max() + 1, x.shape[1]), np.nan, np.float32)
    laid[piece, place] = x
    return laid.reshape(len(laid), -1)


def resemblance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlate every piece of a with every piece of b over what both have.

    Parameters
    ----------
    a, b : array, shape (n_pieces, n_values)
        As `lay_pieces` returns them: their means are 0.

    Returns
    -------
    numpy.ndarray, shape (n_pieces_a, n_pieces_b)
        0 where one of them does not vary.
    """
    has_a, has_b = (np.isfinite(x).astype(np.float32) for x in (a, b))
    a, b = np.nan_to_num(a), np.nan_to_num(b)
    size = ((a * a) @ has_b.T) * (has_a @ (b * b).T)
    return (a @ b.T) / np.sqrt(np.where(size > 0, size, np.inf))


def exchanged(r: np.ndarray) -> dict[int, int]:
    """Find the pieces of a that stand under another's name in b.

    Parameters
    ----------
    r : array, shape (n, n)
        What `resemblance` returns of equally named pieces.

    Returns
    -------
    dict
        Piece of a -> piece of b. Both resemble each other most, five times the spread of all that
        does not belong together, and twice what the piece resembles its namesake.

    Examples
    --------
    >>> exchanged(np.array([[0.0, 0.9, 0.1], [0.9, 0.1, 0.0], [0.0, 0.1, 0.9]]))
    {0: 1, 1: 0}
    """
    r = np.abs(r)  # a reversed sign is another matter
    best, best_of = r.argmax(axis=1), r.argmax(axis=0)
    rows = np.arange(len(r))
    is_match = best_of[best] == rows
    other = np.ones_like(r, bool)
    other[rows, best] = False
    spread = float(np.sqrt((r[other] ** 2).mean())) if other.any() else 0.0
    least = _LEAST if len(r) > 3 else _LEAST_OF_FEW
    strong = r[rows, best] >= max(least, _SURE * spread)
    is_moved = is_match & strong & (best != rows) & (r[rows, rows] < _OWN * r[rows, best])
    return {int(i): int(best[i]) for i in np.flatnonzero(is_moved)}


def shifted_pairs(is_next: np.ndarray, lag: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of windows and of those `lag` windows later in the same trial.

    Parameters
    ----------
    is_next : array of bool, shape (n_windows,)
        The window follows the one in the row before.
    lag : int
        Negative for earlier ones.

    Examples
    --------
    >>> shifted_pairs(np.array([False, True, False, True]), 1)
    (array([0, 2]), array([1, 3]))
    """
    run = np.cumsum(~is_next)
    n, size = len(run), abs(lag)
    rows = np.arange(max(n - size, 0))
    early = rows[run[rows] == run[rows + size]]
    return (early, early + size) if lag >= 0 else (early + size, early)
