"""Runs of consecutive windows, for methods that read a stretch of time at once."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError
from featpipe.schema import WINDOW_KEYS


def runs(keys: pd.DataFrame, length: int) -> np.ndarray:
    """Return all runs of `length` consecutive windows inside one trial.

    Parameters
    ----------
    keys : pandas.DataFrame
        Key columns of the windows, sorted as in `Windows.keys`.
    length : int
        Windows in a run, at least 1.

    Returns
    -------
    array of int64, shape (n_runs, length)
        Rows; every window that has enough predecessors ends one run.

    Examples
    --------
    >>> keys = pd.DataFrame({"dataset": "a", "subject": "1", "session": "1",
    ...                      "trial": [1, 1, 1, 2, 2], "window": [0, 1, 3, 0, 1]})
    >>> runs(keys, 2)
    array([[0, 1],
           [3, 4]])
    """
    ending = runs_ending_at(keys, length)
    is_whole = ending[:, 0] == np.arange(len(keys)) - (length - 1)
    return ending[is_whole]


def runs_ending_at(keys: pd.DataFrame, length: int) -> np.ndarray:
    """Return for every window the run that ends with it.

    Where a trial (or the stretch since a missing window) has fewer than `length` windows so far,
    its first window is repeated in front: every window gets a prediction, and none looks ahead.

    Parameters
    ----------
    keys : pandas.DataFrame
        Key columns of the windows, sorted as in `Windows.keys`.
    length : int
        Windows in a run, at least 1.

    Returns
    -------
    array of int64, shape (n_windows, length)
    """
    if length < 1:
        raise ConfigError(f"a run of {length} windows is not possible: expected 1 or more")
    position = np.arange(len(keys))
    follows = np.zeros(len(keys), bool)
    follows[1:] = keys["window"].to_numpy()[1:] == keys["window"].to_numpy()[:-1] + 1
    for name in WINDOW_KEYS[:-1]:
        values = keys[name].to_numpy()
        follows[1:] &= values[1:] == values[:-1]
    start = np.maximum.accumulate(np.where(follows, 0, position))
    return np.maximum(position[:, None] - np.arange(length)[::-1], start[:, None])


class Items(NamedTuple):
    """What batches are drawn from: single windows or runs.

    Attributes
    ----------
    train : array of int64, shape (n_items,) or (n_items, run_length)
        Rows of every window or whole run.
    test : array of int64, shape (n_windows,) or (n_windows, run_length)
        The rows that predict each window.
    """

    train: np.ndarray
    test: np.ndarray

    def inside(self, rows: np.ndarray) -> np.ndarray:
        """Return the training items that lie wholly in the given rows."""
        is_in = np.zeros(len(self.test), bool)
        is_in[rows] = True
        has = is_in[self.train]
        return self.train[has if has.ndim == 1 else has.all(axis=1)]


def find_items(keys: pd.DataFrame, run_length: int | None) -> Items:
    """Return the windows, or the runs of `run_length` windows, of a key table."""
    if run_length is None:
        rows = np.arange(len(keys))
        return Items(rows, rows)
    return Items(runs(keys, run_length), runs_ending_at(keys, run_length))
