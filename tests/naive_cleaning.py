"""The obvious slow versions of what finds and repairs bad channels, on whole arrays."""

import numpy as np
from scipy import signal

TAPS = signal.firwin(33, 15.0, fs=200.0)
"""What weights of the EOG are learnt behind, at 200 Hz."""


def clipped_shares(x, n_run, n_beyond):
    """Share of the known samples in runs of `n_run` or more at a channel's limit, above and below.

    The limit is the number, with at most `n_beyond` samples beyond it, that has most of them.
    Without the first and last sample, and without those that all channels share with a neighbour.
    """
    same = [
        all(b == a or np.isnan(b) for a, b in zip(x[:, t], x[:, t + 1], strict=True))
        for t in range(x.shape[1] - 1)
    ]
    moving = [not (same[t - 1] or same[t]) for t in range(1, x.shape[1] - 1)]
    rows = [np.where(moving, row[1:-1], np.nan) for row in x]
    return np.array([_clipped_share(row, n_run, n_beyond) for row in rows])


def _clipped_share(channel, n_run, n_beyond):
    known = channel[np.isfinite(channel)]
    if known.size == 0 or known.max() == known.min():
        return 0.0
    n_clipped = 0
    for sign in (1, -1):
        limits = [v for v in set(sign * known) if (sign * known > v).sum() <= n_beyond]
        n_clipped += max(_in_runs(sign * channel, limit, n_run) for limit in limits)
    return n_clipped / known.size


def _in_runs(channel, limit, n_run):
    n_in_runs = run = 0
    for value in [*channel, np.nan]:
        if value == limit:
            run += 1
        else:
            n_in_runs += run if run >= n_run else 0
            run = 0
    return n_in_runs


def flat_shares(x, n_stretch):
    """Share of stretches without two different numbers; not those in which no channel has them."""
    starts = range(0, x.shape[1] - n_stretch + 1, n_stretch)
    still = np.zeros((len(x), len(starts)), dtype=bool)
    for k, start in enumerate(starts):
        for i, channel in enumerate(x[:, start : start + n_stretch]):
            still[i, k] = len(set(channel[np.isfinite(channel)])) < 2
    paused = still.all(axis=0)
    return np.ones(len(x)) if paused.all() else still[:, ~paused].mean(axis=1)


