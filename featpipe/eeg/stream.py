"""The continuous EEG at the rate of the features, computed where somebody asks for it.

A recording is never held: a stretch of it goes from the stored numbers through the filters and,
where cleaning was asked for, one matrix over channels, and is forgotten again.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from featpipe.eeg.decimation import decimate, stretch_start
from featpipe.eeg.filtering import Resampler, n_output
from featpipe.eeg.samples import Samples
from featpipe.eeg.spatial import Spatial, apply

_ROUNDING = 1e-12  # what a filter leaves of a constant, as a share of it


@dataclass(frozen=True)
class Stream:
    """A recording and what is done to it.

    Attributes
    ----------
    samples : Samples
        Stored numbers of the input channels.
    how : Resampler
        From `filtering.design`.
    spatial : Spatial or None
        Cleaning over channels; without it the inputs are the outputs.
    """

    samples: Samples
    how: Resampler
    spatial: Spatial | None = None

    @property
    def sfreq(self) -> float:
        """Rate of the output, Hz."""
        return self.how.sfreq

    @property
    def n_times(self) -> int:
        """Output samples of the whole recording."""
        return n_output(self.samples.n_times, self.how)

    @property
    def n_channels(self) -> int:
        """Channels of the output."""
        return len(self.samples.first if self.spatial is None else self.spatial.matrix)


def read_stream(stream: Stream, start: int, stop: int) -> np.ndarray:
    """Compute output samples [start, stop).

    Parameters
    ----------
    stream : Stream
        The recording.
    start, stop : int
        Bounds in output samples, `start` not below 0.

    Returns
    -------
    numpy.ndarray of float64, shape (n_channels, stop - start), microvolt
        The channels of a sample lie side by side in memory. NaN behind the end of the recording,
        and where a filter covers a lost sample. Bit-equal for any bounds.
    """
    end = max(start, min(stop, stream.n_times))
    x = read_inputs(stream, start, end)
    if stream.spatial is not None:
        x = apply(stream.spatial.matrix, x)
    if end == stop:
        return x
    beyond = np.full((stop - end, len(x)), np.nan)
    return np.concatenate([x.T, beyond]).T


def read_inputs(stream: Stream, start: int, stop: int) -> np.ndarray:
    """Compute output samples [start, stop) of the input channels, before any cleaning.

    Parameters
    ----------
    stream : Stream
        The recording.
    start, stop : int
        Bounds in output samples, inside the recording.

    Returns
    -------
    numpy.ndarray of float64, shape (n_inputs, stop - start), microvolt
    """
    half = len(stream.how.second) // 2
    if not half:
        return decimate(stream.samples, stream.how, start, stop).T
    again = Resampler(stream.sfreq, stream.how.h_freq, 1, 1, stream.how.second, np.ones(1))
    origin = stretch_start(again, start - half)
    x = decimate(stream.samples, stream.how, origin, stop + half)
    y = decimate(in_memory(x.T, stream.sfreq), again, start - origin, stop - origin)
    y[np.abs(y) <= _ROUNDING * np.abs(x[start - origin : stop - origin])] = 0.0
    return y.T


def in_memory(x: np.ndarray, sfreq: float) -> Samples:
    """Offer an array as a recording.

    Parameters
    ----------
    x : array, shape (n_channels, n_times), microvolt
        The signal.
    sfreq : float
        Its rate, Hz.

    Returns
    -------
    Samples
    """
    x = np.ascontiguousarray(x.T, dtype=np.float64)
    n_times, n_channels = x.shape
    return Samples(
        sfreq=sfreq,
        n_times=n_times,
        n_per_record=1,
        first=np.arange(n_channels),
        offset=np.zeros(n_channels),
        scale=np.ones(n_channels),
        read=partial(_rows, x),
    )


def _rows(x: np.ndarray, start: int, stop: int) -> np.ndarray:
    return x[start:stop]
