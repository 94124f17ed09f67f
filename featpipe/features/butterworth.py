"""The Butterworth filters of a set of bands, as the band-pass kernel takes them."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from featpipe.errors import ConfigError


def sections(
    bands: Mapping[str, tuple[float, float]], sfreq: float, order: int
) -> tuple[np.ndarray, np.ndarray]:
    """Design second-order sections.

    A Butterworth band-pass has as many zeros at 0 Hz as at Nyquist: give each section one of
    both, 1 - z^-2, and it needs no coefficients but a1, a2. The first section then takes the
    level of the signal away exactly.

    Parameters
    ----------
    bands : mapping of str to (low, high)
        Hz.
    sfreq : float
        Sampling rate, Hz.
    order : int
        Of the Butterworth prototype.

    Returns
    -------
    poles : numpy.ndarray of float64, shape (n_bands, order, 2)
        a1 and a2 of each section. Not to be written: all callers are given the same.
    scale : numpy.ndarray of float64, shape (n_bands,)
        What a variance is multiplied by after a pass forward and one backward. Not to be written.

    Raises
    ------
    ConfigError
        For a band that is not inside (0, sfreq / 2), or an order below 1.
    """
    edges = tuple((name, float(low), float(high)) for name, (low, high) in bands.items())
    return _designed(edges, float(sfreq), order)


@lru_cache(maxsize=32)  # five designs take longer than filtering a short trial
def _designed(
    bands: tuple[tuple[str, float, float], ...], sfreq: float, order: int
) -> tuple[np.ndarray, np.ndarray]:
    from scipy import signal  # half a second to import, see `featpipe.eeg.filtering`

    if order < 1:
        raise ConfigError(f"order = {order}: expected 1 or more")
    poles, gains = np.empty((len(bands), order, 2)), np.empty(len(bands))
    for i, (name, low, high) in enumerate(bands):
        if not 0 < low < high < sfreq / 2:
            raise ConfigError(
                f"band {name} = {low:g}-{high:g} Hz: a band-pass at {sfreq:g} Hz needs"
                f" 0 < low < high < {sfreq / 2:g} Hz; change the band or leave it out"
            )
        sos = np.asarray(signal.butter(order, (low, high), "bandpass", fs=sfreq, output="sos"))
        poles[i], gains[i] = sos[:, 4:], sos[:, 0].prod()
    scale = gains**4
    poles.flags.writeable = scale.flags.writeable = False
    return poles, scale
