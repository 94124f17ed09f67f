"""Subject and session of a recording, told by its name as the SEED family writes them.

`<subject>_<session>` names both, with a date or without; in `<subject>_<YYYYMMDD>` the session is
that of the published date, or that of the folder, or the one that the others of the subject leave
over. The order of names tells nothing.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets.facts import Facts
from featpipe.datasets.file_content import is_same
from featpipe.datasets.layout import Defect
from featpipe.errors import ReadError, few
from featpipe.reading import check

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
        Where recordings lie; of two of one recording, the whole one is taken.
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
        Where recordings lie; of two of one recording, the whole one is taken.
    facts : Facts
        With the dates of the sessions, as far as they are published.
    form : re.Pattern
        What the name without suffix looks like, with the groups "subject" and "date".
    by_folder : bool
        A folder that has the name of a session tells it where the date is not published.

    Returns
    -------
    Named
        Where neither date nor folder tells the session, it is the one that the others leave over.
        If they leave several, it is guessed where that makes no difference to labels, and the
        recording is left out where it does.
    """
    found: dict[Key, Path] = {}
    defects, notes = [], []
    unknown: dict[str, dict[str, list[Path]]] = {}
    for path in files:
        match = form.fullmatch(path.stem)
        if not match or match["subject"] not in facts.subjects:
            defects.append(stranger(path, "<subject>_<YYYYMMDD>", facts))
            continue
        folder = path.parent.name if by_folder and path.parent.name in facts.session_names() else ""
        session = session_of(match["date"], dates_of(facts, match["subject"])) or folder
        if not session:
            unknown.setdefault(match["subject"], {}).setdefault(match["date"], []).append(path)
            continue
        if folder not in ("", session):
            notes.append(_misplaced(path, session))
        defects += add(found, (match["subject"], session), path)
    ranked = []
    for subject, of in unknown.items():
        sessions = _left_over(facts, [key[1] for key in found if key[0] == subject], sorted(of))
        defects += [_undated(facts, subject, of[date][0]) for date in of if date not in sessions]
        for date, session in sessions.items():
            ranked.append(f"{of[date][0].name} (session {session})")
            for path in of[date]:
                defects += add(found, (subject, session), path)
    return Named(in_order(found), defects, [*notes, *_told(ranked, facts)])


def _left_over(facts: Facts, taken: Collection[str], dates: Sequence[str]) -> dict[str, str]:
    """Return date -> session of a subject's recordings whose dates are not published."""
    free = [session for session in facts.session_names() if session not in taken]
    if len(free) == len(dates) or (len(facts.sessions) == 1 and len(free) > len(dates)):
        return dict(zip(dates, free, strict=False))
    return {}


def _undated(facts: Facts, subject: str, path: Path) -> Defect:
    what = (
        f"{path}: no session is published for its date, and which one it is, and so its labels, "
        f"nothing tells while not all {len(facts.session_names())} sessions of subject {subject} "
        "are here; it is not used: fetch the others, or put it into the folder of its session"
    )
    return Defect(subject, "", what)


def _misplaced(path: Path, session: str) -> str:
    return (
        f"{path}: it lies in the folder of session {path.parent.name}, and its date is that of "
        f"session {session}, for which it is taken: move it there"
    )


def has_published(files: Iterable[Path], facts: Facts) -> bool:
    """Tell whether a MATLAB file has subject and date of a published recording in its name."""
    known = {(subject, date) for of in facts.dates.values() for subject, date in of.items()}
    matches = (DATED.match(path.stem) for path in files if path.suffix.lower() == ".mat")
    return any(match and (match["subject"], match["date"]) in known for match in matches)


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


def _told(ranked: list[str], facts: Facts) -> list[str]:
    if not ranked:
        return []
    return [
        f"{facts.title}: no session is published for the dates of {few(ranked)}; these are what "
        "the other recordings of the subject leave over, in order of dates"
    ]


def is_known(key: Key, facts: Facts) -> bool:
    """Tell whether a data set has such a recording."""
    return key[0] in facts.subjects and key[1] in facts.session_names()


def add(found: dict[Key, Path], key: Key, path: Path) -> list[Defect]:
    """Put a file where it belongs; of two of one recording the one that is whole.

    Two of one name and content are one recording of two releases, and no defect.
    """
    other = found.setdefault(key, path)
    if other == path:
        return []
    is_better = is_broken(other) and not is_broken(path)
    used, left = (path, other) if is_better else (other, path)
    found[key] = used
    if not is_better and path.name.lower() == other.name.lower() and is_same(path, other):
        return []
    session = f", session {key[1]}" * bool(key[1])
    why = ", because this one is broken" * is_better
    return [
        Defect(
            "", "", f"{left}: {used} is subject {key[0]}{session}, too, and is the one that is "
            f"used{why}: take one of them away, or give it its own name",
        )
    ]  # fmt: skip


def is_broken(path: Path) -> bool:
    """Tell whether a file is truncated, corrupt or none of a recording, by its header and size."""
    try:
        return check(path).status in ("truncated", "corrupt")
    except (ReadError, OSError):
        return True


def stranger(path: Path, shown: str, facts: Facts) -> Defect:
    """Tell of a file that lies where recordings lie and is called otherwise."""
    last, sessions = facts.subjects[-1], ", ".join(facts.session_names())
    return Defect(
        "", "", f"{path}: its name is not {shown}{path.suffix} of {facts.title} (subjects 1 to "
        f"{last}, sessions {sessions}), and it is not used: give it the name that the release has, "
        "or move it elsewhere",
    )  # fmt: skip
