"""The jobs behind the verbs: extract, train, or whatever is stale."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from featpipe.errors import N_SAID, ConfigError, printable
from pipelines import running, stopping
from pipelines.before_work import require_recordings, require_scheduler, require_windows
from pipelines.channel_sets import differing_channels
from pipelines.dispatch import NO_ROOM
from pipelines.eye_units import mixed_units
from pipelines.job import Job, is_simulated, unit_of
from pipelines.journal import begin
from pipelines.leftovers import leftovers, made_otherwise, unasked
from pipelines.other_tables import require_own_tables
from pipelines.outdated import set_aside, set_aside_stale, set_aside_strangers
from pipelines.ownership import owned
from pipelines.places import with_urls
from pipelines.planning import require_training, trainable
from pipelines.progress import shown
from pipelines.published import asked_of
from pipelines.run_records import note_begin, write_all
from pipelines.running import RunSettings
from pipelines.steps import extract as extraction
from pipelines.steps.choose import is_released, table_step
from pipelines.steps.pupils import PUPILS, trace_path
from pipelines.summary import LAYOUT, write_failures, write_manifest, write_quality
from pipelines.training import train_on_tables
from pipelines.training_tables import require_subjects
from pipelines.work import Row, Unit

if TYPE_CHECKING:
    pass


def extract(job: Job, settings: RunSettings) -> list[Row]:
    """Bring the feature tables up to date."""
    step, _ = table_step(job.study)
    require_own_tables(job.out, step.name, job.study.study.name)
    require_windows(job)
    require_recordings(job)
    require_scheduler(settings.scheduler, job.out)
    with owned(job.out):
        return _extract(job, settings)


def _extract(job: Job, settings: RunSettings) -> list[Row]:
    step, before = table_step(job.study)
    missing = defect_rows(job)
    for text in (*job.notes, *(f"defect: {row.unit}: {row.reason}" for row in missing)):
        click.echo(printable(with_urls(text), N_SAID), err=True)
    pupils = _pupils(job, settings)
    units = extraction.units(job.study, job.sources, job.out)
    for text in made_otherwise(step, units, job.out):
        click.echo(with_urls(text), err=True)
    note_begin(step, units, job, is_whole=not job.left_out)
    rows = running.run_step(step, units, job.out, settings, before=before)
    is_whole = not job.left_out and len(rows) == len(units)
    moved: list[Path] = []
    if stopping.asked() != NO_ROOM:
        rows = set_aside(step, units, rows, job.out)
    if is_whole:
        moved += set_aside_strangers(_tables(job, units), job.out)
    if is_whole and any(row.state != "failed" for row in rows):
        moved += set_aside_stale(step, _units_of_dropped_families(job), job.out)
    for path in moved:
        click.echo(f"no longer what the study says, set aside: {shown(path)}", err=True)
    for text in (*leftovers(job), *mixed_units(job.out), *differing_channels(job)):
        for line in text.splitlines():
            click.echo(printable(with_urls(line), N_SAID), err=True)
    write_all(
        partial(write_quality, job.out),
        partial(write_failures, rows, step.name, job.out, is_whole=is_whole),
        partial(write_failures, missing, LAYOUT, job.out, is_whole=not job.left_out),
        partial(write_manifest, pupils + rows, job.out),
    )
    return rows + missing


def defect_rows(job: Job) -> list[Row]:
    """Make a failure of each defect that the folder of a public data set has."""
    return [
        Row(
            LAYOUT, unit_of(job, defect),
            {"subject": defect.subject, "session": defect.session}, "failed",
            error="ReadError", reason=with_urls(defect.what),
        )
        for defect in job.defects
    ]  # fmt: skip


def _pupils(job: Job, settings: RunSettings) -> list[Row]:
    """Bring the traces up to date that the response to light is learnt from, of all recordings."""
    is_learnt = job.study.eye.light == "remove" and not is_released(job.study)
    if not is_learnt or not job.study.features.eye:
        begin(job.out, asked_of(PUPILS.name, {}, job.out, whole=True))
        return []
    sources = [source for source in job.sources + job.left_out if source.eye is not None]
    units = extraction.units(job.study, sources, job.out)
    note_begin(PUPILS, units, job, is_whole=True)
    rows = running.run_step(PUPILS, units, job.out, settings, before=extraction.compile_kernels)
    set_aside_strangers([trace_path(job.out, source) for source in sources], job.out)
    is_whole = len(rows) == len(units)
    write_all(partial(write_failures, rows, PUPILS.name, job.out, is_whole=is_whole))
    return rows


def _tables(job: Job, units: Sequence[Unit]) -> list[Path]:
    """Every table that the study asks for, whether or not its recording can be read."""
    return [
        extraction.table_path(job.out, family, unit.payload.source)
        for unit in units
        for family in extraction.families(unit)
    ]


def _units_of_dropped_families(job: Job) -> list[Unit]:
    """Make units of the families that have tables from earlier runs and are not asked for now."""
    dropped = unasked(job)
    if not dropped:
        return []
    eeg = tuple(name for name in dropped if name != "eye")
    features = replace(job.study.features, eeg=eeg, eye="eye" in dropped)
    return extraction.units(replace(job.study, features=features), job.sources, job.out)


def run_all(job: Job, settings: RunSettings) -> list[Row]:
    """Extract, train and report: whatever is stale."""
    require_training(job, settings.scheduler)
    require_subjects(job)
    require_windows(job)
    require_recordings(job)
    require_scheduler(settings.scheduler, job.out)
    with owned(job.out):
        return _run_all(job, settings)


def _run_all(job: Job, settings: RunSettings) -> list[Row]:
    from pipelines.report import write_report
    from pipelines.steps.train import units

    rows = extract(job, settings)
    if stopping.asked():
        stopping.leave_out("train", len(units(trainable(job), {}, job.out)))
        return rows
    if settings.fail_fast and any(row.state == "failed" for row in rows):
        return rows
    try:
        rows += train_on_tables(job, settings)
    except ConfigError as error:
        if not any(row.state == "failed" for row in rows):
            raise
        click.echo(f"nothing was trained: {error}", err=True)  # the failures say why
    if any(job.out.glob("features/*/*.parquet")):
        write_report(job.out)
    return rows


def scores_of(job: Job, as_json: bool) -> Any:
    """Summarise the scores, as records or as the table people look at; None when there are none."""
    from models.scores import summary
    from pipelines.results import read_scores, summary_text

    if not (job.out / "scores.parquet").exists():
        return None
    frame = read_scores(job.out)
    if as_json:
        return json.loads(summary(frame).to_json(orient="records") or "[]")
    return summary_text(frame, is_simulated(job.study), partial(_below, job.out))


def _below(out: Path, setting: Any) -> list[str]:
    """Say where the games of a table stand, and of how many windows it is."""
    from pipelines.games import counts, games, lines

    stand, warned = lines(games(out, setting.values))
    return [*stand, *(f"warning: {text}" for text in warned), *counts(out, setting.values)]
