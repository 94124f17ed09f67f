"""From the file of a recording to its DE: ours as one task, and as one would with MNE or SciPy."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pandas as pd
from scipy import signal

from bench.generate import N_CHANNELS, NEW_SFREQ, SFREQ, Recording, write_study
from bench.numpy_de import numpy_de
from featpipe.eeg.filtering import design
from featpipe.eeg.settings import EegSettings
from featpipe.montage import CAP62
from featpipe.schema import BANDS, eeg_columns
from pipelines.engine import update
from pipelines.job import open_job
from pipelines.steps.extract import EXTRACT, table_path, units
from pipelines.work import Unit

H_FREQ = 75
COLUMNS = eeg_columns("de", BANDS, CAP62)
_AT_ONCE = 8  # channels that SciPy filters together; fits the caches, faster than all or one


def one_unit(folder: Path, recording: Recording, trials: list[tuple[int, int]]) -> Unit:
    """Make a study of one recording, and the unit of work that extracts it."""
    return unit_of(write_study(folder, {"01": recording.path}, trials))


def unit_of(study: Path) -> Unit:
    """Return the work on the first recording of a study."""
    job = open_job(study, None)
    return units(job.study, job.sources, job.out)[0]


def ours(unit: Unit) -> Path:
    """Do what a worker does for `featpipe extract`; return the published table."""
    _, _, out = unit.payload
    row = update(EXTRACT, unit, {}, out / ".staging")
    if row.state != "made":
        raise RuntimeError(f"{unit.name} {row.state}: {row.reason}")
    return table_of(unit)


def table_of(unit: Unit) -> Path:
    """Return where the table of a unit is published."""
    source, _, out = unit.payload
    return table_path(out, "de", source)


def with_mne(recording: Recording, out: Path, method: str) -> Path:
    """Read, pick the cap, low-pass and resample with MNE; DE in NumPy; write with pandas."""
    resampled: Any = {"method": method, "verbose": "ERROR"}
    raw = _open_mne(recording.path)
    raw.pick(list(CAP62), verbose="ERROR")
    raw.load_data(verbose="ERROR")
    raw.filter(None, H_FREQ, verbose="ERROR")
    raw.resample(NEW_SFREQ, **resampled)
    return _written(numpy_de(1e6 * raw.get_data(), NEW_SFREQ), out)


def _open_mne(path: Path) -> Any:
    if path.suffix == ".vhdr":
        return mne.io.read_raw_brainvision(path, verbose="ERROR")
    wide: Any = {"data_format": "int32", "verbose": "ERROR"}
    return mne.io.read_raw_cnt(path, **wide)


def with_scipy(recording: Recording, out: Path) -> Path:
    """Map the numbers, filter and decimate with our FIR in SciPy; DE in NumPy; pandas."""
    counts, taps = recording.counts(), lowpass()
    down = SFREQ // NEW_SFREQ
    parts = []
    for first in range(0, N_CHANNELS, _AT_ONCE):
        x = counts[:, first : min(first + _AT_ONCE, N_CHANNELS)].T.astype(np.float64, order="C")
        x *= recording.uv
        parts.append(signal.resample_poly(x, 1, down, axis=1, window=taps))
    return _written(numpy_de(np.concatenate(parts), NEW_SFREQ), out)


def one_pass(recording: Recording) -> None:
    """Touch every number once: nobody can be faster."""
    recording.counts().sum(axis=0, dtype=np.int64)


def lowpass() -> np.ndarray:
    """Return the FIR that featpipe uses at this rate."""
    return design(SFREQ, EegSettings()).taps


def reference_de(recording: Recording) -> np.ndarray:
    """Filter the whole file in float64, channel by channel, and take the DE in NumPy."""
    counts, taps = recording.counts(), lowpass()
    half, down = len(taps) // 2, SFREQ // NEW_SFREQ
    shift = -half % down
    skip = (half + shift) // down
    taps = np.concatenate([np.zeros(shift), taps])  # so that output m is centred on sample 5 m
    n_times = recording.n_times // down
    found = []
    for channel in range(N_CHANNELS):
        y = signal.upfirdn(taps, counts[:, channel] * recording.uv, 1, down)
        found.append(numpy_de(y[np.newaxis, skip : skip + n_times], NEW_SFREQ))
    return np.concatenate(found, axis=1)


def _written(de: np.ndarray, out: Path) -> Path:
    frame = pd.DataFrame(de.reshape(len(de), -1).astype(np.float32), columns=COLUMNS)
    frame.insert(0, "window", np.arange(len(de)))
    frame.to_parquet(out)
    return out


def read_de(path: Path) -> np.ndarray:
    """Read a table back, (n_windows, n_channels, n_bands)."""
    values = pd.read_parquet(path, columns=COLUMNS).to_numpy(np.float64)
    return values.reshape(-1, N_CHANNELS, len(BANDS))


def errors_of(de: np.ndarray, true: np.ndarray) -> Mapping[str, float]:
    """Return the largest differences in nats, first and last window left out."""
    if de.shape != true.shape:
        raise RuntimeError(f"{de.shape} windows, channels, bands; the reference has {true.shape}")
    worst = np.abs(de - true)[1:-1].max(axis=(0, 1))
    return {"delta, nats": float(worst[0]), "other bands, nats": float(worst[1:].max())}
