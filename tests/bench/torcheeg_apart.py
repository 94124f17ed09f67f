"""TorchEEG needs an older SciPy than we do, and so runs in an environment of its own."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.size import Size
from bench.timing import Times, say

ENVIRONMENT = Path(__file__).parents[2] / ".venv-torcheeg"
PACKAGES = ("torch==2.13.0", "scipy<=1.10.1", "numpy<2", "torcheeg")
_SCRIPT = Path(__file__).with_name("torcheeg_alone.py")


class AbsentError(Exception):
    """TorchEEG cannot be run here; the message says why."""


class TorchEeg(NamedTuple):
    """What TorchEEG made, and how long it took."""

    times: Times
    version: str


def run(
    folder: Path, size: Size, x: np.ndarray, transform: str, n_window: int, n_runs: int
) -> TorchEeg:
    """Run one of its transforms on every window.

    Parameters
    ----------
    folder : Path
        For what the two processes exchange.
    size : Size
        Says whether TorchEEG may be installed.
    x : array, shape (n_channels, n_times)
        At 200 Hz.
    transform : str
        Name in `torcheeg.transforms`.
    n_window : int
        Samples per window.
    n_runs : int
        Timed runs, after a single window that is not timed.

    Returns
    -------
    TorchEeg
        The values are those of TorchEEG, in bits.

    Raises
    ------
    AbsentError
        When it is not installed and may not or cannot be.
    """
    python = _python(size)
    source, target = folder / "input.npy", folder / f"{transform}-{n_window}.npz"
    np.save(source, x)
    say(f"    TorchEEG {transform}, {n_runs} runs in its own environment")
    words = [python, _SCRIPT, source, target, transform, str(n_window), str(n_runs)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AbsentError(f"TorchEEG failed: {done.stderr.strip().splitlines()[-1]}")
    with np.load(target) as found:
        seconds = tuple(float(value) for value in found["seconds"])
        return TorchEeg(Times(seconds, found["values"]), str(found["version"]))


def _python(size: Size) -> Path:
    """Return the interpreter of the environment, which is made on first use."""
    python = ENVIRONMENT / "bin" / "python"
    ready = ENVIRONMENT / ".ready"
    if ready.exists():
        return python
    if not size.may_install:
        raise AbsentError("TorchEEG is not installed; a whole run (make bench) does that")
    if sys.version_info >= (3, 12):
        raise AbsentError("TorchEEG needs SciPy 1.10, which needs Python 3.11 or older")
    say(f"    installing TorchEEG into {ENVIRONMENT.name}")
    make = [sys.executable, "-m", "venv", str(ENVIRONMENT)]
    install = [str(python), "-m", "pip", "install", "--quiet", *PACKAGES]
    for command in (make, install):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise AbsentError(f"TorchEEG cannot be installed: {reason}")
    ready.touch()
    return python
