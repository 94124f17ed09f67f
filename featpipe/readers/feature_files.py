"""Feature files that the SEED family ships: which arrays of them belong to which trial.

Three forms of storage, whatever the file is called: variables numbered by trial (SEED
ExtractedFeatures, SEED-IV, SEED-VII), pickled dicts of all trials of a subject (SEED-V), and one
run of windows for training and one for testing (SEED multimodal, GER, FRA). Everything comes
through `featpipe.readers.foreign`; which axis is what is told elsewhere, from the numbers.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple
from zipfile import is_zipfile

import numpy as np

from featpipe.errors import ReadError, few
from featpipe.readers.foreign import read_arrays
from featpipe.readers.foreign_kinds import HEAD_BYTES, foreign_kind
from featpipe.readers.mat5_shapes import mat5_shapes
from featpipe.regular_files import open_file
from featpipe.schema import BANDS

FORMS = {
    "numbered": "variables numbered by trial",
    "listed": "pickled dicts with an array per trial",
    "split": "one run of windows for training, one for testing",
}

SMOOTHED = {"": "", "_movingAve": "_ma", "_LDS": "_lds"}
"""What variable names say of smoothing -> the end of a family's name."""

_KINDS = "de|psd|dasm|rasm|asm|dcau"
EEG_NAME = re.compile(rf"({_KINDS})({'|'.join(SMOOTHED)})_?(\d+)")  # de_LDS7, de_LDS_7, de_7
_EYE = re.compile(r"(?:eye_?)?(\d+)", re.IGNORECASE)  # eye_7 of SEED-IV, 7 of SEED-VII
_LISTED = re.compile(r"(data|label)/(\d+)")
_SPLIT_EEG = re.compile(
    rf"(train|test)_(?:(label)|data/({'|'.join(BANDS)})|(inst_eeg))", re.IGNORECASE
)
_SPLIT_EYE = re.compile(r"(train|test)_(?:data|inst)_eye", re.IGNORECASE)
PARTS = ("train", "test")

ByTrial = dict[int, np.ndarray]


class Runs(NamedTuple):
    """Windows of a session in one go, once for training and once for testing.

    Attributes
    ----------
    values : list of array
        Of "train" and "test", (n_windows, n_columns) or (n_windows, n_channels, n_bands).
    labels : list of array, shape (n_windows,)
        As the file writes them; no arrays where it has none.
    """

    values: list[np.ndarray]
    labels: list[np.ndarray]


def damage(path: Path) -> str:
    """Say what is wrong with a file as far as its head and its table of contents tell.

    Parameters
    ----------
    path : Path
        A file of released features.

    Returns
    -------
    str
        Empty where nothing is; pickles have no table of contents, and end with a full stop.
    """
    try:
        with open_file(path) as file:
            kind = foreign_kind(file.read(HEAD_BYTES))
            if kind == "pickle" and file.seek(-1, 2) >= 0 and file.read(1) != b".":
                return f"{path}: it is truncated; copy it again"
        if kind == "mat5":
            mat5_shapes(path)
        if kind == "npz" and not is_zipfile(path):
            return f"{path}: it ends before its table of contents; copy it again"
    except (ReadError, OSError) as error:
        return f"{path}: {error}".replace(f"{path}: {path}: ", f"{path}: ")
    return ""


def numbered_eeg(path: Path, first: int, n_trials: int) -> dict[str, ByTrial]:
    """Read EEG features whose variables are numbered by trial.

    Parameters
    ----------
    path : Path
        A MATLAB file.
    first, n_trials : int
        Number of the session's first trial in the file, and how many there are.

    Returns
    -------
    dict of str to dict of int to array
        Family ("de_lds") -> trial from 1 -> three axes, in an order that is not known yet.

    Raises
    ------
    ReadError
        When the file cannot be read, or lacks a trial of a family that it has.
    """
    found: dict[str, ByTrial] = {}
    for name, array in read_arrays(path, EEG_NAME).items():
        kind, smoothed, number = _matched(EEG_NAME, name)
        trial = int(number) - first + 1
        if 1 <= trial <= n_trials:
            found.setdefault(kind + SMOOTHED[smoothed], {})[trial] = array
    if not found:
        raise ReadError(f"{path}: no variable such as de_LDS{first} in it; is it a feature file?")
    for family, of in found.items():
        _require_all(path, family, of, first, n_trials)
    return found


def numbered_eye(path: Path, first: int, n_trials: int) -> ByTrial:
    """Read eye features whose variables are numbered by trial; as `numbered_eeg`."""
    arrays = read_arrays(path, _EYE)
    by_number = {int(_matched(_EYE, name)[0]): array for name, array in arrays.items()}
    found = {k: by_number[k + first - 1] for k in range(1, n_trials + 1)
             if k + first - 1 in by_number}  # fmt: skip
    _require_all(path, "eye", found, first, n_trials)
    return found


