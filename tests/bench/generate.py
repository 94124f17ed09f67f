"""Recordings as amplifiers write them: 1/f noise, mains, electrode offsets; and studies of them."""

import json
import shutil
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from featpipe.montage import CAP62
from featpipe.simulate.neuroscan import CHANNEL_BYTES, SETUP_BYTES, UV_PER_COUNT, write_cnt

SFREQ, NEW_SFREQ = 1000, 200
N_CHANNELS = len(CAP62)
EXTRA = ("M1", "M2", "VEO", "HEO")
BRAINVISION_UV = 0.1
CNT_MARKS = [(1000, 1), (5000, 2), (9000, 3)]


class Recording(NamedTuple):
    """A generated file, and how to read its numbers without a reader.

    Attributes
    ----------
    path : Path
        What a reader is given.
    data : Path
        The file that holds the numbers, samples of one moment side by side.
    dtype : str
        Of the numbers.
    skip : int
        Bytes before the first number.
    n_channels, n_times : int
        The first 62 channels are the cap.
    uv : float
        Microvolt per count.
    """

    path: Path
    data: Path
    dtype: str
    skip: int
    n_channels: int
    n_times: int
    uv: float

    def counts(self, mode: Literal["r", "r+"] = "r") -> np.memmap:
        """Map the numbers, shape (n_times, n_channels); "r+" writes to the file."""
        shape = (self.n_times, self.n_channels)
        return np.memmap(self.data, self.dtype, mode, self.skip, shape)


def noise(n_channels: int, n_times: int, sfreq: float, offset_uv: float) -> np.ndarray:
    """Make 1/f noise of some 20 microvolt, 2 microvolt of mains, and an offset per electrode.

    Returns
    -------
    numpy.ndarray of float64, shape (n_channels, n_times), microvolt
    """
    rng = np.random.default_rng(7)
    freqs = np.fft.rfftfreq(n_times, 1 / sfreq)
    shape = 1 / np.sqrt(np.maximum(freqs, 0.1))
    shape[0] = 0.0
    mains = 2 * np.sqrt(2) * np.sin(2 * np.pi * 50.02 * np.arange(n_times) / sfreq)
    x = np.empty((n_channels, n_times))
    for channel in x:
        phases = rng.standard_normal(len(freqs)) + 1j * rng.standard_normal(len(freqs))
        channel[:] = np.fft.irfft(shape * phases, n_times)
        channel *= 20 / channel.std()
        channel += mains + rng.uniform(-offset_uv, offset_uv)
    return x


def brainvision(folder: Path, seconds: int) -> Recording:
    """Write 62 channels of 16-bit BrainVision, 0.1 microvolt per count."""
    x = noise(len(CAP62), seconds * SFREQ, SFREQ, offset_uv=2000)
    path = folder / "int16.vhdr"
    with path.with_suffix(".eeg").open("wb") as file:
        for begin in range(0, x.shape[1], SFREQ):
            counts = np.rint(x[:, begin : begin + SFREQ] / BRAINVISION_UV)
            file.write(counts.T.astype("<i2", order="C").tobytes())
    path.write_text(_vhdr(), encoding="utf-8")
    path.with_suffix(".vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n\n[Common Infos]\n"
        "Codepage=UTF-8\nDataFile=int16.eeg\n\n[Marker Infos]\n"
        "Mk1=New Segment,,1,1,0,20200201090000000000\nMk2=Stimulus,S  1,1001,1,0\n",
        encoding="utf-8",
    )
    data = path.with_suffix(".eeg")
    return Recording(path, data, "<i2", 0, len(x), x.shape[1], BRAINVISION_UV)


def _vhdr() -> str:
    channels = "".join(f"Ch{i + 1}={name},,{BRAINVISION_UV},µV\n" for i, name in enumerate(CAP62))
    return (
        "Brain Vision Data Exchange Header File Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\n"
        "DataFile=int16.eeg\nMarkerFile=int16.vmrk\nDataFormat=BINARY\n"
        f"DataOrientation=MULTIPLEXED\nNumberOfChannels={len(CAP62)}\n"
        f"SamplingInterval={1e6 / SFREQ:g}\n\n[Binary Infos]\nBinaryFormat=INT_16\n\n"
        f"[Channel Infos]\n{channels}"
    )


