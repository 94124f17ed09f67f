"""Arrays out of files that must not be trusted: MATLAB 5, NumPy .npz and .npy, pickles.

A child process with limits of time and memory opens the file (`foreign_child.py`); no pickle is
loaded in this one, and the child's unpickler admits arrays and plain containers only. What comes
back is flat: the names of nested structs, cells, dicts and lists are joined by "/".
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from featpipe.errors import ReadError

_CHILD = Path(__file__).with_name("foreign_child.py")


@dataclass(frozen=True)
class Limits:
    """What reading a foreign file may cost.

    Attributes
    ----------
    n_bytes : int
        Most bytes of the arrays that are asked for, as the file declares them.
    memory : int
        Most address space of the child, bytes.
    seconds : float
        Most time.
    """

    n_bytes: int = 2 << 30
    memory: int = 6 << 30
    seconds: float = 300.0


LIMITS = Limits()
_NOTHING = r"(?!)"


def read_arrays(
    path: Path, wanted: str | re.Pattern[str] = ".*", limits: Limits = LIMITS
) -> dict[str, np.ndarray]:
    r"""Read the arrays of a foreign file whose names match.

    Parameters
    ----------
    path : Path
        A MATLAB 5, .npz, .npy or pickle file; its content decides, whatever it is called.
    wanted : str or re.Pattern
        Regular expression that the whole flat name matches, for example r"de_LDS\d+" of a SEED
        feature file, r"data/\d+" of a pickled dict, r"Eye_Blink/\d+" of a cell array. Indices
        count from 0. Text comes back as arrays of str.
    limits : Limits
        What it may cost.

    Returns
    -------
    dict of str to numpy.ndarray
        In the order of the file.

    Raises
    ------
    ReadError
        When the file is damaged, holds more than numbers, text and containers, or goes beyond the
        limits; the message names the file, the defect and the next step.
    """
    return read_arrays_and_shapes(path, wanted, _NOTHING, limits)[0]


def read_arrays_and_shapes(
    path: Path,
    wanted: str | re.Pattern[str],
    shaped: str | re.Pattern[str],
    limits: Limits = LIMITS,
) -> tuple[dict[str, np.ndarray], dict[str, tuple[int, ...]]]:
    r"""Read some arrays of a foreign file, and of others how large they are.

    Parameters
    ----------
    path, wanted, limits
        As in `read_arrays`. With a small `limits.n_bytes` larger arrays of a pickle are passed
        over: a file of 100 MB takes as long as its start.
    shaped : str or re.Pattern
        As `wanted`, for the arrays of which the shape is enough.

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
    with TemporaryDirectory() as folder:
        answer = _ask(path, wanted, shaped, limits, folder)
        arrays = {
            name: np.load(Path(folder, f"{i}.npy"), allow_pickle=False)
            for i, name in enumerate(answer["names"])
        }
    return arrays, {name: tuple(shape) for name, shape in answer["shapes"].items()}


def _ask(
    path: Path,
    wanted: str | re.Pattern[str],
    shaped: str | re.Pattern[str],
    limits: Limits,
    folder: str,
) -> dict[str, Any]:
    # -P: the folder of readers must not shadow modules of the child
    command = [sys.executable, "-P", str(_CHILD)]
    request = {
        "path": str(path.absolute()), "folder": folder,
        "wanted": re.compile(wanted).pattern, "shaped": re.compile(shaped).pattern,
        "n_bytes": limits.n_bytes, "memory": limits.memory,
    }  # fmt: skip
    try:
        done = subprocess.run(
            command, input=json.dumps(request).encode(), capture_output=True,
            timeout=limits.seconds, check=False,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ReadError(f"{path}: reading it takes over {limits.seconds:g} s") from error
    if done.returncode:
        raise ReadError(f"{path}: its structure is damaged beyond reading; copy it again")
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise ReadError(f"{path}: {answer['refused']}")
    return answer