def failed_shares(x, sfreq, h_freq):
    """Shares of lost, noisy and uncorrelated seconds by the definitions, one at a time."""
    n = round(sfreq)
    freqs = np.arange(n // 2 + 1) * sfreq / n
    low, high = (freqs >= 1) & (freqs < 40), (freqs >= 45) & (freqs <= h_freq)
    failed, judged = np.zeros((2, len(x))), np.zeros((2, len(x)))
    is_lost: list[list[bool]] = []
    for start in range(0, x.shape[1] - n + 1, n):
        second = x[:, start : start + n]
        known = [i for i in range(len(x)) if np.isfinite(second[i]).all()]
        if known:
            is_lost.append([i not in known for i in range(len(x))])
        spectra = {}
        for i in known:
            line = np.polyval(np.polyfit(np.arange(n), second[i], 1), np.arange(n))
            spectra[i] = np.fft.rfft(second[i] - line)
        amplitude, noise = (
            {
                i: np.log(max(0.01, np.sqrt(2 * sum(abs(s[band]) ** 2)) / n))
                for i, s in spectra.items()
            }
            for band in (low, high)
        )
        for i in known if len(known) >= 4 else []:
            judged[0, i] += 1
            z_low, z_high = z_of(i, amplitude, 0.3), z_of(i, noise, 0.2)
            failed[0, i] += abs(z_low) > 5 or z_high > 5
        heard = [i for i in known if amplitude[i] > np.log(0.01)]
        for i in heard if len(heard) >= 4 else []:
            judged[1, i] += 1
            others = [likeness(spectra[i], spectra[j], freqs, low) for j in heard if j != i]
            failed[1, i] += max(others) < 0.4
    return np.vstack([np.mean(is_lost, axis=0), failed / np.maximum(judged, 1)])


def z_of(i, values, least):
    first, median, third = np.percentile(list(values.values()), [25, 50, 75])
    return (values[i] - median) / max(0.7413 * (third - first), least)


def likeness(a, b, freqs, band):
    """Absolute correlation of two signals from their spectra, power weighted by frequency."""
    weight = freqs * band
    product = np.real((weight * a * np.conj(b)).sum())
    return abs(product) / np.sqrt((weight * abs(a) ** 2).sum() * (weight * abs(b) ** 2).sum())


def eog_weights(x, eog_rows, n_piece, keeps_steps=False):
    """Least squares at 200 Hz, low-passed, on the EOG channels and a line for every run of a piece.

    A run is where the input and all EOG channels are known as far as the filter reaches; pieces in
    which one of them steps are left out.
    """
    weights = np.zeros((len(x), len(eog_rows)))
    for i in [i for i in range(len(x)) if i not in eog_rows]:
        columns, target = [], []
        for start in range(0, x.shape[1], n_piece):
            rows = x[[*eog_rows, i], start : start + n_piece]
            if rows.shape[1] < len(TAPS) or not np.isfinite(rows).any(axis=1).all():
                continue
            if not keeps_steps and any(steps(row) for row in rows):
                continue
            low, used = zip(*(low_passed(row) for row in rows), strict=True)
            for run in runs(np.all(used, axis=0)):
                lines = signal.detrend(np.array(low)[:, run], axis=1)
                columns.append(lines[:-1])
                target.append(lines[-1])
        if columns:
            design, target = np.hstack(columns).T, np.concatenate(target)
            weights[i] = np.linalg.lstsq(design, target, rcond=None)[0]
    return weights


def runs(used):
    """Slices of neighbouring True."""
    found, start = [], None
    for t, value in enumerate([*used, False]):
        if value and start is None:
            start = t
        elif not value and start is not None:
            found.append(slice(start, t))
            start = None
    return found


def within_seconds(x):
    """What weights of the EOG are learnt from at 200 Hz: seconds, low-passed, less a line each."""
    pieces = np.lib.stride_tricks.sliding_window_view(x.reshape(len(x), -1, 200), 33, 2) @ TAPS
    return signal.detrend(pieces, axis=2).reshape(len(x), -1)


def bridged(row):
    time, known = np.arange(row.size), np.isfinite(row)
    return np.interp(time, time[known], row[known] - row[known].mean())


def low_passed(row):
    known = np.convolve(np.isfinite(row), np.ones(TAPS.size), "valid") > TAPS.size - 0.5
    return np.convolve(bridged(row), TAPS, "valid"), known


def steps(row):
    """Whether most of what happens in 80 ms happens in 20, and stays for 60, at 200 Hz."""
    row = bridged(row)
    smooth = np.convolve(row, np.array([0.5, 1, 1, 1, 0.5]) / 4, "valid")
    for t in range(smooth.size - 4):
        first = min(max(t - 6, 0), smooth.size - 17)
        around = np.ptp(smooth[first : first + 17])
        change = abs(smooth[t + 4] - smooth[t])
        before, behind = row[max(t - 10, 0) : t + 2], row[t + 6 : t + 18]
        if len(before) < 12 or len(behind) < 12:
            continue  # at the ends of a second, which the filter does without
        stays = abs(behind.mean() - before.mean()) >= 0.6 * change
        if change >= 60 and change >= (0.6 if change >= 300 else 0.8) * around and stays:
            return True
    return False


def apply(matrix, x):
    """Matrix product that leaves terms of weight zero out."""
    y = np.zeros((len(matrix), x.shape[1]))
    for i, row in enumerate(matrix):
        for t in range(x.shape[1]):
            terms = [weight * x[j, t] for j, weight in enumerate(row) if weight != 0]
            y[i, t] = sum(terms) if np.isfinite(terms).all() else np.nan
    return y
