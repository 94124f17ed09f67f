"""Tables of two recordings that hold the same numbers: one would be trained on and tested on.

A file that was saved anew under another subject's name, compressed otherwise or behind another
header, shows nothing of it before its features are computed. These are the same to the bit then, as
those of two recordings never are. Where the second one has trials of its own, cut elsewhere, no
window of it begins at the same sample, and nothing is the same to the bit: that would take the
signals. Files of equal content are therefore refused before any table is made
(`featpipe.datasets.copies`), wherever their trials lie; what was both saved anew and cut anew is
not found.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError

_MIN_DISTINCT = 4
"""Finite values that a row must have to tell anything: a window without events is all 0 or NaN."""


def first_rows(keys: pd.DataFrame, x: np.ndarray) -> dict[bytes, int]:
    """Return the first window of each trial of a recording, as far as it tells anything.

    Parameters
    ----------
    keys : pandas.DataFrame
        Columns `trial` and `window`, in any order.
    x : array of float32, shape (n_windows, n_columns)
        Its features.

    Returns
    -------
    dict of bytes to int
        The numbers of the window -> trial.
    """
    order = np.lexsort((keys["window"].to_numpy(), keys["trial"].to_numpy()))
    trials, first = np.unique(keys["trial"].to_numpy()[order], return_index=True)
    rows = x[order[first]]
    ascending = np.sort(np.where(np.isfinite(rows), rows, np.nan), axis=1)  # NaN comes last
    n_distinct = 1 + (np.diff(ascending, axis=1) > 0).sum(axis=1)
    return {
        row.tobytes(): int(trial)
        for trial, row, n in zip(trials, rows, n_distinct, strict=True)
        if n >= _MIN_DISTINCT
    }


def refuse_repeats(files: Sequence[Path], rows: Sequence[Mapping[bytes, int]]) -> None:
    """Refuse two tables of which at least half of the trials begin with the same numbers.

    Parameters
    ----------
    files : sequence of Path
        The tables of one modality.
    rows : sequence of mapping
        `first_rows` of each.

    Raises
    ------
    ConfigError
        Naming both files.
    """
    owners: dict[bytes, list[int]] = {}
    for i, of in enumerate(rows):
        for row in of:
            owners.setdefault(row, []).append(i)
    pairs = {(i, j) for of in owners.values() for i in of for j in of if i < j}
    for i, j in sorted(pairs):
        shared = rows[i].keys() & rows[j].keys()
        if 2 * len(shared) >= min(len(rows[i]), len(rows[j])):
            raise ConfigError(
                f"{files[j]}: its numbers are those of {files[i]}, in {len(shared)} trials: one "
                "recording under two names would be trained on and tested on; find out which name "
                "is the true one, fetch the other recording again and make its tables again"
            )
