"""Feature tables -> predictions, searches of options, networks to take along."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from featpipe.errors import ConfigError, few
from pipelines import running
from pipelines.channel_sets import require_same_channels
from pipelines.job import Job
from pipelines.outdated import set_aside_stale
from pipelines.ownership import owned
from pipelines.planning import require_training, trainable
from pipelines.progress import shown
from pipelines.run_records import note_begin, write_all
from pipelines.running import RunSettings
from pipelines.study_sections import TrainPlan
from pipelines.summary import write_failures, write_manifest
from pipelines.training_tables import current_tables, require_subjects
from pipelines.unscored import unscored
from pipelines.work import Row, Step, Unit

if TYPE_CHECKING:
    from pipelines.steps.tune import Search


def train(job: Job, settings: RunSettings) -> list[Row]:
    """Train every method and seed on the tables there are; write the scores."""
    require_training(job, settings.scheduler)
    require_subjects(job)
    return train_on_tables(job, settings)


def _tables_to_train_on(job: Job) -> dict[str, list[Path]]:
    tables = current_tables(job)
    require_same_channels(tables.get("eeg", ()))
    require_subjects(job, tables)
    return tables


def train_on_tables(
    job: Job, settings: RunSettings, tables: dict[str, list[Path]] | None = None
) -> list[Row]:
    """Train as the study says; `tables`, where they are known, are not looked for again."""
    from pipelines.counting import told_of
    from pipelines.model_cards import write_cards
    from pipelines.scoring import write_scores
    from pipelines.steps.ahead import in_waves, roles_of
    from pipelines.steps.train import TRAIN, units

    tables = tables or _tables_to_train_on(job)
    asked = units(trainable(job), tables, job.out)
    waves = in_waves(asked, units)
    made = [unit for wave in waves for unit in wave]
    with owned(job.out):
        note_begin(TRAIN, made, job, is_whole=True)
        rows = _run_together(waves, job, settings)
        for path in set_aside_stale(TRAIN, _with_models(made), job.out, "models"):
            click.echo(f"no longer what the study says, set aside: {shown(path)}", err=True)
        write_all(
            partial(write_scores, job.out, tables, roles_of(asked, units)),
            partial(write_cards, job.out),
            partial(write_failures, rows, "train", job.out, is_whole=False),
            partial(write_manifest, rows, job.out),
        )
    made_now = [row for row in rows if row.state == "made"]
    for text in dict.fromkeys(text for row in made_now for text in told_of(job.out, row.unit)):
        click.echo(text, err=True)
    for text in unscored(job.out):
        click.echo(text, err=True)
    return rows


def _run_waves(
    step: Step, waves: Sequence[Sequence[Unit]], job: Job, settings: RunSettings
) -> list[Row]:
    """Train what others start from before them."""
    rows: list[Row] = []
    for wave in waves:
        if settings.fail_fast and any(row.state == "failed" for row in rows):
            break
        rows += running.run_step(step, wave, job.out, settings)
    return rows


def _run_together(waves: Sequence[Sequence[Unit]], job: Job, settings: RunSettings) -> list[Row]:
    """Train seeds in one task each where they share a device; rows are of each seed."""
    from pipelines.steps.together import TOGETHER, apart, together

    tasks = [together(wave) for wave in waves]
    by_name = {task.name: task for of_wave in tasks for task in of_wave}
    rows = _run_waves(TOGETHER, tasks, job, settings)
    return [of for row in rows for of in apart(row, by_name[row.unit])]


def _with_models(made: Sequence[Unit]) -> list[Unit]:
    """Return trainings that keep no models as they would be if they did."""
    return [
        unit._replace(payload=of._replace(plan=replace(of.plan, models="folds")))
        for unit in made
        if (of := unit.payload).plan.models == "none"
    ]


def fit(job: Job, settings: RunSettings) -> list[Row]:
    """Train every network on everybody, with the first seed; write the model folders.

    Raises
    ------
    ConfigError
        When the study names no network, or there is nothing to train on.
    """
    from pipelines.model_cards import write_cards
    from pipelines.steps.ahead import in_waves
    from pipelines.steps.fit import FIT, units

    require_training(job, settings.scheduler)
    tables = current_tables(job)
    require_same_channels(tables.get("eeg", ()))
    waves = in_waves(units(trainable(job), tables, job.out), units)
    made = [unit for wave in waves for unit in wave]
    if not made:
        raise ConfigError(
            f"[train] methods = {list(job.study.train.methods)}: none of them is a network, and "
            "model folders hold networks: choose one with --method, see `featpipe list methods`"
        )
    left = [
        name
        for name in job.study.train.methods
        if name not in {unit.keys["method"] for unit in made}
    ]
    if left:
        click.echo(f"left out {few(left)}: no network, and model folders hold networks", err=True)
    with owned(job.out):
        note_begin(FIT, made, job, is_whole=True)
        rows = _run_waves(FIT, waves, job, settings)
        write_all(
            partial(write_cards, job.out),
            partial(write_failures, rows, FIT.name, job.out, is_whole=False),
            partial(write_manifest, rows, job.out),
        )
    return rows


def tune(job: Job, settings: RunSettings, search: "Search") -> list[Row]:
    """Search the options of every method, and train it with its own and the baselines beside it.

    Parameters
    ----------
    job : Job
        The study; its methods are searched.
    settings : RunSettings
        How to compute.
    search : Search
        How much is tried.

    Returns
    -------
    list of Row
        Of candidates, tunings and trainings.
    """
    from pipelines.steps.tune import JUDGE, TUNE, candidate_units, units

    require_training(job, settings.scheduler)
    require_subjects(job)
    plan = _searched(job)
    units(plan, {}, job.out, search)  # refuses what cannot be searched before tables are looked at
    tables = _tables_to_train_on(job)
    tunings = units(plan, tables, job.out, search)
    judged = [of for unit in tunings for of in candidate_units(unit)]
    rows: list[Row] = []
    with owned(job.out):
        for step, made in ((JUDGE, judged), (TUNE, tunings)):
            if settings.fail_fast and any(row.state == "failed" for row in rows):
                break
            note_begin(step, made, job, is_whole=True)
            found = running.run_step(step, made, job.out, settings)
            write_all(partial(write_failures, found, step.name, job.out, is_whole=False))
            rows += found
        else:
            return rows + train_on_tables(job, settings, tables)
        write_all(partial(write_manifest, rows, job.out))
    return rows


def _searched(job: Job) -> TrainPlan:
    """Return the plan with those of the study's methods that have something to search."""
    from models.registry import BASELINES, get_method

    asked = tuple(name for name in trainable(job).methods if name in job.study.train.methods)
    able = tuple(name for name in asked if get_method(name).search)
    if left := [name for name in asked if name not in (*able, *BASELINES)]:
        click.echo(f"left out {few(left)}: nothing of it is searched", err=True)
    return replace(job.study.train, methods=able or asked)
