"""One way in for every export format: name a file, get a recording or a `ReadError`.

The formats themselves are in `featpipe.readers`, one per file; this is the table of them.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from mne.io import BaseRaw

from featpipe.errors import ReadError
from featpipe.readers import (
    ant_cnt,
    brainvision,
    edf,
    eeglab,
    eyelink_asc,
    fif,
    neuroscan_cnt,
    smi_events,
    smi_samples,
)
from featpipe.readers.amplitude import log_amplitude
from featpipe.readers.eye_pairs import is_samples_name, join, sibling
from featpipe.readers.preflight import Check
from featpipe.readers.sniffing import sniff
from featpipe.readers.stim import annotate_stim
from featpipe.recording import EyeRecording

logger = logging.getLogger(__name__)

T = TypeVar("T")

__all__ = ["READERS", "Reader", "check", "read_eeg", "read_eye", "sniff", "source_files"]


def _alone(path: Path) -> tuple[Path, ...]:
    return (path,)


def _pair(path: Path) -> tuple[Path, ...]:
    other = sibling(path)
    return (path,) if other is None else (path, other)


@dataclass(frozen=True)
class Reader:
    """One export format.

    Attributes
    ----------
    name : str
        Its key in `READERS`.
    modality : {"eeg", "eye"}
        What it holds.
    suffixes : tuple of str
        Usual suffixes; the content decides.
    read : callable
        Path -> mne.io.BaseRaw or EyeRecording.
    check : callable
        Path -> Check, from the header and the size of the file.
    describes : str
        One line for a list.
    sources : callable
        Path -> the files whose content matters, the named one first.
    """

    name: str
    modality: Literal["eeg", "eye"]
    suffixes: tuple[str, ...]
    read: Callable[[Path], Any]
    check: Callable[[Path], Check]
    describes: str
    sources: Callable[[Path], tuple[Path, ...]] = _alone


READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        Reader(
            "neuroscan_cnt",
            "eeg",
            (".cnt",),
            neuroscan_cnt.read,
            neuroscan_cnt.check,
            "Neuroscan continuous recording, 16 or 32 bit",
        ),
        Reader(
            "ant_cnt",
            "eeg",
            (".cnt",),
            ant_cnt.read,
            ant_cnt.check,
            "ANT Neuro (EEProbe) continuous recording",
        ),
        Reader("edf", "eeg", (".edf",), edf.read, edf.check, "EDF and EDF+"),
        Reader("bdf", "eeg", (".bdf",), edf.read, edf.check, "BioSemi BDF and BDF+"),
        Reader(
            "brainvision",
            "eeg",
            (".vhdr", ".ahdr"),
            brainvision.read,
            brainvision.check,
            "BrainVision header with its data and marker files",
            brainvision.sources,
        ),
        Reader("fif", "eeg", (".fif", ".fif.gz"), fif.read, fif.check, "FIF of MNE", fif.sources),
        Reader(
            "eeglab",
            "eeg",
            (".set",),
            eeglab.read,
            eeglab.check,
            "EEGLAB dataset, continuous, with or without .fdt",
            eeglab.sources,
        ),
        Reader(
            "smi_samples",
            "eye",
            (".txt",),
            smi_samples.read,
            smi_samples.check,
            "SMI raw samples of iView X and BeGaze; reads the events beside them too",
            _pair,
        ),
        Reader(
            "smi_events",
            "eye",
            (".txt",),
            smi_events.read,
            smi_events.check,
            "SMI events of iView X and BeGaze; reads the samples beside them too",
            _pair,
        ),
        Reader(
            "eyelink_asc",
            "eye",
            (".asc",),
            eyelink_asc.read,
            eyelink_asc.check,
            "EyeLink text of edf2asc: samples, events or both",
            _pair,
        ),
    )
}
"""Export formats by name, in the order in which they are listed."""


def read_eeg(path: Path) -> BaseRaw:
    """Open an EEG recording.

    Parameters
    ----------
    path : Path
        A file of one of the EEG formats in `READERS`; of several files, the header.

    Returns
    -------
    mne.io.BaseRaw
        Not loaded; data are read when they are asked for. Triggers are annotations, those of a
        Status or STI channel included (for these the file is read through once). An amplitude in
        the first ten seconds that no EEG has, and pauses, are logged as warnings. Channel types
        are as the format gives them; `featpipe.montage.pick_channels` knows EEG by name.

    Raises
    ------
    ReadError
        When the file is missing, truncated, corrupt, or no EEG recording; the message says which.
    """
    path = Path(path)
    raw: BaseRaw = _guarded(path, lambda: _read(path, "eeg"))
    _guarded(path, lambda: annotate_stim(raw))
    _guarded(path, lambda: log_amplitude(path, raw))
    return raw


def read_eye(path: Path) -> EyeRecording:
    """Read an eye-tracking recording.

    Parameters
    ----------
    path : Path
        A file of one of the eye formats in `READERS`. Where samples and events are two files
        whose names differ in these words only, either name reads both.

    Returns
    -------
    EyeRecording

    Raises
    ------
    ReadError
        When a file is missing, truncated, corrupt, or no eye recording; the message says which.
    """
    path = Path(path)
    return _guarded(path, lambda: _read_eye_files(path))


def source_files(path: Path) -> tuple[Path, ...]:
    """Return every file whose content a recording depends on.

    Parameters
    ----------
    path : Path
        The file that `read_eeg` or `read_eye` would be given.

    Returns
    -------
    tuple of Path
        The named file first.

    Raises
    ------
    ReadError
        When a file that is needed is missing.
    """
    path = Path(path)
    return _guarded(path, lambda: _reader_of(path).sources(path))


def check(path: Path) -> Check:
    """Compare the header of a recording with its size, without reading its data.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Check
        Status and reason.

    Raises
    ------
    ReadError
        When the file is missing or no recording at all.
    """
    path = Path(path)
    if path.is_file() and not path.stat().st_size:
        return Check("truncated", "the file is empty; copy or export it again")
    return _reader_of(path).check(path)


def _reader_of(path: Path) -> Reader:
    if not path.exists():
        raise ReadError(f"{path}: there is no such file; correct the path")
    kind = sniff(path)
    if kind is None:
        what = "it is a folder" if path.is_dir() else "its content is that of no known recording"
        if path.is_file() and not path.stat().st_size:
            what = "it is empty"
        raise ReadError(f"{path}: {what}; known formats: {', '.join(READERS)}")
    return READERS[kind]


def _read(path: Path, modality: str) -> Any:
    reader = _reader_of(path)
    if reader.modality != modality:
        raise ReadError(
            f"{path}: it is an {reader.modality} recording ({reader.name}), where an {modality} "
            "recording is expected; exchange the two files"
        )
    status, reason = check(path)
    if status in ("truncated", "corrupt"):
        raise ReadError(f"{path}: {status}: {reason}")
    if status == "suspicious":
        logger.warning("%s: %s", path.name, reason)
    return reader.read(path)


def _read_eye_files(path: Path) -> EyeRecording:
    files = source_files(path)
    recordings = [_read(file, "eye") for file in files]
    if len(files) == 1:
        return recordings[0]
    (_, samples), (_, events) = sorted(
        zip(files, recordings, strict=True), key=lambda pair: not is_samples_name(pair[0])
    )
    return join(samples, events, samples.format if samples.format == events.format else "smi")


def _guarded(path: Path, action: Callable[[], T]) -> T:
    """Run an action so that only a ReadError that names the file leaves it."""
    try:
        return action()
    except ReadError as error:
        if path.name in str(error):
            raise
        raise ReadError(f"{path}: {error}") from error
    except Exception as error:  # whatever a parser meets in a damaged file
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ReadError(f"{path}: it cannot be read ({what}); copy or export it again") from error
