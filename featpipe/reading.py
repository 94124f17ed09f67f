"""One way in for every export format: name a file, get a recording or a `ReadError`.

The formats themselves are in `featpipe.readers`, one per file; `featpipe.readers.table` lists them.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from mne.io import BaseRaw

from featpipe.eeg.samples import Samples
from featpipe.eeg.settings import EegSettings
from featpipe.errors import ReadError
from featpipe.readers.agreement import agrees
from featpipe.readers.amplitude import log_amplitude
from featpipe.readers.bids_channels import apply_channels, channels_files
from featpipe.readers.eye_csv_settings import EyeCsv
from featpipe.readers.eye_pairs import is_samples_name, join
from featpipe.readers.plausible_saccades import plausible_saccades
from featpipe.readers.plausible_values import plausible_values
from featpipe.readers.preflight import Check
from featpipe.readers.reader import Reader, bound
from featpipe.readers.sniffing import sniff
from featpipe.readers.stim import annotate_stim
from featpipe.readers.table import READERS, described
from featpipe.readers.untouched import channel_indices
from featpipe.recording import EyeRecording

logger = logging.getLogger(__name__)

T = TypeVar("T")

__all__ = [
    "READERS", "Reader", "check", "find_reader", "preflight", "read_eeg", "read_eye",
    "read_samples", "sniff", "source_files",
]  # fmt: skip


def read_eeg(path: Path, settings: EegSettings | None = None, part: str = "") -> BaseRaw:
    """Open an EEG recording.

    Parameters
    ----------
    path : Path
        A file of one of the EEG formats in `READERS`; of several files, the header.
    settings : EegSettings, optional
        What channels are wanted, and for what. It matters for EDF and BDF whose signals have
        several sampling rates: those that do not have the rate of the EEG are left out.
    part : str
        Which recording of a file that holds several; empty is the first.

    Returns
    -------
    mne.io.BaseRaw
        Not loaded; data are read when they are asked for. Triggers are annotations, those of a
        Status or STI channel included (for these the file is read through once). An amplitude in
        the first four seconds that no EEG has, and pauses, are logged as warnings. Channel types
        are as the format gives them, or the `*_channels.tsv` of BIDS, which names bad ones too;
        `featpipe.montage.pick_channels` knows EEG by name.

    Raises
    ------
    ReadError
        When the file is missing, truncated, corrupt, or no EEG recording; the message says which.
        When its EEG has several sampling rates.
    """
    path = Path(path)
    raw: BaseRaw = _guarded(path, lambda: preflight(path, "eeg", None, settings, part).read(path))
    _guarded(path, lambda: apply_channels(path, raw))
    _guarded(path, lambda: annotate_stim(raw))
    _guarded(path, lambda: log_amplitude(path, raw))
    return raw


def read_samples(path: Path, raw: BaseRaw, ch_names: Sequence[str]) -> Samples | None:
    """Give access to the numbers of an EEG recording as its file stores them.

    Reading them is many times faster than asking MNE for volts. They are compared with MNE's at
    the start, in the middle and at the end of the recording, and not given where they differ.

    Parameters
    ----------
    path : Path
        The file.
    raw : mne.io.BaseRaw
        What `read_eeg` returned for it. Channels may have been dropped, renamed or put in another
        order, and `raw.info` changed.
    ch_names : sequence of str
        The channels wanted, as `raw` names them; their order is that of the result.

    Returns
    -------
    Samples or None
        None when the file does not store them in a way that can be used directly, or when `raw`
        was loaded, cropped or modified: `through_mne.samples_through_mne` reads all of these.

    Raises
    ------
    ReadError
        When the file is missing, or has become shorter since it was opened.
    ConfigError
        When `raw` has no channel of a wanted name.
    """
    path = Path(path)
    channel_indices(raw, ch_names)
    return _guarded(path, lambda: _checked_samples(path, raw, ch_names))


def read_eye(path: Path, csv: EyeCsv | None = None) -> EyeRecording:
    """Read an eye-tracking recording.

    Parameters
    ----------
    path : Path
        A file of one of the eye formats in `READERS`. Where samples and events are two files
        whose names differ in these words only, either name reads both.
    csv : EyeCsv or None
        How a table of no known format is to be read.

    Returns
    -------
    EyeRecording

    Raises
    ------
    ReadError
        When a file is missing, truncated, corrupt, or no eye recording; the message says which.
    """
    path = Path(path)
    as_exported = lambda: plausible_values(path, _read_eye_files(path, csv))  # noqa: E731
    return _guarded(path, lambda: plausible_saccades(path, as_exported()))


def source_files(path: Path, csv: EyeCsv | None = None) -> tuple[Path, ...]:
    """Return every file whose content a recording depends on, the named one first.

    Parameters
    ----------
    path : Path
        The file that `read_eeg` or `read_eye` would be given.
    csv : EyeCsv or None
        How a table of no known format is to be read.

    Raises
    ------
    ReadError
        When a file that is needed is missing.
    """
    path = Path(path)
    return _guarded(path, lambda: (*_reader_of(path, csv).sources(path), *channels_files(path)))


def check(path: Path, csv: EyeCsv | None = None) -> Check:
    """Compare the header of a recording with its size, without reading its data.

    Parameters
    ----------
    path : Path
        The file.
    csv : EyeCsv or None
        How a table of no known format is to be read.

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
    return _reader_of(path, csv).check(path)


