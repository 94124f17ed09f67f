"""Codes that a table repeats in every row until they change."""

from collections.abc import Collection

import numpy as np

NONE = ("", "0")
"""What stands where there is no code."""


def code_onsets(codes: np.ndarray, idle: Collection[str] = NONE) -> np.ndarray:
    """Find the rows in which a code begins.

    Parameters
    ----------
    codes : numpy.ndarray of str, shape (n_rows,)
        One column in the order of time.
    idle : collection of str
        What stands where there is no code.

    Returns
    -------
    numpy.ndarray of int64, shape (n_codes,)
        Rows that hold a code which the row above does not hold.

    Examples
    --------
    >>> code_onsets(np.array(["0", "7", "7", "0", "7", "8"])).tolist()
    [1, 4, 5]
    """
    is_new = np.concatenate([[True], codes[1:] != codes[:-1]])[: codes.size]
    return np.flatnonzero(is_new & ~np.isin(codes, list(idle)))
