"""The kernel of `de_bandpass` alone: variance of band-passed white noise, at 200 Hz."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy import signal

from bench.generate import N_CHANNELS, NEW_SFREQ
from bench.size import Size
from bench.table import OURS, Row, missing, timed
from bench.timing import take_turns
from bench.torcheeg_apart import AbsentError, run
from featpipe.schema import BANDS

COMPARED = (
    "float64 array to DE in 1-s windows; correctness: by how much the mean variance of a band of "
    "white noise misses what the tool's own filter lets through, largest over bands"
)
KERNEL = "featpipe.features.bandpass"
TORCHEEG = "TorchEEG ...Entropy"
_EDGE = 10  # windows at either end where the padding of the trial is felt
_GRID = 1 << 18


def rows(folder: Path, size: Size) -> Iterator[Row]:
    """Time every tool on the same white noise."""
    x = np.random.default_rng(11).standard_normal((N_CHANNELS, size.recording_s * NEW_SFREQ))
    case = f"{N_CHANNELS} channels x {size.recording_s} s of white noise at {NEW_SFREQ} Hz"
    tools: dict[str, Callable[[], np.ndarray]] = {"SciPy sosfiltfilt": partial(with_scipy, x)}
    if find_spec(KERNEL) is None:
        yield missing("de_bandpass", case, OURS, COMPARED, f"there is no {KERNEL} yet")
    else:
        kernel = import_module(KERNEL).bandpass_entropy
        tools = {OURS: partial(kernel, x, float(NEW_SFREQ))} | tools
    found = take_turns(tools, size.n_runs)
    plain = found["SciPy sosfiltfilt"].result
    for name, times in found.items():
        figures = dict(bias(times.result, order=4, n_passes=2))
        if name == OURS:
            gap = np.abs(times.result - plain)[_EDGE:-_EDGE].max()
            figures["from SciPy's, nats"] = float(gap)
        yield timed("de_bandpass", case, name, times, figures, COMPARED)
    yield _torcheeg(folder, size, case, x)


def _torcheeg(folder: Path, size: Size, case: str, x: np.ndarray) -> Row:
    try:
        found = run(folder, size, x, "BandDifferentialEntropy", NEW_SFREQ, n_runs=1)
    except AbsentError as reason:
        return missing("de_bandpass", case, TORCHEEG, COMPARED, str(reason))
    figures = bias(np.log(2) * found.times.result, order=5, n_passes=1)
    note = f"TorchEEG {found.version}, bits to nats; filters each window from rest; one run"
    return timed("de_bandpass", case, TORCHEEG, found.times, figures, COMPARED, note)


def with_scipy(x: np.ndarray) -> np.ndarray:
    """Filter all channels of the whole trial; variance per window, as ours is shaped."""
    found = []
    for edges in BANDS.values():
        y = signal.sosfiltfilt(_sos(4, edges), x, axis=1)
        found.append(y.reshape(len(x), -1, NEW_SFREQ).var(axis=2))
    return 0.5 * np.log(2 * np.pi * np.e * np.stack(found, axis=-1)).swapaxes(0, 1)


def _sos(order: int, edges: tuple[float, float]) -> np.ndarray:
    return np.asarray(signal.butter(order, edges, "bandpass", output="sos", fs=NEW_SFREQ))


def bias(de: np.ndarray, order: int, n_passes: int) -> Mapping[str, float]:
    """Return the error of the mean variance in nats, the largest of the bands with its sign."""
    found = 0.5 * np.log(np.exp(2 * de[_EDGE:-_EDGE]).mean(axis=(0, 1)))
    true = [expected(_sos(order, edges), n_passes) for edges in BANDS.values()]
    off = found - np.array(true)
    return {
        "delta, nats": float(off[0]),
        "other bands, nats": float(off[1:][np.abs(off[1:]).argmax()]),
    }


def expected(sos: np.ndarray, n_passes: int) -> float:
    """Return the DE of filtered unit white noise: its power less that of the window's mean."""
    freqs = (np.arange(_GRID) + 0.5) / _GRID * NEW_SFREQ / 2
    gain = np.abs(signal.sosfreqz(sos, freqs, fs=NEW_SFREQ)[1]) ** (2 * n_passes)
    phase = np.pi * freqs / NEW_SFREQ
    mean = (np.sin(NEW_SFREQ * phase) / (NEW_SFREQ * np.sin(phase))) ** 2
    return float(0.5 * np.log(2 * np.pi * np.e * (gain * (1 - mean)).mean()))
