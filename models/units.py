"""What windows belong to: a subject, a session, a trial of that, a clip that all were shown."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

SUBJECT = ("dataset", "subject")
SESSION = (*SUBJECT, "session")
TRIAL = (*SESSION, "trial")
CLIP = ("dataset", "trial")
"""Trials of one number count as one clip whoever saw it and in whichever session: some data sets
show the same clips in every session, and where they do not this costs training data and no truth.
"""


def subject_codes(keys: pd.DataFrame) -> np.ndarray:
    """Return the number of each window's subject, in order of appearance, shape (n_windows,)."""
    return units(keys, SUBJECT)[0]


def trial_codes(keys: pd.DataFrame) -> np.ndarray:
    """Return the number of each window's trial, in order of appearance, shape (n_windows,)."""
    return units(keys, TRIAL)[0]


def units(keys: pd.DataFrame, columns: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Tell which unit each window belongs to, and what the units are called.

    Parameters
    ----------
    keys : pandas.DataFrame
        Key columns of the windows.
    columns : sequence of str
        What tells units apart, for example `SUBJECT`.

    Returns
    -------
    code : array of int, shape (n_windows,)
        Number of each window's unit, in order of appearance.
    names : list of str
        Name of each unit, for example "sub-3_ses-1".
    """
    code = np.array(keys.groupby(list(columns), sort=False, observed=True).ngroup())
    firsts = keys[list(columns)].drop_duplicates()
    has_many = len(keys["dataset"].unique()) > 1
    prefix = {"dataset": "", "subject": "sub-", "session": "ses-", "trial": "trial-"}
    used = [name for name in columns if name != "dataset" or has_many]
    names = ["_".join(f"{prefix[n]}{row[n]}" for n in used) for _, row in firsts.iterrows()]
    return code, names
