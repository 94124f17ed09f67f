"""Resample and band-limit an array as the pipeline does it with a file."""

import numpy as np

from featpipe.eeg.filtering import design
from featpipe.eeg.settings import EegSettings
from featpipe.eeg.stream import Stream, in_memory, read_stream


def resample(x: np.ndarray, sfreq: float, settings: EegSettings | None = None) -> np.ndarray:
    """Resample and band-limit a whole recording that is in memory.

    Parameters
    ----------
    x : array, shape (n_channels, n_times), microvolt
        Precision is that of microvolts: what lies beyond ten volts counts as lost.
    sfreq : float
        Rate of x, Hz.
    settings : EegSettings, optional
        Wanted rate, band and notches; nothing else of it is looked at.

    Returns
    -------
    numpy.ndarray, shape (n_channels, ceil(n_times * new rate / sfreq))
        Sample m lies at m / new rate seconds.

    Examples
    --------
    >>> import numpy as np
    >>> time = np.arange(4000) / 1000
    >>> y = resample(np.sin(2 * np.pi * 190 * time)[np.newaxis], 1000.0)  # nothing below 75 Hz
    >>> y.shape, bool(np.abs(y[0, 100:-100]).max() < 1e-4)
    ((1, 800), True)
    """
    x = np.atleast_2d(np.asarray(x, dtype=np.float64))
    stream = Stream(in_memory(x, sfreq), design(sfreq, settings or EegSettings(), x.shape[1]))
    return np.ascontiguousarray(read_stream(stream, 0, stream.n_times))
