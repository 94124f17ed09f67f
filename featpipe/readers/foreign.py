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
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.foreign_kinds import ANSWERS, BEGUN, HEAD_BYTES, NOTHING, foreign_kind
from featpipe.readers.preflight import read_head

_CHILD = "featpipe.readers.foreign_child"
_ERRORS = "errors"
_KEPT = (
    "PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME",
)  # fmt: skip
_LONGEST_ANSWER = 64 << 20  # bytes

Pattern = str | re.Pattern[str]
Content = tuple[dict[str, np.ndarray], dict[str, tuple[int, ...]]]
"""Arrays and shapes by name."""


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
SMALL = Limits(n_bytes=1 << 20, memory=1 << 30, seconds=60.0)
"""Of labels, ratings and other short lists, whatever else is in the file."""


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
    return {path: _sound(of)[0] for path, of in ask_child(wanted, NOTHING, limits).items()}


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
    return _sound(ask_child({path: wanted}, shaped, limits)[path])


def _sound(found: Content | ReadError) -> Content:
    if isinstance(found, ReadError):
        raise found
    return found


def ask_child(
    wanted: Mapping[Path, Pattern], shaped: Pattern, limits: Limits
) -> dict[Path, Content | ReadError]:
    """Return the arrays and the shapes of each file, or why the child refused it.

    Raises
    ------
    ReadError
        When one is no file of arrays, or the child was ended.
    """
    for path in wanted:
        refuse_by_head(path)
    with TemporaryDirectory(prefix="featpipe-") as folder:
        targets = [Path(folder, f"{i}.arrays") for i in range(len(wanted))]
        request = {
            "folder": folder, "memory": limits.memory, "n_bytes": limits.n_bytes,
            "seconds": limits.seconds,
            "files": [
                _request(path, pattern, shaped, target)
                for (path, pattern), target in zip(wanted.items(), targets, strict=True)
            ],
        }  # fmt: skip
        found: dict[Path, Content | ReadError] = {}
        answers = child_answers(request, list(wanted), limits)
        for path, target, answer in zip(wanted, targets, answers, strict=True):
            if "refused" in answer:
                found[path] = ReadError(f"{path}: {answer['refused']}")
                continue
            shapes = {name: tuple(shape) for name, shape in answer["shapes"].items()}
            found[path] = (_taken(target, answer["arrays"]), shapes)
        return found


def refuse_by_head(path: Path) -> None:
    """Refuse what is no file of arrays without starting a process."""
    head = read_head(path, HEAD_BYTES)
    try:
        foreign_kind(head)
    except ReadError as error:
        raise ReadError(f"{path}: {error}") from error


def _request(path: Path, wanted: Pattern, shaped: Pattern, target: Path) -> dict[str, Any]:
    patterns = [re.compile(wanted), re.compile(shaped)]
    return {
        "path": str(path.absolute()), "target": str(target),
        "wanted": patterns[0].pattern, "shaped": patterns[1].pattern,
        "flags": [pattern.flags for pattern in patterns],
    }  # fmt: skip


def _taken(path: Path, about: list[tuple[str, int, str, list[int], bool]]) -> dict[str, np.ndarray]:
    """Read the arrays that the child has written, and remove them."""
    arrays, there = {}, {}
    with path.open("rb") as file:
        for name, at, kind, shape, by_column in about:
            what = (at, kind, tuple(shape), by_column)
            if what not in there:  # else it is one array in the file too
                file.seek(at)
                flat = np.fromfile(file, np.dtype(kind), prod(shape))
                there[what] = flat.reshape(shape, order="F" if by_column else "C")
            arrays[name] = there[what]
    path.unlink()  # what comes next need not have room beside it: the folder may be memory too
    return arrays


def child_answers(
    request: dict[str, Any], paths: list[Path], limits: Limits, child: str = ""
) -> list[dict[str, Any]]:
    """Run the child, or one of another module, and return what it says of each file."""
    which, folder = ", ".join(map(str, paths)), Path(request["folder"])
    ended, is_late = _run_child(request, limits.seconds, child or _CHILD)
    if is_late:
        raise ReadError(
            f"{which}: reading it takes over {limits.seconds:g} s; copy it to a disk of this "
            "machine, or again"
        )
    answers = folder / ANSWERS
    if not ended and answers.is_file() and answers.stat().st_size <= _LONGEST_ANSWER:
        return json.loads(answers.read_bytes())
    with (folder / _ERRORS).open("rb") as file:
        lines = file.read(1 << 16).decode("utf-8", "replace").split("\n")
    last = next((line.strip()[:200] for line in reversed(lines) if line.strip()), "it says nothing")
    if not (folder / BEGUN).is_file():
        raise ReadError(
            f"{which}: the process that reads it could not start ({ended}: {last}); see whether "
            "limits of this shell or machine forbid it (ulimit -a)"
        )
    raise ReadError(
        f"{which}: its structure is damaged beyond reading (the process that read it ended "
        f"with {ended}: {last}); copy it again"
    )


def _run_child(request: dict[str, Any], seconds: float, module: str) -> tuple[int, bool]:
    """Run the child; return how it ended, and whether it had to be ended because it took long."""
    command = [sys.executable, "-P", "-m", module]  # -P: no folder shadows modules of the child
    is_late = threading.Event()
    with Path(request["folder"], _ERRORS).open("wb") as errors:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors,
            cwd=request["folder"], env=_environment(),
        )  # fmt: skip

    def end() -> None:
        is_late.set()
        child.kill()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        assert child.stdin is not None
        with suppress(BrokenPipeError):  # it has ended already, and will be asked why
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
        child.wait()  # its end of the pipe stays open: the child ends when this process does
    finally:
        timer.cancel()
        child.kill()
        with suppress(BrokenPipeError), child:  # closes the pipe and waits
            pass
    return child.returncode, is_late.is_set()


def _environment() -> dict[str, str]:
    """Return the little that the child needs; no folder that is relative to where one is."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    parts = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    seen = [str(Path(__file__).parents[2]), *(part for part in parts if Path(part).is_absolute())]
    alone = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return {**kept, **alone, "PYTHONPATH": os.pathsep.join(seen)}
