"""Arrays out of files that must not be trusted: MATLAB 5, NumPy .npz and .npy, pickles.

A child process with limits of time and memory reads the files (`foreign_child.py`). No pickle is
loaded anywhere, in that process either: what it holds is read from its instructions
(`pickle_content.py`). What comes back is flat: the names of nested structs, cells, dicts and lists
are joined by "/".
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.foreign_kinds import HEAD_BYTES, NOTHING, foreign_kind
from featpipe.readers.preflight import read_head

_CHILD = "featpipe.readers.foreign_child"
_LONGEST_ANSWER = 64 << 20  # bytes

Pattern = str | re.Pattern[str]


@dataclass(frozen=True)
class Limits:
    """What reading foreign files may cost.

    Attributes
    ----------
    n_bytes : int
        Most bytes of the arrays that are asked for, as each file declares them.
    memory : int
        Most address space of the child, bytes. What has to be inflated or held as a whole (a
        compressed struct or cell, a pickle in an archive) may declare two thirds of it.
    seconds : float
        Most time.
    """

    n_bytes: int = 2 << 30
    memory: int = 6 << 30
    seconds: float = 300.0


LIMITS = Limits()


def read_arrays(
    path: Path, wanted: Pattern = ".*", limits: Limits = LIMITS
) -> dict[str, np.ndarray]:
    r"""Read the arrays of a foreign file whose names match.

    Parameters
    ----------
    path : Path
        A MATLAB 5, .npz, .npy or pickle file; its content decides, whatever it is called.
    wanted : str or re.Pattern
        Regular expression that the whole flat name matches, for example r"de_LDS\d+" of a SEED
        feature file, r"data/\d+" of a pickled dict, r"Eye_Blink/\d+" of a cell array. Indices
        count from 0. Text comes back as arrays of str. What does not match is not inflated, unless
        something in it could.
    limits : Limits
        What it may cost.

    Returns
    -------
    dict of str to numpy.ndarray
        In the order of the file and the byte order of this machine. Numbers of MATLAB have the type
        that they had there, also where the file saves them as smaller integers.

    Raises
    ------
    ReadError
        When the file is damaged, holds more than numbers, text and containers, or goes beyond the
        limits; the message names the file, the defect and the next step.
    """
    return read_arrays_of({path: wanted}, limits)[path]


def read_arrays_of(
    wanted: Mapping[Path, Pattern], limits: Limits = LIMITS
) -> dict[Path, dict[str, np.ndarray]]:
    """Read the arrays of several foreign files, in one child process.

    Parameters
    ----------
    wanted : mapping of Path to str or re.Pattern
        What is wanted of each file, as in `read_arrays`.
    limits : Limits
        What they may cost; bytes count for each file, time for all.

    Returns
    -------
    dict of Path to dict of str to numpy.ndarray

    Raises
    ------
    ReadError
        As `read_arrays`, for the first file that has to be refused.
    """
    return {path: arrays for path, (arrays, _) in _ask(wanted, NOTHING, limits).items()}


def read_arrays_and_shapes(
    path: Path, wanted: Pattern, shaped: Pattern, limits: Limits = LIMITS
) -> tuple[dict[str, np.ndarray], dict[str, tuple[int, ...]]]:
    r"""Read some arrays of a foreign file, and of others how large they are.

    Parameters
    ----------
    path, wanted, limits
        As in `read_arrays`.
    shaped : str or re.Pattern
        As `wanted`, for the arrays of which the shape is enough; their numbers are not read.

    Returns
    -------
    arrays : dict of str to numpy.ndarray
    shapes : dict of str to tuple of int
        In the order of the file.

    Raises
    ------
    ReadError
        As `read_arrays`.
    """
    return _ask({path: wanted}, shaped, limits)[path]


def _ask(
    wanted: Mapping[Path, Pattern], shaped: Pattern, limits: Limits
) -> dict[Path, tuple[dict[str, np.ndarray], dict[str, tuple[int, ...]]]]:
    """Return the arrays and the shapes of each file."""
    for path in wanted:
        _refuse_by_head(path)
    with TemporaryDirectory(prefix="featpipe-") as folder:
        targets = [Path(folder, f"{i}.arrays") for i in range(len(wanted))]
        request = {
            "folder": folder, "memory": limits.memory, "n_bytes": limits.n_bytes,
            "files": [
                _request(path, pattern, shaped, target)
                for (path, pattern), target in zip(wanted.items(), targets, strict=True)
            ],
        }  # fmt: skip
        found = {}
        answers = _answers(request, list(wanted), limits)
        for path, target, answer in zip(wanted, targets, answers, strict=True):
            if "refused" in answer:
                raise ReadError(f"{path}: {answer['refused']}")
            shapes = {name: tuple(shape) for name, shape in answer["shapes"].items()}
            found[path] = (_taken(target, answer["arrays"]), shapes)
        return found


def _refuse_by_head(path: Path) -> None:
    """Refuse what is no file of arrays without starting a process."""
    try:
        foreign_kind(read_head(path, HEAD_BYTES))
    except ReadError as error:
        raise ReadError(f"{path}: {error}") from error


def _request(path: Path, wanted: Pattern, shaped: Pattern, target: Path) -> dict[str, Any]:
    patterns = [re.compile(wanted), re.compile(shaped)]
    return {
        "path": str(path.absolute()), "target": str(target),
        "wanted": patterns[0].pattern, "shaped": patterns[1].pattern,
        "flags": [pattern.flags for pattern in patterns],
    }  # fmt: skip


def _taken(path: Path, about: list[tuple[str, str, list[int], bool]]) -> dict[str, np.ndarray]:
    """Read the arrays that the child has written, and remove them."""
    arrays = {}
    with path.open("rb") as file:
        for name, kind, shape, by_column in about:
            flat = np.fromfile(file, np.dtype(kind), prod(shape))
            arrays[name] = flat.reshape(shape, order="F" if by_column else "C")
    path.unlink()  # what comes next need not have room beside it: the folder may be memory too
    return arrays


def _answers(request: dict[str, Any], paths: list[Path], limits: Limits) -> list[dict[str, Any]]:
    """Run the child and return what it says of each file."""
    which = ", ".join(map(str, paths))
    # -P: the folder that one happens to be in must not shadow modules of the child
    root = str(Path(__file__).parents[2])
    seen = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    alone = {"PYTHONPATH": seen, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-m", _CHILD]
    try:
        done = subprocess.run(
            command, input=json.dumps(request).encode(), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=limits.seconds, check=False,
            env={**os.environ, **alone},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ReadError(
            f"{which}: reading it takes over {limits.seconds:g} s; copy it to a disk of this "
            "machine, or again"
        ) from error
    answers = Path(request["folder"], "answers.json")
    if done.returncode or answers.stat().st_size > _LONGEST_ANSWER:
        raise ReadError(
            f"{which}: its structure is damaged beyond reading (the process that read it ended "
            f"with {done.returncode}); copy it again"
        )
    return json.loads(answers.read_bytes())
