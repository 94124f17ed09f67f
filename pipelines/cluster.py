"""Where tasks run: worker processes on this machine, or a Dask cluster that is already there.

The only module beside `running` that knows Dask.
"""

import importlib
import logging
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from dask import config
from dask.distributed import Client, LocalCluster, Worker, WorkerPlugin, fire_and_forget

from featpipe import __version__
from featpipe.compiling import cache_folder, keep_in
from featpipe.errors import ConfigError
from pipelines import stopping
from pipelines.before_work import no_scheduler

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")} | {
    "VECLIB_MAXIMUM_THREADS": "1"
}
"""Parallelism is between recordings; threads inside a worker would only compete.

Workers that somebody else started have one thread for OpenMP, OpenBLAS and MKL too, because Dask's
nannies see to it; numba's threads do not matter, because no kernel of ours is parallel.
"""

CALM = {
    "distributed.worker.profile.enabled": False,  # a hundred looks a second, for a page of plots
    "distributed.admin.tick.interval": "1s",  # fifty a second, for the same page
    "distributed.scheduler.active-memory-manager.start": False,  # workers keep no data
}
"""What Dask does beside the work and nobody here looks at. With as many workers as CPUs it takes
their time: of short tasks as much as a tenth."""

DEATHS = 0
"""Of workers of this machine, after which a task is tried again: `dispatch` does that, alone."""


@contextmanager
def open_client(
    workers: int, scheduler: str | None, scratch: Path, memory: int = 0
) -> Iterator[Client]:
    """Connect to a cluster, starting one if no address is given.

    Parameters
    ----------
    workers : int
        Worker processes to start on this machine, one thread each.
    scheduler : str or None
        Address of a running scheduler, for example "tcp://host:8786", or the file that it wrote;
        then `workers` is ignored.
    scratch : Path
        Folder of this run alone for what workers of this machine put on disk; it goes where the run
        is left at once.
    memory : int
        Bytes that a worker of this machine may take; above it Dask ends the worker rather than the
        system anything. 0 is no limit.

    Yields
    ------
    dask.distributed.Client

    Raises
    ------
    ClusterError
        When nobody answers at the address.
    """
    with config.set(
        {"distributed.worker.daemon": True, "distributed.comm.timeouts.connect": "10s"}
    ):
        if scheduler is not None:
            _silence()
            try:
                client = Client(timeout=10, **_place(scheduler))
            except (OSError, ValueError, TimeoutError) as error:
                raise no_scheduler(scheduler, error) from error
            with client:
                try:
                    yield client
                except KeyboardInterrupt:
                    shutil.rmtree(scratch, ignore_errors=True)
                    stopping.leave_at_once()  # the scheduler drops the tasks of who is gone
                    raise
            return
        with (
            _same_environment(),  # a nanny that starts a worker again spoils it anew
            config.set(
                {
                    "distributed.nanny.pre-spawn-environ": ONE_THREAD,
                    "distributed.scheduler.allowed-failures": DEATHS,
                    **CALM,
                }
            ),
            _start(workers, scratch, memory) as cluster,
            Client(cluster) as client,
        ):
            try:
                yield client
            except KeyboardInterrupt:
                _kill_workers(cluster)
                shutil.rmtree(scratch, ignore_errors=True)
                stopping.leave_at_once()
                raise


def _silence() -> None:
    """Have Dask's client say nothing of its own: what concerns people is told by the run."""
    for name in ("client", "comm", "core"):
        logging.getLogger(f"distributed.{name}").setLevel(logging.CRITICAL)


def _place(scheduler: str) -> dict[str, Any]:
    """Tell an address from a file, which Dask would wait for if it were not there."""
    if not scheduler.endswith(".json"):
        return {"address": scheduler}
    if not Path(scheduler).is_file():
        raise OSError("there is no such file")
    return {"scheduler_file": scheduler}


