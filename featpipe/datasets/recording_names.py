"""Subject and session of a recording, told by its name as the SEED family writes them.

`<subject>_<session>` names both, with a date or without; in `<subject>_<YYYYMMDD>` the session is
that of the published date, or the rank of the date among those of the subject. The order of names
tells nothing.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Defect
from featpipe.errors import few

Key = tuple[str, str]
"""Subject and session."""

NUMBERED = re.compile(r"0*(?P<subject>[1-9]\d?)_0*(?P<session>[1-9])")
DATED = re.compile(r"0*(?P<subject>[1-9]\d?)_(?P<date>\d{8})")


class Named(NamedTuple):
    """Files whose names say what they are.

    Attributes
    ----------
    files : dict of (subject, session) to Path
        Ordered by number.
    defects : list of Defect
        Of names that do not.
    notes : list of str
        How sessions were told where no published date told them.
    """

    files: dict[Key, Path]
    defects: list[Defect]
    notes: list[str]


def numbered_files(
    files: Iterable[Path],
    facts: Facts,
    form: re.Pattern[str] = NUMBERED,
    shown: str = "<subject>_<session>",
) -> Named:
    """Take subject and session from names `<subject>_<session>`.

    Parameters
    ----------
    files : iterable of Path
        Where recordings lie; of two of one recording, the first is taken.
    facts : Facts
        Whose subjects and sessions there are.
    form : re.Pattern
        What the name without suffix looks like, with the groups "subject" and "session".
    shown : str
        The form, for messages.

    Returns
    -------
    Named
    """
    found: dict[Key, Path] = {}
    defects = []
    for path in files:
        match = form.fullmatch(path.stem)
        key = (match["subject"], match["session"]) if match else ("", "")
        if is_known(key, facts):
            defects += add(found, key, path)
        else:
            defects.append(stranger(path, shown, facts))
    return Named(in_order(found), defects, [])


def dated_files(
    files: Iterable[Path], facts: Facts, form: re.Pattern[str] = DATED, *, by_folder: bool = False
) -> Named:
    """Take the subject from names `<subject>_<YYYYMMDD>`, and from the date the session.

    Parameters
    ----------
    files : iterable of Path
        Where recordings lie; of two of one name, the first is taken.
    facts : Facts
        With the dates of the sessions, as far as they are published.
    form : re.Pattern
        What the name without suffix looks like, with the groups "subject" and "date".
    by_folder : bool
        A folder that has the name of a session tells it instead.

    Returns
    -------
    Named
    """
    found: dict[Key, Path] = {}
    defects, notes = [], []
    dated: dict[str, dict[str, Path]] = {}
    for path in files:
        match = form.fullmatch(path.stem)
        if not match or match["subject"] not in facts.subjects:
            defects.append(stranger(path, "<subject>_<YYYYMMDD>", facts))
        elif by_folder and path.parent.name in facts.session_names():
            defects += add(found, (match["subject"], path.parent.name), path)
        else:
            dated.setdefault(match["subject"], {}).setdefault(match["date"], path)
    for subject, of in dated.items():
        for date, path in sorted(of.items()):
            session = session_of(date, dates_of(facts, subject))
            if session is None:
                session = _by_rank(facts, sorted(of).index(date))
                notes.append(f"{path.name} (session {session})")
            defects += add(found, (subject, session), path)
    return Named(in_order(found), defects, _told(notes, facts))


def date_of(path: Path) -> str:
    """Return the date in the name of a file, YYYYMMDD; empty where it has none."""
    match = re.search(r"_(\d{8})(?!\d)", path.name)
    return match[1] if match else ""


def dates_of(facts: Facts, subject: str) -> dict[str, str]:
    """Return session -> date of the recordings of a subject, as far as they are published."""
    return {session: of[subject] for session, of in facts.dates.items() if subject in of}


def session_of(date: str, dates: Mapping[str, str]) -> str | None:
    """Return the session of a date; None where there is none."""
    return next((session for session, of in dates.items() if of == date), None)


def other_session(dates: Collection[str], own: str, known: Mapping[str, str]) -> str | None:
    """Return the other session that a date is of; None where it is that of its own or of none.

    Parameters
    ----------
    dates : collection of str
        YYYYMMDD, what the date can mean; one right reading is enough.
    own : str
        The session that it should be of.
    known : mapping of str to str
        Session -> date, of one subject.
    """
    found = [session for session, of in known.items() if of in dates]
    return None if own in found or not found else found[0]


def in_order(files: Mapping[Key, Path]) -> dict[Key, Path]:
    """Order by the numbers of subject and session: 1, 2, 10."""
    return dict(sorted(files.items(), key=lambda item: tuple(map(int, item[0]))))


def _by_rank(facts: Facts, rank: int) -> str:
    """Return the session of a rank from 0; those beyond the last one are the last."""
    return facts.session_names()[min(rank, len(facts.session_names()) - 1)]


def _told(ranked: list[str], facts: Facts) -> list[str]:
    if not ranked:
        return []
    return [
        f"{facts.title}: no session is published for the dates of {few(ranked)}; it is the rank of "
        "the date among those of the subject"
    ]


def is_known(key: Key, facts: Facts) -> bool:
    """Tell whether a data set has such a recording."""
    return key[0] in facts.subjects and key[1] in facts.session_names()


def add(found: dict[Key, Path], key: Key, path: Path) -> list[Defect]:
    """Put a file where it belongs; tell of one that is there already and differs."""
    other = found.setdefault(key, path)
    if other == path or path.stat().st_size == other.stat().st_size:
        return []
    return [
        Defect(
            "", "", f"{path}: {other} is subject {key[0]}, session {key[1]}, too, and is the one "
            "that is used: take one of them away, or give it its own name",
        )
    ]  # fmt: skip


def stranger(path: Path, shown: str, facts: Facts) -> Defect:
    """Tell of a file that lies where recordings lie and is called otherwise."""
    last, sessions = facts.subjects[-1], ", ".join(facts.session_names())
    return Defect(
        "", "", f"{path}: its name is not {shown}{path.suffix} of {facts.title} (subjects 1 to "
        f"{last}, sessions {sessions}), and it is not used: give it the name that the release has, "
        "or move it elsewhere",
    )  # fmt: skip
