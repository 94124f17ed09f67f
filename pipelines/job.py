"""What a verb works on: a study, the recordings that are meant, the folder for outputs."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from featpipe.datasets.copies import without_copies
from featpipe.datasets.layout import Defect, Found, spelled_out
from featpipe.errors import ConfigError, few, unknown
from featpipe.recording import Source
from pipelines import presets
from pipelines.fetching import fetch_lists, fetch_recordings
from pipelines.places import local, with_urls
from pipelines.progress import shown
from pipelines.pulling import pull
from pipelines.shipped import shipped_instead
from pipelines.study import Study, default_output, find_recordings, load_study, resolved
from pipelines.study_sections import RELEASED_TABLES, TABLE


class Job(NamedTuple):
    """A study, the recordings of it that are meant, and where outputs go.

    Attributes
    ----------
    study : Study
        With the overrides of the command line.
    sources, left_out : list of Source
        The recordings that are meant, and those that `--only` left out.
    out : Path
        Output folder.
    arguments : str
        What names study, output and overrides on the command line, without `--only`.
    defects : tuple of Defect
        What is missing or wrong in the folder of a public data set, as far as it is meant.
    notes : tuple of str
        What else is good to know of it.
    table_arguments : str
        `arguments` without what concerns training only, for `featpipe extract`.
    """

    study: Study
    sources: list[Source]
    left_out: list[Source]
    out: Path
    arguments: str
    defects: tuple[Defect, ...] = ()
    notes: tuple[str, ...] = ()
    table_arguments: str = ""


def open_job(
    study: Path,
    out: Path | None,
    overrides: Sequence[str] = (),
    only: Sequence[str] = (),
    *,
    is_fetching: bool = True,
) -> Job:
    """Read a study file and list its recordings.

    Parameters
    ----------
    study : Path
        The study file, the folder it lies in as `study.toml`, or the name of a preset.
    out : Path or None
        Output folder; None takes `out` beside the study file, of a preset `<preset>_out` here.
    overrides : sequence of str
        As `--set` takes them.
    only : sequence of str
        "subject=3" or "session=1"; several of one key add up.
    is_fetching : bool
        Recordings that lie in a store are copied to this machine; else only told of.

    Raises
    ------
    ConfigError
        When the study or one of the options is wrong.
    """
    given, preset = out, presets.preset_of(study)
    path = study / "study.toml" if study.is_dir() else study
    if preset:
        path, out = presets.place_of(preset), out or presets.default_preset_output(preset)
    # workers elsewhere must not start from a folder of their own
    loaded = load_study(path.absolute(), overrides, preset)
    fetch_lists(loaded)
    presets.require_data(loaded, preset)
    found = _found(loaded)
    sources = _select(found.sources, found.defects, only)
    left_out = [source for source in found.sources if source not in sources]
    defects = [defect for defect in found.defects if _is_meant(defect, only)]
    fetch_recordings(loaded, sources, left_out, is_fetching=is_fetching)
    if loaded.study.layout == TABLE:  # what lay in a store could not be compared before
        fetched = without_copies(Found(sources))
        sources, defects = fetched.sources, [*defects, *fetched.defects]
    words = [str(study), *(["-o", with_urls(str(given))] if given else [])]
    of_tables = [text for text in overrides if not text.strip().startswith("train.")]
    folder = (out or default_output(path)).absolute()
    if preset:
        click.echo(f"taking the preset {preset.stem}: outputs in {shown(folder)}", err=True)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder}: it is a file: name a folder for the outputs with -o")
    pull(folder)
    return Job(
        loaded, sources, left_out, folder, _typed(words, overrides), tuple(defects),
        tuple(found.notes), _typed(words, of_tables),
    )  # fmt: skip


def _found(study: Study) -> Found:
    """List the recordings; where there are none but features of the data set, say what to take."""
    try:
        return spelled_out(find_recordings(study))
    except ConfigError as error:
        if study.study.tables == RELEASED_TABLES or study.study.layout == TABLE:
            raise
        root = local(study.path.parent, study.study.root)
        if advice := shipped_instead(root, study.study.layout):
            raise ConfigError(f"{error}; {advice}") from error
        raise


def _typed(words: Sequence[str], overrides: Sequence[str]) -> str:
    return shlex.join([*words, *(word for text in overrides for word in ("--set", text))])


def _is_meant(defect: Defect, only: Sequence[str]) -> bool:
    """Tell whether a defect concerns what `--only` names; one of nobody's recording always does."""
    wanted: dict[str, set[str]] = {}
    for key, _, value in (text.partition("=") for text in only):
        wanted.setdefault(key, set()).add(value)
    return all(getattr(defect, key) in {*values, ""} for key, values in wanted.items())


