"""What is known of a trial without any recording: how long it was, and which it was.

Baselines read these as if they were modalities. What they reach is what the design of a data set
gives away: all subjects see the same clips, and clips differ in length.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from models.units import TRIAL, units


def duration(keys: pd.DataFrame) -> np.ndarray:
    """Return the length of each window's trial in seconds, shape (n_windows, 1).

    Its windows end within the trial, so this is short of the truth by less than a window.
    """
    longest = keys.groupby(list(TRIAL), observed=True)["stop_s"].transform("max")
    return longest.to_numpy(np.float64)[:, None]


def stimulus(keys: pd.DataFrame) -> np.ndarray:
    """Return a number for each window's session and trial, whoever saw it, shape (n_windows, 1)."""
    code, _ = units(keys, ("dataset", "session", "trial"))
    return code.astype(np.float64)[:, None]


TRIAL_FACTS: Mapping[str, Callable[[pd.DataFrame], np.ndarray]] = {
    "duration": duration,
    "stimulus": stimulus,
}
"""Name, as methods give it among their modalities -> values of every window."""
