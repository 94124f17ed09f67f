"""Where tasks run: worker processes on this machine, or a Dask cluster that is already there.

The only module beside `running` that knows Dask.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dask import config
from dask.distributed import Client, LocalCluster

from featpipe.errors import ConfigError

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")} | {
    "VECLIB_MAXIMUM_THREADS": "1"
}
"""Parallelism is between recordings; threads inside a worker would only compete."""

NO_DASHBOARD: Any = None  # Dask's annotation knows addresses only

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
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address=NO_DASHBOARD,
                local_directory=str(staging),
                silence_logs=50,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client


def cpu_count() -> int:
    """Return how many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
