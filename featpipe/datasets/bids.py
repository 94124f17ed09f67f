"""Layout "bids": EEG-BIDS with its events, and eye recordings beside it as BIDS physio files.

MNE-BIDS judges the names, because it keeps up with those that the standard allows; looking for
files it goes round links in a circle. Our readers give access to the numbers as they are stored.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets.bids_events import misspelt, read_trials
from featpipe.datasets.bids_recordings import Recording, list_recordings, session_names
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.errors import ConfigError, MixedRatesError, ReadError, few, printable
from featpipe.readers.bids_names import metadata, sidecars
from featpipe.readers.bids_physio import NAME as BIDS_EYE
from featpipe.readers.bids_physio import clock_offset
from featpipe.readers.bids_physio_files import eye_files
from featpipe.readers.bids_physio_sidecar import number_of
from featpipe.readers.gzipped import may_be_cut
from featpipe.readers.tsv_numbers import refuse_cut
from featpipe.readers.tsv_text import read_tsv
from featpipe.reading import check, find_reader, sniff
from featpipe.recording import Source
from featpipe.regular_files import is_regular

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_DESCRIPTION = "dataset_description.json"
_SAME_RATE = 1e-3
_NO_CLASS = "no event is of a class"


class _Header(NamedTuple):
    """What the header of an EEG recording tells; None where it tells several rates."""

    sfreq: float | None
    duration_s: float | None


class _Made(NamedTuple):
    """A source of a recording or None, what is wrong of it, and its labels that are no class."""

    source: Source | None
    flaws: list[str]
    others: Counter[str]


def is_here(root: Path) -> bool:
    """Tell whether a folder is a data set of BIDS with EEG in it, by names alone."""
    try:
        return _home(root) is not None
    except OSError:
        return False


def _home(root: Path) -> Path | None:
    """Return the root of the data set: the folder, or the only one in it that is one."""
    if any(root.glob("sub-*/eeg")) or any(root.glob("sub-*/ses-*/eeg")):
        return root
    if is_regular(root / _DESCRIPTION) and any(root.glob("sub-*")):
        return root
    inner = [
        path.parent for path in root.glob(f"*/{_DESCRIPTION}") if any(path.parent.glob("sub-*"))
    ]
    return inner[0] if len(inner) == 1 else None


def find(root: Path, choice: Choice) -> Found:
    """List the recordings of a data set of BIDS, with their trials.

    Parameters
    ----------
    root : Path
        The folder.
    choice : Choice
        `task` picks one of several, `label_column` says where the labels stand.

    Returns
    -------
    Found
        Subjects are the labels of BIDS; sessions as `bids_recordings.session_names` has them.

    Raises
    ------
    ConfigError
        When there is no data set, MNE-BIDS is missing, or no row of any events is of a class.
    """
    home = _home(root)
    if home is None:
        raise ConfigError(
            f"{root}: no data set of BIDS: expected {_DESCRIPTION} and folders sub-01 ... in it; "
            "correct [study] root"
        )
    recordings, defects, notes = list_recordings(home, choice.task)
    defects = [*_missing_subjects(home, recordings), *defects]
    made = {recording: _source(recording, choice) for recording in recordings}
    sessions = session_names(recordings, {of.task for of in recordings if made[of].source})
    sources = [
        replace(source, session=sessions[of]) for of in recordings if (source := made[of].source)
    ]
    if recordings and not sources:
        others = sum((of.others for of in made.values()), Counter[str]())
        _refuse_without_trials(home, choice, others, [f for of in made.values() for f in of.flaws])
    aside, more = _tasks_aside(made)
    defects += [
        Defect(of.sub, sessions[of], flaw)
        for of in recordings if of.task not in aside for flaw in made[of].flaws
    ]  # fmt: skip
    recordings, notes = [of for of in recordings if of.task not in aside], [*notes, *more]
    defects += [*_missing_sessions(recordings, sessions), *_missing_files(recordings, sessions)]
    return Found(sources, defects, notes)


def _refuse_without_trials(
    home: Path, choice: Choice, others: Counter[str], flaws: Sequence[str]
) -> None:
    there = few([f"{name} ({n})" for name, n in others.most_common()])
    first = few(list(dict.fromkeys(flaws)), 2)
    if not others or not any(_NO_CLASS in flaw for flaw in flaws):
        raise ConfigError(f"{home}: no recording has a trial that can be used: {first}")
    raise ConfigError(
        f"{home}: no event is of a class of this study ({', '.join(choice.classes)}): the labels "
        f"there are {there}; correct [study] classes, or name the column of the labels in "
        "[study] label_column"
    )


def _tasks_aside(made: dict[Recording, _Made]) -> tuple[set[str], list[str]]:
    """Return tasks none of whose recordings has an event of a class, where others have; a note."""
    of_task: dict[str, list[_Made]] = {}
    for recording, of in made.items():
        of_task.setdefault(recording.task, []).append(of)
    aside = {
        task for task, all_made in of_task.items()
        if not any(of.source for of in all_made)
        and all(any(_NO_CLASS in flaw for flaw in of.flaws) for of in all_made)
    }  # fmt: skip
    return aside, [
        f"task {task or 'without a name'}: {_NO_CLASS} in its {len(of_task[task])} recordings, "
        "and they are left out"
        for task in sorted(aside)
    ]


def _source(recording: Recording, choice: Choice) -> _Made:
    """Make a source of a recording, whose session is named later."""
    named = session_names([recording], set())[recording]
    if not all(map(_IDENTIFIER.fullmatch, (recording.sub, named))):
        what = "its labels are too long for names of tables: expected at most 64 characters"
        return _Made(None, [f"{recording.file}: {what}; give it shorter ones"], Counter())
    header, flaws = _header(recording)
    eeg = recording.eeg if header else None
    source = Source(choice.name, recording.sub, named, eeg, recording.eye, None, (), choice.classes)
    if source.eeg is None and source.eye is None:
        return _Made(None, flaws, Counter())
    try:
        events = sidecars(recording.file, "events", ".tsv")[-1:]
        if not events:
            raise ReadError(f"{recording.file}: no *_events.tsv beside it: add it")
        found = read_trials(events[0], recording.file, choice.classes, choice.label_column)
    except ReadError as error:
        return _Made(None, [*flaws, str(error)], Counter())
    flaws += found.flaws
    if not found.trials:
        classes = ", ".join(choice.classes)
        flaws += [] if found.flaws else [f"{events[0]}: {_NO_CLASS} ({classes})"]
        return _Made(None, flaws, found.others)
    flaws += misspelt(events[0], found.others, choice.classes)
    source = replace(source, trials=found.trials)
    if header:
        flaws += _trials_outside(source, header)
    eye, offset, eye_flaws = _eye(recording)
    if eye is None and eeg is None:
        return _Made(None, [*flaws, *eye_flaws], found.others)
    source = replace(source, eye=eye, eye_offset=offset)
    return _Made(source, [*flaws, *eye_flaws], found.others)


def _header(recording: Recording) -> tuple[_Header | None, list[str]]:
    """Read the header of the EEG; None where it cannot be used, and why."""
    path = recording.eeg
    if path is None:
        return None, []
    try:
        status, reason = check(path)
        reader = find_reader(path)
        if status in ("truncated", "corrupt") or reader is None:
            return None, [f"{path}: {status}: {reason}"]
        raw = reader.read(path)
        found = _Header(float(raw.info["sfreq"]), raw.n_times / float(raw.info["sfreq"]))
    except MixedRatesError:
        return _Header(None, None), []  # [eeg] channels decides when it is read
    except Exception as error:  # whatever a damaged header leads to
        what = str(error).removeprefix(f"{path}: ") or type(error).__name__
        return None, [f"{path}: {what}"]
    return found, _rate_flaws(path, found)


def _rate_flaws(path: Path, header: _Header) -> list[str]:
    try:
        told = number_of(metadata(path), "SamplingFrequency")
    except ReadError as error:
        return [str(error)]
    if told is None or header.sfreq is None:
        return []
    if abs(told - header.sfreq) <= _SAME_RATE * header.sfreq:
        return []
    return [
        f"{path}: its sidecar has SamplingFrequency = {told:g}, the recording {header.sfreq:g} Hz, "
        "which is used: correct the sidecar, or see whether the file is the right one"
    ]


def _trials_outside(source: Source, header: _Header) -> list[str]:
    if header.duration_s is None:
        return []
    outside = [str(t.trial) for t in source.trials if t.offset > header.duration_s + 0.5]
    if not outside:
        return []
    return [
        f"{source.eeg}: it ends at {header.duration_s:.1f} s, trials {few(outside)} later: see "
        "whether events and recording belong together"
    ]


def _eye(recording: Recording) -> tuple[Path | None, float | None, list[str]]:
    """Return the eye recording, its offset to the EEG, and what is wrong of it."""
    path = recording.eye
    if path is None:
        return None, None, []
    try:
        if sniff(path) != BIDS_EYE:
            return path, None, []
        for file in filter(may_be_cut, eye_files(path)):
            refuse_cut(file)  # all of it is inflated only on suspicion: it may be an hour's
        offset, flaw = clock_offset(path)
    except ReadError as error:
        return None, None, [str(error)]
    if flaw:
        flaw = (
            f"{path}: {flaw}: expected the seconds from the first sample of the EEG to its own "
            "first; without them the clocks are aligned on events that both recordings hold"
        )
    return path, offset, [flaw] if flaw else []


def _missing_subjects(home: Path, recordings: Iterable[Recording]) -> list[Defect]:
    """Tell of subjects that are listed and have no recording."""
    path = home / "participants.tsv"
    if not is_regular(path):
        return []
    try:
        listed = read_tsv(path, required=("participant_id",))["participant_id"]
    except ReadError as error:
        return [Defect("", "", str(error))]
    there = {of.sub for of in recordings}
    missing = [printable(name.removeprefix("sub-"), 64) for name in listed if name]
    return [
        Defect(name, "", f"{path}: sub-{name} is listed and has no recording: copy it, or take it "
               "out of the list")
        for name in missing if name not in there
    ]  # fmt: skip


def _missing_sessions(
    recordings: Sequence[Recording], sessions: dict[Recording, str]
) -> list[Defect]:
    """Tell of sessions that most subjects have and one has not."""
    of_subject: dict[str, set[str]] = {}
    for of in recordings:
        of_subject.setdefault(of.sub, set()).add(sessions[of])
    counts = Counter(name for names in of_subject.values() for name in names)
    usual = [name for name, n in counts.items() if n > len(of_subject) / 2]
    return [
        Defect(subject, name, f"sub-{subject}: it has no session {name}, which {counts[name]} of "
               f"{len(of_subject)} subjects have: copy it, if it was recorded")
        for subject, names in of_subject.items() for name in usual if name not in names
    ]  # fmt: skip


def _missing_files(recordings: Sequence[Recording], sessions: dict[Recording, str]) -> list[Defect]:
    """Tell of recordings without EEG, or without eyes, where most have them."""
    defects = []
    for part, what in (("eeg", "EEG"), ("eye", "eye recording")):
        without = [of for of in recordings if getattr(of, part) is None]
        if len(without) < len(recordings) / 2:
            defects += [
                Defect(of.sub, sessions[of], f"{of.file}: no {what} beside it, as most have: it "
                       "has no tables of that")
                for of in without
            ]  # fmt: skip
    return defects
