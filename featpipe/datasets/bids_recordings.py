"""Which recordings a BIDS folder holds, by their names: EEG through MNE-BIDS, eyes beside it."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets.layout import Defect
from featpipe.errors import ConfigError, ReadError, few
from featpipe.readers.bids_names import bids_name
from featpipe.readers.bids_physio import NAME as BIDS_EYE
from featpipe.readers.bids_physio_files import is_one
from featpipe.readers.sniffing import sniff
from featpipe.readers.table import READERS
from featpipe.regular_files import is_regular

EEG_EXTENSIONS = (".vhdr", ".edf", ".bdf", ".set", ".fif")
"""In the order in which they are preferred, where a recording is there twice."""

_EYE_FOLDERS = ("eeg", "beh", "eyetrack", "physio")
_TEXTS = ("events", "channels", "electrodes", "coordsystem", "scans", "physioevents", "sessions")
_KEY = ("sub", "ses", "task", "acq", "run")

Key = tuple[str, str, str, str, str]


class Recording(NamedTuple):
    """Files of equal entities.

    Attributes
    ----------
    sub, ses, task, acq, run : str
        The entities, empty where a name has them not.
    eeg, eye : Path or None
        The files.
    """

    sub: str
    ses: str
    task: str
    acq: str
    run: str
    eeg: Path | None = None
    eye: Path | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The entities, in order."""
        return self.sub, self.ses, self.task, self.acq, self.run

    @property
    def file(self) -> Path:
        """The EEG, or else the eye recording."""
        found = self.eeg or self.eye
        if found is None:
            raise ValueError(f"sub-{self.sub}: a recording without files")
        return found


def list_recordings(home: Path, task: str = "") -> tuple[list[Recording], list[Defect], list[str]]:
    """List the recordings of a data set.

    Parameters
    ----------
    home : Path
        Its root.
    task : str
        Only recordings of this task; empty takes all.

    Returns
    -------
    recordings : list of Recording
        Ordered by subject, session, task, acquisition and run; numbers as numbers.
    defects : list of Defect
        Files that lie where recordings lie and are none by their names; eyes that fit no EEG.
    notes : list of str
        Which of two files of one recording is used.

    Raises
    ------
    ConfigError
        When MNE-BIDS is not installed, or the data set has no such task.
    """
    by_key: dict[Key, Recording] = {}
    notes = []
    for path in _eeg_files(home):
        key = _key_of(path)
        if key in by_key:
            notes.append(f"{path}: {by_key[key].file.name} is of the same recording and is used")
            continue
        by_key[key] = Recording(*key, eeg=path)
    defects = _add_eyes(home, by_key)
    found = sorted(by_key.values(), key=lambda of: [_natural(label) for label in of.labels])
    if task:
        tasks = sorted({of.task for of in found if of.task})
        if task not in tasks:
            there = f"there are {', '.join(tasks)}" if tasks else "no recording names a task"
            raise ConfigError(f"[study] task = {task!r}: {there}")
        found = [of for of in found if of.task == task]
    return found, [*_strangers(home), *_without_content(home), *defects], notes


def _eeg_files(home: Path) -> list[Path]:
    try:
        import mne_bids  # noqa: F401 told here, before any name is taken apart
    except ImportError as error:
        raise ConfigError(
            "layout = \"bids\" needs MNE-BIDS, which is not installed: pip install 'featpipe[bids]'"
        ) from error
    # listed here: MNE-BIDS goes round links in a circle for ever, until the memory is full
    paths = [
        path for path in _files_in(home, "eeg")
        if path.suffix in EEG_EXTENSIONS and _is_eeg_name(path) and not _is_misplaced(path, home)
        and _is_first_part(path)
    ]  # fmt: skip
    return sorted(paths, key=lambda path: (EEG_EXTENSIONS.index(path.suffix), path))


def _key_of(path: Path) -> Key:
    name = bids_name(path)
    sub, ses, task, acq, run = (name.entities.get(key, "") if name else "" for key in _KEY)
    return sub, ses, task, acq, run


def _natural(label: str) -> list[tuple[int, str]]:
    """Sort 2 before 10."""
    return [(int(part or 0), "") if part.isdigit() else (0, part)
            for part in re.split(r"(\d+)", label)]  # fmt: skip


def _add_eyes(home: Path, by_key: dict[Key, Recording]) -> list[Defect]:
    """Put each eye file to the EEG of its entities; one without EEG is a recording of its own."""
    defects = []
    for path in _eye_files(home):
        key = _key_of(path)
        fitting = [other for other in by_key if _fits(key, other)]
        if key in by_key or len(fitting) == 1:
            target = key if key in by_key else fitting[0]
            if by_key[target].eye is None:
                by_key[target] = by_key[target]._replace(eye=path)
            continue
        if fitting:
            what = f"{path}: it fits {len(fitting)} EEG recordings: give it their task and run"
            defects.append(Defect(key[0], key[1], what))
        else:
            by_key[key] = Recording(*key, eye=path)
    return defects


