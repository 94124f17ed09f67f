"""Run the units of a step on Dask, with progress; finish with counts and the list of failures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.digests import Digest, load_digests, save_digests, select
from pipelines.engine import Row, Step, Unit, outputs_of, plan, sources_found, update
from pipelines.journal import note
from pipelines.progress import Progress
from pipelines.published import altered
from pipelines.task_progress import hear

if TYPE_CHECKING:  # Dask takes a quarter of a second to import, and a warm rerun does not need it
    from dask.distributed import Client, Future


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
        One per unit, in the order of `units`.
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
    if work:
        try:
            for row in _run(step, work, out, settings, remembered, before, spoilt):
                note(out, row.files)
                rows[row.unit] = row
        finally:
            fresh = {name: d for row in rows.values() for name, d in row.digests.items()}
            save_digests(out, {**remembered, **fresh})
    return [rows[unit.name] for unit in units if unit.name in rows]


def _run(
    step: Step,
    work: Sequence[Unit],
    out: Path,
    settings: RunSettings,
    remembered: Mapping[str, Digest],
    before: Callable[[], None] | None,
    spoilt: Mapping[Path, str],
) -> Iterator[Row]:
    from pipelines.cluster import cpu_count, open_client

    workers = min(settings.workers or cpu_count(), len(work))
    staging = out / ".staging"
    staging.mkdir(parents=True, exist_ok=True)
    with open_client(workers, settings.scheduler, staging) as client:
        if before is not None:
            _compile(before, step, client)

        def submit(unit: Unit) -> "Future":
            known = select(sources_found(step, unit), remembered)
            mine = {path: spoilt[path] for path in outputs_of(step, unit) if path in spoilt}
            return client.submit(update, step, unit, known, staging, mine, pure=False)

        # its clock starts behind the compiling, which says nothing of the time left
        with Progress(step.name, len(work), workers) as progress:
            hear(client, out, progress.hear)
            for row in _results(step, work, submit):
                progress.advance(row)
                yield row
                if row.state == "failed" and settings.fail_fast:
                    return


def _compile(before: Callable[[], None], step: Step, client: "Client") -> None:
    """Compile here, while workers import what they need, and hand them the machine code."""
    from pipelines.cluster import import_early, share_kernels

    import_early(client, step.make.__module__)
    import_early(client, "scipy.signal")  # which filters import where they are designed
    before()
    share_kernels(client)


def _results(step: Step, work: Sequence[Unit], submit: Callable[[Unit], "Future"]) -> Iterator[Row]:
    """Yield rows as tasks finish; who is suspected of killing workers is tried again, alone.

    Dask blames every task that a dying worker had been given, also those that only waited there.
    """
    from dask.distributed import KilledWorker, as_completed

    futures = {submit(unit): unit for unit in work}
    suspects: list[tuple[Unit, Row]] = []
    for future in as_completed(futures):
        row = _result(step, futures[future], future)
        if row.error == KilledWorker.__name__:
            suspects.append((futures[future], row))
        else:
            yield row
    for unit, row in suspects:
        yield row if len(suspects) == 1 else _result(step, unit, submit(unit))


def _result(step: Step, unit: Unit, future: "Future") -> Row:
    """Return the row of a task, also when its workers died over and over."""
    from dask.distributed import KilledWorker

    error = future.exception()
    if error is None:
        return future.result()
    reason = str(error)
    if isinstance(error, KilledWorker):
        reason = (
            "every worker that tried died, probably out of memory or in a damaged file; try "
            "--workers 1, or leave the recording out"
        )
    return Row(step.name, unit.name, unit.keys, "failed", 0.0, type(error).__name__, reason)
