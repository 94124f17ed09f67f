"""Resampling alone, 1000 to 200 Hz, of numbers that are in memory."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import mne
import numpy as np
from scipy import signal

from bench.generate import N_CHANNELS, NEW_SFREQ, SFREQ, noise
from bench.signal_paths import lowpass
from bench.size import Size
from bench.table import OURS, Row, timed
from bench.timing import take_turns
from featpipe.eeg.resampling import resample

DOWN = SFREQ // NEW_SFREQ
COMPARED = (
    "float64 array to float64 array; correctness, of tones of 60 s, edges left out: the level at "
    "which 190 Hz comes out at 10 Hz, the gain at 70 Hz, how far the output is shifted in time"
)
NOTES = {
    OURS: "band-limited to 75 Hz as well",
    "MNE, fft": "brick wall at 100 Hz; options of Raw.resample",
}
_TONE_S, _EDGE_S = 60, 10


def rows(folder: Path, size: Size) -> Iterator[Row]:
    """Time every resampler on the same noise."""
    del folder  # nothing is written
    x = noise(N_CHANNELS, size.recording_s * SFREQ, SFREQ, offset_uv=0.0)
    case = f"{N_CHANNELS} channels x {size.recording_s} s, {SFREQ} to {NEW_SFREQ} Hz"
    tools: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        OURS: _ours,
        "MNE, fft": partial(_mne, method="fft"),
        "MNE, polyphase": partial(_mne, method="polyphase"),
        "SciPy, its FIR": _scipy,
        "SciPy, our FIR": partial(_scipy, window=lowpass()),
    }
    found = take_turns({name: partial(tool, x) for name, tool in tools.items()}, size.n_runs)
    for name, times in found.items():
        figures = {
            "190 Hz, dB": _decibel(_tone(tools[name], 190, landing=10)),
            "70 Hz, dB": _decibel(_tone(tools[name], 70, landing=70)),
            "shift, output samples": _shift(_tone(tools[name], 10, landing=10), 10),
        }
        yield timed("resampling", case, name, times, figures, COMPARED, NOTES.get(name, ""))


def _ours(x: np.ndarray) -> np.ndarray:
    return resample(x, SFREQ)


def _mne(x: np.ndarray, method: str) -> np.ndarray:
    # npad="auto" as Raw.resample has it: the default of the bare function is three times slower
    how: Any = {"method": method, "npad": "auto", "verbose": "ERROR"}
    return mne.filter.resample(x, down=DOWN, **how)


def _scipy(x: np.ndarray, window: Any = ("kaiser", 5.0)) -> np.ndarray:
    return signal.resample_poly(x, 1, DOWN, axis=1, window=window)


def _tone(tool: Callable[[np.ndarray], np.ndarray], hertz: int, landing: int) -> complex:
    """Resample a cosine; return amplitude and phase of what comes out at `landing` Hz."""
    time = np.arange(_TONE_S * SFREQ) / SFREQ
    y = tool(np.cos(2 * np.pi * hertz * time)[np.newaxis])[0]
    inner = np.arange(_EDGE_S * NEW_SFREQ, (_TONE_S - _EDGE_S) * NEW_SFREQ)
    # whole periods of a whole number of hertz: the sum is the least-squares fit
    return complex(2 * (y[inner] * np.exp(-2j * np.pi * landing * inner / NEW_SFREQ)).mean())


def _decibel(tone: complex) -> float:
    return 20 * float(np.log10(max(abs(tone), 1e-16)))


def _shift(tone: complex, hertz: int) -> float:
    """Return by how many output samples a tone comes too early."""
    return float(np.angle(tone)) / (2 * np.pi * hertz) * NEW_SFREQ
