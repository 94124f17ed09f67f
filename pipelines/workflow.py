"""The jobs behind the verbs: open a study, extract, train, report, explain."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from featpipe.errors import ConfigError, ReadError, unknown
from featpipe.recording import Source
from pipelines import engine
from pipelines.digests import Digest, digest_file, load_digests, save_digests
from pipelines.engine import Row, Step, Unit, listed
from pipelines.running import RunSettings, run_step
from pipelines.steps import extract as extraction
from pipelines.study import Study, default_output, load_study, resolved, sources_of
from pipelines.summary import write_failures, write_manifest, write_quality


class Job(NamedTuple):
    """A study, the recordings of it that are meant (all, or some), and where outputs go."""

    study: Study
    sources: list[Source]
    out: Path
    is_whole: bool


def open_job(
    study: Path, out: Path | None, overrides: Sequence[str] = (), only: Sequence[str] = ()
) -> Job:
    """Read a study file and list its recordings.

    Parameters
    ----------
    study : Path
        The study file, or the folder it lies in as `study.toml`.
    out : Path or None
        Output folder; None takes `out` beside the study file.
    overrides : sequence of str
        As `--set` takes them.
    only : sequence of str
        "subject=3" or "session=1"; several of one key add up.

    Raises
    ------
    ConfigError
        When the study or one of the options is wrong.
    """
    path = study / "study.toml" if study.is_dir() else study
    loaded = load_study(path, overrides)
    sources = _select(sources_of(loaded), only)
    return Job(loaded, sources, out or default_output(path), not only)


def _select(sources: list[Source], only: Sequence[str]) -> list[Source]:
    wanted: dict[str, list[str]] = {}
    for text in only:
        key, _, value = text.partition("=")
        if key not in ("subject", "session"):
            raise ConfigError(f"--only {text}: {unknown('key', key, ['subject', 'session'])}")
        wanted.setdefault(key, []).append(value)
    chosen = [s for s in sources if all(getattr(s, key) in of for key, of in wanted.items())]
    if not chosen:
        names = ", ".join(source.name for source in sources)
        raise ConfigError(f"--only {' '.join(only)}: no such recording; there are {names}")
    return chosen


def extract(job: Job, settings: RunSettings) -> list[Row]:
    """Bring the feature tables up to date."""
    units = extraction.units(job.study, job.sources, job.out)
    rows = run_step(extraction.EXTRACT, units, job.out, settings, before=extraction.compile_kernels)
    write_quality(job.out)
    write_failures(rows, "extract", job.out, is_whole=job.is_whole)
    write_manifest(rows, job.out)
    return rows


def train(job: Job, settings: RunSettings) -> list[Row]:
    """Train every method and seed on the tables there are; write the scores."""
    from pipelines.results import write_scores
    from pipelines.steps.train import TRAIN, units

    tables = current_tables(job)
    made = units(job.study.train, tables, job.out)
    rows = run_step(TRAIN, made, job.out, settings)
    write_scores(job.out, digests_of(tables, job.out))
    write_failures(rows, "train", job.out)
    write_manifest(rows, job.out)
    return rows


def digests_of(tables: Mapping[str, Sequence[Path]], out: Path) -> list[str]:
    """Content digests of feature tables, as predictions name their sources."""
    remembered = load_digests(out)
    files = [file for of in tables.values() for file in of]
    return [listed(file, digest_file(file, remembered))["digest"] for file in files]


def run_all(job: Job, settings: RunSettings) -> list[Row]:
    """Extract, train and report: whatever is stale."""
    from pipelines.report import write_report

    rows = extract(job, settings)
    if settings.fail_fast and any(row.state == "failed" for row in rows):
        return rows
    rows += train(job, settings)
    write_report(job.out)
    return rows


def current_tables(job: Job) -> dict[str, list[Path]]:
    """Name the tables to train on: modality -> one file per recording that has both.

    Tables that are missing or stale are left out with a word on stderr.

    Raises
    ------
    ConfigError
        When no recording has current tables of both modalities.
    """
    family = job.study.train.eeg
    wanted = {"eeg": family, "eye": "eye"}
    remembered = load_digests(job.out)
    tables: dict[str, list[Path]] = {"eeg": [], "eye": []}
    for unit in extraction.units(job.study, job.sources, job.out):
        stale = _reasons(unit, remembered)
        source = unit.payload.source
        paths = {m: extraction.table_path(job.out, name, source) for m, name in wanted.items()}
        if all(stale.get(path, "never made") == "" for path in paths.values()):
            for modality, path in paths.items():
                tables[modality].append(path)
        else:
            reason = "; ".join(
                f"{p.parent.name}: {stale.get(p) or 'not made'}" for p in paths.values()
            )
            click.echo(f"left out {unit.name}: {reason}", err=True)
    if not tables["eeg"]:
        raise ConfigError(
            f"{job.out}: no recording has current tables '{family}' and 'eye' to train on: "
            f"run `featpipe extract {job.study.path}` with the same options first"
        )
    return tables


def _reasons(unit: Unit, remembered: Mapping[str, Digest]) -> dict[Path, str]:
    """Why the tables of a recording are stale; nothing is known when a source is missing."""
    try:
        return engine.explain(extraction.EXTRACT, unit, remembered)[0]
    except ReadError:
        return {}


def train_overrides(
    methods: Sequence[str],
    protocol: str | None,
    policy: str | None,
    seeds: str | None,
    device: str | None,
) -> list[str]:
    """Turn the options of `train` into overrides of the study."""
    overrides = []
    if methods:
        overrides.append(f"train.methods={json.dumps(list(methods))}")
    if protocol:
        overrides.append(f"train.protocol={json.dumps(protocol)}")
    if policy:
        overrides.append(f"train.policy={json.dumps(policy)}")
    if seeds:
        overrides.append(f"train.seeds=[{seeds}]")
    if device:
        overrides.append(f"train.device={json.dumps(device)}")
    return overrides


def show_scores(job: Job, as_json: bool) -> None:
    """Print the summary of the scores, one line per method."""
    from models.scores import summary
    from pipelines.results import read_scores, summary_text

    if not (job.out / "scores.parquet").exists():
        click.echo("nothing was scored", err=True)
        return
    frame = read_scores(job.out)
    if as_json:
        click.echo(summary(frame).to_json(orient="records"))
    else:
        click.echo(summary_text(frame, is_simulated(job.study)))


def is_simulated(study: Study) -> bool:
    """Tell whether nobody was recorded for this study; everything printed of it says so."""
    return study.study.name.startswith("simulated")


def options(job: Job) -> dict[str, Any]:
    """Every option as resolved."""
    return resolved(job.study)


def options_text(job: Job) -> str:
    """Every option as resolved, as a study file would say it."""
    lines = []
    for section, values in options(job).items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join([*lines, ""])


def explain(job: Job) -> list[dict[str, str]]:
    """Say of every output whether it is fresh, missing or stale, and why."""
    found = []
    remembered = load_digests(job.out)
    not_fresh: set[Path] = set()
    for step, unit in _all_units(job):
        upstream = not_fresh & _inputs(step, unit)
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


def _inputs(step: Step, unit: Unit) -> set[Path]:
    """Files a unit reads, as far as they can be listed."""
    try:
        return set(step.sources(unit))
    except ReadError:
        return set()


def _all_units(job: Job) -> list[tuple[Step, Unit]]:
    units = extraction.units(job.study, job.sources, job.out)
    found: list[tuple[Step, Unit]] = [(extraction.EXTRACT, unit) for unit in units]
    try:
        from pipelines.steps.train import TRAIN
        from pipelines.steps.train import units as train_units
    except ImportError:  # the base install extracts and has no torch
        return found
    families = {"eeg": job.study.train.eeg, "eye": "eye"}
    tables = {
        modality: [extraction.table_path(job.out, name, source) for source in job.sources]
        for modality, name in families.items()
    }
    return found + [(TRAIN, unit) for unit in train_units(job.study.train, tables, job.out)]
