"""One trial of a continuous recording: where it lies, its baseline, its signal."""

import numpy as np

from featpipe.eeg.settings import EegSettings
from featpipe.eeg.stream import Stream, read_stream
from featpipe.errors import ReadError
from featpipe.windows import Grid

_BLOCK = 4096  # samples held at once while a mean is taken
_ROUNDING = 1e-12


def check_inside(stream: Stream, grid: Grid) -> None:
    """Refuse a trial that no sample was recorded of.

    Raises
    ------
    ReadError
        When the trial lies outside the recording altogether, or begins before it.
    """
    begin, end = grid.start, grid.start + grid.n_times
    if end <= 0 or begin >= stream.n_times or begin < 0:
        raise ReadError(
            f"trial from {begin / stream.sfreq:.3f} to {end / stream.sfreq:.3f} s lies outside "
            f"the recording of {stream.n_times / stream.sfreq:.3f} s: correct its onset and offset"
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
        Mean of the samples that are not lost; 0 without a baseline.

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
    return (total / np.maximum(count, 1))[:, np.newaxis]


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