def _fits(key: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether an eye file that names fewer entities may belong to a recording."""
    return key[0] == other[0] and all(
        mine in ("", its) for mine, its in zip(key, other, strict=True)
    )


def _eye_files(home: Path) -> list[Path]:
    """List one file of each eye recording, those of the standard's own format first."""
    found: dict[Key, Path] = {}
    files = [file for folder in _EYE_FOLDERS for file in _files_in(home, folder)]
    files = [file for file in files if not _is_misplaced(file, home)]
    eyes = [(kind != BIDS_EYE, file) for file in files if (kind := _eye_kind(file))]
    for _, file in sorted(eyes, key=lambda pair: pair[0]):
        found.setdefault(_key_of(file), file)
    return list(found.values())


def _eye_kind(file: Path) -> str:
    name = bids_name(file)
    if name is None or name.suffix in _TEXTS or name.extension == ".json":
        return ""
    try:
        kind = sniff(file)
    except ReadError:  # it may not be read, which is told when it is opened
        kind = BIDS_EYE if is_one(file) else None
    return kind if kind and READERS[kind].modality == "eye" else ""


def _files_in(home: Path, folder: str) -> list[Path]:
    """Files of the folders of one type of data, subject by subject."""
    return [file for file in _names_in(home, folder) if is_regular(file)]


def _names_in(home: Path, folder: str) -> list[Path]:
    found = [*home.glob(f"sub-*/{folder}/*"), *home.glob(f"sub-*/ses-*/{folder}/*")]
    return sorted(file for file in found if not file.name.startswith("."))


def _without_content(home: Path) -> list[Defect]:
    """Tell, folder by folder, of links that lead nowhere, as DataLad leaves what was not got."""
    broken: dict[Path, list[str]] = {}
    for folder in _EYE_FOLDERS:
        for file in _names_in(home, folder):
            if file.is_symlink() and not file.exists():
                broken.setdefault(file.parent, []).append(file.name)
    return [
        Defect(*_place(folder / names[0], home), f"{folder}: {few(names)}: links to content that "
               f"is not here: `datalad get {folder}`, or copy the files")
        for folder, names in broken.items()
    ]  # fmt: skip


def _strangers(home: Path) -> list[Defect]:
    """Tell of files among the EEG whose names are not those of their folder, or of BIDS."""
    defects = []
    for file in filter(Path.exists, _names_in(home, "eeg")):
        subject, session = _place(file, home)
        is_recording = file.name.lower().endswith((*EEG_EXTENSIONS, ".tsv.gz"))
        what = ""
        if not is_regular(file):
            what = "it is no file, expected one of that name: copy it again" * is_recording
        elif is_recording and _is_misplaced(file, home):
            what = "its name is of another subject or session than its folder: move or rename it"
        elif file.suffix.lower() in EEG_EXTENSIONS and not _is_eeg_name(file):
            what = f"it is passed over: expected the name sub-{subject}_..._eeg{file.suffix}"
        if what:
            defects.append(Defect(subject, session, f"{file}: {what}"))
    return defects


def _place(file: Path, home: Path) -> tuple[str, str]:
    """Return subject and session of the folder that a file lies in."""
    subject, session, *_ = *file.relative_to(home).parts, ""
    return subject.removeprefix("sub-"), session[4:] if session.startswith("ses-") else ""


def _is_misplaced(file: Path, home: Path) -> bool:
    name = bids_name(file)
    told = name and (name.entities.get("sub", ""), name.entities.get("ses", ""))
    return told is not None and told != _place(file, home)


def _is_eeg_name(file: Path) -> bool:
    """Tell whether MNE-BIDS, and we, know all parts of a name."""
    from mne_bids import get_entities_from_fname

    name = bids_name(file)
    if name is None or name.suffix != "eeg":
        return False
    try:
        get_entities_from_fname(file.name, on_error="raise")
    except (KeyError, ValueError):
        return False
    return True


def _is_first_part(file: Path) -> bool:
    """Of a recording in parts the first file leads to the others."""
    name = bids_name(file)
    return name is not None and name.entities.get("split", "").lstrip("0") in ("", "1")


def session_names(
    recordings: Iterable[Recording], tasks: Collection[str] = ()
) -> dict[Recording, str]:
    """Name the session of each recording, as tables have it.

    The session's label ("1" where there are none); what there are several of within a subject's
    session anywhere in the data set is added for all: "1-taskfilm", "2-run2". Where one task alone
    has trials it has the session's name to itself, so that the rest that one subject had recorded
    too renames nobody's session.

    Parameters
    ----------
    recordings : iterable of Recording
        All of them.
    tasks : collection of str
        Those that have trials.

    Returns
    -------
    dict
        Recording -> name.
    """
    recordings = list(recordings)
    several = {
        key for key in ("task", "acq", "run")
        if any(n > 1 for n in Counter(
            whose for whose, _ in {((of.sub, of.ses), getattr(of, key)) for of in recordings}
        ).values())
    }  # fmt: skip
    names = {}
    for of in recordings:
        parts = [of.ses or "1"]
        for key in ("task", "acq", "run"):
            label = getattr(of, key)
            is_told = key in several and not (key == "task" and {*tasks} == {label})
            parts += [f"{key}{label}"] if is_told and label else []
        names[of] = "-".join(parts)
    return names
