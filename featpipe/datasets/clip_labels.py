"""Labels of trials, taken from the windows that a release made of them.

`02-EEG-DE-feature/eeg_used_<n>s/<subject>_<session>.npz` holds a label per window, first of the
trials to train on, then of those to test on, and no bounds of trials. They are rebuilt from the
trials' seconds and believed only if the number of windows is right and no trial has two labels.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import NUMBERED
from featpipe.datasets.release_files import plain_name
from featpipe.datasets.time_lists import Bounds
from featpipe.errors import ReadError, few
from featpipe.readers.foreign import SMALL, read_arrays

_WINDOW = re.compile(r"eeg_used_(\d+)s", re.IGNORECASE)
_PARTS = ("train_label", "test_label")
_MOST_TRIED = 3  # files of one session, each of which costs a process
_N_COMPARED = 2


def labels_of_sessions(
    files: Sequence[Path], bounds: Bounds, facts: Facts
) -> tuple[dict[str, dict[int, int]], list[Defect], list[str]]:
    """Read the labels of each session from two files of it that agree with the bounds.

    Parameters
    ----------
    files : sequence of Path
        Files of features.
    bounds : Bounds
        Of the trials, the same in all recordings.
    facts : Facts
        Which number of the release is which class.

    Returns
    -------
    labels : dict of str to dict of int to int
        Session -> trial -> index into the classes; trials without a window have none.
    defects : list of Defect
        Of sessions whose files do not agree with the bounds, or with each other.
    notes : list of str
        Of sessions without files.
    """
    labels, defects, absent = {}, [], []
    for session in facts.session_names():
        ours = [path for path in files if _is_of(path, session)]
        if not ours:
            absent.append(session)
            continue
        read, why = _read_some(ours, bounds, facts)
        if not read:
            defects.append(Defect("", session, f"{why}. The trials of the session have no label"))
        elif why := _disagreement(read):
            defects.append(Defect("", session, why))
        else:
            labels[session] = next(iter(read.values()))
    if not absent:
        return labels, defects, []
    note = (
        f"{facts.title}: trials of session {', '.join(absent)} have no label, because their "
        "02-EEG-DE-feature/eeg_used_<n>s/<subject>_<session>.npz are not here"
    )
    return labels, defects, [note]


def _read_some(
    files: Sequence[Path], bounds: Bounds, facts: Facts
) -> tuple[dict[Path, dict[int, int]], str]:
    """Read the labels of two files that agree with the bounds, if there are as many; and why not.

    All recordings of a session have the same clips, so that one of another session shows.
    """
    found: dict[Path, dict[int, int]] = {}
    why = ""
    for path in _by_turns(files)[:_MOST_TRIED]:
        try:
            found[path] = clip_labels(path, bounds, facts)
        except ReadError as error:
            why = why or str(error)
        if len(found) == _N_COMPARED:
            break
    return found, why


def _by_turns(files: Sequence[Path]) -> list[Path]:
    """Order files by subject, with a second one of the same subject behind all the first ones."""
    seen = Counter[int]()
    turns = []
    for path in sorted(files, key=_subject):
        turns.append((seen[_subject(path)[0]], path))
        seen[_subject(path)[0]] += 1
    return [path for _, path in sorted(turns, key=lambda turn: turn[0])]


def _disagreement(read: Mapping[Path, Mapping[int, int]]) -> str:
    """Say which trials have two labels in files of one session; empty when none has."""
    (first, labels), *others = read.items()
    for other, theirs in others:
        trials = [f"{k}" for k in sorted({*labels, *theirs}) if labels.get(k) != theirs.get(k)]
        if trials:
            return (
                f"{other}: trials {few(trials)} have other labels than in {first}, and all "
                "recordings of a session saw the same clips: one of the two is of another session. "
                "The trials of the session have no label: fetch both again"
            )
    return ""


def clip_labels(path: Path, bounds: Bounds, facts: Facts) -> dict[int, int]:
    """Read the label of every trial that has a window.

    Parameters
    ----------
    path : Path
        An .npz file in a folder `eeg_used_<n>s`.
    bounds : Bounds
        Of the trials.
    facts : Facts
        Which number of the release is which class.

    Returns
    -------
    dict of int to int
        Trial -> index into the classes.

    Raises
    ------
    ReadError
        When windows and trials do not agree.
    """
    match = _WINDOW.fullmatch(plain_name(path.parent.name))
    arrays = read_arrays(path, "|".join(_PARTS), SMALL)
    if not match or any(name not in arrays for name in _PARTS):
        raise ReadError(f"{path}: no {' and '.join(_PARTS)} of windows of known length")
    windows = np.concatenate([np.asarray(arrays[name]).ravel() for name in _PARTS])
    # rounded to samples, because 5.185 - 1.185 is below 4
    seconds = [round(b - a, 3) for a, b in zip(*bounds, strict=True)]
    counts = [int(length / int(match[1])) for length in seconds]
    if sum(counts) != len(windows):
        raise ReadError(
            f"{path}: labels of {len(windows)} windows, the trials of time.txt have {sum(counts)}; "
            "the two are of different releases: fetch both again"
        )
    found = {}
    parts = np.split(windows, np.cumsum(counts)[:-1])
    for trial, of in enumerate(parts, start=1):
        if len(values := np.unique(of)) > 1 or any(v not in facts.released_labels for v in values):
            raise ReadError(f"{path}: trial {trial} has the labels {values.tolist()}, expected one")
        if len(values):
            found[trial] = facts.released_labels.index(int(values[0]))
    return found


def _is_of(path: Path, session: str) -> bool:
    match = NUMBERED.fullmatch(path.stem)
    return path.suffix.lower() == ".npz" and match is not None and match["session"] == session


def _subject(path: Path) -> tuple[int, str]:
    match = NUMBERED.fullmatch(path.stem)
    return int(match["subject"]) if match else 0, str(path)