def listed(path: Path, first: int, n_trials: int) -> tuple[ByTrial, ByTrial, list[np.ndarray]]:
    """Read the dicts of a subject, of which one session is wanted.

    Parameters
    ----------
    path : Path
        An .npz file whose members `data` and `label` are pickled dicts with keys 0, 1, 2 ...
    first, n_trials : int
        Number of the session's first trial in the file, from 1, and how many there are.

    Returns
    -------
    values, labels : dict of int to array
        Trial from 1 -> (n_windows, n_columns), and the number of each window's label.
    others : list of array
        Values of the other sessions in the file, which has one order of columns.

    Raises
    ------
    ReadError
        When the file cannot be read or lacks a trial.
    """
    found: dict[str, ByTrial] = {"data": {}, "label": {}}
    others = []
    for name, array in read_arrays(path, _LISTED).items():
        what, number = _matched(_LISTED, name)
        trial = int(number) + 2 - first  # the file counts from 0
        if 1 <= trial <= n_trials:
            found[what][trial] = array
        elif what == "data":
            others.append(array)
    for what, of in found.items():
        _require_all(path, what, of, first, n_trials, offset=-1)
    return found["data"], {k: np.ravel(label) for k, label in found["label"].items()}, others


def split_eeg(path: Path) -> Runs:
    """Read EEG features that lie as one run for training and one for testing.

    Parameters
    ----------
    path : Path
        An .npz file with a dict of bands, or a MATLAB file with flat columns.

    Returns
    -------
    Runs
        Bands as third axis where the file names them, else flat columns.

    Raises
    ------
    ReadError
        When the file cannot be read, or runs or bands are missing or do not fit.
    """
    parts: dict[str, dict[str, np.ndarray]] = {part: {} for part in PARTS}
    for name, array in read_arrays(path, _SPLIT_EEG).items():
        part, *whats = _matched(_SPLIT_EEG, name)
        parts[part.lower()][next(filter(None, whats)).lower()] = array
    values = [_banded(path, part, of) for part, of in parts.items()]
    labels = [np.ravel(of["label"]) for of in parts.values() if "label" in of]
    if [len(of) for of in labels] not in ([], [len(of) for of in values]):
        sizes = [(len(of), len(x)) for of, x in zip(labels, values, strict=False)]
        raise ReadError(f"{path}: labels and windows of train and test: {sizes}; copy it again")
    return Runs(values, labels)


def split_eye(path: Path) -> Runs:
    """Read eye features that lie as one run for training and one for testing; as `split_eeg`."""
    arrays = {
        _matched(_SPLIT_EYE, name)[0].lower(): array
        for name, array in read_arrays(path, _SPLIT_EYE).items()
    }
    if missing := [part for part in PARTS if part not in arrays]:
        raise ReadError(f"{path}: no {missing[0]}_data_eye in it; copy it again")
    return Runs([arrays[part] for part in PARTS], [])


def runs_of_labels(runs: Runs) -> list[tuple[int, float]]:
    """Count the windows of each stretch of one label, training and testing apart.

    Parameters
    ----------
    runs : Runs
        With labels.

    Returns
    -------
    list of (int, float)
        Windows and label. Two trials of one label that follow each other are one stretch: nothing
        in the file tells where the second begins.
    """
    found = []
    for labels in runs.labels:
        edges = np.flatnonzero(np.diff(labels)) + 1
        found += [(len(of), float(of[0])) for of in np.split(labels, edges) if len(of)]
    return found


def cut(
    path: Path, arrays: Sequence[np.ndarray], n_windows: Mapping[int, int], n_train: int = 0
) -> ByTrial:
    """Cut runs of windows into trials.

    Parameters
    ----------
    path : Path
        For messages.
    arrays : sequence of array, shape (n_windows, ...)
        Train and test, in this order.
    n_windows : mapping of int to int
        Trial -> windows, in order.
    n_train : int
        Trials of the first run; 0 where that is not known.

    Returns
    -------
    dict of int to array

    Raises
    ------
    ReadError
        When the windows are not as many, or training does not end with a trial, or with another.
    """
    ends = list(accumulate(n_windows.values()))
    together = np.concatenate(arrays)
    if len(together) != ends[-1]:
        raise ReadError(
            f"{path}: {len(together)} windows, expected {ends[-1]} of {len(ends)} trials; is "
            "window_s that of the file?"
        )
    if len(arrays[0]) not in ends:
        raise ReadError(
            f"{path}: training has {len(arrays[0])} windows, which is not where a trial ends "
            f"({few([str(end) for end in ends], 20)}): trials have other lengths than expected"
        )
    if n_train and len(arrays[0]) != ends[n_train - 1]:
        raise ReadError(
            f"{path}: training ends with trial {ends.index(len(arrays[0])) + 1}, expected trial "
            f"{n_train}: it is of another release, or its trials are in another order"
        )
    pieces = np.split(together, ends[:-1])
    return dict(zip(n_windows, pieces, strict=True))


def _banded(path: Path, part: str, of: Mapping[str, np.ndarray]) -> np.ndarray:
    if "inst_eeg" in of:
        return of["inst_eeg"]
    if missing := [band for band in BANDS if band not in of]:
        raise ReadError(f"{path}: {part}_data has no {few(missing)}; copy it again")
    shapes = {of[band].shape for band in BANDS}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise ReadError(f"{path}: bands of {part}_data have shapes {sorted(shapes)}; copy it again")
    return np.stack([of[band] for band in BANDS], axis=2)


def _matched(pattern: re.Pattern[str], name: str) -> tuple[str, ...]:
    found = pattern.fullmatch(name)
    return found.groups() if found else ()


def _require_all(
    path: Path, what: str, found: ByTrial, first: int, n_trials: int, offset: int = 0
) -> None:
    missing = [str(k + first - 1 + offset) for k in range(1, n_trials + 1) if k not in found]
    if missing:
        raise ReadError(
            f"{path}: {what} of trial {few(missing)} is not in it; the file is cut short, or of "
            "another release: copy it again"
        )
