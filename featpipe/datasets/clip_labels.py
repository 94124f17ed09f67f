"""Labels of trials, taken from the windows that a release made of them.

`02-EEG-DE-feature/eeg_used_<n>s/<subject>_<session>.npz` holds a label per window, first of the
trials to train on, then of those to test on, and no bounds of trials. They are rebuilt from the
trials' seconds and believed only if the number of windows is right and no trial has two labels.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import NUMBERED
from featpipe.datasets.time_lists import Bounds
from featpipe.errors import ReadError
from featpipe.readers.foreign import SMALL, read_arrays

_WINDOW = re.compile(r"eeg_used_(\d+)s", re.IGNORECASE)
_PARTS = ("train_label", "test_label")
_MOST_TRIED = 3  # files of one session, each of which costs a process


def labels_of_sessions(
    files: Sequence[Path], bounds: Bounds, facts: Facts
) -> tuple[dict[str, dict[int, int]], list[Defect], list[str]]:
    """Read the labels of each session from the first file of it that agrees with the bounds.

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
        Of sessions whose files do not agree with the bounds.
    notes : list of str
        Of sessions without files.
    """
    labels, defects, absent = {}, [], []
    for session in facts.session_names():
        ours = [path for path in files if _is_of(path, session)]
        if not ours:
            absent.append(session)
            continue
        why = ""
        for path in sorted(ours, key=_subject)[:_MOST_TRIED]:
            try:
                labels[session] = clip_labels(path, bounds, facts)
                break
            except ReadError as error:
                why = why or str(error)
        else:
            defects.append(Defect("", session, f"{why}. The trials of the session have no label"))
    if not absent:
        return labels, defects, []
    note = (
        f"{facts.title}: trials of session {', '.join(absent)} have no label, because their "
        "02-EEG-DE-feature/eeg_used_<n>s/<subject>_<session>.npz are not here"
    )
    return labels, defects, [note]


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
    match = _WINDOW.fullmatch(path.parent.name)
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
    return path.suffix == ".npz" and match is not None and match["session"] == session


def _subject(path: Path) -> tuple[int, str]:
    match = NUMBERED.fullmatch(path.stem)
    return int(match["subject"]) if match else 0, str(path)
