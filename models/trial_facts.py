"""What is known of a trial without any recording: how long it was, and which it was.

Baselines read these as if they were modalities. What they reach is what the design of a data set
gives away: all subjects see the same clips, and clips differ in length.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from models.units import CLIP, TRIAL, units


def duration(keys: pd.DataFrame) -> np.ndarray:
    """Return the length of each window's trial in seconds, shape (n_windows, 1).

    Its windows end within the trial, so this is short of the truth by less than a window.
    """
    longest = keys.groupby(list(TRIAL), observed=True)["stop_s"].transform("max")
    return longest.to_numpy(np.float64)[:, None]


def stimulus(keys: pd.DataFrame) -> np.ndarray:
    """Return numbers for each window's clip, whoever saw it, shape (n_windows, 2).

    The first is that of session and trial. Where nobody was trained on that session the second
    one, of the trial alone, may tell: some data sets show the same clips in every session.
    """
    codes = [units(keys, of)[0] for of in (("dataset", "session", "trial"), CLIP)]
    return np.stack(codes, axis=1).astype(np.float64)


TRIAL_FACTS: Mapping[str, Callable[[pd.DataFrame], np.ndarray]] = {
    "duration": duration,
    "stimulus": stimulus,
}
"""Name, as methods give it among their modalities -> values of every window."""
