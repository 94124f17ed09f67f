"""Layout "seed-v": raw EEG of SEED-V, and tables of events of the eyes, one sheet per trial.

EEG_raw/<subject>_<session>_<date>.cnt, Eye_raw/Session_<session>/<subject>_*.xlsx, and
trial_start_end_timestamp.txt. A session is the set of clips that was shown, not the rank of its
date. Bounds of trials are those of the file, where it is there: it was released with these
recordings, and the facts are a copy of it. Where the two differ a defect says so.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from featpipe.datasets import facts
from featpipe.datasets.cnt_headers import open_raw, within
from featpipe.datasets.facts import Facts, SessionFacts
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.datasets.seed_v_times import Times, read_times
from featpipe.datasets.session_files import (
    Key,
    SessionFile,
    in_order,
    known_only,
    missing,
    named,
    one_each,
    paths_below,
    require_classes,
    session_of_date,
    strange,
)
from featpipe.errors import ConfigError, ReadError, few
from featpipe.folders import files_below
from featpipe.recording import Source, Trial

NAME = "seed-v"
TIMES_FILE = "trial_start_end_timestamp.txt"
_EEG = re.compile(r"(?P<subject>[1-9]\d*)_(?P<session>\d)_(?P<date>\d{8})(_repaired)?\.cnt", re.I)
# [?] nobody tells how the workbooks are called in full: the subject comes first
_EYE = re.compile(
    r"(?P<subject>[1-9]\d*)(?:_(?P<session>\d))?(?:_(?P<date>\d{8}))?(?!\d).*\.xlsx?", re.I
)
_EYE_FOLDER = re.compile(r"eye_?raw|.*eye_feature_raw.*", re.I)
_SESSION_FOLDER = re.compile(r"session[ _-]?(\d)", re.I)

Recordings = Mapping[Key, SessionFile]


def is_here(root: Path) -> bool:
    """Tell whether a folder holds raw recordings of SEED-V, by names alone."""
    return any(_EEG.fullmatch(file.name) for file in files_below(root))


def find(root: Path, choice: Choice) -> Found:
    """List the recordings of SEED-V.

    Parameters
    ----------
    root : Path
        The folder, or any folder around it.
    choice : Choice
        What is wanted; there is raw EEG only.

    Returns
    -------
    Found

    Raises
    ------
    ConfigError
        When it holds no recording of SEED-V, or when preprocessed EEG is asked for.
    """
    of, files = facts.facts_of(NAME), files_below(root)
    require_classes(choice, of)
    if choice.eeg == "preprocessed":
        raise ConfigError(
            '[study] eeg = "preprocessed": SEED-V has raw EEG and features only; leave eeg out, '
            "or take the features with featpipe import"
        )
    eeg, flaws = _eeg_files(files, of)
    eyes, eye_flaws = _eye_files(files, of)
    if not eeg and not eyes:
        raise ConfigError(
            f"{root}: no recording of SEED-V below it; expected files like "
            "EEG_raw/1_1_20180804.cnt: correct [study] root"
        )
    times, more = _times(files, of)
    flaws += [*eye_flaws, *more]
    sources = []
    for key in sorted(eeg.keys() | eyes.keys(), key=in_order):
        source, more = _source(key, eeg.get(key), eyes.get(key), times[key[1]], of, choice)
        flaws += more
        sources += [source] * (source is not None)
    lacking, notes = missing(eeg, eyes, of)
    return Found(sources, [*flaws, *lacking], notes)


def _eeg_files(files: Sequence[Path], of: Facts) -> tuple[Recordings, list[Defect]]:
    found, strangers = named(paths_below(files, {".cnt"}), _EEG)
    found, flaws = known_only(found, of)
    # the repaired copy of a recording before the broken one
    found.sort(key=lambda file: "_repaired" not in file.path.name.lower())
    kept, misdated = _of_their_session(found, of)
    is_repaired = {file.key for file in kept if "_repaired" in file.path.name.lower()}
    kept = [
        file for file in kept
        if file.key not in is_repaired or "_repaired" in file.path.name.lower()
    ]  # fmt: skip
    chosen, doubles = one_each(kept)
    return chosen, [*strange(strangers, "1_1_20180804.cnt"), *flaws, *misdated, *doubles]


def _eye_files(files: Sequence[Path], of: Facts) -> tuple[Recordings, list[Defect]]:
    """Return the workbooks; the folder tells the session, or the name where there is none."""
    books = [file for file in paths_below(files, {".xls", ".xlsx"}) if _is_of_eyes(file)]
    found, strangers = named(books, _EYE)
    placed, flaws = [], []
    for file in found:
        folder = _SESSION_FOLDER.fullmatch(file.path.parent.name)
        session = folder[1] if folder else file.session
        if not session:
            strangers.append(file.path)
        elif _is_misplaced(file, session, of):
            what = f"{file.path}: its name says session {file.session}, its folder {session}"
            flaws.append(Defect(file.subject, session, f"{what}; put it where it belongs"))
        else:
            placed.append(file._replace(session=session))
    placed, unknown = known_only(placed, of)
    kept, misdated = _of_their_session(placed, of)
    chosen, doubles = one_each(kept)
    flaws += [*unknown, *misdated, *doubles]
    return chosen, [*strange(strangers, "Session_1/1_1_20180804.xlsx"), *flaws]


def _is_misplaced(file: SessionFile, session: str, of: Facts) -> bool:
    """Tell whether name and folder contradict each other, unless the date is for the folder."""
    is_dated = file.date and _dates(file.subject, of).get(session) == file.date
    return file.session not in (None, session) and not is_dated


def _is_of_eyes(file: Path) -> bool:
    if _SESSION_FOLDER.fullmatch(file.parent.name):
        return True
    return any(_EYE_FOLDER.fullmatch(folder.name) for folder in file.parents)


def _of_their_session(
    files: Sequence[SessionFile], of: Facts
) -> tuple[list[SessionFile], list[Defect]]:
    """Leave out files whose date is that of another session: its clips and labels differ."""
    kept, flaws = [], []
    for file in files:
        other = session_of_date(file.date, file.session, _dates(file.subject, of))
        if other is None:
            kept.append(file)
            continue
        what = (
            f"{file.path}: session {file.session} by its name, and {file.date} is the date of "
            f"session {other}; it is not read: give it the name that it had in the release"
        )
        flaws.append(Defect(file.subject, file.session, what))
    return kept, flaws


def _dates(subject: str, of: Facts) -> dict[str, str]:
    return {session: dates[subject] for session, dates in of.dates.items() if subject in dates}


def _times(files: Sequence[Path], of: Facts) -> tuple[dict[str, Times], list[Defect]]:
    """Return the bounds of the trials of every session, from the file where it can be read."""
    known = {s: Times(of.session(s).onsets, of.session(s).offsets) for s in of.session_names()}
    path = next((file for file in files if file.name.lower() == TIMES_FILE), None)
    if path is None:
        return known, []
    try:
        told = read_times(path)
    except (ReadError, OSError) as error:
        return known, [Defect("", "", f"{error}; the times that are known are taken instead")]
    times, flaws = dict(known), []
    for session, times_known in known.items():
        clips = _differing(times_known, told.get(session))
        if clips:
            times[session] = told[session]
            what = f"{path}: session {session}, clips {few(clips)}: other times than are known; "
            what += "the file is believed: compare it with its source"
        elif clips is None:
            what = f"{path}: session {session}: expected the times of {len(times_known.onsets)} "
            what += "clips; those that are known are taken: download the file again"
        else:
            continue
        flaws.append(Defect("", session, what))
    return times, flaws


def _differing(known: Times, told: Times | None) -> list[str] | None:
    """Return the clips whose times differ; None where there are not as many."""
    if told is None or len(told.onsets) != len(known.onsets):
        return None
    clips = zip(*known, *told, strict=True)
    return [str(i) for i, (a, b, c, d) in enumerate(clips, start=1) if (a, b) != (c, d)]


def _source(
    key: Key,
    eeg: SessionFile | None,
    eye: SessionFile | None,
    times: Times,
    of: Facts,
    choice: Choice,
) -> tuple[Source | None, list[Defect]]:
    """Put one recording together; where its EEG is broken, of its eyes alone."""
    trials, flaws = _trials(of.session(key[1]), times), []
    header = None
    if eeg:
        header, flaws = open_raw(eeg, _dates(key[0], of))
    if eeg and header:
        trials, cut = within(trials, eeg, header.seconds)
        flaws += cut
    if not header and not eye:
        return None, flaws
    return (
        Source(
            dataset=choice.name,
            subject=key[0],
            session=key[1],
            eeg=eeg.path if eeg and header else None,
            eye=eye.path if eye else None,
            eye_offset=None,  # the tables have no times; trials are laid where the EEG has them
            trials=tuple(trials),
            classes=choice.classes,
        ),
        flaws,
    )


def _trials(about: SessionFacts, times: Times) -> list[Trial]:
    columns = zip(*times, about.labels, about.stimuli, strict=True)
    return [Trial(i, *column) for i, column in enumerate(columns, start=1)]