def _select(sources: list[Source], defects: Sequence[Defect], only: Sequence[str]) -> list[Source]:
    """Select the recordings that are meant; none where all that is meant has defects."""
    wanted: dict[str, list[str]] = {}
    for text in only:
        key, _, value = text.partition("=")
        if key not in ("subject", "session"):
            raise ConfigError(f"--only {text}: {unknown('key', key, ['subject', 'session'])}")
        named = filter(None, (getattr(one, key) for one in (*sources, *defects)))
        ids = sorted(set(named), key=by_number)
        if not value:
            hint = f" Write --only {key}={ids[0]}" if ids else ""
            raise ConfigError(f"--only {text}: which {key}?{hint}")
        if value not in ids:
            raise ConfigError(f"--only {text}: {unknown(key, value, ids, alike(value, ids))}")
        wanted.setdefault(key, []).append(value)
    chosen = [s for s in sources if all(getattr(s, key) in of for key, of in wanted.items())]
    if not chosen and sources and not any(d.unit != "all" and _is_meant(d, only) for d in defects):
        names = few([source.name for source in sources])
        raise ConfigError(f"--only {' '.join(only)}: no such recording; there are {names}")
    return chosen


def alike(value: str, ids: Sequence[str]) -> list[str]:
    """Name the ids that may be meant: of a number only the same one, written with other zeros."""
    if not value.isdecimal():
        return list(ids)
    return [name for name in ids if name.isdecimal() and int(name) == int(value)]


def by_number(name: str) -> tuple[int, str]:
    """Sort 2 before 10, and names behind numbers."""
    return (int(name), "") if name.isdecimal() else (1 << 31, name)


def unit_of(job: Job, defect: Defect) -> str:
    """Name what a defect is of among failures: a recording, or the data set where it is of none."""
    return job.study.study.name if defect.unit == "all" else defect.unit


def train_overrides(
    methods: Sequence[str],
    protocol: str | None,
    manner: str | None,
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
    if manner:
        overrides.append(f"train.manner={json.dumps(manner)}")
    if policy:
        overrides.append(f"train.policy={json.dumps(policy)}")
    if seeds is not None:
        overrides.append(f"train.seeds={seeds}")
    if device:
        overrides.append(f"train.device={json.dumps(device)}")
    return overrides


def is_simulated(study: Study) -> bool:
    """Tell whether nobody was recorded for this study; everything printed of it says so."""
    return study.study.name.startswith("simulated")


def options(job: Job) -> dict[str, Any]:
    """Every option as resolved."""
    return resolved(job.study)


def options_text(job: Job) -> str:
    """Every option as resolved, as a study file would say it."""
    sections = [_section_text(name, values) for name, values in options(job).items()]
    return "\n".join([*sections, ""])


def _section_text(name: str, values: Mapping[str, Any], head: str = "[{}]") -> str:
    inner = {key: value for key, value in values.items() if _is_section(value)}
    lines = [
        # TOML has no null: a comment, so that the text can be read as a study file
        f"# {key} is not set" if value is None else f"{key} = {json.dumps(value)}"
        for key, value in values.items()
        if key not in inner
    ]
    sections = [
        _section_text(f"{name}.{key}", one, "[[{}]]" if isinstance(value, list) else "[{}]")
        for key, value in inner.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    return "\n".join([head.format(name), *lines, *sections])


def _is_section(value: Any) -> bool:
    """Tell whether an option is a section of its own, or several of one name."""
    return bool(value) and isinstance(value[0] if isinstance(value, list) else value, dict)
