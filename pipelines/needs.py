"""How much memory a unit takes, told from its files' headers and sizes; no signal is read.

The figures are measured rises of the resident memory above what imports take, in processes of their
own (`tests/lookalikes/peak_alone.py`); `tests/pipelines/test_needs.py` measures some of them again.
They are estimates: a task that needs more is tried again with nothing beside it.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from featpipe.errors import ConfigError, ReadError
from featpipe.readers.brainvision_header import read_header as read_brainvision
from featpipe.readers.edf_header import read_header as read_edf
from featpipe.readers.eeglab import header_of
from featpipe.readers.eeglab_hdf5 import Header
from featpipe.readers.fif_tags import walk
from featpipe.readers.neuroscan_header import read_setup as read_neuroscan
from featpipe.reading import find_reader, source_files
from featpipe.recording import Source
from featpipe.schema import BANDS
from pipelines.study import Study
from pipelines.work import Unit

if TYPE_CHECKING:
    from models.loading import Windows

MB = 10**6

FIXED = 60 * MB
"""Machine code of the kernels, what Python and Arrow keep."""

WHOLE = {"eeglab": 2.8, "mat_trials": 5.3, "deap_trials": 5.3, "dreamer_mat": 5.3}
"""Bytes per byte of a file whose numbers are held all at once: MNE makes doubles of them, MATLAB
packs them, and the process that unpacks them holds them, too. Measured on .set files of 15 and
74 MB and a packed .mat of 111 MB; DEAP and DREAMER are taken to be like the latter."""

EYE = 3.0
"""Bytes per byte of an eye export: text becomes a frame. Measured on EyeLink text of 4 to 63 MB."""

RELEASED = 5.3
"""Bytes per byte of a file of released features, which is taken to be like `mat_trials`."""

TABLES = 6.0
"""Bytes per byte of the tables that are trained on: read, joined, standardised, cut into folds. Not
measured."""

TRAINING = 250 * MB
"""What PyTorch and scikit-learn take once they are imported; not measured."""

KEPT = 2
"""Times that memory banks and what teachers tell are there: banks are copied while a training is
kept, and what is told is put together of parts. Counted by shapes, not measured."""

_CHUNKS_S = 60.0  # of HDF5, inflated beside a stretch
_OF_WHOLE = 1.4  # bytes per byte declared where chunks are long; measured on 31 and 123 MB
_BLOCK_S, _PER_NUMBER = 30.0, 3  # stored numbers on their way through the first filter
_HELD_S, _PER_SAMPLE = 300.0, 20  # what the band-pass holds of a trial
_PER_VALUE, _WRITTEN = 5, 8  # a value of a table; the same while its table is written


class Shape(NamedTuple):
    """What a header says of a recording.

    Attributes
    ----------
    n_channels : int
    n_per_second : float
        Numbers of all channels.
    """

    n_channels: int
    n_per_second: float


def memory_of(step: str, unit: Unit) -> int:
    """Estimate how much memory a unit takes above what imports take.

    Parameters
    ----------
    step : str
        Name of its step.
    unit : Unit
        From the step's module.

    Returns
    -------
    int
        Bytes; the least there is where nothing is known, and where headers are damaged: the task
        will tell.
    """
    need = NEEDS.get(step)
    try:
        return FIXED + (int(need(unit)) if need is not None else 0)
    except Exception:  # damaged headers fail in as many ways as there are parsers
        return FIXED


def of_recording(unit: Unit) -> float:
    """Estimate extraction: the EEG while it is read, its tables, the eye export."""
    source, study, _ = unit.payload
    eeg = _of_eeg(source.eeg, source, study) if source.eeg is not None else 0.0
    if source.eye is None or not study.features.eye:
        return eeg
    return eeg + EYE * _size(source_files(source.eye, study.eye.csv))


def of_pupil(unit: Unit) -> float:
    """Estimate traces of the pupil: the eye export, and marks of the EEG."""
    source, study, _ = unit.payload
    return EYE * _size(source_files(source.eye, study.eye.csv))


def of_release(unit: Unit) -> float:
    """Estimate the import of released features: all files of a recording are unpacked."""
    source, _, _ = unit.payload
    return RELEASED * _size([path for path in (source.eeg, source.eye) if path is not None])


def of_training(unit: Unit) -> float:
    """Estimate training: all tables of the modalities that the method is given, and its stack."""
    some = getattr(unit.payload, "units", (unit,))  # several seeds are one task
    subjects = {file.name.split("_ses-")[0] for of in _tables(unit) for file in of}
    return _of_stack(some[0], len(subjects) * len(some))


def of_one_fold(unit: Unit) -> float:
    """Estimate a training of one fold after the other, or of everybody."""
    return _of_stack(unit, 1)


def _of_stack(unit: Unit, n_folds: int) -> float:
    """Estimate a training of some folds, about as many as there are subjects, together."""
    from models.train import TrainSettings  # imports torch

    tables = TRAINING + TABLES * _size([file for of in _tables(unit) for file in of])
    if unit.payload.plan.device != "cpu":
        return tables  # the rest is on the device
    n_windows = max(sum(_n_rows(file) for file in of) for of in _tables(unit))
    return tables + KEPT * n_windows * min(n_folds, TrainSettings().fold_chunk) * _per_window(unit)


def _per_window(unit: Unit) -> int:
    """Return the bytes that a fold keeps of a window beside its features."""
    from models.per_window import bytes_per_window
    from models.registry import get_method, make_config
    from models.types import Method

    of = unit.payload
    method = get_method(of.method)
    if not isinstance(method, Method):
        return 0
    config = make_config(of.method, of.plan.options.get(of.method, {}))
    first = tuple((modality, files[0]) for modality, files in of.tables.items())
    try:
        return bytes_per_window(method, config, _windows(first))
    except (ConfigError, ReadError):  # where all tables are like that, the task will tell
        return 0


@lru_cache(maxsize=1)
def _windows(tables: tuple[tuple[str, Path], ...]) -> "Windows":
    """Read one table of each modality, once for all trainings on them: they have one shape."""
    from models.loading import load_windows

    return load_windows({modality: [file] for modality, file in tables}, "keep")


def _tables(unit: Unit) -> list[tuple[Path, ...]]:
    return list(unit.payload.tables.values())


def _n_rows(file: Path) -> int:
    return pq.read_metadata(file).num_rows


NEEDS: Mapping[str, Callable[[Unit], float]] = {
    "extract": of_recording,
    "pupils": of_pupil,
    "import": of_release,
    "train": of_training,
    "judge": of_training,
    "tune": of_one_fold,
    "fit": of_one_fold,
}
"""Steps by name."""


def _of_eeg(path: Path, source: Source, study: Study) -> float:
    reader = find_reader(path)
    kind = "" if reader is None else reader.name
    files = source_files(path)
    declared, buffer = _size(files), 0
    if kind == "fif":  # a compressed one says with its size nothing of what comes out
        walks = [walk(file) for file in files]
        declared, buffer = sum(w.n_bytes for w in walks), max(w.longest for w in walks)
    shape = _shape(path, kind, declared, source)
    n_values = len(BANDS) * shape.n_channels * _n_windows(source, study)
    tables = (_PER_VALUE * len(study.features.eeg) + _WRITTEN) * n_values
    if any(name.startswith("de_bandpass") for name in study.features.eeg):
        longest = max((trial.offset - trial.onset for trial in source.trials), default=0.0)
        n_times = study.eeg.sfreq * min(longest, _HELD_S)
        tables += _PER_SAMPLE * shape.n_channels * n_times
    if kind == "eeglab" and (header := header_of(path)):
        return tables + _of_set(header)
    if kind in WHOLE and len(files) == 1:
        return tables + WHOLE[kind] * _size(files)
    # a header may claim what it likes, no stretch is longer than the file
    stretch = min(_BLOCK_S * shape.n_per_second * _PER_NUMBER, 2.0 * declared)
    return tables + max(stretch, _PER_NUMBER * buffer)  # MNE reads buffers whole


def _of_set(header: Header) -> float:
    """Estimate a .set of MATLAB 7.3 by what it declares, which has no relation to its size."""
    per_second = header.n_channels * header.sfreq
    stretch = min(_BLOCK_S * per_second, header.n_channels * header.n_times) * _PER_NUMBER
    if isinstance(header.data, str):
        return stretch
    width = np.dtype(header.data["type"]).itemsize
    held = _OF_WHOLE * header.n_data if header.is_whole else _CHUNKS_S * per_second
    return stretch + width * held


def _shape(path: Path, kind: str, size: int, source: Source) -> Shape:
    """Read channels and rate from a header of ours, else guess them from the size of the file."""
    seconds = max((trial.offset for trial in source.trials), default=0.0) or 1.0
    if kind == "neuroscan_cnt":
        setup = read_neuroscan(path)
        return Shape(setup.n_channels, setup.n_channels * setup.sfreq)
    if kind in ("edf", "bdf"):
        header = read_edf(path)
        return Shape(len(header.labels), float(header.n_samples.sum()) / (header.record_s or 1.0))
    if kind == "eeglab" and (header := header_of(path)):
        return Shape(header.n_channels, header.n_channels * header.sfreq)
    n_channels = read_brainvision(path).n_channels if kind == "brainvision" else 64
    return Shape(n_channels, size / 4 / seconds)


def _n_windows(source: Source, study: Study) -> float:
    hop = study.features.hop or study.features.window_s
    return sum(trial.offset - trial.onset for trial in source.trials) / hop


def _size(files: list[Path] | tuple[Path, ...]) -> int:
    return sum(path.stat().st_size for path in files)
