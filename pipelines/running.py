"""Run the units of a step on Dask, with progress; finish with counts and the list of failures."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dask.distributed import KilledWorker, as_completed

from featpipe.errors import ReadError
from pipelines.cluster import cpu_count, open_client
from pipelines.digests import Digest, load_digests, save_digests, select
from pipelines.engine import Row, Step, Unit, plan, update
from pipelines.progress import Progress

logger = logging.getLogger(__name__)

RETRIES = 2
"""How often a task is tried again when its worker is lost or a disk stutters."""


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
    step: Step, units: Sequence[Unit], out: Path, settings: RunSettings, *,
    before: Callable[[], None] | None = None,
) -> list[Row]:  # fmt: skip
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
        Called once, and only if there is work: compile kernels before workers need them.

    Returns
    -------
    list of Row
        One per unit, in the order of `units`.
    """
    remembered = load_digests(out)
    rows: dict[str, Row] = {}
    work = []
    for unit in units:
        stale = plan(step, unit, remembered)
        if stale is not None and not any(stale.values()):
            rows[unit.name] = Row(step.name, unit.name, unit.keys, "kept")
        else:
            work.append(unit)
    if work:
        if before is not None:
            before()
        try:
            for row in _run(step, work, out, settings, remembered):
                rows[row.unit] = row
        finally:
            fresh = {name: d for row in rows.values() for name, d in row.digests.items()}
            save_digests(out, {**remembered, **fresh})
    return [rows[unit.name] for unit in units if unit.name in rows]


def _run(
    step: Step, work: Sequence[Unit], out: Path, settings: RunSettings,
    remembered: Mapping[str, Digest],
) -> list[Row]:  # fmt: skip
    workers = min(settings.workers or cpu_count(), len(work))
    staging = out / ".staging"
    staging.mkdir(parents=True, exist_ok=True)
    rows = []
    with (
        Progress(step.name, len(work)) as progress,
        open_client(workers, settings.scheduler, staging) as client,
    ):
        futures = {
            client.submit(
                update, step, unit, select(_sources(step, unit), remembered), staging,
                pure=False, retries=RETRIES, key=f"{step.name}-{unit.name}",
            ): unit
            for unit in work
        }  # fmt: skip
        for future in as_completed(futures):
            row = _result(step, futures[future], future)
            rows.append(row)
            progress.advance(row)
            if row.state == "failed" and settings.fail_fast:
                client.cancel(list(futures))
                break
    return rows


def _sources(step: Step, unit: Unit) -> Sequence[Path]:
    """Files of a unit as far as they can be listed; the task reports what is missing."""
    try:
        return step.sources(unit)
    except (ReadError, OSError):
        return ()


def _result(step: Step, unit: Unit, future: Any) -> Row:
    """Row of a finished task, also when its worker died over and over."""
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