def _kill_workers(cluster: Any) -> None:
    """End the worker processes at once, whatever they are in the middle of."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(nanny.pid, signal.SIGKILL)


def _start(workers: int, folder: Path, memory: int) -> LocalCluster:
    """Start worker processes that leave Ctrl-C and SIGTERM to the main process."""
    with _held_back(signal.SIGINT, signal.SIGTERM), _same_environment():
        os.environ.update(ONE_THREAD)  # to Dask what is set here counts more than its options
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit=memory,
            dashboard_address="127.0.0.1:0",  # any free port: several runs go side by side
            local_directory=str(folder),
            silence_logs=50,
        )


@contextmanager
def _held_back(*signals: signal.Signals) -> Iterator[None]:
    """Hold signals back, for good in the threads and processes that are started meanwhile.

    A terminal sends Ctrl-C to all processes of a run, batch systems SIGTERM. Dask's thread keeps
    the mask, so that also workers which it starts later, for dead ones, are not disturbed.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    _start_tracker()  # else it is started below, and lifts the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_tracker() -> None:
    """Start Python's process that tidies up semaphores, and have it do so without a word."""
    sys.warnoptions.append("ignore:resource_tracker:UserWarning")
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.pop()


@contextmanager
def _same_environment() -> Iterator[None]:
    """Take back what nannies do to the environment of this process for their workers' sake."""
    before = {name: os.environ.get(name) for name in (*ONE_THREAD, "PYTHONHASHSEED")}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def import_early(client: Client, module: str) -> None:
    """Have the workers import a module while this process does something else.

    Parameters
    ----------
    client : dask.distributed.Client
        From `open_client`.
    module : str
        Its name. An error is left to the task that needs the module.
    """
    for address in client.scheduler_info(n_workers=-1)["workers"]:
        fire_and_forget(client.submit(_import, module, workers=[address], pure=False))


def _import(module: str) -> None:
    importlib.import_module(module)


def share_kernels(client: Client) -> None:
    """Hand the kernels that are compiled here to the workers, and to those that come later.

    Parameters
    ----------
    client : dask.distributed.Client
        From `open_client`.

    Raises
    ------
    ConfigError
        When featpipe cannot be imported where the workers are.
    """
    try:
        client.register_plugin(OwnKernels())
    except Exception as error:  # Dask passes on whatever its workers met, as it likes
        raise ConfigError(
            f"the workers of the cluster cannot run featpipe ({error}): install the same version "
            "there, or leave --scheduler out to use this machine"
        ) from error


class OwnKernels(WorkerPlugin):
    """Gives every worker a folder of its own for compiled kernels.

    Processes that write one numba cache at the same time can crash each other. The folder begins
    as a copy of the cache here, so a worker on this machine compiles nothing; where there is no
    such cache, on another machine, it compiles once. Folders go with the worker's own.

    Attributes
    ----------
    name : str
        By which Dask knows that a later registration replaces an earlier one.
    filled : Path
        The cache of the process that registers the plugin.
    version : str
        Of featpipe there; workers of another one would make other tables.
    """

    name = "featpipe-kernels"

    def __init__(self) -> None:
        self.filled = cache_folder()
        self.version = __version__

    def setup(self, worker: Worker) -> None:
        """Copy the cache; Dask calls this once per worker, and again when one was restarted.

        Raises
        ------
        RuntimeError
            When the worker has another version of featpipe.
        """
        if self.version != __version__:
            raise RuntimeError(f"featpipe {__version__} there, {self.version} here")
        keep_in(Path(worker.local_directory, "kernels"))
        own = cache_folder()
        if own.name == self.filled.name and not own.exists():
            _copy(self.filled, own)


def _copy(filled: Path, own: Path) -> None:
    """Copy a cache of kernels, all of it or nothing: half of a file would be found damaged."""
    part = own.with_name(f"{own.name}.part")
    try:
        # parts of files are on their way to another name, and may be gone any moment
        with suppress(FileNotFoundError):
            shutil.copytree(filled, part, ignore=shutil.ignore_patterns("*.tmp.*"))
            part.replace(own)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)  # and each worker compiles for itself


def cpu_count() -> int:
    """Return how many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
