"""The obvious slow version of each kernel, to test the fast one against."""

import numpy as np


def differential_entropy(x, sfreq, bands, n_window, starts):
    """DE in nats, one window, channel and band at a time, by the definition."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_window) / n_window)
    frequency = np.arange(n_window // 2 + 1) * sfreq / n_window
    out = np.full((len(starts), len(x), len(bands)), np.nan)
    for i, start in enumerate(starts):
        for j, channel in enumerate(x):
            segment = channel[start : start + n_window]
            power = np.abs(np.fft.rfft(hann * (segment - segment.mean()))) ** 2
            power /= n_window * (hann**2).sum()
            power[1 : (n_window + 1) // 2] *= 2
            for k, (low, high) in enumerate(bands.values()):
                sigma2 = power[(frequency >= low) & (frequency < high)].sum()
                if sigma2 > 0:
                    out[i, j, k] = 0.5 * np.log(2 * np.pi * np.e * sigma2)
    return out


def moving_average(x, width):
    """Centred mean over `width` windows, fewer at the edges."""
    half = width // 2
    return np.array([x[max(0, i - half) : i + half + 1].mean(axis=0) for i in range(len(x))])


def fir_at(x, taps, up, down, m):
    """Output sample m of up-sampling, one FIR with its middle at the sample, down-sampling."""
    half, total = len(taps) // 2, 0.0
    for k in range(len(taps)):
        position = m * down + half - k
        if position % up == 0:
            n = min(max(position // up, 0), len(x) - 1)
            total += taps[k] * x[n]
    return total
