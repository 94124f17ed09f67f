"""EEG that was cut into trials, each a variable of a MATLAB 5 file, as SEED and SEED-IV ship it.

The variables are called `<initials>_eeg<trial>` and are (62, n_times) in microvolt. Neither
channels nor rate stand in the file: they are those of the SEED cap, at 200 Hz.
"""

import re
from contextlib import suppress
from pathlib import Path

from mne.io import RawArray

from featpipe.errors import ReadError, few
from featpipe.montage import CAP62
from featpipe.readers.end_to_end import end_to_end
from featpipe.readers.foreign import read_arrays
from featpipe.readers.mat5_shapes import listed, mat5_shapes
from featpipe.readers.preflight import OK, Check, verdict

MAGIC = b"MATLAB 5.0"
SFREQ = 200.0
"""Of every such file that was published, Hz."""

_VARIABLE = re.compile(r"[^/]*_eeg(\d{1,3})")


def is_one(path: Path) -> bool:
    """Tell whether a MATLAB 5 file has a variable of such a name; what is broken ends the search.

    Parameters
    ----------
    path : Path
        Any MATLAB 5 file.

    Returns
    -------
    bool
    """
    with suppress(ReadError), path.open("rb") as file:
        return any(_VARIABLE.fullmatch(variable.name) for variable in listed(file))
    return False


def trial_lengths(path: Path) -> dict[int, int]:
    """Return how many samples each trial has, from the headers of its variables.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict of int to int
        Trial number -> samples, in the order of the numbers, whatever that of the file.

    Raises
    ------
    ReadError
        When the file is damaged or truncated, or a trial has another shape or is there twice.
    """
    shapes = mat5_shapes(path)
    return {number: shapes[name][1] for number, name in _names(path, shapes).items()}


def _names(path: Path, shapes: dict[str, tuple[int, ...]]) -> dict[int, str]:
    """Return the variable of each trial."""
    names: dict[int, str] = {}
    for name, shape in shapes.items():
        if not (match := _VARIABLE.fullmatch(name)):
            continue
        if len(shape) != 2 or shape[0] != len(CAP62) or not shape[1]:
            raise ReadError(
                f"{path}: {name} has the shape {shape}, expected ({len(CAP62)}, samples): copy the "
                "file again, or transpose it if you have written it"
            )
        other = names.setdefault(int(match[1]), name)
        if other != name:
            raise ReadError(
                f"{path}: {other} and {name} are one trial: the file is of two recordings; copy it "
                "again"
            )
    if not names:
        raise ReadError(
            f"{path}: no variable <initials>_eeg<trial>, there are {few(list(shapes)) or 'none'}: "
            "take the file from the folder of the EEG"
        )
    return {number: names[number] for number in sorted(names)}


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


def read(path: Path) -> RawArray:
    """Read all trials of a file as one recording.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    mne.io.RawArray
        The trials end to end in the order of their numbers, each with its ends held
        (`featpipe.readers.end_to_end`); 62 channels at 200 Hz, in volt.

    Raises
    ------
    ReadError
        As `trial_lengths`, and when what is there are no real numbers.
    """
    names = _names(path, mat5_shapes(path))
    arrays = read_arrays(path, _VARIABLE)
    for name in names.values():
        if name not in arrays or arrays[name].dtype.kind not in "iuf":
            raise ReadError(f"{path}: {name} holds no real numbers; copy the file again")
    return end_to_end([arrays.pop(name) for name in names.values()], CAP62, SFREQ)
