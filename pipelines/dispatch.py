"""Hand the units of a step to workers, a few at a time; try again what may go well the next time.

Knows no cluster: `pipelines.dask_tasks` is one, and tests have another.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from featpipe.errors import few
from pipelines import admission, stopping
from pipelines.admission import Capacity, Verdict, size_of
from pipelines.exits import ENVIRONMENT
from pipelines.progress import tell
from pipelines.work import Row, Unit

TRIES = 3
"""How often a unit is tried whose workers die or whose disk fails; bad data are tried once."""

PAUSE_S = 1.0
"""How long a unit waits whose disk failed, times the number of failures."""

POLL_S = 0.2
"""How often signals and new workers are looked for."""

PATIENCE_S = 3.0
"""After which somebody is told that there are no workers."""

REMIND_S = 60.0
"""After which it is told again."""

JOINING_S = 2.0
"""How long a unit waits that is larger than all workers while others may still come."""

NO_ROOM = stopping.Ending(
    f"there is no room for outputs, so nothing else was begun; {stopping.GO_ON}", ENVIRONMENT
)
"""Ends a run whose other outputs would fare no better than the first that found none."""


@dataclass(eq=False)
class Task:
    """A unit on its way.

    Attributes
    ----------
    unit : Unit
    need : int or None
        Bytes of memory; None before its header was looked at.
    n_tries : int
        How often it failed in a way that may pass.
    is_alone : bool
        Whether it is tried with nothing beside it, because it is suspected of killing workers.
    ready_at : float
        Not to be tried before, on the monotonic clock.
    """

    unit: Unit
    need: int | None = None
    n_tries: int = 0
    is_alone: bool = False
    ready_at: float = 0.0


class Lost(NamedTuple):
    """A task that gave no result, through no error of its own code.

    Attributes
    ----------
    error : str
        What it is called in tables of failures.
    reason : str
        What happened.
    n_tries : int
        How often it was begun.
    is_suspect : bool
        Whether the task itself may have been the cause.
    where : str
        The worker that died, if one did.
    """

    error: str
    reason: str
    n_tries: int = 1
    is_suspect: bool = False
    where: str = ""


class Workers(Protocol):
    """What `dispatch` asks of a cluster."""

    def capacity(self) -> Capacity:
        """Return what the workers have for tasks, as far as is known now."""
        ...

    def absence(self) -> str:
        """Say that there are no workers, and what to do."""
        ...

    def start(self, task: Task) -> None:
        """Have a worker do a task."""
        ...

    def finished(self, timeout: float) -> Sequence[tuple[Task, Row | Lost]]:
        """Return what has ended; wait for the first as long as `timeout`."""
        ...

    def withdraw(self) -> Sequence[Task]:
        """Take back the tasks that no worker has begun, and return them."""
        ...


def dispatch(
    step: str,
    units: Iterable[Unit],
    workers: Workers,
    need_of: Callable[[Unit], int],
    beat: Callable[[int], None] = lambda n_at_work: None,
) -> Iterator[Row]:
    """Do all units; end in order where somebody asks for it.

    Parameters
    ----------
    step : str
        Name of the step, for rows.
    units : iterable of Unit
        What to do, in this order.
    workers : Workers
        Who does it.
    need_of : callable
        Unit -> bytes of memory. Asked when it is a unit's turn.
    beat : callable, optional
        Takes the number of units that are worked on; called all the time.

    Yields
    ------
    Row
        One per unit, as they end; none for those that were not begun because of an end.
    """
    queue = _Queue(step, units, need_of)
    absence = _Absence()
    is_ending = False
    while queue.in_flight or not (is_ending or queue.is_empty()):
        if stopping.asked() and not is_ending:
            is_ending = True
            queue.in_flight.difference_update(workers.withdraw())
            _tell_end(queue.in_flight, step)
        capacity = workers.capacity()
        if not is_ending:
            yield from queue.start(workers, capacity)
        absence.look(workers, is_there=bool(capacity.n_threads or is_ending))
        beat(min(len(queue.in_flight), capacity.n_threads or len(queue.in_flight)))
        for task, outcome in workers.finished(POLL_S):
            queue.in_flight.discard(task)
            row = queue.settle(task, outcome)
            if row is not None:
                yield row
                if row.meets_all:
                    stopping.ask(NO_ROOM)
        queue.tell_deaths()


class _Absence:
    """Says that there are no workers: after a while, when the reason changes, now and then."""

    def __init__(self) -> None:
        self.since = self.told_at = time.monotonic()
        self.told = ""

    def look(self, workers: Workers, *, is_there: bool) -> None:
        now = time.monotonic()
        if is_there:
            self.since, self.told = now, ""
        elif now - self.since > PATIENCE_S:
            text = workers.absence()
            if text != self.told or now - self.told_at >= REMIND_S:
                tell(text)
                self.told, self.told_at = text, now


class _Queue:
    """Units that wait, units in flight, and those that will be tried with nothing beside them."""

    def __init__(self, step: str, units: Iterable[Unit], need_of: Callable[[Unit], int]) -> None:
        self.step, self.need_of = step, need_of
        self.waiting = deque(Task(unit) for unit in units)
        self.suspects: deque[Task] = deque()
        self.in_flight: set[Task] = set()
        self.told_large: set[str] = set()
        self.bereaved: dict[str, list[str]] = {}  # worker that died -> units that it leaves
        self.dead: set[str] = set()

    def is_empty(self) -> bool:
        return not (self.waiting or self.suspects or self.in_flight)

    def start(self, workers: Workers, capacity: Capacity) -> Iterator[Row]:
        """Start what may start now; yield rows of what never can."""
        while (task := self._next(capacity.n_gpus)) is not None:
            if task.need is None:
                task.need = self.need_of(task.unit)
            verdict = admission.admit(task.need, [t.need or 0 for t in self.in_flight], capacity)
            if verdict is Verdict.LATER:
                return
            if verdict is Verdict.NOT_HERE:
                self._tell_large(task, capacity)
                if task.is_alone:
                    return
                task.ready_at = time.monotonic() + JOINING_S  # smaller ones go first
                continue
            self._take(task)
            if verdict is Verdict.NEVER:
                reason = admission.refusal(task.need, capacity)
                yield self._failed(task.unit, "MemoryError", reason)
            else:
                self.in_flight.add(task)
                workers.start(task)

    def _next(self, n_gpus: int) -> Task | None:
        now = time.monotonic()
        is_gpu_free = sum(task.unit.on_gpu for task in self.in_flight) < n_gpus
        for task in self.waiting:
            if task.ready_at <= now and (is_gpu_free or not task.unit.on_gpu):
                return task
        is_quiet = not (self.waiting or self.in_flight)
        return self.suspects[0] if is_quiet and self.suspects else None

    def _tell_large(self, task: Task, capacity: Capacity) -> None:
        name = task.unit.name
        if name not in self.told_large:
            self.told_large.add(name)
            tell(
                f"{name} needs about {size_of(task.need or 0)} of memory, {capacity.has} "
                f"{size_of(capacity.largest)} for it: waiting whether a larger one joins"
            )

    def tell_deaths(self) -> None:
        """Say once of each worker that died what it leaves."""
        for worker, names in self.bereaved.items():
            if worker not in self.dead:
                self.dead.update(filter(None, [worker]))
                are = "is" if len(names) == 1 else "are"
                tell(f"a worker died; {few(names)} {are} tried again")
        self.bereaved.clear()

    def _take(self, task: Task) -> None:
        (self.suspects if task.is_alone else self.waiting).remove(task)

    def settle(self, task: Task, outcome: Row | Lost) -> Row | None:
        """Return the row of a task that has ended, None where it is tried again."""
        if isinstance(outcome, Row) and not outcome.is_passing:
            return outcome
        task.n_tries += 1 if isinstance(outcome, Row) else outcome.n_tries
        if isinstance(outcome, Lost) and outcome.is_suspect:
            return self._settle_death(task, outcome)
        if task.n_tries < TRIES:
            task.ready_at = time.monotonic() + PAUSE_S * task.n_tries
            (self.suspects if task.is_alone else self.waiting).append(task)
            return None
        told = f"{outcome.reason} (tried {task.n_tries} times)"
        if isinstance(outcome, Row):
            return replace(outcome, reason=told)
        return self._failed(task.unit, outcome.error, told)

    def _settle_death(self, task: Task, lost: Lost) -> Row | None:
        """Try those alone whose workers died: a dying one is blamed on all it had been given."""
        is_known = task.is_alone or self.is_empty()
        if is_known and task.n_tries >= TRIES:
            return self._failed(task.unit, lost.error, _told_death(task))
        self.bereaved.setdefault(lost.where, []).append(task.unit.name)
        task.is_alone = True
        self.suspects.append(task)
        return None

    def _failed(self, unit: Unit, error: str, reason: str) -> Row:
        return Row(self.step, unit.name, unit.keys, "failed", 0.0, error, reason)


def _told_death(task: Task) -> str:
    only = " ".join(f"--only {key}={value}" for key, value in task.unit.keys.items())
    return (
        f"each of {task.n_tries} workers that tried it died; {size_of(task.need or 0)} of memory "
        "was asked for. It needs more than that, or its file is damaged so that its reader ends "
        f"the process: try it by itself with --workers 1 {only}, or leave the recording out"
    )


def _tell_end(in_flight: Iterable[Task], step: str) -> None:
    names = sorted(task.unit.name for task in in_flight)
    costs = " and costs at most 30 s of a training" if step == "train" else ""
    if names:
        tell(
            f"stopping: {few(names)} will be finished first, nothing else is begun; Ctrl-C again "
            f"stops at once{costs}"
        )
