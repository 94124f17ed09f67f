"""The continuous EEG at the rate of the features, computed where somebody asks for it.

A recording is never held: a stretch of it goes from the stored numbers through the filters and,
where cleaning was asked for, one matrix over channels, and is forgotten again.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from featpipe.eeg.bridging import bridge
from featpipe.eeg.decimation import decimate, stretch_of
from featpipe.eeg.filtering import Resampler, n_output
from featpipe.eeg.levels import Levels, on_one_level
from featpipe.eeg.samples import Samples
from featpipe.eeg.spatial import Spatial, clean

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
    levels : Levels or None
        Of the pieces of a recording that was paused, where there is a high-pass.
    """

    samples: Samples
    how: Resampler
    spatial: Spatial | None = None
    levels: Levels | None = None

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
        and where the first filter covers a lost sample. Bit-equal for any bounds.
    """
    return read_both(stream, start, stop)[1]


def read_both(stream: Stream, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute output samples [start, stop), and what they were before high-pass and cleaning.

    Parameters
    ----------
    stream, start, stop
        As in `read_stream`.

    Returns
    -------
    before, after : numpy.ndarray of float64, shape (n_channels, stop - start), microvolt
        One and the same array where nothing but the first filter is applied.
    """
    end = max(start, min(stop, stream.n_times))
    before, after = _filtered(stream, start, end)
    if stream.spatial is not None:
        before, after = before[: stream.n_channels], clean(stream.spatial, after)
    if end == stop:
        return before, after
    beyond = np.full((stop - end, stream.n_channels), np.nan)
    whole = np.concatenate([after.T, beyond]).T
    return (whole if before is after else np.concatenate([before.T, beyond]).T), whole


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
    return _filtered(stream, start, stop)[1]


def _filtered(stream: Stream, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute the inputs behind the first filter, and behind the second one as well."""
    half = len(stream.how.second) // 2
    if not half or stop <= start:
        x = decimate(stream.samples, stream.how, start, stop).T
        return x, x
    again = stream.how._replace(up=1, down=1, taps=stream.how.second)
    # whole stretches of the second filter, lying where they lie in the recording
    first, last = stretch_of(again, start)[0], stretch_of(again, stop - 1)[1]
    origin = stretch_of(again, first - half)[0]
    x = decimate(stream.samples, stream.how, origin, last + half)
    whole = on_one_level(x, origin, stream.levels)
    if np.isnan(x).any():
        whole = decimate(stream.samples, stream.how, origin - half, last + 2 * half)
        whole = on_one_level(whole, origin - half, stream.levels)
        whole = bridge(whole, half)[half : half + len(x)]
    y = decimate(
        in_memory(whole.T, stream.sfreq), again, start - origin, stop - origin, in_double=True
    )
    x = x[start - origin : stop - origin]
    y[np.abs(y) <= _ROUNDING * np.abs(x)] = 0.0
    y[np.isnan(x)] = np.nan
    return x.T, y.T


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
