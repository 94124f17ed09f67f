"""Real processes of featpipe and of Dask, for tests that kill and interrupt them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import numpy as np
import psutil
from naive_exports import write_brainvision

PATIENCE_S = 120


def write_study(folder: Path, n: int) -> Path:
    """Write a study of `n` recordings of two channels and 12 s; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    rows = []
    for i in range(1, n + 1):
        x = 20 * rng.standard_normal((2, 6000))
        rows.append(f"{i:02},1,{write_brainvision(folder, f'{i:02}', ('Fp1', 'Fp2'), x)}")
    (folder / "recordings.csv").write_text("\n".join(["subject,session,eeg", *rows]))
    (folder / "trials.csv").write_text("trial,onset,offset,label\n1,2,6,a\n2,6,11,b\n")
    (folder / "study.toml").write_text('[study]\nname = "lab"\nclasses = ["a", "b"]\n')
    return folder / "study.toml"


def launch(how: str, folder: Path, *words: object) -> subprocess.Popen[str]:
    """Start featpipe in a session of its own, as `lookalikes.launched` says."""
    command = [sys.executable, "-m", "lookalikes.launched", how, folder, *words]
    return subprocess.Popen(
        [str(word) for word in command], env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def environment() -> dict[str, str]:
    """Environment of a process that finds the tests' own modules."""
    tests = Path(__file__).parents[1]
    path = [os.environ.get("PYTHONPATH", ""), str(tests), str(tests.parent)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))}


def wait_until(is_true: Callable[[], object], what: str) -> None:
    """Look until something is true; fail where it never is."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {PATIENCE_S} s: {what}")
        time.sleep(0.02)


def workers_of(pid: int) -> list[psutil.Process]:
    """List the worker processes that a run has on this machine."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ended just now
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a process; return its exit code and what it printed."""
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def tables(out: Path) -> dict[str, str]:
    """Name the tables of an output and digest their bytes."""
    return {
        path.relative_to(out).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.glob("features/*/*.parquet"))
    }


def run_and_kill_a_worker(study: Path, out: Path, n_before: int) -> tuple[int, str]:
    """Extract with two workers and kill -9 one when `n_before` tables are there.

    Returns
    -------
    code : int
        Exit code of the run.
    err : str
        What it told.
    """
    process = launch(
        "plain", out, "extract", study, "-o", out, "--workers", 2, "--set", 'features.eeg=["de"]'
    )
    try:
        wait_until(lambda: process.poll() is not None or len(tables(out)) >= n_before, "tables")
        victims = [] if process.poll() is not None else workers_of(process.pid)
        if victims:
            victims[n_before % len(victims)].kill()
        code, _, err = ended(process)
    finally:
        process.kill()
    return code, err


@contextmanager
def dask_cluster(
    folder: Path, n_workers: int = 1, *options: str
) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Start a scheduler and workers as a lab does; yield its address and the workers."""
    processes = [_dask(folder, "scheduler", "--port", "0", "--host", "127.0.0.1")]
    workers: list[subprocess.Popen[bytes]] = []
    try:
        wait_until(lambda: address_of(folder), "a scheduler")
        workers += [add_worker(folder, *options) for _ in range(n_workers)]
        yield address_of(folder), workers
    finally:
        for process in (*workers, *processes):
            process.terminate()
        for process in (*workers, *processes):
            process.wait(timeout=PATIENCE_S)


def add_worker(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start one more worker of one thread."""
    place = ("--local-directory", str(folder / "workers"), "--nthreads", "1")
    return _dask(folder, "worker", *place, *options)


def address_of(folder: Path) -> str:
    """Return the address of the scheduler, empty as long as it has none."""
    path = folder / "scheduler.json"
    text = path.read_text() if path.exists() else ""
    return text.partition('"address": "')[2].partition('"')[0]


def _dask(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    env = {k: v for k, v in environment().items() if not k.endswith("_NUM_THREADS")}
    common = ["--no-dashboard", "--scheduler-file", str(folder / "scheduler.json")]
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words, *common], env=env, cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
