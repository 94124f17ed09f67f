"""Eye events of SEED-IV: five MATLAB files of a session, in each a cell per trial; no times.

`<subject>_<date>_fixation.mat` is the recording; `_pupil`, `_saccade`, `_blink` and `_event` are
found beside it. The last one sums up trials; of it only their lengths are taken.
"""

import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from math import prod
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.readers.foreign import Limits, read_arrays_of
from featpipe.readers.mat5_shapes import mat5_shapes
from featpipe.readers.mat5_walk import HEAD_BYTES
from featpipe.readers.preflight import Check, verdict
from featpipe.readers.trial_tables import LONGEST_S, TrialTable, flaw_check, trial_recording
from featpipe.recording import EyeRecording, empty_events

MAGIC = b"MATLAB 5.0"
_VARIABLES = {part: f"Eye_{part.title()}" for part in "fixation pupil saccade blink event".split()}
_COLUMNS = {
    "fixation": ("duration",),
    "pupil": ("pupil_x", "pupil_y", "dispersion_x", "dispersion_y"),  # of each fixation
    "saccade": ("duration", "amplitude"),
    "blink": ("duration",),
}
_COUNTS = {"fixation": 6, "saccade": 17, "blink": 0}  # where in a trial's 28; then the frequency
_SIGNATURE = re.compile("|".join(_VARIABLES.values()).encode())
_FILE_NAME = re.compile(rf"(.*)({'|'.join(_VARIABLES)})(\.mat)", re.IGNORECASE)
_LIMITS = Limits(n_bytes=64 << 20, memory=1 << 30, seconds=60)  # a session has 200 kB
_PROBE = 256

Cells = list[np.ndarray]


def is_one(head: bytes) -> bool:
    """Tell from the beginning of a file whether it is one of the five.

    Parameters
    ----------
    head : bytes
        A kilobyte or more of it.

    Returns
    -------
    bool
    """
    if not head.startswith(MAGIC):
        return False
    first = head[HEAD_BYTES : HEAD_BYTES + _PROBE]
    with suppress(zlib.error):  # it is not compressed
        first += zlib.decompressobj().decompress(head[HEAD_BYTES + 8 :], _PROBE)
    return _SIGNATURE.search(first) is not None


def sources(path: Path) -> tuple[Path, ...]:
    """Return the file of the fixations and those beside it; of another file itself alone."""
    return (path, *_beside(path).values()) if _part(path) == "fixation" else (path,)


def _part(path: Path) -> str:
    """Return which of the five a file is by its name; one with another name is the fixations."""
    found = _FILE_NAME.fullmatch(path.name)
    return found[2].lower() if found else "fixation"


def _beside(path: Path) -> dict[str, Path]:
    found = _FILE_NAME.fullmatch(path.name)
    if not found:
        return {}
    # of any case: some copies have been through a file system that knows none
    there = {file.name.lower(): file for file in path.parent.iterdir()}
    parts = {name: there.get((found[1] + name + found[3]).lower()) for name in _VARIABLES}
    own = path.name.lower()
    return {n: file for n, file in parts.items() if file and file.name.lower() != own}


def check(path: Path) -> Check:
    """Read the files of a session and tell what is wrong in them.

    Parameters
    ----------
    path : Path
        The file of the fixations.

    Returns
    -------
    Check
        "suspicious" where single events or counts do not make sense.
    """
    return verdict(path, lambda: flaw_check(_trials(path)[2]))


def read(path: Path) -> EyeRecording:
    """Read the eye events of a session.

    Parameters
    ----------
    path : Path
        The file of the fixations.

    Returns
    -------
    EyeRecording
        Without samples; of one eye, which the files do not name: it is called the left one. Events
        of a kind whose file is not beside it are unknown.

    Raises
    ------
    ReadError
        When a file is broken, or its cells are not as they should be; the message names the trial.
    """
    kinds, tables, _ = _trials(path)
    units = {"gaze": "px", "pupil": "px", "dispersion": "px"}
    return trial_recording(tables, units, "seed_iv_eye", kinds)


def _trials(path: Path) -> tuple[list[str], list[TrialTable], list[str]]:
    """Return the kinds of events that there are files of, the trials, and what is wrong."""
    if (part := _part(path)) != "fixation":
        name = _FILE_NAME.sub(r"\1fixation\3", path.name)
        raise ReadError(f"{path}: the {part} part of a session; name {name}, which is read with it")
    files = {"fixation": path} | _beside(path)
    cells = _cells(files)
    n_trials = len(cells["fixation"])
    for part, found in cells.items():
        if len(found) != n_trials:
            raise ReadError(
                f"{files[part]}: it has {len(found)} trials, {path.name} has {n_trials}; the files "
                "are of two sessions, or one is broken: copy them again"
            )
    kinds = [kind for kind in _COUNTS if kind in cells]
    tables, flaws = [], []
    for i_trial in range(n_trials):
        of_trial = {part: found[i_trial] for part, found in cells.items()}
        frames = [_events(kind, of_trial, i_trial + 1, flaws) for kind in kinds]
        if any(len(frame) for frame in frames):
            events = pd.concat(frames, ignore_index=True)
            tables.append(TrialTable(i_trial + 1, events, _length(of_trial)))
        else:
            flaws.append(f"trial {i_trial + 1} has no events")
    if not tables:
        raise ReadError(f"{path}: no trial has an event; copy it again")
    return kinds, tables, flaws


