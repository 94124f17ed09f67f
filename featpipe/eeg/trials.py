"""Trials of a continuous recording: where they lie, the baseline and the signal of one."""

from collections.abc import Sequence

import numpy as np

from featpipe.eeg.settings import EegSettings
from featpipe.eeg.stream import Stream, read_stream
from featpipe.errors import ReadError
from featpipe.windows import Grid

_BLOCK = 4096  # samples held at once while a mean is taken
_ROUNDING = 1e-12


def check_inside(grids: Sequence[Grid], n_times: int, sfreq: float) -> None:
    """Refuse trials that have no sample of the recording; one among others keeps its rows.

    Parameters
    ----------
    grids : sequence of Grid
        All trials of a recording, at least one.
    n_times : int
        Samples of the recording, at the rate of the grids.
    sfreq : float
        That rate, Hz.

    Raises
    ------
    ReadError
        When all trials lie behind the end of the recording, or one begins before it.
    """
    first = min(grid.start for grid in grids)
    if not 0 <= first < n_times:
        raise ReadError(
            f"the first trial begins at {first / sfreq:.3f} s, outside the recording of "
            f"{n_times / sfreq:.3f} s: correct onset and offset, which are seconds "
            "from the first sample of the EEG, or the path of the recording"
        )


def trial_level(stream: Stream, grid: Grid, settings: EegSettings) -> np.ndarray:
    """Find the level that the baseline correction takes off each channel.

    Parameters
    ----------
    stream : Stream
        The recording.
    grid : Grid
        The trial's bounds at the rate of the stream.
    settings : EegSettings
        `baseline` and `baseline_s` are read.

    Returns
    -------
    numpy.ndarray, shape (n_channels, 1), microvolt
        Mean of the samples that are not lost, NaN where all are; 0 without a baseline.

    Raises
    ------
    ReadError
        When the recording begins less than `baseline_s` before the trial.
    """
    if settings.baseline == "none":
        return np.zeros((stream.n_channels, 1))
    begin, end = grid.start, min(grid.start + grid.n_times, stream.n_times)
    if settings.baseline == "pre":
        begin, end = grid.start - round(settings.baseline_s * stream.sfreq), grid.start
        if begin < 0:
            raise ReadError(
                f'[eeg] baseline = "pre" needs {settings.baseline_s:g} s before the trial at '
                f"{grid.start / stream.sfreq:.3f} s, the recording begins later: shorten baseline_s"
            )
    total, count = np.zeros(stream.n_channels), np.zeros(stream.n_channels)
    for start in range(begin, end, _BLOCK):
        x = read_stream(stream, start, min(start + _BLOCK, end))
        is_known = np.isfinite(x)
        total += np.where(is_known, x, 0.0).sum(axis=1)
        count += is_known.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)[:, np.newaxis]


def take_off(x: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Subtract a level; what is nothing but rounding of it becomes 0.

    Parameters
    ----------
    x : array, shape (n_channels, n_times), microvolt
        The signal.
    level : array, shape (n_channels, 1), microvolt
        From `trial_level`.

    Returns
    -------
    numpy.ndarray, shape of x
        A dead channel is exactly 0.
    """
    y = x - level
    y[np.abs(y) <= _ROUNDING * np.abs(level)] = 0.0
    return y
