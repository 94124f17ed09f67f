"""One window grid per trial, shared by EEG and eye tables.

The grid counts samples at the rate of the EEG after resampling, so that both modalities of a
recording have the same windows even where a trial does not start on a whole second.
"""

import math
from dataclasses import dataclass

import numpy as np

from featpipe.errors import ConfigError

_SAME_PLACE = 1e-6
"""Of a sample; times are not exact in binary."""


@dataclass(frozen=True)
class Grid:
    """Windows of one trial.

    Attributes
    ----------
    start : int
        First sample of the trial in the recording, at `sfreq`.
    n_times : int
        Samples in the trial.
    starts : numpy.ndarray of int, shape (n_windows,)
        First sample of each window, counted from the trial's first sample.
    n_window : int
        Samples in a window.
    sfreq : float
        Hz.
    """

    start: int
    n_times: int
    starts: np.ndarray
    n_window: int
    sfreq: float

    @property
    def start_s(self) -> np.ndarray:
        """Begin of each window, seconds from the trial's onset, shape (n_windows,)."""
        return self.starts / self.sfreq

    @property
    def stop_s(self) -> np.ndarray:
        """End of each window, seconds from the trial's onset, shape (n_windows,)."""
        return (self.starts + self.n_window) / self.sfreq


def window_starts(n_times: int, n_window: int, hop: float) -> np.ndarray:
    """Return the first sample of every whole window.

    Parameters
    ----------
    n_times : int
        Samples in the trial.
    n_window : int
        Samples in a window.
    hop : float
        Samples from one window to the next; need not be whole, starts are rounded.

    Returns
    -------
    numpy.ndarray of int64, shape (n_windows,)

    Examples
    --------
    >>> window_starts(1000, 400, 200)
    array([  0, 200, 400, 600])
    """
    if n_window < 1 or hop <= 0:
        raise ConfigError(f"a window of {n_window} samples every {hop:g} samples is not possible")
    n_windows = max(0, int(np.floor((n_times - n_window) / hop + 1e-9)) + 1)
    return np.round(np.arange(n_windows) * hop).astype(np.int64)


def trial_grid(onset: float, offset: float, sfreq: float, window_s: float, hop_s: float) -> Grid:
    """Lay the windows of one trial.

    Parameters
    ----------
    onset, offset : float
        Trial bounds, seconds of the recording. The trial is the samples
        [round(onset * sfreq), round(offset * sfreq)).
    sfreq : float
        Rate of the grid in Hz.
    window_s, hop_s : float
        Length of a window and distance between windows in seconds.

    Returns
    -------
    Grid
        Only whole windows inside the trial.
    """
    start, stop = (_nearest(time * sfreq) for time in (onset, offset))
    n_window = round(window_s * sfreq)
    starts = window_starts(stop - start, n_window, hop_s * sfreq)
    return Grid(start, stop - start, starts, n_window, sfreq)


def _nearest(place: float) -> int:
    """Round halves up: to the even one, a trial that begins and ends between samples loses one."""
    return math.floor(place + 0.5 + _SAME_PLACE)
