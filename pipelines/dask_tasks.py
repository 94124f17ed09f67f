"""Tasks on a Dask cluster, as `pipelines.dispatch` asks for them."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from dask.distributed import Client, Future, KilledWorker, Worker

from featpipe import __version__
from pipelines import stopping
from pipelines.admission import WORKER, Capacity
from pipelines.digests import Digest
from pipelines.dispatch import Lost, Task
from pipelines.engine import update
from pipelines.exits import ENVIRONMENT
from pipelines.ownership import publishing_for, token_of
from pipelines.work import Row, Step, Unit

GPU = "GPU"
"""What Dask calls it, by custom, where workers declare one."""

REFRESH_S = 2.0
"""How often the scheduler is asked for its workers."""

ANSWER_S = 10.0
"""How long its answer is waited for before that is told."""

GONE_S = 60.0
"""How long a run on this machine goes on without a worker; a nanny starts one again in seconds."""

SETTLED_S = 60.0
"""How long no worker has to have come or gone before a task is refused that all are too small for:
batch systems start them one after the other."""


class Known(NamedTuple):
    """What is known of a unit's files before it is begun.

    Attributes
    ----------
    digests : dict
        Of its sources, as far as they are remembered.
    altered : dict
        Those of its outputs that are not what was published -> why.
    """

    digests: dict[str, Digest]
    altered: dict[Path, str]


class DaskTasks:
    """Submit tasks, collect what became of them.

    Parameters
    ----------
    client : dask.distributed.Client
        From `pipelines.cluster.open_client`.
    step : Step
        What to do.
    staging : Path
        Folder for unfinished files, in that of the outputs.
    known : callable
        Task -> what is known of its files.
    local : Capacity or None
        Of workers on this machine; None asks the scheduler for what its workers have.
    """

    def __init__(
        self,
        client: Client,
        step: Step,
        staging: Path,
        known: Callable[[Task], Known],
        local: Capacity | None,
    ) -> None:
        self.client, self.step, self.staging, self.known = client, step, staging, known
        self.token = token_of(staging.parent)
        self.address = client.scheduler.address if client.scheduler else ""
        self.local = local
        self.workers: dict[str, dict[str, Any]] = {}
        self.refreshed_at = -REFRESH_S
        self.changed_at = time.monotonic()
        self.is_silent = False
        self.futures: dict[Task, Future] = {}
        self.able: dict[Task, list[str]] = {}
        self.unsent: list[Task] = []
        self.ended: SimpleQueue[tuple[Task, Future, Row | Lost]] = SimpleQueue()

    def capacity(self) -> Capacity:
        """Return what the workers have for tasks, those of a moment ago."""
        if self.client.status != "running":
            if self.client.status != "connecting":
                self._end()
            return Capacity(0, 0, 0, "")
        if time.monotonic() - self.refreshed_at >= REFRESH_S or not (self.workers or self.local):
            self._refresh()
        if self.local is not None:
            return self._local(self.local)
        if self.is_silent:
            return Capacity(0, 0, 0, "")
        is_settled = time.monotonic() - self.changed_at >= SETTLED_S
        memory = [_memory(about) for about in self.workers.values()]
        n_threads = sum(about["nthreads"] for about in self.workers.values())
        largest = max(memory, default=0)
        n_gpus = int(sum(map(_gpus, self.workers.values()))) or n_threads
        return Capacity(
            sum(memory), largest, n_threads, "the largest worker has", is_settled, n_gpus
        )

    def _local(self, local: Capacity) -> Capacity:
        """End the run where workers of this machine are gone for good: Dask would wait for ever."""
        if self.workers or time.monotonic() - self.changed_at < GONE_S:
            return local
        told = (
            f"no worker is left, and none has come for {GONE_S:.0f} s: what is above says why, a "
            f"program that cannot be imported for example; {stopping.GO_ON}"
        )
        stopping.ask(stopping.Ending(told, ENVIRONMENT))
        return Capacity(0, 0, 0, "")

    def _refresh(self) -> None:
        """Ask the scheduler for its workers."""
        before = self.workers.keys()
        self.is_silent = False
        try:
            found: Any = self.client.sync(
                self._ask_scheduler, callback_timeout=ANSWER_S, asynchronous=False
            )
            self.workers = dict(found["workers"])
        except TimeoutError:
            self.is_silent = self.client.status == "running"
        except (OSError, RuntimeError):
            pass  # the client's status tells
        self.refreshed_at = time.monotonic()
        if self.workers.keys() != before:
            self.changed_at = self.refreshed_at

    async def _ask_scheduler(self) -> Any:
        assert self.client.scheduler is not None
        return await self.client.scheduler.identity(n_workers=-1)

    def absence(self) -> str:
        """Say that there are no workers, and what to do."""
        if self.client.status != "running" or self.is_silent:
            return f"the Dask scheduler at {self.address} does not answer: trying for a while"
        return (
            f"no workers yet at {self.address}: waiting for them; start some with "
            f"`dask worker {self.address} --nthreads 1`, or stop with Ctrl-C"
        )

    def start(self, task: Task) -> None:
        """Submit a task; a large one only to workers that have the memory."""
        able = [] if self.local else self._able(task.need or 0)
        # where workers say who has a GPU, theirs is asked for; else any may have one
        is_declared = task.unit.on_gpu and any(map(_gpus, self.workers.values()))
        try:
            future = self.client.submit(
                attempt, __version__, self.step, task.unit, self.known(task), self.staging,
                self.token, pure=False, workers=able or None,
                resources={GPU: 1} if is_declared else None,
            )  # fmt: skip
        except (OSError, TimeoutError, RuntimeError):  # the client was closed just now
            self.unsent.append(task)
            self._end()
            return
        self.futures[task] = future
        self.able[task] = able
        future.add_done_callback(partial(self._collect, task))

    def _able(self, need: int) -> list[str]:
        """Name the workers that have the memory; none where all of them have it."""
        able = [name for name, about in self.workers.items() if _memory(about) >= need]
        return [] if len(able) == len(self.workers) else able

    def _collect(self, task: Task, future: Future) -> None:
        """Fetch the row in Dask's thread for callbacks, so that no signal waits for it."""
        self.ended.put((task, future, _outcome(self.step, task, future)))

    def finished(self, timeout: float) -> Sequence[tuple[Task, Row | Lost]]:
        """Return what has ended; wait for the first as long as `timeout`."""
        found = []
        with suppress(Empty):
            found.append(self.ended.get(timeout=timeout))
            while True:
                found.append(self.ended.get_nowait())
        # what was withdrawn ends, too, and is nobody's any more
        ended = [
            (task, outcome)
            for task, future, outcome in found
            if self.futures.get(task) is future and self.futures.pop(task)
        ]
        return ended + self._bereaved()

    def _bereaved(self) -> list[tuple[Task, Row | Lost]]:
        """Give back the tasks whose workers are all gone: Dask would wait for just these for ever.

        A nanny starts a worker again under another address. What was with a worker that died may
        have killed it, which Dask, for which each is a new task, cannot count.
        """
        gone = [
            (task, future)
            for task, future in self.futures.items()
            if self.able[task] and self.workers.keys().isdisjoint(self.able[task])
        ]
        lost: list[tuple[Task, Row | Lost]] = []
        for task, future in gone:
            del self.futures[task]
            where = " ".join(self.able[task])
            with suppress(OSError, TimeoutError, RuntimeError):
                self.client.cancel([future])
            lost.append((task, Lost("KilledWorker", "died", is_suspect=True, where=where)))
        return lost

    def withdraw(self) -> Sequence[Task]:
        """Take back the tasks that no worker has begun; those of others stay."""
        running: set[str] = set()
        if self.client.status == "running":
            with suppress(OSError, TimeoutError, RuntimeError):
                found: Any = self.client.run(_executing, on_error="ignore")
                running.update(key for keys in found.values() for key in keys)
        idle = [
            task
            for task, future in self.futures.items()
            if future.key not in running and not future.done()
        ]
        dropped = [self.futures.pop(task) for task in idle]
        if self.client.status == "running":
            with suppress(OSError, TimeoutError, RuntimeError):
                self.client.cancel(dropped)
        return idle + self.unsent

    def _end(self) -> None:
        """Have the run end in order: there is nobody to ask for anything."""
        told = f"the Dask scheduler at {self.address} is gone: start it again; {stopping.GO_ON}"
        stopping.ask(stopping.Ending(told, ENVIRONMENT))


