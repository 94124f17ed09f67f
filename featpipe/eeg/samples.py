"""The numbers of an EEG recording as its file stores them, block by block."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LOST_UV = 1e7
"""Ten volts are no signal but what a program writes for a lost sample; `decimation` loses them."""


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
    largest : float
        No stored number is larger by size, as far as the format tells: 24 bits are read as 32.
    """

    sfreq: float
    n_times: int
    n_per_record: int
    first: np.ndarray
    offset: np.ndarray
    scale: np.ndarray
    read: Callable[[int, int], np.ndarray]
    largest: float = np.inf


def may_be_lost(samples: Samples) -> bool:
    """Tell whether the form of its numbers lets a recording have lost samples.

    Parameters
    ----------
    samples : Samples
        The recording.

    Returns
    -------
    bool
        True for floating point, which has a NaN, and for integers that reach ten volts.
    """
    if not samples.n_times:
        return False
    form = samples.read(0, 1).dtype
    if np.issubdtype(form, np.floating):
        return True
    largest = min(-float(np.iinfo(form).min), samples.largest)
    return bool((largest * np.abs(samples.scale) >= LOST_UV).any())


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
