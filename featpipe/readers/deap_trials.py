"""DEAP as preprocessed: trials of a subject in one array, in a pickle (.dat) or MATLAB file (.mat).

`data` is (trials, channels, samples) in microvolt at 128 Hz, `labels` (trials, ratings). Channels
and rate do not stand in the file; they are the facts of the data set. Each trial has the 3 s before
the video in front of it.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mne.io import RawArray

from featpipe.datasets import facts
from featpipe.errors import ReadError
from featpipe.readers.end_to_end import end_to_end
from featpipe.readers.foreign import SMALL, read_arrays
from featpipe.readers.foreign_several import try_arrays_and_shapes
from featpipe.readers.mat5_shapes import mat5_shapes
from featpipe.readers.preflight import OK, Check, read_head, verdict
from featpipe.regular_files import state_of

MAGIC = b"MATLAB 5.0"
_PICKLE = re.compile(
    rb"\x80[\x02-\x05](\x95.{8})?\}.{0,8}(\x06\0{0,7}labels|\x04\0{0,7}data)", re.DOTALL
)
"""A pickled dict whose first key is one of the two, behind its length: `train_data_eye` is of SEED.

Python 2 wrote `labels` first."""
_CUT = re.compile(r"truncated: variable \d \((data|labels)\)")


class Contents(NamedTuple):
    """What a file holds besides the signal.

    Attributes
    ----------
    shape : tuple of int
        Trials, channels, samples.
    ratings : numpy.ndarray, shape (n_trials, n_ratings)
        As the subject gave them.
    """

    shape: tuple[int, int, int]
    ratings: np.ndarray


def is_pickle(head: bytes) -> bool:
    """Tell from the beginning of a file whether it is one of Python."""
    return _PICKLE.match(head) is not None


def is_matlab(path: Path) -> bool:
    """Tell whether a MATLAB 5 file is one, from the headers of its variables; it may be cut."""
    try:
        shapes = mat5_shapes(path)
    except ReadError as error:
        return _CUT.search(str(error)) is not None
    return len(shapes.get("data", ())) == 3 and len(shapes.get("labels", ())) == 2


def contents(path: Path) -> Contents:
    """Return what a file holds besides the signal, which is not read.

    Parameters
    ----------
    path : Path
        The file; one that did not change since is not opened again.

    Returns
    -------
    Contents

    Raises
    ------
    ReadError
        When the file is damaged, or does not hold such arrays.
    """
    found = contents_of([path])[path]
    if isinstance(found, ReadError):
        raise ReadError(str(found))
    return found


def contents_of(paths: Sequence[Path]) -> dict[Path, Contents | ReadError]:
    """Return what several files hold besides the signal, of each that or why it cannot be used.

    A process has to be started for it; it is one for all of them.
    """
    found: dict[Path, Contents | ReadError] = {}
    states = []
    for path in paths:
        try:
            state = state_of(path)
            states.append((path, state.st_size, state.st_mtime_ns))
        except ReadError as error:
            found[path] = error
    return found | _contents_of(tuple(states))


@lru_cache(maxsize=128)
def _contents_of(states: tuple[tuple[Path, int, int], ...]) -> dict[Path, Contents | ReadError]:
    """Open files; sizes and times are there to tell versions of them apart."""
    paths, found = [path for path, _, _ in states], {}
    there = try_arrays_and_shapes(paths, "labels", "data", SMALL)
    for path, of in there.items():
        try:
            if read_head(path, len(MAGIC)) == MAGIC:
                mat5_shapes(path)  # tells a truncated file, and by which variable
            if isinstance(of, ReadError):
                raise of
            found[path] = _checked(path, *of)
        except ReadError as error:
            found[path] = error
    return found


def _checked(
    path: Path, arrays: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]
) -> Contents:
    shape, ratings = shapes.get("data", ()), arrays.get("labels")
    of = facts.facts_of("deap")
    expected = len(of.channels) + len(of.other_channels)
    if len(shape) != 3 or shape[1] not in (expected, len(of.channels)) or not shape[2]:
        raise ReadError(
            f"{path}: data of shape {shape}, expected (trials, {expected} channels, samples); copy "
            "it again"
        )
    if ratings is None or ratings.dtype.kind not in "iuf" or ratings.shape[:1] != shape[:1]:
        found = None if ratings is None else ratings.shape
        raise ReadError(
            f"{path}: labels of shape {found}, expected a row of ratings for each of {shape[0]} "
            "trials; copy it again"
        )
    return Contents((shape[0], shape[1], shape[2]), ratings.astype(float))


def check(path: Path) -> Check:
    """Compare what a file declares with its size and with what it should hold.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Check
    """
    status, reason = verdict(path, lambda: _inspect(path))
    return Check("truncated" if "truncated" in reason else status, reason)


def _inspect(path: Path) -> Check:
    contents(path)
    return OK


def read(path: Path) -> RawArray:
    """Read all trials of a subject as one recording.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    mne.io.RawArray
        The trials end to end, each from 3 s before its video on, its ends held
        (`featpipe.readers.end_to_end`); EEG in volt, then EOG and what else was recorded.

    Raises
    ------
    ReadError
        As `contents`, and when `data` holds no real numbers.
    """
    shape = contents(path).shape
    data = read_arrays(path, "data")["data"]
    if data.dtype.kind not in "iuf":
        raise ReadError(f"{path}: data holds {data.dtype}, expected numbers; copy it again")
    of = facts.facts_of("deap")
    others = dict(of.other_channels) if shape[1] > len(of.channels) else {}
    raw = end_to_end(list(data), [*of.channels, *others], of.sfreq["preprocessed"])
    raw.set_channel_types(others, on_unit_change="ignore", verbose="ERROR")
    return raw
