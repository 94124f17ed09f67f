"""What is read at once: a window, a run of consecutive ones, or a whole trial."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError
from featpipe.schema import WINDOW_KEYS
from models.units import trial_codes


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


def trials(keys: pd.DataFrame) -> np.ndarray:
    """Return the windows of every trial.

    Parameters
    ----------
    keys : pandas.DataFrame
        Key columns of the windows, sorted as in `Windows.keys`.

    Returns
    -------
    array of int64, shape (n_trials, n_longest)
        Rows; -1 behind the end of a shorter trial.
    """
    code = trial_codes(keys)
    first, count = np.unique(code, return_index=True, return_counts=True)[1:]
    rows = first[:, None] + np.arange(count.max())
    return np.where(np.arange(count.max()) < count[:, None], rows, -1)


class Items(NamedTuple):
    """What batches are drawn from: single windows, runs or whole trials.

    Attributes
    ----------
    train : array of int64, shape (n_items,) or (n_items, length)
        Rows of every window, whole run or trial; -1 behind the end of a trial.
    test : array of int64, shape (n_reads,) or (n_reads, length)
        Rows that are read together to predict.
    read : array of int64, shape (n_windows,)
        Which of these predicts each window.
    weight : array of float64, shape (n_windows,), optional
        How often each window is drawn relative to others; None where all are drawn alike.
    """

    train: np.ndarray
    test: np.ndarray
    read: np.ndarray
    weight: np.ndarray | None = None

    def inside(self, rows: np.ndarray) -> np.ndarray:
        """Return the training items that lie wholly in the given rows."""
        is_in = np.zeros(len(self.read), bool)
        is_in[rows] = True
        has = is_in[self.train] | (self.train < 0)
        return self.train[has if has.ndim == 1 else has.all(axis=1)]

    def weigh(self, items: np.ndarray) -> np.ndarray | None:
        """Return the mean weight of the windows of each item, shape (n_items,), if there is one."""
        if self.weight is None or items.ndim == 1:
            return None if self.weight is None else self.weight[items]
        is_there = items >= 0
        return (self.weight[items] * is_there).sum(axis=1) / is_there.sum(axis=1)


def find_items(
    keys: pd.DataFrame, run_length: int | None = None, *, whole_trials: bool = False
) -> Items:
    """Return the windows, the runs of `run_length` windows, or the trials of a key table."""
    rows = np.arange(len(keys))
    if whole_trials:
        found = trials(keys)
        return Items(found, found, trial_codes(keys))
    if run_length is None:
        return Items(rows, rows, rows)
    return Items(runs(keys, run_length), runs_ending_at(keys, run_length), rows)
