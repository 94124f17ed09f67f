"""What recordings lie in a folder and whether they can be used; nothing is written or loaded."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from featpipe.eeg.marks import read_marks
from featpipe.errors import MixedRatesError, ReadError
from featpipe.eye.clock import eeg_marks
from featpipe.file_names import guess_names
from featpipe.folders import files_below, is_output
from featpipe.readers import eye_csv
from featpipe.readers.eye_csv_settings import EyeCsv
from featpipe.readers.eye_pairs import is_samples_name
from featpipe.readers.preflight import Status
from featpipe.reading import Reader, check, find_reader, read_eye, source_files
from featpipe.regular_files import is_regular

logger = logging.getLogger(__name__)

_EXPORTS = {
    ".xdf": "XDF is not read: export its EEG stream to EDF, BrainVision or .set, its gaze to a "
    "table of text that the study describes in [eye.csv]",
    ".idf": "IDF is not read: export samples and events as text, in SMI's IDF converter or BeGaze",
}
"""Suffix of recordings that are not read -> what to do."""


@dataclass(frozen=True)
class Finding:
    """One recording, usable or not.

    Attributes
    ----------
    path : Path
        The file to give to `read_eeg` or `read_eye`.
    modality : {"eeg", "eye"} or None
        None when the file is no recording.
    format : str or None
        Key of `reading.READERS`, or "eye_csv".
    subject, session : str or None
        Guessed from the name: `sub-01_ses-1`, or numbers such as `1_1_20180804`.
    sfreq : float or None
        Hz.
    n_channels : int or None
        EEG channels of every type, or eyes that were tracked.
    duration_s : float or None
        Seconds.
    n_triggers : int or None
        Annotations that are triggers, or messages; triggers in a Status channel are not counted,
        because that means reading the data.
    start : datetime or None
        When the recording began, as its header says it; of EEG only.
    first_s, last_s : float or None
        First and last time stamp on the clock of an eye tracker, which `eye_offset` moves onto
        that of the EEG; None of EEG, whose clock begins at 0.
    status : {"ok", "truncated", "corrupt", "suspicious"}
        As the pre-flight and the header reader see it; "suspicious" as well of a sound file that
        is no recording, or whose EEG has several rates.
    reason : str
        The defect and the next step; empty when all is well.
    files : tuple of Path
        All files whose content matters, `path` first.
    """

    path: Path
    modality: str | None
    format: str | None
    subject: str | None
    session: str | None
    sfreq: float | None
    n_channels: int | None
    duration_s: float | None
    n_triggers: int | None
    start: datetime | None
    first_s: float | None
    last_s: float | None
    status: Status
    reason: str
    files: tuple[Path, ...]


def scan(paths: Sequence[Path], csv: EyeCsv | None = None) -> Iterator[Finding]:
    """Look at files and folders, one finding per recording.

    Parameters
    ----------
    paths : sequence of Path
        Files, which are always reported, and folders, of which the recordings are.
    csv : EyeCsv or None
        How tables of eye samples of no known format are to be read; in a folder, those that
        name all its columns are recordings.

    Yields
    ------
    Finding
        In the order given, sorted within a folder. Companions of a recording (.eeg, .fdt, the
        events beside samples, later parts of a FIF file) have no finding of their own. A file that
        cannot be read is a finding that says why; nothing is raised.
    """
    done: set[Path] = set()
    for path in map(Path, paths):
        for file in _recordings(path, csv) if path.is_dir() else [path]:
            if file not in done:
                done.add(file)
                yield inspect(file, csv)


def _recordings(folder: Path, csv: EyeCsv | None) -> list[Path]:
    """Files of a folder that are recordings and not companions of others, sorted."""
    readers = {file: _reader_in_folder(file, csv) for file in files_below(folder)}
    found = {file: _sources(file, reader) for file, reader in readers.items() if reader}
    pairs = {file for file, sources in found.items() if file in found.get(sources[-1], ())[1:]}
    companions = {file for sources in found.values() for file in sources[1:]} - pairs
    companions |= {file for file in pairs if _is_second(file, found[file][-1])}
    return [file for file in found if file not in companions]


def passed_over(folder: Path, findings: Iterable[Finding]) -> list[Path]:
    """List the files of a folder that belong to no recording.

    Parameters
    ----------
    folder : Path
        The folder.
    findings : iterable of Finding
        What `scan` found in it.

    Returns
    -------
    list of Path
        Sorted; hidden files, and tables of featpipe, are left out.
    """
    known = {file for finding in findings for file in finding.files}
    return [file for file in files_below(folder) if file not in known and not is_output(file)]


def _is_second(file: Path, other: Path) -> bool:
    """Of a pair that names each other, the events, or else the later name, go with the other."""
    if is_samples_name(file) != is_samples_name(other):
        return is_samples_name(other)
    return other < file


def _reader_in_folder(path: Path, csv: EyeCsv | None) -> Reader | None:
    """Return the reader of a file that nobody named: any text could be a table of eye samples."""
    reader = _reader(path, csv)
    if csv is None or reader is None or reader.name != eye_csv.NAME:
        return reader
    return reader if eye_csv.is_described(path, csv) else None


def _reader(path: Path, csv: EyeCsv | None) -> Reader | None:
    try:
        return find_reader(path, csv)
    except (ReadError, OSError):
        return None


def _sources(path: Path, reader: Reader) -> tuple[Path, ...]:
    try:
        return reader.sources(path)
    except Exception:  # what a damaged header leads to is told by `inspect`
        return (path,)


def advice(path: Path) -> str:
    """Say what to do with a recording of a kind that nothing here reads; "" of all else."""
    return _EXPORTS.get(path.suffix.lower(), "")


def inspect(path: Path, csv: EyeCsv | None = None) -> Finding:
    """Look at one recording.

    Parameters
    ----------
    path : Path
        The file.
    csv : EyeCsv or None
        How tables of eye samples of no known format are to be read.

    Returns
    -------
    Finding
        The header of an EEG recording is read only after its pre-flight found nothing against it;
        eye exports are text and read in full.
    """
    reader = _reader(path, csv)
    if reader is None:
        status = "suspicious" if is_regular(path) else "corrupt"
        return _finding(path, None, status, _why_unknown(path))
    reason = ""
    try:
        status, reason = _check_all(path, reader, csv)
        if status in ("truncated", "corrupt"):
            return _finding(path, reader, status, reason)
        is_eeg = reader.modality == "eeg"
        measures = _eeg_measures(path, reader) if is_eeg else _eye_measures(path, csv)
    except MixedRatesError as error:
        return _finding(path, reader, "suspicious", "; ".join(filter(None, (reason, str(error)))))
    except Exception as error:  # a listing goes on, whatever one file does
        reason = str(error).removeprefix(f"{path}: ") or type(error).__name__
        return _finding(path, reader, "corrupt", reason)
    return _finding(path, reader, status, reason, measures)


def _check_all(path: Path, reader: Reader, csv: EyeCsv | None) -> tuple[Status, str]:
    """Verdict on a file and, where samples and events are a pair, on the other one."""
    status, reason = check(path, csv)
    if status == "ok" and reader.is_pair:
        for other in source_files(path)[1:]:
            status, reason = check(other)
            reason = reason and f"{other.name}: {reason}"
    return status, reason


def _why_unknown(path: Path) -> str:
    if text := advice(path):
        return text
    try:
        check(path)
    except (ReadError, OSError) as error:
        return str(error).removeprefix(f"{path}: ")
    return "its content is that of no known recording"


class Measures(NamedTuple):
    """What a sound recording tells of itself, as in `Finding`."""

    sfreq: float | None = None
    n_channels: int | None = None
    duration_s: float | None = None
    n_triggers: int | None = None
    start: datetime | None = None
    first_s: float | None = None
    last_s: float | None = None


_UNMEASURED = Measures()


def _eeg_measures(path: Path, reader: Reader) -> Measures:
    raw = reader.read(path)
    n_triggers = len(eeg_marks(read_marks(raw)))
    sfreq = float(raw.info["sfreq"])
    duration_s = raw.n_times / sfreq
    return Measures(sfreq, len(raw.ch_names), duration_s, n_triggers, raw.info["meas_date"])


def _eye_measures(path: Path, csv: EyeCsv | None) -> Measures:
    eye = read_eye(path, csv)
    time = eye.samples["time"].to_numpy()
    is_tracked = [eye.samples[f"valid_{side}"].to_numpy().any() for side in ("left", "right")]
    if not len(time):
        onset = eye.events["onset"].to_numpy()
        time = np.array([onset, onset + eye.events["duration"].to_numpy()])
        is_tracked = [(eye.events["eye"] == side).to_numpy().any() for side in ("left", "right")]
    found = Measures(eye.sfreq, int(sum(is_tracked)), n_triggers=len(eye.messages))
    if not time.size or eye.onsets == "estimated":
        return found  # what has no times has no length either
    first, last = float(time.min()), float(time.max())
    return found._replace(duration_s=last - first, first_s=first, last_s=last)


def _finding(
    path: Path,
    reader: Reader | None,
    status: Status,
    reason: str,
    measures: Measures = _UNMEASURED,
) -> Finding:
    subject, session = guess_names(path)
    return Finding(
        path=path,
        modality=reader.modality if reader else None,
        format=reader.name if reader else None,
        subject=subject,
        session=session,
        **measures._asdict(),
        status=status,
        reason=reason,
        files=_sources(path, reader) if reader else (path,),
    )
