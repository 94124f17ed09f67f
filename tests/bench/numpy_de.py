"""Differential entropy as one would write it in NumPy: one FFT over all windows.

The same definition as ours: the window's mean removed, periodic Hann, one-sided power whose sum
is the window's Hann-weighted variance, bins with low <= f < high, nats.
"""

import numpy as np

from featpipe.schema import BANDS


def numpy_de(x: np.ndarray, sfreq: float, window_s: float = 1.0) -> np.ndarray:
    """Return the DE of windows that follow each other, (n_windows, n_channels, n_bands).

    Parameters
    ----------
    x : array, shape (n_channels, n_times), microvolt
    sfreq : float
        Hz.
    window_s : float
        Seconds; a whole and even number of samples.
    """
    n = round(window_s * sfreq)
    windows = x[:, : x.shape[1] // n * n].reshape(len(x), -1, n)
    windows = windows - windows.mean(axis=2, keepdims=True)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    windows *= hann
    spectrum = np.fft.rfft(windows)
    power = spectrum.real**2 + spectrum.imag**2
    power[..., 1 : n // 2] *= 2.0
    freqs = np.fft.rfftfreq(n, 1 / sfreq)
    variance = [
        power[..., slice(*np.searchsorted(freqs, edges))].sum(-1) for edges in BANDS.values()
    ]
    sigma2 = np.stack(variance, axis=-1).swapaxes(0, 1) / (n * np.square(hann).sum())
    return 0.5 * np.log(2 * np.pi * np.e * sigma2)
