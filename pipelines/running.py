"""Run the units of a step on Dask, with progress; finish with counts and the list of failures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from featpipe.errors import OutputError
from pipelines import stopping
from pipelines.admission import affordable_workers, local_capacity, size_of
from pipelines.digests import Digest, load_digests, save_digests, select
from pipelines.dispatch import NO_ROOM, Task, dispatch
from pipelines.engine import outputs_of, plan, sources_found
from pipelines.journal import note
from pipelines.needs import memory_of
from pipelines.notes import Telling
from pipelines.passing import meets_all
from pipelines.places import with_urls
from pipelines.progress import Progress, tell
from pipelines.published import altered
from pipelines.scratch import scratch
from pipelines.task_progress import hear
from pipelines.work import Row, Step, Unit
from pipelines.work_names import units_of

if TYPE_CHECKING:  # Dask takes a quarter of a second to import, and a warm rerun does not need it
    from dask.distributed import Client


@dataclass(frozen=True)
class RunSettings:
    """How to run, as the command line says it.

    Attributes
    ----------
    workers : int
        Worker processes; 0 takes one per CPU, at most one per unit.
    scheduler : str or None
        Address of a Dask scheduler that is already there.
    fail_fast : bool
        Stop at the first failure.
    """

    workers: int = 0
    scheduler: str | None = None
    fail_fast: bool = False


def run_step(
    step: Step,
    units: Sequence[Unit],
    out: Path,
    settings: RunSettings,
    *,
    before: Callable[[], None] | None = None,
) -> list[Row]:
    """Bring every unit of a step up to date.

    Parameters
    ----------
    step : Step
        What to do.
    units : sequence of Unit
        With what.
    out : Path
        Output root; staging and remembered digests live there.
    settings : RunSettings
        Where and how.
    before : callable, optional
        Compiles the kernels of the step. Called once, and only if there is work, while workers
        start; they are given what it compiled.

    Returns
    -------
    list of Row
        One per unit, in the order of `units`; fewer after a first failure with `fail_fast`, and
        where somebody asked for an end (`pipelines.stopping`).
    """
    remembered, spoilt = load_digests(out), altered(out)
    rows: dict[str, Row] = {}
    work = []
    for unit in units:
        stale = plan(step, unit, remembered, spoilt)
        if stale is not None and not any(stale.values()):
            rows[unit.name] = Row(step.name, unit.name, unit.keys, "kept")
        else:
            work.append(unit)
    if work and not stopping.asked():
        try:
            for row in _run(step, work, out, settings, remembered, before, spoilt, len(rows)):
                _note(out, row)
                rows[row.unit] = replace(row, reason=with_urls(row.reason))
        finally:
            fresh = {name: d for row in rows.values() for name, d in row.digests.items()}
            with suppress(OutputError):  # what cannot be remembered only costs time
                save_digests(out, {**remembered, **fresh})
    if len(rows) < len(units):
        stopping.leave_out(step.name, len(units) - len(rows))
    return [rows[unit.name] for unit in units if unit.name in rows]


def _note(out: Path, row: Row) -> None:
    """Note what was published; where there is no room for that either the run ends in order."""
    try:
        note(out, row.files)
    except OutputError as error:
        if not meets_all(error):
            raise
        stopping.ask(NO_ROOM)


def _run(
    step: Step,
    work: Sequence[Unit],
    out: Path,
    settings: RunSettings,
    remembered: Mapping[str, Digest],
    before: Callable[[], None] | None,
    spoilt: Mapping[Path, str],
    n_fresh: int,
) -> Iterator[Row]:
    from pipelines.cluster import cpu_count, open_client
    from pipelines.dask_tasks import DaskTasks, Known
    from pipelines.memory import free_memory

    free = free_memory()
    wanted = min(settings.workers or cpu_count(), len(work))
    workers = wanted if settings.scheduler else affordable_workers(free, wanted)
    hands = settings.scheduler or f"{workers} worker{'s' * (workers != 1)}"
    n_units = len(work) + n_fresh
    tell(f"{step.name}: {n_units} {units_of(step.name, n_units)}, {hands}, {n_fresh} fresh")
    if workers < wanted:
        tell(f"{workers} workers, not {wanted}: more do not fit into {size_of(free)} of memory")
    local = None if settings.scheduler else local_capacity(free, workers)
    with scratch() as folder, open_client(workers, settings.scheduler, folder, free) as client:
        if before is not None:
            _compile(before, step, client)

        def known(task: Task) -> Known:
            mine = {path: spoilt[path] for path in outputs_of(step, task.unit) if path in spoilt}
            return Known(select(sources_found(step, task.unit), remembered), mine)

        tasks = DaskTasks(client, step, out / ".staging", known, local)
        # its clock starts behind the compiling, which says nothing of the time left
        with (
            Progress(step.name, len(work), workers) as progress,
            _telling() as telling,
            stopping.in_order(),
        ):
            hear(client, out, progress.hear)
            need_of = partial(memory_of, step.name)
            for row in dispatch(step.name, work, tasks, need_of, progress.beat):
                progress.advance(row)
                for text in telling.hear(row.unit, row.notes):
                    tell(text)
                yield row
                if row.state == "failed" and settings.fail_fast:
                    return


@contextmanager
def _telling() -> Iterator[Telling]:
    """Say at the end, however it comes, what there was more of."""
    telling = Telling()
    try:
        yield telling
    finally:
        for text in telling.end():
            tell(text)


def _compile(before: Callable[[], None], step: Step, client: "Client") -> None:
    """Compile here, while workers import what they need, and hand them the machine code."""
    from pipelines.cluster import import_early, share_kernels

    import_early(client, step.make.__module__)
    import_early(client, "scipy.signal")  # which filters import where they are designed
    before()
    share_kernels(client)