def attempt(
    version: str, step: Step, unit: Unit, known: Known, staging: Path, token: str = ""
) -> Row:
    """Bring one unit up to date where the program is of the same version as where it was asked for.

    Nothing is published once the run that has the token owns the folder no more.

    Raises
    ------
    RuntimeError
        When it is not: a worker that came late has not been looked at.
    """
    if version != __version__:
        raise RuntimeError(
            f"a worker has featpipe {__version__}, this is {version}: install the same version "
            "there"
        )
    with publishing_for(staging.parent, token):
        return update(step, unit, known.digests, staging, known.altered)


def _memory(about: dict[str, Any]) -> float:
    """Return what a worker has for one task: threads share, and some of it is the program."""
    limit = about["memory_limit"] or float("inf")
    return max(0.0, limit / about["nthreads"] - WORKER)


def _gpus(about: dict[str, Any]) -> float:
    """Return the GPUs that a worker was started with: `dask worker --resources GPU=1`."""
    return about.get("resources", {}).get(GPU, 0)


def _executing(dask_worker: Worker) -> list[str]:
    return [str(task.key) for task in dask_worker.state.executing]


def _outcome(step: Step, task: Task, future: Future) -> Row | Lost:
    """Return the row of a task, or what kept it from giving one."""
    unit = task.unit
    try:
        return future.result()
    except KilledWorker as error:
        n_tries, where = error.allowed_failures + 1, str(getattr(error.last_worker, "address", ""))
        return Lost(type(error).__name__, str(error), n_tries, is_suspect=True, where=where)
    except (CancelledError, OSError, TimeoutError) as error:
        reason = "the connection to its worker, or to the scheduler, was lost"
        return Lost(type(error).__name__, f"{reason} ({error})")
    except Exception as error:  # what Dask met around the task: a worker without the program
        return Row(step.name, unit.name, unit.keys, "failed", 0.0, type(error).__name__, str(error))
