"""Which outputs a study asks for, which of them are fresh, and which tables can be trained on."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import click

from featpipe.errors import ConfigError, ReadError, unknown
from pipelines import engine
from pipelines.digests import Digest, load_digests, save_digests
from pipelines.engine import Step, Unit
from pipelines.job import Job
from pipelines.steps import extract as extraction
from pipelines.study import TrainPlan
from pipelines.summary import failed_units


def with_floor(plan: TrainPlan) -> TrainPlan:
    """Add the majority class: it stands beside every result."""
    return replace(plan, methods=("majority", *(m for m in plan.methods if m != "majority")))


def table_families(job: Job) -> dict[str, str]:
    """Name the tables that methods train on: modality -> family.

    All methods of a study train on the same windows, so every modality that the study has counts,
    whether or not a method reads it.
    """
    train, features = job.study.train, job.study.features
    found = {}
    if any(source.eeg is not None for source in job.sources) and features.eeg:
        family = train.eeg or features.eeg[0]
        if family not in features.eeg:
            text = unknown("family", family, features.eeg)
            raise ConfigError(f"[train] eeg: {text} Name one of these, or add it to [features] eeg")
        found["eeg"] = family
    if features.eye and any(source.eye is not None for source in job.sources):
        found["eye"] = "eye"
    return found


def current_tables(job: Job) -> dict[str, list[Path]]:
    """Name the tables to train on: modality -> one file per recording that has all.

    Recordings with a table that is missing or stale are left out with a word on stderr.

    Raises
    ------
    ConfigError
        When a method needs a modality that the study has not, or no recording is left.
    """
    from pipelines.steps.train import needs

    families = table_families(job)
    for modality, method in needs(job.study.train).items():
        if modality not in families:
            raise ConfigError(
                f"{method} learns from {modality}, which no recording of {job.study.path} has: "
                "choose other methods with --method, see `featpipe list methods`"
            )
    remembered = load_digests(job.out)
    tables: dict[str, list[Path]] = {modality: [] for modality in families}
    for unit in extraction.units(job.study, job.sources, job.out):
        source = unit.payload.source
        paths = {m: extraction.table_path(job.out, name, source) for m, name in families.items()}
        defects = _defects(unit, paths.values(), remembered)
        if defects:
            click.echo(f"left out {unit.name}: {'; '.join(defects)}", err=True)
            continue
        for modality, path in paths.items():
            tables[modality].append(path)
    if not any(tables.values()):
        raise ConfigError(
            f"{job.out}: no recording has current tables of {' and '.join(families.values())} to "
            f"train on: run `featpipe extract {job.study.path}` with the same options first"
        )
    return tables


def _defects(unit: Unit, paths: Iterable[Path], remembered: Mapping[str, Digest]) -> list[str]:
    """Say why the tables of a recording cannot be trained on; nothing when they can."""
    try:
        reasons = engine.explain(extraction.EXTRACT, unit, remembered)[0]
    except ReadError as error:
        return [str(error)]
    stale = {path: reasons.get(path, "the study makes none of this recording") for path in paths}
    return [f"{path.parent.name}: {reason}" for path, reason in stale.items() if reason]


def explain(job: Job, *, only_tables: bool = False) -> list[dict[str, str]]:
    """Say of every output whether it is fresh, missing or stale, and why."""
    found = []
    remembered = load_digests(job.out)
    not_fresh: set[Path] = set()
    for step, unit in _all_units(job, only_tables):
        upstream = not_fresh & set(engine.sources_found(step, unit))
        try:
            reasons, digests = engine.explain(step, unit, remembered)
        except ReadError as error:
            found.append({"output": unit.name, "state": "waiting", "reason": str(error)})
            continue
        remembered |= digests
        for path, reason in reasons.items():
            if upstream and not reason:
                reason = f"{len(upstream)} of its tables are not fresh"
            if reason:
                not_fresh.add(path)
            state = "fresh" if not reason else "stale" if path.exists() else "missing"
            name = path.relative_to(job.out).as_posix()
            found.append({"output": name, "state": state, "reason": reason})
    if job.out.is_dir():
        save_digests(job.out, remembered)
    return found


def _all_units(job: Job, only_tables: bool) -> list[tuple[Step, Unit]]:
    units = extraction.units(job.study, job.sources, job.out)
    found: list[tuple[Step, Unit]] = [(extraction.EXTRACT, unit) for unit in units]
    if only_tables:
        return found
    try:
        from pipelines.steps.train import TRAIN
        from pipelines.steps.train import units as train_units
    except ImportError:  # the base install extracts and has no torch
        return found
    broken = failed_units(job.out, "extract")  # training goes on without them
    sources = [source for source in job.sources if source.name not in broken]
    tables = {
        modality: [extraction.table_path(job.out, name, source) for source in sources]
        for modality, name in table_families(job).items()
    }
    return found + [
        (TRAIN, unit) for unit in train_units(with_floor(job.study.train), tables, job.out)
    ]
