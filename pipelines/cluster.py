"""Where tasks run: worker processes on this machine, or a Dask cluster that is already there.

The only module beside `running` that knows Dask.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dask import config
from dask.distributed import Client, LocalCluster

from featpipe.errors import ConfigError

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")} | {
    "VECLIB_MAXIMUM_THREADS": "1"
}
"""Parallelism is between recordings; threads inside a worker would only compete."""

DEATHS = 1
"""A task that killed one more worker than this is given up."""


@contextmanager
def open_client(workers: int, scheduler: str | None, staging: Path) -> Iterator[Client]:
    """Connect to a cluster, starting one if no address is given.

    Parameters
    ----------
    workers : int
        Worker processes to start on this machine, one thread each.
    scheduler : str or None
        Address of a running scheduler, for example "tcp://host:8786"; then `workers` is ignored.
    staging : Path
        Folder for what workers of this machine put on disk.

    Yields
    ------
    dask.distributed.Client

    Raises
    ------
    ConfigError
        When nobody answers at the address.
    """
    with config.set(
        {"distributed.worker.daemon": True, "distributed.comm.timeouts.connect": "10s"}
    ):
        if scheduler is not None:
            try:
                client = Client(scheduler, timeout=10)
            except (OSError, ValueError, TimeoutError) as error:
                raise ConfigError(
                    f"--scheduler {scheduler}: no Dask scheduler answers there ({error}); start "
                    "one with `dask scheduler`, or leave the option out to use this machine"
                ) from error
            with client:
                yield client
            return
        with (
            config.set(
                {
                    "distributed.nanny.pre-spawn-environ": ONE_THREAD,
                    "distributed.scheduler.allowed-failures": DEATHS,
                }
            ),
            _start(workers, staging) as cluster,
            Client(cluster) as client,
        ):
            yield client


def _start(workers: int, staging: Path) -> LocalCluster:
    """Start worker processes that leave Ctrl-C to the main process."""
    is_main = threading.current_thread() is threading.main_thread()
    # what is ignored stays ignored in the children, who would only print tracebacks
    obey = signal.signal(signal.SIGINT, signal.SIG_IGN) if is_main else None
    try:
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # any free port: several runs may go side by side
            local_directory=str(staging),
            silence_logs=50,
        )
    finally:
        if is_main:
            signal.signal(signal.SIGINT, obey)


def cpu_count() -> int:
    """Return how many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
