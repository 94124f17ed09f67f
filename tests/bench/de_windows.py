"""The kernel of `de` alone: DE by one DFT per window, at 200 Hz."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from scipy import signal

from bench.generate import N_CHANNELS, NEW_SFREQ, noise
from bench.numpy_de import numpy_de
from bench.size import Size
from bench.table import OURS, Row, missing, timed
from bench.timing import take_turns
from bench.torcheeg_apart import AbsentError, run
from featpipe.features.de import differential_entropy
from featpipe.schema import BANDS

COMPARED = (
    "float64 array to DE; correctness: largest difference from scipy.signal.periodogram, summed "
    "over the bins of each band"
)
V1 = "TorchEEG ...EntropyV1"


def rows(folder: Path, size: Size) -> Iterator[Row]:
    """Time every tool on windows of 1 s and of 4 s."""
    x = noise(N_CHANNELS, size.recording_s * NEW_SFREQ, NEW_SFREQ, offset_uv=0.0)
    for window_s in (1, 4):
        yield from _rows(folder, size, x, window_s)


def _rows(folder: Path, size: Size, x: np.ndarray, window_s: int) -> Iterator[Row]:
    case = f"{N_CHANNELS} channels x {size.recording_s} s at {NEW_SFREQ} Hz, {window_s}-s windows"
    tools = {
        OURS: partial(differential_entropy, x, NEW_SFREQ, window_s=window_s),
        "NumPy, one rfft": partial(numpy_de, x, NEW_SFREQ, window_s),
    }
    true, n = reference(x, window_s), window_s * NEW_SFREQ
    for name, times in take_turns(tools, size.n_runs).items():
        yield timed("de", case, name, times, errors(times.result, true), COMPARED)
    try:
        found = run(folder, size, x, "BandDifferentialEntropyV1", n, size.n_runs)
    except AbsentError as reason:
        yield missing("de", case, V1, COMPARED, str(reason))
        return
    note = f"TorchEEG {found.version}, rescaled to nats; keeps the mean, bins one lower than asked"
    figures = errors(in_nats(found.times.result, n), true)
    yield timed("de", case, V1, found.times, figures, COMPARED, note)


def reference(x: np.ndarray, window_s: int) -> np.ndarray:
    """Return the DE from SciPy's periodogram, (n_windows, n_channels, n_bands)."""
    n = window_s * NEW_SFREQ
    windows = x.reshape(len(x), -1, n)
    freqs, density = signal.periodogram(windows, NEW_SFREQ, "hann", detrend="constant")
    power = density * (NEW_SFREQ / n)
    found = [power[..., (low <= freqs) & (freqs < high)].sum(-1) for low, high in BANDS.values()]
    return 0.5 * np.log(2 * np.pi * np.e * np.stack(found, axis=-1)).swapaxes(0, 1)


def in_nats(value: np.ndarray, n: int) -> np.ndarray:
    """Turn log2(100 * mean |X_k|^2) into nats of the variance that its bins hold."""
    taper = np.hanning(n)
    edges = np.array(list(BANDS.values())) * n // NEW_SFREQ
    n_bins = edges[:, 1] - edges[:, 0] + 1
    variance = 2.0**value / 100 * 2 * n_bins / (n * np.square(taper).sum())
    return 0.5 * np.log(2 * np.pi * np.e * variance)


def errors(de: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """Return the largest differences in nats, delta and other bands."""
    worst = np.abs(de - true).max(axis=(0, 1))
    return {"delta, nats": float(worst[0]), "other bands, nats": float(worst[1:].max())}
