"""Who takes part in a training, and which of their tables are there and current."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from featpipe.datasets import facts
from featpipe.errors import N_SAID, ConfigError, ReadError, few, printable, unknown
from featpipe.recording import Source
from featpipe.tables import read_metadata
from pipelines import engine
from pipelines.digests import Digest, load_digests
from pipelines.job import Job, alike, by_number
from pipelines.places import with_urls
from pipelines.published import altered
from pipelines.steps import extract as extraction
from pipelines.steps.choose import table_step
from pipelines.work import Unit


def taking_part(job: Job) -> list[Source]:
    """Return the recordings of the subjects that [train] subjects names, all where it names none.

    Raises
    ------
    ConfigError
        When the study has no such subject, or `--only` leaves nobody of them.
    """
    wanted = job.study.train.subjects
    if not wanted:
        return job.sources
    named = (one.subject for one in (*job.sources, *job.left_out, *job.defects))
    layout = job.study.study.layout
    published = facts.facts_of(layout).subjects if layout in facts.NAMES else ()
    ids = sorted({name for name in (*named, *published) if name}, key=by_number)
    for name in wanted:
        if name not in ids:
            raise ConfigError(
                f"[train] subjects: {unknown('subject', name, ids, alike(name, ids))}"
            )
    found = [source for source in job.sources if source.subject in wanted]
    if job.sources and not found:
        raise ConfigError(
            f"[train] subjects = {list(wanted)}: no recording of them is at hand, there are those "
            f"of {few(sorted({source.subject for source in job.sources}, key=by_number))}"
        )
    return found


def table_families(job: Job) -> dict[str, str]:
    """Name the tables that methods train on: modality -> family.

    All methods of a study train on the same windows, so every modality that the study has counts,
    whether or not a method reads it.
    """
    train, features, part = job.study.train, job.study.features, taking_part(job)
    found = {}
    if any(source.eeg is not None for source in part) and features.eeg:
        family = train.eeg or features.eeg[0]
        if family not in features.eeg:
            text = unknown("family", family, features.eeg)
            raise ConfigError(f"[train] eeg: {text} Name one of these, or add it to [features] eeg")
        found["eeg"] = family
    if features.eye and any(source.eye is not None for source in part):
        found["eye"] = "eye"
    return found


def expected_tables(job: Job, sources: Sequence[Source]) -> dict[str, list[Path]]:
    """Name the tables that a training of some recordings reads, whether or not they are there."""
    families, is_kept = table_families(job), job.study.train.missing == "keep"
    return {
        modality: [
            extraction.table_path(job.out, name, source)
            for source in sources
            if _has(source, modality if is_kept else families)
        ]
        for modality, name in families.items()
    }


def _has(source: Source, modalities: str | Iterable[str]) -> bool:
    """Tell whether a recording has files of a modality, or of several."""
    names = [modalities] if isinstance(modalities, str) else modalities
    return all(getattr(source, name) is not None for name in names)


def current_tables(job: Job) -> dict[str, list[Path]]:
    """Name the tables to train on: modality -> one file per recording that has all.

    Recordings with a table that is missing or stale are left out with a word on stderr. With
    [train] missing = "keep" those that have no file of a modality take part with the others'; a
    table that should be there and is not current costs the recording all the same.

    Raises
    ------
    ConfigError
        When no recording is left.
    """
    families, part = table_families(job), taking_part(job)
    is_kept = job.study.train.missing == "keep"
    if job.study.train.subjects:
        click.echo(_told(part, job), err=True)
    remembered, spoilt = load_digests(job.out), altered(job.out)
    tables: dict[str, list[Path]] = {modality: [] for modality in families}
    n_left_out = 0
    for unit in extraction.units(job.study, part, job.out):
        source = unit.payload.source
        paths = {
            modality: extraction.table_path(job.out, name, source)
            for modality, name in families.items()
            if not is_kept or _has(source, modality)
        }
        defects = _defects(unit, paths.values(), remembered, spoilt)
        if defects:
            told = with_urls(f"left out {unit.name}: {'; '.join(defects)}")
            click.echo(printable(told, N_SAID), err=True)
            n_left_out += 1
            continue
        for modality, path in paths.items():
            tables[modality].append(path)
        if lacking := [modality for modality in families if modality not in paths]:
            click.echo(f"kept {unit.name}: it has no {' and no '.join(lacking)}", err=True)
    if n_left_out and any(tables.values()):
        advice = (
            f"run `featpipe extract {job.table_arguments}` first to train on them as well, "
            "or say the options that their tables were made with"
        )
        click.echo(f"left out {n_left_out} of {len(part)} recordings: {advice}", err=True)
    if not any(tables.values()):
        raise ConfigError(
            f"{job.out}: no recording has current tables of {' and '.join(families.values())} to "
            f"train on: run `featpipe extract {job.table_arguments}` first, or say the "
            "options that its tables were made with"
        )
    return tables


def require_subjects(job: Job, tables: Mapping[str, Sequence[Path]] | None = None) -> None:
    """Refuse a protocol that leaves subjects out where only one takes part.

    Parameters
    ----------
    job : Job
        The study.
    tables : mapping, optional
        Modality -> tables to train on. While there are none recordings are counted.

    Raises
    ------
    ConfigError
        Naming the protocol and others that can be had.
    """
    from models.folds import require_subjects as require
    from models.protocols import get_protocol

    protocol = get_protocol(job.study.train.protocol)
    if "subject" not in protocol.split.split("+"):
        return
    if tables is None:
        subjects = {source.subject for source in taking_part(job)}
    else:
        files = {path for of in tables.values() for path in of}
        subjects = {read_metadata(path)["recording"]["subject"] for path in files}
    if subjects:  # else it is told what became of them
        require(protocol.name, len(subjects))


def _defects(
    unit: Unit,
    paths: Iterable[Path],
    remembered: Mapping[str, Digest],
    spoilt: Mapping[Path, str],
) -> list[str]:
    """Say why the tables of a recording cannot be trained on; nothing when they can."""
    try:
        step = table_step(unit.payload.study).step
        reasons = engine.explain(step, unit, remembered, spoilt)[0]
    except ReadError as error:
        return [str(error)]
    stale = {path: reasons.get(path, "the study makes none of this recording") for path in paths}
    return [
        f"{path.parent.name}{' (table -> study)' * (' -> ' in reason)}: {reason}"
        for path, reason in stale.items() if reason
    ]  # fmt: skip


def _told(part: Sequence[Source], job: Job) -> str:
    """Count who takes part, of whom, and name those who have no recording."""
    here = {source.subject for source in part}
    n_all = len({source.subject for source in job.sources})
    lacking = [name for name in job.study.train.subjects if name not in here]
    return (
        f"[train] subjects: {len(here)} of {n_all} subjects take part ({len(part)} of "
        f"{len(job.sources)} recordings)" + f"; no recording of {few(lacking)}" * bool(lacking)
    )