def find_reader(path: Path, csv: EyeCsv | None = None) -> Reader | None:
    """Return the reader of a file.

    Parameters
    ----------
    path : Path
        The file.
    csv : EyeCsv or None
        How a table of no known format is to be read.

    Returns
    -------
    Reader or None
        That of a known format before that of the description; None when there is neither.
    """
    kind = sniff(path)
    if kind is not None:
        return READERS[kind]
    return described(csv) if csv is not None and path.is_file() else None


def _reader_of(path: Path, csv: EyeCsv | None = None) -> Reader:
    if not path.exists():
        raise ReadError(f"{path}: there is no such file; correct the path")
    reader = find_reader(path, csv)
    if reader is None:
        what = "it is a folder" if path.is_dir() else "its content is that of no known recording"
        if path.is_file() and not path.stat().st_size:
            what = "it is empty"
        raise ReadError(
            f"{path}: {what}; known formats: {', '.join(READERS)}; other tables of eye samples are "
            "read when the study describes them in [eye.csv]"
        )
    return reader


def preflight(
    path: Path,
    modality: str,
    csv: EyeCsv | None = None,
    settings: EegSettings | None = None,
    part: str = "",
) -> Reader:
    """Return the reader of a recording that its header has nothing against.

    Parameters
    ----------
    path : Path
        The file.
    modality : {"eeg", "eye"}
        What it is expected to hold.
    csv : EyeCsv or None
        How a table of no known format is to be read.
    settings, part
        As in `read_eeg`; the reader that is returned knows them.

    Returns
    -------
    Reader

    Raises
    ------
    ReadError
        When the file is missing, truncated, corrupt, or a recording of the other kind.
    """
    reader = _reader_of(path, csv)
    if reader.modality != modality:
        raise ReadError(
            f"{path}: it is an {reader.modality} recording ({reader.name}), where an {modality} "
            "recording is expected; exchange the two files"
        )
    status, reason = check(path, csv)
    if status in ("truncated", "corrupt"):
        is_taken = csv is not None and reader.name in READERS
        hint = f" (it looks like {reader.name}, so [eye.csv] was not used)" if is_taken else ""
        raise ReadError(f"{path}: {status}: {reason}{hint}")
    if status == "suspicious":
        logger.warning("%s: %s", path.name, reason)
    return bound(reader, path, settings, part)


def _checked_samples(path: Path, raw: BaseRaw, ch_names: Sequence[str]) -> Samples | None:
    reader = _reader_of(path)
    samples = None if reader.samples is None else reader.samples(path, raw, ch_names)
    if samples is None or agrees(samples, raw, ch_names):
        return samples
    logger.warning(
        "%s: its numbers as stored and as MNE gives them differ; it is read through MNE, which is "
        "slower. Please report this with the file's header",
        path.name,
    )
    return None


def _read_eye_files(path: Path, csv: EyeCsv | None) -> EyeRecording:
    files = source_files(path, csv)
    if len(files) == 1 or not _reader_of(path, csv).is_pair:
        return preflight(path, "eye", csv).read(path)
    files = sorted(files, key=is_samples_name)
    events, samples = (preflight(file, "eye").read(file) for file in files)
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
