"""Which outputs a study asks for, and which of them are fresh."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from featpipe.errors import ConfigError, DeviceError, OutputError, ReadError, few
from pipelines import engine
from pipelines.digests import load_digests, save_digests
from pipelines.foresight import foresee
from pipelines.job import Job, unit_of
from pipelines.leftovers import unasked
from pipelines.published import ALTERED, altered, is_altered, recorded
from pipelines.steps import extract as extraction
from pipelines.steps.choose import table_step
from pipelines.study_sections import TrainPlan
from pipelines.summary import Failure, failed_units
from pipelines.training_tables import expected_tables, table_families, taking_part
from pipelines.unscored import unscored
from pipelines.work import Step, Unit

DERIVED_TABLES = ("qc/recordings.parquet", "failures.parquet", "scores.parquet")
"""What runs write from their tables: `extract` the first two, `train` the last."""


def trainable(job: Job) -> TrainPlan:
    """Return the plan with the methods that the study has the modalities for.

    What can be had without any feature is among them: it stands beside every result.
    """
    from models.registry import BASELINES

    lacking = _lacking(job)
    possible = [m for m in job.study.train.methods if m not in (*BASELINES, *lacking)]
    return replace(job.study.train, methods=(*BASELINES, *possible))


def require_training(job: Job, scheduler: str | None = None) -> None:
    """Refuse a plan of training that cannot be carried out, before any table is made for it.

    Methods that need a modality which no recording has are left out with a word on stderr.

    Parameters
    ----------
    job : Job
        The study and its output folder.
    scheduler : str or None
        Where somebody else's workers train, which may have another device than this machine.

    Raises
    ------
    ConfigError
        When a method, option, protocol, policy or subject does not exist, or no method is left.
    DeviceError
        When networks are to be trained on a device that this machine lacks.
    """
    from pipelines.steps.train import units

    units(job.study.train, {}, job.out)
    taking_part(job)
    _leave_out_lacking(job)
    if scheduler is None and any(unit.on_gpu for unit in units(trainable(job), {}, job.out)):
        _require_device(job.study.train.device)


def _leave_out_lacking(job: Job) -> None:
    """Tell which methods cannot be trained for want of a modality; refuse where none is left."""
    from models.registry import BASELINES

    lacking = _lacking(job)
    if not lacking:
        return
    method, modality = next(iter(lacking.items()))
    if not set(job.study.train.methods) - {*lacking, *BASELINES}:
        raise ConfigError(
            f"{method} learns from {modality}, which no recording of {job.study.path} has: "
            "choose other methods with --method, see `featpipe list methods`"
        )
    for modality in dict.fromkeys(lacking.values()):
        names = few([name for name, of in lacking.items() if of == modality])
        click.echo(f"left out {names}: no recording has {modality}, to learn from it", err=True)


def _require_device(device: str) -> None:
    from models.device import lacking

    if reason := lacking(device):
        raise DeviceError(
            f"[train] device = {device!r}: {reason}: take --device cpu, which always works, or "
            "workers that have one (--scheduler)"
        )


def _lacking(job: Job) -> dict[str, str]:
    """Name the methods that cannot be trained: method -> modality that no recording has."""
    from models.registry import get_method
    from models.trial_facts import TRIAL_FACTS

    there = {**table_families(job), **TRIAL_FACTS}
    return {
        name: modality
        for name in job.study.train.methods
        for modality in get_method(name).train_modalities
        if modality not in there
    }


def require_tables(job: Job) -> None:
    """Refuse a study that asks for no table at all.

    Raises
    ------
    ConfigError
        Saying what could be asked for.
    """
    if not job.sources and job.defects:
        return  # each of these is told
    if not any(map(extraction.families, extraction.units(job.study, job.sources, job.out))):
        features = job.study.features
        raise ConfigError(
            f"{job.study.path}: no table is asked for: [features] eeg = {list(features.eeg)}, "
            f"eye = {str(features.eye).lower()}, and {job.study.study.recordings} names "
            f"{_modalities(job)}; name a family of these recordings, see `featpipe list features`"
        )


def _modalities(job: Job) -> str:
    has_eeg, has_eye = (any(getattr(s, kind) for s in job.sources) for kind in ("eeg", "eye"))
    return (
        "EEG and eye files" if has_eeg and has_eye else f"{'EEG' if has_eeg else 'eye'} files only"
    )


def explain(job: Job, *, is_dry_run: bool = False) -> list[dict[str, str]]:
    """Say of every output whether it is fresh, missing, stale or failed last time, and why.

    Parameters
    ----------
    job : Job
        The study and its output folder.
    is_dry_run : bool
        Of tables only; headers of recordings that have something to make are looked at.

    Returns
    -------
    list of dict
        `output`, `state` and `reason`. States beside these four: "defect" of what is missing or
        wrong in the folder of a public data set, "waiting" for a source that is not there,
        "unusable" where a header says that it would fail, "unasked" of a family that earlier runs
        made and of predictions that stand in no score, "optional" for all of training while nobody
        has trained.
    """
    found = [
        {"output": unit_of(job, defect), "state": "defect", "reason": defect.what}
        for defect in job.defects
    ]
    remembered, spoilt = load_digests(job.out), altered(job.out)
    steps = (table_step(job.study).step.name, "train", "tune", "fit")
    failed = {name: failed_units(job.out, name) for name in steps}
    is_training = not is_dry_run and _is_training_meant(job, failed["train"])
    not_fresh: set[Path] = set()
    for step, unit in _all_units(job, is_training):
        upstream = not_fresh & set(engine.sources_found(step, unit))
        try:
            reasons, digests = engine.explain(step, unit, remembered, spoilt)
        except ReadError as error:
            found.append({"output": unit.name, "state": "waiting", "reason": str(error)})
            continue
        remembered |= digests
        foreseen = foresee(unit) if is_dry_run and any(reasons.values()) else {}
        failure = failed[step.name].get(unit.name)
        claims = engine.fingerprints(step, unit, digests) if failure and digests else {}
        for path, reason in reasons.items():
            if upstream and not reason:
                reason = f"{len(upstream)} of its tables are not fresh"
            reason += "; `featpipe fit` makes it anew" * bool(reason and step.name == "fit")
            if reason:
                not_fresh.add(path)
            told = failure.reason if failure and failure.concerns(claims.get(path)) else ""
            row = _described(path, reason, told, job.out)
            if reason and path.parent.name in foreseen:
                state = "failed" if row["state"] == "failed" else "unusable"
                row |= {"state": state, "reason": foreseen[path.parent.name]}
            found.append(row)
    if job.out.is_dir():
        with suppress(OutputError):  # what cannot be remembered only costs time
            save_digests(job.out, remembered)
    found += _derived(job, is_dry_run=is_dry_run)
    for family, count in unasked(job).items():
        reason = f"[features] does not ask for it, nothing brings it up to date; tables: {count}"
        found.append({"output": f"features/{family}", "state": "unasked", "reason": reason})
    if not is_dry_run:
        found += [
            {"output": "predictions", "state": "unasked", "reason": text}
            for text in unscored(job.out)
        ]
    if not is_dry_run and not is_training:
        reason = f"nothing is trained; `featpipe train {job.arguments}` does"
        found.append({"output": "predictions", "state": "optional", "reason": reason})
    return found


def _derived(job: Job, *, is_dry_run: bool) -> list[dict[str, str]]:
    """Describe what is derived from tables, where it is damaged or gone; else it says nothing."""
    found = []
    for name in DERIVED_TABLES[: 2 if is_dry_run else None]:
        path = job.out / name
        if name not in recorded(job.out):
            continue
        if not path.exists():
            reason = "it was published and is gone"
        elif is_altered(path, job.out):
            reason = ALTERED
        else:
            continue
        found.append(_described(path, reason, "", job.out))
    return found


def _described(path: Path, reason: str, failure: str, out: Path) -> dict[str, str]:
    state = "fresh" if not reason else "stale" if path.exists() else "missing"
    if reason and failure:
        first = failure.splitlines()[0].rstrip(".")
        state, reason = "failed", f"{first}; the next run tries it again"
    return {"output": path.relative_to(out).as_posix(), "state": state, "reason": reason}


def _is_training_meant(job: Job, failed: Mapping[str, Failure]) -> bool:
    """Tell whether somebody has trained, or says how: a study may be there for its tables alone."""
    return bool(
        failed or job.study.train != TrainPlan() or any(job.out.glob("predictions/*.parquet"))
    )


def _all_units(job: Job, is_training: bool) -> list[tuple[Step, Unit]]:
    units = extraction.units(job.study, job.sources, job.out)
    step = table_step(job.study).step
    found: list[tuple[Step, Unit]] = [(step, unit) for unit in units]
    if not is_training:
        return found
    try:
        from pipelines.steps import fit, train, tune
        from pipelines.steps.ahead import in_waves
    except ImportError:  # the base install extracts and has no torch
        return found
    broken = failed_units(job.out, step.name)  # training goes on without them
    sources = [source for source in taking_part(job) if source.name not in broken]
    tables, plan = expected_tables(job, sources), trainable(job)
    waves = in_waves(train.units(plan, tables, job.out), train.units)
    found += [(train.TRAIN, unit) for wave in waves for unit in wave]
    found += [(tune.TUNE, unit) for unit in tune.tuned_before(job.study.train, tables, job.out)]
    # by a verb of its own: those that somebody asked for
    waves = in_waves(fit.units(plan, tables, job.out), fit.units)
    fitted = [unit for wave in waves for unit in wave]
    return found + [(fit.FIT, unit) for unit in fitted if (job.out / "models" / unit.name).exists()]