def neuroscan(folder: Path, seconds: int) -> Recording:
    """Write 66 channels of 32-bit Neuroscan .cnt: the cap, mastoids and EOG."""
    names = (*CAP62, *EXTRA)
    x = noise(len(names), seconds * SFREQ, SFREQ, offset_uv=20_000)
    path = folder / f"int32-{seconds}s.cnt"
    write_cnt(path, x, names, SFREQ, CNT_MARKS)
    return _cnt(path, x.shape[1])


def _cnt(path: Path, n_times: int) -> Recording:
    n_channels = len(CAP62) + len(EXTRA)
    skip = SETUP_BYTES + CHANNEL_BYTES * n_channels
    return Recording(path, path, "<i4", skip, n_channels, n_times, UV_PER_COUNT)


def repeated(cnt: Recording, seconds: int) -> Recording:
    """Write a longer .cnt that holds the data of a shorter one several times over."""
    n_times, n_bytes = seconds * SFREQ, 4 * cnt.n_channels * cnt.n_times
    path = cnt.path.with_name(f"int32-{seconds}s.cnt")
    content = cnt.path.read_bytes()
    header = bytearray(content[: cnt.skip])
    table_at = cnt.skip + 4 * cnt.n_channels * n_times
    struct.pack_into("<I", header, 864, n_times)
    struct.pack_into("<If", header, 886, table_at & 0xFFFFFFFF, float(seconds))
    with path.open("wb") as file:
        file.write(header)
        for _ in range(n_times // cnt.n_times):
            file.write(memoryview(content)[cnt.skip : cnt.skip + n_bytes])
        file.write(memoryview(content)[cnt.skip + n_bytes :])
    return _cnt(path, n_times)


def trials_of(seconds: int, n_trials: int) -> list[tuple[int, int]]:
    """Share a recording out among trials of equal length, without gaps."""
    length = seconds // n_trials
    return [(i * length, (i + 1) * length) for i in range(n_trials)]


def write_study(
    folder: Path,
    recordings: Mapping[str, Path],
    trials: Iterable[tuple[float, float]],
    families: Iterable[str] = ("de",),
) -> Path:
    """Describe recordings as a study of EEG alone.

    Parameters
    ----------
    folder : Path
        Made, and given the three files of a study.
    recordings : mapping of str to Path
        Subject -> EEG file.
    trials : iterable of (onset, offset)
        Seconds; the same for all recordings.
    families : iterable of str
        What to extract.

    Returns
    -------
    Path
        The study file.
    """
    folder.mkdir(parents=True)
    rows = [f"{subject},1,{path.absolute()}\n" for subject, path in recordings.items()]
    (folder / "recordings.csv").write_text("".join(["subject,session,eeg\n", *rows]))
    rows = [f"{i + 1},{onset},{offset},a\n" for i, (onset, offset) in enumerate(trials)]
    (folder / "trials.csv").write_text("".join(["trial,onset,offset,label\n", *rows]))
    study = folder / "study.toml"
    study.write_text(
        '[study]\nname = "bench"\nclasses = ["a", "b"]\n[features]\neye = false\n'
        f"eeg = {json.dumps(list(families))}\n"
    )
    return study


def copies(recording: Recording, folder: Path, n: int) -> dict[str, Path]:
    """Copy a single-file recording `n` times, each with a channel moved: subject -> path.

    Equal recordings under several names are refused.
    """
    folder.mkdir(parents=True)
    paths = {f"{i + 1:02}": folder / f"{i + 1:02}{recording.path.suffix}" for i in range(n)}
    for i, path in enumerate(paths.values(), start=1):
        shutil.copyfile(recording.path, path)
        counts = recording._replace(data=path).counts("r+")
        counts[:, 0] += i
        counts.flush()
    return paths
