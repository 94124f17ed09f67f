"""EEG that was cut into trials, each a variable of a MATLAB 5 file, as the SEED family ships it.

The variables are called `<initials>_eeg<trial>` (SEED, SEED-IV), or by the number alone (SEED-VII,
all sessions of a subject in one file), and are (62, n_times) in microvolt. Neither channels nor
rate stand in the file: they are those of the SEED cap, at 200 Hz.
"""

import re
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
from mne.io import BaseRaw

from featpipe.errors import ReadError, few
from featpipe.montage import CAP62
from featpipe.readers.foreign import read_arrays
from featpipe.readers.mat5_shapes import Variable, listed, mat5_variables
from featpipe.readers.mat5_walk import NUMBERS
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.readers.trials_on_demand import on_demand
from featpipe.regular_files import open_file

MAGIC = b"MATLAB 5.0"
SFREQ = 200.0
"""Of every such file that was published, Hz."""

_VARIABLE = re.compile(r"([^/]*)_eeg(\d{1,3})")
_NUMBER = re.compile(r"(\d{1,3})")
_PART = re.compile(r"(\d{1,3})-(\d{1,3})")


def is_one(path: Path) -> bool:
    """Tell whether a MATLAB 5 file has a variable of such a name; what is broken ends the search.

    One whose name is a number must have the shape as well: features and ratings are called so too.

    Parameters
    ----------
    path : Path
        Any MATLAB 5 file.

    Returns
    -------
    bool
    """
    with suppress(ReadError), open_file(path) as file:
        for variable in listed(file):
            is_number = _NUMBER.fullmatch(variable.name) and _is_eeg(variable.shape)
            if is_number or _VARIABLE.fullmatch(variable.name):
                return True
    return False


def _is_eeg(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[0] == len(CAP62) and shape[1] >= SFREQ


def initials_of(path: Path) -> str:
    """Return what stands before `_eeg<trial>` in the names of the variables; empty if nothing."""
    with suppress(ReadError, OSError), open_file(path) as file:
        for variable in listed(file):
            if match := _VARIABLE.fullmatch(variable.name):
                return match[1]
    return ""


def trial_lengths(path: Path, part: str = "") -> dict[int, int]:
    """Return how many samples each trial has, from the headers of its variables.

    Parameters
    ----------
    path : Path
        The file.
    part : str
        Which trials, first and last: "21-40"; empty is all of them.

    Returns
    -------
    dict of int to int
        Trial number -> samples, in the order of the numbers, whatever that of the file.

    Raises
    ------
    ReadError
        When the file is damaged or truncated, when a trial has another shape or is there twice, or
        when none of those that are wanted is there.
    """
    there = mat5_variables(path)
    return {number: there[name].shape[1] for number, name in _names(path, there, part).items()}


def _names(path: Path, there: dict[str, Variable], part: str) -> dict[int, str]:
    """Return the variable of each trial that is wanted."""
    names: dict[int, str] = {}
    pattern = _VARIABLE if any(map(_VARIABLE.fullmatch, there)) else _NUMBER
    for name, variable in there.items():
        if not (match := pattern.fullmatch(name)):
            continue
        shape = variable.shape
        if variable.kind not in NUMBERS or variable.is_complex:
            raise ReadError(f"{path}: {name} holds no real numbers; copy the file again")
        number = int(match[match.lastindex or 0])
        if len(shape) != 2 or shape[0] != len(CAP62) or not shape[1]:
            raise ReadError(
                f"{path}: {name} has the shape {shape}, expected ({len(CAP62)}, samples): copy the "
                "file again, or transpose it if you have written it"
            )
        other = names.setdefault(number, name)
        if other != name:
            raise ReadError(
                f"{path}: {other} and {name} are one trial: the file is of two recordings; copy it "
                "again"
            )
    if names and not (names := _wanted(path, names, part)):
        raise ReadError(f"{path}: it has none of the trials {part}; copy it again")
    if not names:
        raise ReadError(
            f"{path}: no variable <initials>_eeg<trial>, there are {few(list(there)) or 'none'}: "
            "take the file from the folder of the EEG"
        )
    return {number: names[number] for number in sorted(names)}


def _wanted(path: Path, names: dict[int, str], part: str) -> dict[int, str]:
    if not part:
        return names
    if not (match := _PART.fullmatch(part)):
        raise ReadError(f"{path}: part {part!r} of it: expected first and last trial, like 21-40")
    first, last = int(match[1]), int(match[2])
    return {number: name for number, name in names.items() if first <= number <= last}


def check(path: Path) -> Check:
    """Compare what the variables of a file declare with its size.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Check
        "suspicious" where numbers of trials are left out.
    """
    status, reason = verdict(path, lambda: _inspect(path))
    return Check("truncated" if reason.startswith("it is truncated") else status, reason)


def _inspect(path: Path) -> Check:
    there = trial_lengths(path)
    missing = [f"{number}" for number in range(1, max(there)) if number not in there]
    if not missing:
        return OK
    return Check("suspicious", f"trials {few(missing)} are not in it; the others are read")


def read(path: Path, part: str = "") -> BaseRaw:
    """Open the trials of a file as one recording.

    Parameters
    ----------
    path : Path
        The file.
    part : str
        As in `trial_lengths`.

    Returns
    -------
    mne.io.BaseRaw
        The trials end to end in the order of their numbers, each with its ends held
        (`featpipe.readers.end_to_end`); 62 channels at 200 Hz, in volt. They are fetched when they
        are asked for; a ReadError says then if they are no real numbers.

    Raises
    ------
    ReadError
        As `trial_lengths`.
    """
    there = mat5_variables(path)
    names = _names(path, there, part)
    n_times = {number: there[name].shape[1] for number, name in names.items()}
    return on_demand(path, n_times, CAP62, SFREQ, partial(_fetch, path, list(names.values())))


def _fetch(path: Path, names: list[str]) -> list[np.ndarray]:
    arrays = read_arrays(path, "|".join(map(re.escape, names)))
    for name in names:
        if name not in arrays or arrays[name].dtype.kind not in "iuf":
            raise ReadError(f"{path}: {name} holds no real numbers; copy the file again")
    return [arrays[name] for name in names]
