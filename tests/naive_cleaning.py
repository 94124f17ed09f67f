"""The obvious slow versions of what finds and repairs bad channels, on whole arrays."""

import numpy as np


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


def eog_weights(x, eog_rows, n_piece, limit=np.inf, jump=np.inf, n_jump=4):
    """Least squares on the EOG channels and one line a piece, complete samples only.

    Without the pieces in which the input or an EOG channel leaves its own line by more than the
    limit, peak to peak, or by more than the jump from one sample to the fourth behind it.
    """
    weights = np.zeros((len(x), len(eog_rows)))
    pieces = np.arange(x.shape[1]) // n_piece
    for i in range(len(x)):
        if i in eog_rows:
            continue
        columns, target = [], []
        for piece in np.unique(pieces):
            rows = x[[*eog_rows, i]][:, pieces == piece]
            used = np.isfinite(rows).all(axis=0)
            if used.sum() < 2:
                continue
            time, rows = np.arange(used.size)[used], rows[:, used]
            rows = np.array([row - np.polyval(np.polyfit(time, row, 1), time) for row in rows])
            places = dict(zip(time.tolist(), range(time.size), strict=True))
            pairs = [(i, places[t + n_jump]) for t, i in places.items() if t + n_jump in places]
            if all(
                row.max() - row.min() <= limit
                and all(abs(row[j] - row[i]) <= jump for i, j in pairs)
                for row in rows
            ):
                columns.append(rows[:-1])
                target.append(rows[-1])
        if columns:
            design, target = np.hstack(columns).T, np.concatenate(target)
            weights[i] = np.linalg.lstsq(design, target, rcond=None)[0]
    return weights


def apply(matrix, x):
    """Matrix product that leaves terms of weight zero out."""
    y = np.zeros((len(matrix), x.shape[1]))
    for i, row in enumerate(matrix):
        for t in range(x.shape[1]):
            terms = [weight * x[j, t] for j, weight in enumerate(row) if weight != 0]
            y[i, t] = sum(terms) if np.isfinite(terms).all() else np.nan
    return y
