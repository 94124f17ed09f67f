"""The obvious slow version of the EEG families beside DE, one sample and one window at a time."""

import numpy as np
from scipy import signal


def _section(x, section, y_before):
    """One second-order section by its difference equation; the first sample was there for ever."""
    b0, b1, b2, _, a1, a2 = section
    y, x1, x2, y1, y2 = [], x[0], x[0], y_before, y_before
    for x0 in x:
        y0 = b0 * x0 + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
        y.append(y0)
        x1, x2, y1, y2 = x0, x1, y0, y1
    return y


def _pass(x, sos):
    for section in sos:
        gain = section[:3].sum() / section[3:].sum()  # at 0 Hz
        x = _section(x, section, gain * x[0])
    return x


def zero_phase(x, sos):
    """Forward and backward over one channel, reflected in the point at each end."""
    n = min(3 * (2 * len(sos) + 1), len(x) - 1)
    before = [2 * x[0] - x[i] for i in range(n, 0, -1)]
    after = [2 * x[-1] - x[-1 - i] for i in range(1, n + 1)]
    y = _pass([*before, *x, *after], sos)
    y = _pass(y[::-1], sos)[::-1]
    return np.array(y[n : n + len(x)])


def bandpass_entropy(x, sfreq, bands, starts, n_window, order=4):
    out = np.full((len(starts), len(x), len(bands)), np.nan)
    for k, edges in enumerate(bands.values()):
        sos = signal.butter(order, edges, "bandpass", fs=sfreq, output="sos")
        for j, channel in enumerate(x):
            lost = [not np.isfinite(value) for value in channel]
            if all(lost):
                continue
            y = zero_phase(_bridge(list(channel), lost), sos)
            for i, start in enumerate(starts):
                window = slice(start, start + n_window)
                if any(lost[window]) or np.ptp(channel[window]) == 0:
                    continue
                out[i, j, k] = 0.5 * np.log(2 * np.pi * np.e * y[window].var())
    return out


def _bridge(channel, lost):
    """Straight lines from the last sample before a gap to the first one behind it."""
    known = [i for i, is_lost in enumerate(lost) if not is_lost]
    for i, is_lost in enumerate(lost):
        if is_lost:
            left = max((k for k in known if k < i), default=known[0])
            right = min((k for k in known if k > i), default=known[-1])
            share = (i - left) / (right - left) if left < i < right else 0.0
            channel[i] = channel[left] + share * (channel[right] - channel[left])
    return channel


def window_entropy_from_rest(x, sfreq, bands, order):
    """DE in nats of a single window that is filtered alone, once and from rest, per channel."""
    out = np.empty((len(x), len(bands)))
    for k, edges in enumerate(bands):
        sos = signal.butter(order, edges, "bandpass", fs=sfreq, output="sos")
        out[:, k] = 0.5 * np.log(2 * np.pi * np.e * signal.sosfilt(sos, x, axis=1).var(axis=1))
    return out


def power_density(x, sfreq, bands, starts, n_window):
    """Mean of the one-sided periodogram over the bins of each band, from the DFT's definition."""
    n = np.arange(n_window)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / n_window)
    out = np.full((len(starts), len(x), len(bands)), np.nan)
    for i, start in enumerate(starts):
        for j, channel in enumerate(x):
            segment = channel[start : start + n_window]
            segment = hann * (segment - segment.mean())
            for b, (low, high) in enumerate(bands.values()):
                density = []
                for k in range(n_window // 2 + 1):
                    if low <= k * sfreq / n_window < high:
                        power = abs((segment * np.exp(-2j * np.pi * k * n / n_window)).sum()) ** 2
                        sides = 1 if k == 0 or 2 * k == n_window else 2
                        density.append(sides * power / (sfreq * (hann**2).sum()))
                if density and np.ptp(channel[start : start + n_window]) > 0:
                    out[i, j, b] = np.mean(density)
    return out


def asymmetry(de, ch_names, pairs, combine):
    """Combine two channels of each complete pair, number by number; None becomes NaN."""
    columns = []
    for first, second in pairs:
        if first in ch_names and second in ch_names:
            a, b = de[:, ch_names.index(first)], de[:, ch_names.index(second)]
            values = [combine(float(u), float(v)) for u, v in zip(a.flat, b.flat, strict=True)]
            columns.append(np.array(values, dtype=float).reshape(a.shape))
    return np.stack(columns, axis=1)
