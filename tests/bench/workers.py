"""Two workers against one: on processes that are up already, and the whole verb."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from dask.distributed import Client

from bench.generate import copies, neuroscan, trials_of, write_study
from bench.size import Size
from bench.table import OURS, Row, timed
from bench.timing import Times, take_turns
from pipelines.cluster import open_client
from pipelines.engine import update
from pipelines.job import open_job
from pipelines.steps.extract import EXTRACT, compile_kernels, units
from pipelines.work import Unit

N_TRIALS = 15
TASKS = "tasks on workers that are up and have loaded the kernels"
VERB = "the whole process of `featpipe extract`, start of Python and of the workers included"
COMPARED = "; correctness: tables that differ from those of one worker"
ONE, TWO = OURS, f"{OURS}, 2 workers"

Digests = dict[str, str]


def rows(folder: Path, size: Size) -> Iterator[Row]:
    """Share recordings between one and two workers."""
    recording = neuroscan(folder, size.recording_s)
    files = copies(recording, folder / "raw", size.n_recordings)
    study = write_study(folder / "study", files, trials_of(size.recording_s, N_TRIALS))
    case = f"{size.n_recordings} .cnt of {size.recording_s} s, {os.cpu_count()} CPUs, "
    tasks = _time_tasks(study, folder / "tasks", size.n_runs)
    yield from _rows(case + "tasks", tasks, TASKS)
    if size.n_verbs:
        verbs = _time_verbs(study, folder, size.n_verbs)
        yield from _rows(case + "whole verb", verbs, VERB)


def _rows(case: str, found: Mapping[str, Times], what: str) -> Iterator[Row]:
    alone: Digests = found[ONE].result
    for name, times in found.items():
        names = alone.keys() | times.result.keys()
        n_other = sum(alone.get(key) != times.result.get(key) for key in names)
        figures = {"tables that differ": float(n_other)}
        yield timed("workers", case, name, times, figures, what + COMPARED)


def _time_tasks(study: Path, out: Path, n_runs: int) -> dict[str, Times]:
    job = open_job(study, out)
    work = units(job.study, job.sources, job.out)
    if not work:
        raise RuntimeError(f"{study}: no recording can be used, there is nothing to time")
    clear = partial(shutil.rmtree, out / "features", ignore_errors=True)
    with ExitStack() as stack:
        clients: dict[str, Client] = {}
        for n, name in enumerate((ONE, TWO)):
            staging = out / f"staging-{n + 1}"
            staging.mkdir(parents=True)
            clients[name] = stack.enter_context(open_client(n + 1, None, staging))
            clients[name].run(compile_kernels)
        tools = {name: partial(_tasks, client, work, out) for name, client in clients.items()}
        return take_turns(tools, n_runs, dict.fromkeys(tools, clear))


def _time_verbs(study: Path, folder: Path, n_runs: int) -> dict[str, Times]:
    outs = {ONE: folder / "out-1", TWO: folder / "out-2"}
    found = take_turns(
        {name: partial(_verb, study, out, n + 1) for n, (name, out) in enumerate(outs.items())},
        n_runs,
        {name: partial(shutil.rmtree, out, ignore_errors=True) for name, out in outs.items()},
    )
    return {name: Times(times.seconds, _digests(outs[name])) for name, times in found.items()}


def _tasks(client: Client, work: Sequence[Unit], out: Path) -> Digests:
    futures: Any = [  # a synchronous client: no coroutines, whatever the annotations say
        client.submit(update, EXTRACT, unit, {}, out / ".staging", pure=False) for unit in work
    ]
    rows: Any = client.gather(futures)  # its annotation says coroutine; this client is synchronous
    failed = [f"{row.unit}: {row.reason}" for row in rows if row.state != "made"]
    if failed:
        raise RuntimeError("; ".join(failed))
    return {Path(path).name: file.sha256 for row in rows for path, file in row.files.items()}


def _verb(study: Path, out: Path, n: int) -> None:
    words = [sys.executable, "-m", "pipelines", "extract", study, "-o", out, "--workers", str(n)]
    subprocess.run(words, check=True, capture_output=True)


def _digests(out: Path) -> Digests:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in out.glob("features/*/*")}
