"""Layout "seed-v": raw EEG of SEED-V, and tables of events of the eyes, one sheet per trial.

EEG_raw/<subject>_<session>_<date>.cnt, Eye_raw/Session_<session>/<subject>_*.xlsx, and
trial_start_end_timestamp.txt. A session is the set of clips that was shown, not the rank of its
date. Bounds of trials are those of the file, where it is there: it was released with these
recordings, and the facts are a copy of it. Where the two differ a defect says so.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from featpipe.datasets import facts
from featpipe.datasets.facts import Facts
from featpipe.datasets.found_trials import require_classes, sources, trials_within
from featpipe.datasets.gaps import gaps
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.datasets.raw_recordings import raw_recordings
from featpipe.datasets.recording_names import (
    Named,
    add,
    date_of,
    dates_of,
    in_order,
    is_known,
    numbered_files,
    other_session,
    stranger,
)
from featpipe.datasets.release_files import packed, plain_name, with_suffix
from featpipe.datasets.time_lists import bounds_of_sessions
from featpipe.errors import ConfigError
from featpipe.folders import files_below

NAME = "seed-v"
TIMES_FILE = "trial_start_end_timestamp.txt"
_REPAIRED = "_repaired"
_EEG = re.compile(
    rf"(?P<subject>[1-9]\d*)_(?P<session>\d)_(?P<date>\d{{8}})({_REPAIRED})?", re.IGNORECASE
)
# [?] nobody tells how the workbooks are called in full: the subject comes first
_EYE = re.compile(
    r"(?P<subject>[1-9]\d*)(?:_(?P<session>\d))?(?:_(?P<date>\d{8}))?(?!\d).*", re.IGNORECASE
)
_EYE_FOLDER = re.compile(r"eye_?raw|.*eye_feature_raw.*", re.IGNORECASE)
_SESSION_FOLDER = re.compile(r"session[ _-]?(\d)", re.IGNORECASE)
_EEG_FORM, _EYE_FORM = "<subject>_<session>_<YYYYMMDD>", "Session_<k>/<subject>_<k>_<YYYYMMDD>"


def is_here(root: Path) -> bool:
    """Tell whether a folder holds raw recordings of SEED-V, by names alone."""
    try:
        files = files_below(root)
    except ConfigError:
        return False
    return any(_EEG.fullmatch(file.stem) for file in with_suffix(files, ".cnt"))


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
    eeg, eyes = _eeg_files(files, of), _eye_files(files, of)
    if not eeg.files and not eyes.files:
        raise ConfigError(
            f"{root}: no recording of SEED-V below it; expected files like "
            f"EEG_raw/1_1_20180804.cnt: correct [study] root{packed(root)}"
        )
    bounds, flaws = bounds_of_sessions(files, TIMES_FILE, of)
    trials = {k: trials_within(of.session(k), times) for k, times in bounds.items()}
    recordings, broken, _ = raw_recordings(eeg.files, trials.__getitem__, of)
    forms = f"{_EEG_FORM}.cnt", f"{_EYE_FORM}.xlsx"
    lacking, notes = gaps(of, eeg, eyes, forms)
    return Found(
        # tables of the eyes have no times: their trials are laid where the EEG has them
        sources(choice, recordings, eyes.files, trials.__getitem__),
        [*eeg.defects, *eyes.defects, *flaws, *broken, *lacking],
        notes,
    )


def _eeg_files(files: Sequence[Path], of: Facts) -> Named:
    kept, misdated = [], []
    for path in with_suffix(files, ".cnt"):
        match = _EEG.fullmatch(path.stem)
        flaw = _misdated(path, match["subject"], match["session"], of) if match else []
        misdated += flaw
        kept += [path] * (not flaw)
    # of the repaired copy of a recording and the broken one, the repaired
    repaired = {path.stem.lower() for path in kept if _is_repaired(path)}
    kept = [path for path in kept if path.stem.lower() + _REPAIRED not in repaired]
    found = numbered_files(kept, of, _EEG, _EEG_FORM)
    return found._replace(defects=[*found.defects, *misdated])


def _is_repaired(path: Path) -> bool:
    return path.stem.lower().endswith(_REPAIRED)


def _eye_files(files: Sequence[Path], of: Facts) -> Named:
    """Return the workbooks; the folder tells the session, or the name where there is none."""
    found, defects = {}, []
    for path in filter(_is_of_eyes, with_suffix(files, ".xls", ".xlsx")):
        match = _EYE.fullmatch(path.stem)
        folder = _SESSION_FOLDER.fullmatch(path.parent.name)
        subject, own = (match["subject"], match["session"]) if match else ("", None)
        session = folder[1] if folder else own or ""
        # the date may be for the folder where the name contradicts it
        is_dated = date_of(path) and dates_of(of, subject).get(session) == date_of(path)
        if not is_known((subject, session), of):
            defects.append(stranger(path, _EYE_FORM, of))
        elif own not in (None, session) and not is_dated:
            what = f"{path}: its name says session {own}, its folder {session}"
            defects.append(Defect(subject, session, f"{what}; put it where it belongs"))
        elif flaw := _misdated(path, subject, session, of):
            defects += flaw
        else:
            defects += add(found, (subject, session), path)
    return Named(in_order(found), defects, [])


def _is_of_eyes(path: Path) -> bool:
    if _SESSION_FOLDER.fullmatch(path.parent.name):
        return True
    return any(_EYE_FOLDER.fullmatch(plain_name(folder.name)) for folder in path.parents)


def _misdated(path: Path, subject: str, session: str, of: Facts) -> list[Defect]:
    """Tell of a file whose date is that of another session: its clips and labels differ."""
    date = date_of(path)
    other = other_session([date], session, dates_of(of, subject))
    if other is None:
        return []
    what = (
        f"{path}: session {session} by its name, and {date} is the date of session {other}; it is "
        "not read: give it the name that it had in the release"
    )
    return [Defect(subject, session, what)]
