"""Which task may start: as many as there are hands, and only while their memory fits.

Numbers only; `pipelines.memory` and the cluster tell how much there is, `pipelines.needs` how much
a task takes.
"""

from collections.abc import Collection
from enum import Enum
from typing import NamedTuple

WORKER = 350 * 10**6
"""What a worker takes once it has imported what extraction needs, bytes."""

SHARE = 0.8
"""Of the free memory of this machine that all tasks together are given."""

AHEAD = 2
"""Tasks in flight per thread: one runs, the next one is there when it ends. More would only be
blamed where a worker dies."""


class Capacity(NamedTuple):
    """What the workers have for tasks.

    Attributes
    ----------
    memory : float
        Bytes that the tasks in flight may need together.
    largest : float
        Bytes that a single one may need, with nothing beside it.
    n_threads : int
        Tasks that can run at the same time.
    has : str
        Whose memory `largest` is, for messages: "this machine has".
    is_settled : bool
        Whether these are all workers that there will be; else a larger one may still come.
    n_gpus : int
        Tasks on a GPU that can run at the same time.
    """

    memory: float
    largest: float
    n_threads: int
    has: str
    is_settled: bool = True
    n_gpus: int = 1


class Verdict(Enum):
    """What becomes of the next task."""

    NOW = "now"
    LATER = "later"
    NOT_HERE = "not here"  # unless a larger worker comes
    NEVER = "never"


def local_capacity(free: int, n_workers: int) -> Capacity:
    """Share the memory of this machine among worker processes.

    Parameters
    ----------
    free : int
        Bytes that are free before the workers are started.
    n_workers : int
        Worker processes of one thread.
    """
    left = free - n_workers * WORKER
    return Capacity(max(0, SHARE * left), max(0, left), n_workers, "this machine has")


def affordable_workers(free: int, n_workers: int) -> int:
    """Return how many workers fit into the memory without any task, one at least."""
    return max(1, min(n_workers, int(SHARE * free) // WORKER))


def admit(need: int, in_flight: Collection[int], capacity: Capacity) -> Verdict:
    """Decide about the next task.

    Parameters
    ----------
    need : int
        Bytes that it takes above what imports take.
    in_flight : collection of int
        The same of each task that is running or waits at a worker.
    capacity : Capacity
        Of the workers as they are now.
    """
    if not capacity.n_threads:
        return Verdict.LATER
    if need > capacity.largest:
        return Verdict.NEVER if capacity.is_settled else Verdict.NOT_HERE
    if not in_flight:
        return Verdict.NOW  # also what is more than its share, if only nothing runs beside it
    fits = sum(in_flight) + need <= capacity.memory
    has_hand = len(in_flight) < AHEAD * capacity.n_threads
    return Verdict.NOW if fits and has_hand else Verdict.LATER


def refusal(need: int, capacity: Capacity) -> str:
    """Say why a task cannot be done on these workers, and what to do."""
    largest = size_of(capacity.largest)
    return (
        f"needs about {size_of(need)} of memory, {capacity.has} {largest} for it: "
        "use a machine or workers with more, cut the recording into parts, or leave it out"
    )


def size_of(n_bytes: float) -> str:
    """Write a number of bytes for people."""
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.0f} MB"
