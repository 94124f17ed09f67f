"""The numbers of an EEG recording as its file stores them, block by block."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Samples:
    """Access to the stored numbers of some channels of a recording, all of one rate.

    A file is a row of equal records; each record holds `n_per_record` successive samples of a
    channel, one behind the other. Multiplexed files (Neuroscan, BrainVision) have one sample per
    record, EDF and BDF some hundreds.

    Attributes
    ----------
    sfreq : float
        Hz.
    n_times : int
        Samples per channel.
    n_per_record : int
        Samples per channel and record.
    first : numpy.ndarray of int64, shape (n_channels,)
        Where in a record the samples of each channel begin.
    offset, scale : numpy.ndarray of float64, shape (n_channels,)
        Microvolt = (number - offset) * scale.
    read : callable
        (start, stop) in records -> array of int16, int32, float32 or float64, C-contiguous,
        shape (stop - start, numbers per record).
    """

    sfreq: float
    n_times: int
    n_per_record: int
    first: np.ndarray
    offset: np.ndarray
    scale: np.ndarray
    read: Callable[[int, int], np.ndarray]


def microvolt(samples: Samples, start: int, stop: int) -> np.ndarray:
    """Return a piece of a recording as it was stored, channel by channel.

    Parameters
    ----------
    samples : Samples
        The recording.
    start, stop : int
        Samples [start, stop) of every channel.

    Returns
    -------
    numpy.ndarray of float64, shape (n_channels, stop - start), microvolt
    """
    n_per_record = samples.n_per_record
    first, last = start // n_per_record, -(-stop // n_per_record)
    numbers = samples.read(first, last)
    rows = numbers[:, samples.first[:, None] + np.arange(n_per_record)]
    rows = rows.swapaxes(0, 1).reshape(len(samples.first), -1).astype(np.float64)
    rows = rows[:, start - first * n_per_record : stop - first * n_per_record]
    return (rows - samples.offset[:, None]) * samples.scale[:, None]
