"""What the mean differential entropy of windows of white noise is, and how far it may be off."""

import numpy as np
from scipy.special import digamma, polygamma

from lookalikes.signals import true_de

N_SIGMA = 5.0


def expected_de(label: int, channel: int, band: tuple[float, float], sfreq: float, window_s: float):
    """Mean and standard deviation of the DE of one window, nats.

    The power of n bins of a Hann window is spread like a gamma variable of N < n: neighbouring
    bins share 4/9 of their variance, next but one 1/36, so that N = n^2 / (n + 8/9 (n - 1) +
    1/18 (n - 2)). The logarithm of that is below that of the mean by about 1 / (2 N).
    """
    n = round((band[1] - band[0]) * window_s)
    shape = n**2 / (n + 8 / 9 * (n - 1) + 1 / 18 * (n - 2))
    low = 0.5 * (digamma(shape) - np.log(shape))
    return true_de(label, channel, *band, sfreq) + low, 0.5 * np.sqrt(polygamma(1, shape))


def surplus(
    table, sfreq: float, window_s: float, ch_names, band=("gamma", 31.0, 51.0)
) -> np.ndarray:
    """How many standard errors the mean over windows and channels is off, per label."""
    found = []
    for label, of in table.groupby("label"):
        differences, spread = [], 0.0
        for channel, name in enumerate(ch_names):
            mean, spread = expected_de(int(label), channel, band[1:], sfreq, window_s)
            differences.append(of[f"de_{band[0]}_{name}"].to_numpy() - mean)
        x = np.concatenate(differences)
        found.append(x.mean() / (spread / np.sqrt(x.size)))
    return np.array(found)
