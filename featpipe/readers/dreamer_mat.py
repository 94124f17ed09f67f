"""DREAMER.mat: the EEG of all subjects in one MATLAB 5 file, clip by clip.

`DREAMER.Data{subject}.EEG.stimuli{clip}` is (samples, 14) in microvolt at 128 Hz. The recordings of
`EEG.baseline` were made of another film before each clip; they are not what lies before its first
sample, so they are not read. A subject is a part of the file, named by its number.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mne.io import RawArray

from featpipe.datasets import facts
from featpipe.errors import ReadError, unknown
from featpipe.readers.end_to_end import end_to_end
from featpipe.readers.mat5_shapes import mat5_shapes
from featpipe.readers.mat5_stream import Part, leaves
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.regular_files import state_of

VARIABLE = "DREAMER"
_CLIP = re.compile(rf"{VARIABLE}/Data/(\d+)/EEG/stimuli/(\d+)")
_SCORE = re.compile(rf"{VARIABLE}/Data/(\d+)/Score(\w+)")
_MOST_BESIDE = 1 << 22  # bytes of ratings and names; 23 x 3 x 18 numbers have ten thousand
_CHANNEL = re.compile(rf"{VARIABLE}/EEG_Electrodes/\d+")


class Subject(NamedTuple):
    """What the file holds of one subject besides the signal.

    Attributes
    ----------
    n_times : dict of int to int
        Clip, from 1 -> samples of its EEG, in the order of the clips; 0 of one that is missing.
    ratings : dict of str to numpy.ndarray
        Rating in lower case ("valence") -> (n_clips,), as the subject gave them.
    """

    n_times: Mapping[int, int]
    ratings: Mapping[str, np.ndarray]


class Contents(NamedTuple):
    """What the file holds besides the signal.

    Attributes
    ----------
    subjects : dict of str to Subject
        By number, from "1", in the order of the file.
    ch_names : tuple of str
        As the file names them, else the facts of the data set.
    """

    subjects: Mapping[str, Subject]
    ch_names: tuple[str, ...]


def is_one(path: Path) -> bool:
    """Tell whether a MATLAB 5 file is one, from the header of its variable; it may be cut."""
    try:
        return VARIABLE in mat5_shapes(path)
    except ReadError as error:
        return f"truncated: variable 1 ({VARIABLE})" in str(error)


def contents(path: Path) -> Contents:
    """Return what the file holds besides the signal.

    Parameters
    ----------
    path : Path
        The file. It is one compressed variable, so all of it is inflated for this, some seconds;
        one that did not change since is not opened again.

    Returns
    -------
    Contents

    Raises
    ------
    ReadError
        When the file is damaged, or holds no EEG of that form.
    """
    state = state_of(path)
    return _contents(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4)
def _contents(path: Path, n_bytes: int, mtime_ns: int) -> Contents:
    del n_bytes, mtime_ns  # they are there to tell versions of the file apart
    _require_variable(path)
    there = {leaf.name: leaf for leaf in leaves(path, VARIABLE, _beside_the_signal, _MOST_BESIDE)}
    arrays = {name: leaf.array for name, leaf in there.items() if leaf.array is not None}
    found = [str(array.item()) for name, array in arrays.items() if _CHANNEL.fullmatch(name)]
    known = facts.facts_of("dreamer").channels
    ch_names = tuple(found) if sorted(found) == sorted(known) else known
    lengths: dict[str, dict[int, int]] = {}
    for name, leaf in there.items():
        if leaf.array is None:
            subject, clip = _numbers(name)
            lengths.setdefault(subject, {})[clip] = _n_times(path, name, leaf.shape, len(ch_names))
    if not lengths:
        raise ReadError(f"{path}: no {VARIABLE}.Data{{}}.EEG.stimuli in it; download it again")
    ratings: dict[str, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        if match := _SCORE.fullmatch(name):
            of_subject = ratings.setdefault(f"{int(match[1]) + 1}", {})
            of_subject[match[2].lower()] = _ratings(path, name, array)
    subjects = {name: Subject(of, ratings.get(name, {})) for name, of in lengths.items()}
    return Contents(subjects, ch_names)


def _beside_the_signal(name: str) -> Part:
    if _CLIP.fullmatch(name):
        return "shape"
    return "array" if _SCORE.fullmatch(name) or _CHANNEL.fullmatch(name) else ""


def _ratings(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "iuf":
        raise ReadError(f"{path}: {name.replace('/', '.')} is no numbers; download it again")
    return array.astype(float).ravel()


def _require_variable(path: Path) -> None:
    there = mat5_shapes(path)
    if VARIABLE not in there:
        raise ReadError(f"{path}: {unknown('variable', VARIABLE, there)} Download it again")


def _numbers(name: str) -> tuple[str, int]:
    """Return subject and clip of an array, both from 1."""
    match = _CLIP.fullmatch(name)
    assert match is not None, name
    return f"{int(match[1]) + 1}", int(match[2]) + 1


def _n_times(path: Path, name: str, shape: tuple[int, ...], n_channels: int) -> int:
    if 0 in shape:  # an empty cell: the clip is missing
        return 0
    if len(shape) == 2 and shape[1] == n_channels:
        return shape[0]
    subject, clip = _numbers(name)
    raise ReadError(
        f"{path}: EEG of subject {subject}, clip {clip} has the shape {shape}, expected (samples, "
        f"{n_channels}); download it again"
    )


def check(path: Path) -> Check:
    """Compare what the variable declares with the size of the file; nothing is inflated.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Check
    """
    status, reason = verdict(path, lambda: _inspect(path))
    return Check("truncated" if reason.startswith("it is truncated") else status, reason)


def _inspect(path: Path) -> Check:
    _require_variable(path)
    return OK


def read(path: Path, part: str = "") -> RawArray:
    """Read all clips of a subject as one recording.

    Parameters
    ----------
    path : Path
        The file.
    part : str
        Number of the subject, from "1"; empty is the first.

    Returns
    -------
    mne.io.RawArray
        The clips end to end, each with its ends held (`featpipe.readers.end_to_end`); volt.

    Raises
    ------
    ReadError
        As `contents`, and when there is no such subject.
    """
    found = contents(path)
    part = part or next(iter(found.subjects))
    if part not in found.subjects:
        raise ReadError(f"{path}: {unknown('subject', part, found.subjects)}")
    clips: dict[int, np.ndarray] = {}
    for name, _, array in leaves(path, VARIABLE, lambda name: _of_subject(name, part)):
        if array is None or array.dtype.kind not in "iuf":
            raise ReadError(f"{path}: EEG of subject {part} is no numbers; download it again")
        clips[_numbers(name)[1]] = array
        if len(clips) == len(found.subjects[part].n_times):
            break
    in_order = [clips[clip].T for clip, n_times in found.subjects[part].n_times.items() if n_times]
    sfreq = facts.facts_of("dreamer").sfreq["preprocessed"]
    return end_to_end(in_order, found.ch_names, sfreq)


def _of_subject(name: str, part: str) -> Part:
    return "array" if _CLIP.fullmatch(name) and _numbers(name)[0] == part else ""
