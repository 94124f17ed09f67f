"""`featpipe import`: a study file for the features that a data set ships."""

import json
import re
import shlex
from pathlib import Path

import click

from featpipe.datasets.facts import Facts, facts_of
from featpipe.datasets.layout import Choice, Found
from featpipe.datasets.released import RELEASED
from featpipe.errors import ConfigError, unknown
from featpipe.publishing import write_text
from featpipe.readers.stored_families import stored_families
from pipelines.journal import note
from pipelines.other_tables import require_own_tables
from pipelines.ownership import owned
from pipelines.progress import shown
from pipelines.steps.released import IMPORT
from pipelines.study import Study, load_study
from pipelines.study_sections import RELEASED_TABLES

_STUDY = """\
# Made by `featpipe import {layout}`: tables of the features that {title} ships.
# {citation}
# {licence}
[study]
name = {name}
layout = {layout_text}
tables = "released"
root = {root}
classes = {classes}

[eye]
event_scope = "trial"  # as published: the nine event statistics describe the whole trial

[features]
eeg = {families}
eye = {has_eye}
window_s = {window_s}
"""


def study_of_release(dataset: str, root: Path, out: Path, window_s: float | None) -> Path:
    """Write the study file of an import, unless it is there.

    Parameters
    ----------
    dataset : str
        A key of `RELEASED`; `SEED_V` and `seedv` are `seed-v`.
    root : Path
        Folder with the features.
    out : Path
        Output folder; the study file lies in it.
    window_s : float or None
        Length of the windows; None takes the longest that EEG has.

    Returns
    -------
    Path
        The study file.

    Raises
    ------
    ConfigError
        When there is no such data set, the folder has no features of it, or the study file or the
        tables that are there are of something else.
    """
    dataset = _name_of(dataset)
    if not root.is_dir():
        raise ConfigError(f"{root}: there is no such folder: name the one that was unpacked")
    path, root = out / "study.toml", root.absolute()
    if path.exists():
        _require_same(load_study(path.absolute()), dataset, root, window_s)
        return path
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out}: it is a file: name a folder for the outputs with -o")
    facts = facts_of(dataset)
    require_own_tables(out, IMPORT.name, facts.name)
    found, length = _found(facts, root, window_s)
    with owned(out):
        text = _text(facts, found, root, length)
        note(out, {str(path): write_text(text, path, out / ".staging")})
    click.echo(f"wrote {shown(path)}", err=True)
    return path


def _name_of(dataset: str) -> str:
    """Return the data set that is meant, whatever its case and the strokes in its name."""
    known = {re.sub("[-_ ]", "", name): name for name in RELEASED}
    name = known.get(re.sub("[-_ ]", "", dataset.lower()))
    if name is None:
        raise ConfigError(unknown("data set that ships features", dataset, RELEASED))
    return name


def next_command(study: Path, out: Path) -> str:
    """Return the command that trains on what was imported."""
    return shlex.join(["featpipe", "train", str(study), "-o", str(out)])


def _found(facts: Facts, root: Path, window_s: float | None) -> tuple[Found, float]:
    """Find the features, of the longest windows with EEG if nobody says of which."""
    lengths = sorted(facts.windows_s, reverse=True) if window_s is None else [window_s]
    refusals: list[ConfigError] = []
    without_eeg: list[tuple[Found, float]] = []
    for length in lengths:
        choice = Choice(facts.name, facts.classes, window_s=length)
        try:
            found = RELEASED[facts.name](root, choice)
        except ConfigError as error:
            refusals.append(error)
            continue
        if any(source.eeg is not None for source in found.sources):
            return found, length
        without_eeg.append((found, length))
    if without_eeg:
        return without_eeg[0]
    raise refusals[0]


def _families(facts: Facts, found: Found) -> list[str]:
    """List the EEG families of the release that a file of EEG has, and tell of the others."""
    with_eeg = [source for source in found.sources if source.eeg is not None]
    released = next((source.released for source in with_eeg), None)
    if released is None:
        return []
    paths = {source.eeg for source in with_eeg if source.eeg is not None}
    there = stored_families(paths) if released.eeg_form == "numbered" else set()
    families = [name for name in released.families if name in there or not there]
    if missing := [name for name in released.families if name not in families]:
        click.echo(f"{facts.title}: no file has {', '.join(missing)}: left out", err=True)
    return families


def _text(facts: Facts, found: Found, root: Path, window_s: float) -> str:
    return _STUDY.format(
        layout=facts.name,
        layout_text=json.dumps(facts.name),
        title=facts.title,
        citation=facts.citation,
        licence=facts.licence,
        name=json.dumps(facts.name),
        root=json.dumps(str(root), ensure_ascii=False),
        classes=json.dumps(list(facts.classes), ensure_ascii=False),
        families=json.dumps(_families(facts, found)),
        has_eye=json.dumps(any(source.eye is not None for source in found.sources)),
        window_s=float(window_s),
    )


def _require_same(study: Study, dataset: str, root: Path, window_s: float | None) -> None:
    """Refuse a folder that holds the study of something else."""
    about = study.study
    asked = {"layout": dataset, "tables": RELEASED_TABLES, "root": str(root)}
    said = {name: getattr(about, name) for name in asked}
    said["root"] = str((study.path.parent / about.root).absolute())
    if window_s is not None:
        asked["window_s"], said["window_s"] = f"{window_s:g}", f"{study.features.window_s:g}"
    for name, value in asked.items():
        if said[name] != value:
            raise ConfigError(
                f"{study.path}: it is there and says {name} = {said[name]!r}, not {value!r}: name "
                "another folder with -o, or edit that file and run it with `featpipe run`"
            )
