"""EEGLAB files in the format of MATLAB 7.3, which is HDF5: only what is asked for is read.

A process with limits reads the head (`eeglab_hdf5_child.py`). Numbers are read piece by piece, so
that neither a scan nor a recording has to hold what a file declares.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, cast

import mne
import numpy as np
from mne.io import BaseRaw

from featpipe.errors import ReadError
from featpipe.readers.foreign import Limits, child_answers
from featpipe.readers.preflight import FASTEST_HZ

_CHILD = "featpipe.readers.eeglab_hdf5_child"
_LIMITS = Limits(n_bytes=1 << 20, memory=2 << 30, seconds=300.0)
_VOLT = 1e-6
_LONGEST_PIECE_S = 60.0  # of chunks; longer ones would be inflated again for every stretch
_CACHE = 64 << 20  # bytes of chunks that are kept while a stretch is read
_KINDS = {"eeg", "eog", "ecg", "emg", "misc", "stim", "resp", "bio", "gsr", "temperature"}

Values = list[float | str | None]


class Header(NamedTuple):
    """What a file says of its recording.

    Attributes
    ----------
    n_channels, n_times, n_trials : int
    sfreq : float
        Hz.
    data : str or dict
        Name of the file of the numbers; or "path", "shape", "type" and "chunk" of them in this one.
    chanlocs, event : dict
        Fields of the struct arrays, by name; empty where there is none.
    """

    n_channels: int
    n_times: int
    n_trials: int
    sfreq: float
    data: str | dict[str, Any]
    chanlocs: dict[str, Values]
    event: dict[str, Values]

    @property
    def n_data(self) -> int:
        """How many numbers are declared in this file."""
        return 0 if isinstance(self.data, str) else int(np.prod(self.data["shape"]))

    @property
    def is_whole(self) -> bool:
        """Whether its numbers are held all at once behind the first stretch."""
        chunk = () if isinstance(self.data, str) else self.data["chunk"]
        return bool(chunk) and chunk[0] > _LONGEST_PIECE_S * self.sfreq


def read_header(path: Path) -> Header:
    """Read all but the numbers of a file.

    Parameters
    ----------
    path : Path
        The .set file.

    Returns
    -------
    Header

    Raises
    ------
    ReadError
        When it is damaged, declares more than a recording has, or refers to other files; the
        message does not repeat the path.
    """
    with TemporaryDirectory(prefix="featpipe-") as folder:
        request = {
            "folder": folder, "memory": _LIMITS.memory, "n_bytes": _LIMITS.n_bytes,
            "seconds": _LIMITS.seconds, "files": [{"path": str(path.absolute())}],
        }  # fmt: skip
        [found] = child_answers(request, [path], _LIMITS, _CHILD)
    if "refused" in found:
        raise ReadError(found["refused"])
    n_channels, n_times = _count(found, "nbchan"), _count(found, "pnts")
    n_trials = 1 if found["trials"] is None else _count(found, "trials")
    sfreq = found["srate"]
    if sfreq is None or not 0 < sfreq <= FASTEST_HZ:
        raise ReadError(f"srate = {sfreq}, expected its rate in Hz; correct it in EEGLAB")
    data = found["data"]
    header = Header(n_channels, n_times, n_trials, sfreq, data, found["chanlocs"], found["event"])
    wanted = [header.n_times, header.n_channels]
    if n_trials == 1 and not isinstance(data, str) and data["shape"] != wanted:
        raise ReadError(f"its data are {data['shape']}, {wanted} are declared; save it again")
    return header


def _count(found: dict[str, Any], name: str) -> int:
    number = found[name]
    if number is None or number != int(number) or not 1 <= number < 1 << 40:
        raise ReadError(f"{name} = {number}, expected a whole number; correct it in EEGLAB")
    return int(number)


class RawSet(BaseRaw):
    """A continuous recording whose numbers stay in their file.

    Parameters
    ----------
    path : Path
        The .set file.
    header : Header
        Of it.
    fdt : Path or None
        The file of the numbers, where it is another one.
    """

    def __init__(self, path: Path, header: Header, fdt: Path | None) -> None:
        source = fdt or path
        super().__init__(
            _info(path, header),
            preload=False,
            filenames=[source],
            last_samps=[header.n_times - 1],
            raw_extras=[{"header": header, "state": _state(source), "whole": None}],
            orig_format="double",
        )

    def _read_segment_file(self, data, idx, fi, start, stop, cals, mult) -> None:
        """Fill `data` (n_picked, stop - start) with volts; MNE calls this."""
        about, path = self._raw_extras[fi], Path(self.filenames[fi])
        if _state(path) != about["state"]:
            raise ReadError(f"{path}: it was changed since it was opened; open it again")
        header = about["header"]
        if header.is_whole and start and about["whole"] is None:
            about["whole"] = _stretch(path, header, 0, header.n_times)
        whole = about["whole"]
        block = _stretch(path, header, start, stop) if whole is None else whole[start:stop]
        volts = _VOLT * block.T[idx].astype(np.float64)
        data[:] = cals * volts if mult is None else mult @ volts


def _stretch(path: Path, header: Header, start: int, stop: int) -> np.ndarray:
    """Read stored numbers, (n_times, n_channels)."""
    if isinstance(header.data, str):
        n = header.n_channels
        block = np.fromfile(path, "<f4", (stop - start) * n, offset=4 * start * n)
        return block.reshape(-1, n)
    import h5py  # which starts a process of its own to learn about the machine

    with h5py.File(path, "r", rdcc_nbytes=_CACHE) as file:
        data: Any = file[header.data["path"]]
        return data[start:stop]


def _state(path: Path) -> tuple[int, int, int]:
    """Return what tells versions of a file apart."""
    about = path.stat()
    return about.st_size, about.st_mtime_ns, about.st_ino


def open_set(path: Path, header: Header, fdt: Path | None) -> RawSet:
    """Open a continuous recording.

    Parameters
    ----------
    path : Path
        The .set file.
    header : Header
        Of it.
    fdt : Path or None
        The file of the numbers, where it is another one.

    Returns
    -------
    RawSet
        Names, types, numbers and annotations are those that MNE gives, without places of the
        electrodes.

    Raises
    ------
    ReadError
        When names or events make no sense.
    """
    raw = RawSet(path, header, fdt)
    raw.set_annotations(_annotations(path, header))
    return raw


def _info(path: Path, header: Header) -> mne.Info:
    labels = header.chanlocs.get("labels", [])
    names = [label if isinstance(label, str) else f"{label}" for label in labels]
    names = names or [f"EEG {i:03}" for i in range(header.n_channels)]
    if len(names) != header.n_channels:
        raise ReadError(
            f"{path}: {len(names)} channels have a name, {header.n_channels} are there; correct "
            "chanlocs in EEGLAB"
        )
    kinds = [str(kind).strip().lower() for kind in header.chanlocs.get("type", [])]
    kinds = [kind if kind in _KINDS else "eeg" for kind in kinds or [""] * len(names)]
    return mne.create_info(names, header.sfreq, cast("Any", kinds))


def _annotations(path: Path, header: Header) -> mne.Annotations:
    """Return the events: samples from 1 in the file, an event without a time is none."""
    onset = _numbers(header.event.get("latency", []), f"{path}: the latency of an event")
    kinds = ["[]" if kind is None else str(kind) for kind in header.event.get("type", [])]
    if len(kinds) != len(onset):
        raise ReadError(f"{path}: events have no type or no latency; save it again in EEGLAB")
    duration = _numbers(
        header.event.get("duration", [0.0] * len(onset)), f"{path}: the duration of an event"
    )
    if np.any(onset < 0):
        raise ReadError(f"{path}: an event lies before its first sample; correct it in EEGLAB")
    known = np.isfinite(onset)
    duration[~np.isfinite(duration)] = np.nan
    return mne.Annotations(
        (onset[known] - 1) / header.sfreq,
        duration[known] / header.sfreq,
        [kind for kind, is_known in zip(kinds, known, strict=True) if is_known],
    )


def _numbers(values: Values, what: str) -> np.ndarray:
    try:
        return np.array([np.nan if value is None else float(value) for value in values], float)
    except ValueError as error:
        raise ReadError(f"{what} is no number ({error}); correct it in EEGLAB") from error
