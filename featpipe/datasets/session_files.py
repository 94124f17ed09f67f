"""Files whose names tell subject, session and date: which file is which recording."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Choice, Defect
from featpipe.errors import ConfigError, few

Key = tuple[str, str]
"""Subject and session."""


class SessionFile(NamedTuple):
    """A file of one recording.

    Attributes
    ----------
    subject, session, date : str
        As its name says; date is YYYYMMDD, or "" where the name has none.
    path : Path
        The file.
    """

    subject: str
    session: str
    date: str
    path: Path

    @property
    def key(self) -> Key:
        """Subject and session."""
        return self.subject, self.session


def named(files: Iterable[Path], pattern: re.Pattern[str]) -> tuple[list[SessionFile], list[Path]]:
    """Read the names of files.

    Parameters
    ----------
    files : iterable of Path
        The files.
    pattern : re.Pattern
        What a whole name matches, with the groups subject, session and date.

    Returns
    -------
    found : list of SessionFile
        Those whose names match.
    strangers : list of Path
        The others.
    """
    found, strangers = [], []
    for file in files:
        if match := pattern.fullmatch(file.name):
            parts = match.groupdict()
            one = SessionFile(parts["subject"], parts["session"], parts["date"] or "", file)
            found.append(one)
        else:
            strangers.append(file)
    return found, strangers


def in_order(key: Key) -> tuple[int, int]:
    """Sort by number: subject 2 before subject 10."""
    return int(key[0]), int(key[1])


def one_each(files: Iterable[SessionFile]) -> tuple[dict[Key, SessionFile], list[Defect]]:
    """Take one file of each recording, the first of several; they come in order of preference."""
    chosen: dict[Key, SessionFile] = {}
    defects = []
    for file in files:
        first = chosen.setdefault(file.key, file)
        if first is not file:
            what = f"{file.path}: {first.path} is of the same subject and session and is used"
            defects.append(Defect(*file.key, f"{what}; take one of them away"))
    return chosen, defects


def strange(files: Iterable[Path], expected: str) -> list[Defect]:
    """Tell of files that lie where recordings lie and are called otherwise."""
    return [
        Defect(
            "", "",
            f"{file}: its name tells no subject and session and it is not read; expected a name "
            f"like {expected}: give it the name that it had in the release",
        )
        for file in files
    ]  # fmt: skip


def known_only(files: Iterable[SessionFile], of: Facts) -> tuple[list[SessionFile], list[Defect]]:
    """Leave out files of subjects and sessions that the data set does not have."""
    known, defects = [], []
    sessions = of.session_names()
    for file in files:
        if file.subject in of.subjects and file.session in sessions:
            known.append(file)
            continue
        what = (
            f"{file.path}: subject {file.subject}, session {file.session} is none of {of.title}, "
            f"which has subjects {of.subjects[0]} to {of.subjects[-1]} and sessions "
            f"{', '.join(sessions)}; it is not read: give it the name that it had in the release"
        )
        defects.append(Defect("", "", what))
    return known, defects


def missing(
    eeg: Collection[Key], eyes: Collection[Key], of: Facts
) -> tuple[list[Defect], list[str]]:
    """Tell what is not there: recordings of subjects that are, and whole subjects in one line.

    Parameters
    ----------
    eeg, eyes : collection of (subject, session)
        Whose files are there.
    of : Facts
        What there should be.

    Returns
    -------
    defects : list of Defect
        Where there is one recording of a subject and not the other.
    notes : list of str
        Whole subjects; a modality of which there is nothing.
    """
    subjects = {subject for subject, _ in (*eeg, *eyes)}
    keys = [(a, b) for a in of.subjects if a in subjects for b in of.session_names()]
    defects, notes = [], absent(subjects, of)
    for found, what in ((eeg, "EEG"), (eyes, "eyes")):
        if not found:
            notes.append(f"{of.title}: there are no recordings of the {what} here")
            continue
        expected = [key for key in keys if what == "EEG" or key[0] in of.eye_subjects]
        for subject, session in expected:
            if (subject, session) not in found:
                text = (
                    f"{of.title}: the {what} of subject {subject}, session {session}: the file is "
                    "not here; download it, or look for it under another name"
                )
                defects.append(Defect(subject, session, text))
    return defects, notes


def absent(subjects: Collection[str], of: Facts) -> list[str]:
    """Tell in a note which subjects are not here, if any."""
    names = [subject for subject in of.subjects if subject not in subjects]
    return [f"{of.title}: subjects that are not here: {few(names, 20)}"] * bool(names)


def session_of_date(date: str, own: str, dates: Mapping[str, str]) -> str | None:
    """Return the other session that a date is of; None where it is that of its own or of none.

    Parameters
    ----------
    date : str
        YYYYMMDD.
    own : str
        The session that it should be of.
    dates : mapping of str to str
        Session -> date, of one subject.
    """
    if dates.get(own) == date:
        return None
    return next((session for session, other in dates.items() if other == date), None)


def require_classes(choice: Choice, of: Facts) -> None:
    """Refuse names of classes of which there are more or fewer than the data set has.

    Raises
    ------
    ConfigError
        Naming them.
    """
    if len(choice.classes) != len(of.classes):
        raise ConfigError(
            f"[study] classes = {list(choice.classes)}: {of.title} has {len(of.classes)}, "
            f"{list(of.classes)}; leave classes out, or rename each of them"
        )


def paths_below(files: Sequence[Path], suffixes: Collection[str]) -> list[Path]:
    """Return the files with some suffixes, without what Excel and macOS leave beside them."""
    return [
        file for file in files
        if file.suffix.lower() in suffixes and not file.name.startswith(("~$", "._"))
    ]  # fmt: skip