def _cells(files: Mapping[str, Path]) -> dict[str, Cells]:
    """Return of each part the numbers of each trial, shape (n_events, n_columns)."""
    about = [(part, file.absolute(), file.stat()) for part, file in files.items()]
    return _read_cells(
        *((part, file, at.st_size, at.st_mtime_ns, at.st_ino) for part, file, at in about)
    )


@lru_cache(maxsize=4)
def _read_cells(*files: tuple[str, Path, int, int, int]) -> dict[str, Cells]:
    """Read the files of a session once for their check and their reading, in one process."""
    names = {file: _VARIABLES[part] for part, file, *_ in files}
    found = read_arrays_of({file: f"{name}(/.*)?" for file, name in names.items()}, _LIMITS)
    return {part: _of_trials(file, part, found[file]) for part, file, *_ in files}


def _of_trials(path: Path, part: str, arrays: Mapping[str, np.ndarray]) -> Cells:
    name = _VARIABLES[part]
    shape = mat5_shapes(path).get(name, (0, 0))
    if name in arrays or prod(shape) != max(shape):
        raise ReadError(f"{path}: no row of cells {name} in it; copy it again")
    n_columns = len(_COLUMNS.get(part, range(28)))
    return [_numbers(path, arrays.get(f"{name}/{i}"), n_columns, i + 1) for i in range(prod(shape))]


def _numbers(path: Path, numbers: np.ndarray | None, n_columns: int, trial: int) -> np.ndarray:
    if numbers is None:  # a cell or a struct inside of the cell
        raise ReadError(f"{path}, trial {trial}: no table of numbers; copy the file again")
    if not numbers.size:
        return np.empty((0, n_columns))
    if n_columns == 1 and numbers.ndim == 2 and 1 in numbers.shape:
        numbers = numbers.reshape(-1, 1)
    if numbers.dtype.kind not in "iuf" or numbers.ndim != 2 or numbers.shape[1] != n_columns:
        raise ReadError(
            f"{path}, trial {trial}: {numbers.dtype} of shape {numbers.shape}, expected numbers in "
            f"{n_columns} columns; copy the file again"
        )
    return numbers.astype(float)


def _events(
    kind: str, of_trial: Mapping[str, np.ndarray], trial: int, flaws: list[str]
) -> pd.DataFrame:
    """Return the events of one kind; those without a sound duration are left out."""
    values = dict(zip(_COLUMNS[kind], of_trial[kind].T.copy(), strict=True))
    n_events = len(of_trial[kind])
    if kind == "fixation" and "pupil" in of_trial:
        pupil = of_trial["pupil"].copy()
        pupil[:, :2][pupil[:, :2] <= 0] = np.nan  # a 0 is no size
        if len(pupil) == n_events:
            values |= dict(zip(_COLUMNS["pupil"], pupil.T, strict=True))
        else:
            flaws.append(f"trial {trial}: {n_events} fixations, pupils of {len(pupil)}: left out")
    values["duration"] /= 1000  # ms
    frame = empty_events().reindex(range(n_events)).assign(**values, kind=kind, eye="left")
    is_sound = frame["duration"].between(0, LONGEST_S, inclusive="right")
    if n_lost := int((~is_sound).sum()):
        flaws.append(f"trial {trial}: {n_lost} {kind}s without a sound duration are left out")
    declared = _declared(of_trial, kind)[0]
    if np.isfinite(declared) and declared != n_events:
        flaws.append(f"trial {trial}: {declared:g} {kind}s declared, {n_events} there")
    return frame.loc[is_sound]


def _declared(of_trial: Mapping[str, np.ndarray], kind: str) -> np.ndarray:
    """Return number and frequency of events as the statistics of a trial have it."""
    statistics = of_trial.get("event", np.empty((0, 28)))
    at = _COUNTS[kind]
    return statistics[0, at : at + 2] if len(statistics) else np.full(2, np.nan)


def _length(of_trial: Mapping[str, np.ndarray]) -> float:
    """Return the seconds of the trial that number and frequency of its events amount to."""
    for kind in _COUNTS:
        count, frequency = _declared(of_trial, kind)
        if frequency > 0 and 0 < count / frequency < LONGEST_S:
            return float(count / frequency)
    return float("nan")
