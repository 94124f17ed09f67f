"""The study file: TOML in, one frozen record of every part's settings out.

Read strictly: an unknown section or key is an error that names the nearest known one. No
interpolation, no inheritance between files, no environment variables.
"""

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import TypeAdapter, ValidationError

from featpipe.datasets.copies import without_copies
from featpipe.datasets.facts import classes_of
from featpipe.datasets.lab_table import list_sources
from featpipe.datasets.layout import Choice, Found
from featpipe.datasets.released import RELEASED
from featpipe.datasets.table import LAYOUTS
from featpipe.eeg.settings import EegSettings
from featpipe.errors import ConfigError, unknown
from featpipe.eye.clock import ClockSettings
from featpipe.eye.settings import EyeSettings
from featpipe.features.table import FeatureSettings
from featpipe.recording import Source
from pipelines.places import is_url, local, place_of
from pipelines.study_sections import RELEASED_TABLES, TABLE, StudySettings, TrainPlan
from pipelines.study_text import odd_value, parsed, read_toml

_WHOLE = r"[-+]?\d+"
_NUMBER = rf"{_WHOLE}(\.\d*)?(e[-+]?\d+)?"
N_KEYS = 16
"""Most keys of a section that a message spells out."""

_QUOTED = ("float_type", "int_type", "bool_type")


@dataclass(frozen=True)
class Study:
    """Everything a study file says, with defaults filled in.

    Attributes
    ----------
    path : Path
        The study file.
    study, eeg, eye, clock, features, train
        One settings record per section.
    """

    path: Path
    study: StudySettings
    eeg: EegSettings = field(default_factory=EegSettings)
    eye: EyeSettings = field(default_factory=EyeSettings)
    clock: ClockSettings = field(default_factory=ClockSettings)
    features: FeatureSettings = field(default_factory=FeatureSettings)
    train: TrainPlan = field(default_factory=TrainPlan)


SECTIONS: dict[str, type] = {
    "study": StudySettings,
    "eeg": EegSettings,
    "eye": EyeSettings,
    "clock": ClockSettings,
    "features": FeatureSettings,
    "train": TrainPlan,
}


def load_study(path: Path, overrides: Sequence[str] = (), content_of: Path | None = None) -> Study:
    """Read a study file.

    Parameters
    ----------
    path : Path
        The TOML file.
    overrides : sequence of str
        `section.key=value` each, as `--set` takes them; the value is TOML, or else text.
    content_of : Path or None
        A file that is read in the place of `path`, which need not be there then.

    Returns
    -------
    Study

    Raises
    ------
    ConfigError
        Naming file, section, key, value and what was expected.
    """
    content = read_toml(content_of or path)
    for text in overrides:
        _override(content, text)
    said = _Said(path, tuple(overrides))
    if odd := odd_value(content):
        (section, *inner), wrong = odd
        where = said.where(section, ".".join(inner))
        raise ConfigError(f"{where}: [{section}] {'.'.join(inner)} {wrong}")
    for name, section in content.items():
        if name not in SECTIONS:
            inner = [f"{part}.{key}" for part, of in SECTIONS.items() for key in _records_in(of)]
            raise ConfigError(
                f"{said.where(name)}: {unknown('section', name, [*SECTIONS, *inner])}"
            )
        if not isinstance(section, dict):
            raise ConfigError(f"{path}: {name} is a section: write [{name}]")
    if "study" not in content:
        raise ConfigError(f"{path}: section [study] is missing: it needs name and classes")
    parts = {name: _section(said, name, of, content.get(name, {})) for name, of in SECTIONS.items()}
    return Study(path=path, **parts)


class _Said(NamedTuple):
    """Where the options of a study were said: the file, and what `--set` put over it."""

    path: Path
    overrides: tuple[str, ...]

    def where(self, section: str, key: str = "") -> str:
        """Name the word on the command line that an option comes from, or else the file."""
        name = f"{section}.{key}" if key else section
        for text in reversed(self.overrides):
            if f"{text.partition('=')[0].strip()}.".startswith(f"{name}."):
                return f"on the command line, --set {text}"
        return str(self.path)


def find_recordings(study: Study) -> Found:
    """List the recordings of a study, and what is missing or wrong in its folder.

    Raises
    ------
    ConfigError
        When nothing can be made of the folder or the lists.
    """
    folder, about = study.path.parent, study.study
    root = local(folder, about.root)
    if about.tables == RELEASED_TABLES:
        _require_end_to_end(study)
        found = without_copies(RELEASED[about.layout](root, choice_of(study)))
        takes = about.eye_columns == "documented"
        return found._replace(sources=[_taking_eyes(source, takes) for source in found.sources])
    if about.layout != TABLE:
        return LAYOUTS[about.layout].find(root, choice_of(study))
    recordings, trials = list_path(study, about.recordings), list_path(study, about.trials)
    return without_copies(Found(list_sources(recordings, trials, root, about.name, about.classes)))


def list_path(study: Study, name: str) -> Path:
    """Return where a table of recordings or trials is: beside the study, or below a root elsewhere.

    Parameters
    ----------
    study : Study
        Of the layout "table".
    name : str
        As `[study] recordings` or `trials` names it; may be a URL.
    """
    path = local(study.path.parent, name)
    if is_url(study.study.root) and not is_url(name) and not path.exists():
        return place_of(study.study.root, "sources") / name
    return path


def _taking_eyes(source: Source, is_documented: bool) -> Source:
    """Say of a source whether its eye columns are taken as documented, confirmed or not."""
    if source.released is None:
        return source
    released = source.released._replace(eye_documented=is_documented)
    return dataclasses.replace(source, released=released)


def _require_end_to_end(study: Study) -> None:
    """Refuse a hop: released windows follow each other."""
    if study.features.hop != study.features.window_s:
        raise ConfigError(
            f"{study.path}: [features] hop_s = {study.features.hop:g}: released features have "
            f"windows end to end: leave hop_s out, or set it to {study.features.window_s:g}"
        )


def choice_of(study: Study) -> Choice:
    """Say what of a public data set a study wants."""
    about = study.study
    classes = about.classes or classes_of(about.layout)
    return Choice(
        about.name, classes, about.eeg, about.rating, about.threshold, study.features.window_s,
        about.task, about.label_column,
    )  # fmt: skip


def default_output(study_path: Path) -> Path:
    """Where outputs go unless `-o` says otherwise: `out`, beside the study file.

    A study file that lies among its outputs, as `import` writes it, has them there.
    """
    folder = study_path.parent
    return folder if (folder / "failures.parquet").is_file() else folder / "out"


def resolved(study: Study) -> dict[str, Any]:
    """Every option of every section, as `featpipe show` prints it."""
    return {name: dataclasses.asdict(getattr(study, name)) for name in SECTIONS}


def _override(content: dict[str, Any], text: str) -> None:
    """Put `section.key=value` into the content of a study file."""
    name, equals, value = text.partition("=")
    *sections, key = name.strip().split(".")
    if not equals or not sections or not all((*sections, key)):
        raise ConfigError(f"--set {text}: expected section.key=value, e.g. features.window_s=4")
    places = [content]  # several where a section is written several times, [[section]]
    for section in sections:
        found = [place.setdefault(section, {}) for place in places]
        places = [inner for one in found for inner in (one if isinstance(one, list) else [one])]
        if not places or not all(isinstance(place, dict) for place in places):
            raise ConfigError(f"--set {text}: {section} is a value, not a section")
    try:
        read = parsed(f"value = {value}")["value"]
    except ValueError:
        read = value.strip()
    for place in places:
        place[key] = read


def _listed(record: type, key: str, value: Any) -> Any:
    """Take "de,de_ma", "50,100" or a bare 50 for a list where an option is one."""
    kind = str(next(f.type for f in dataclasses.fields(record) if f.name == key))
    if not kind.startswith("tuple") or not isinstance(value, str | int | float):
        return value
    if isinstance(value, bool):
        return [value]  # refused below, by name
    number = float if "float" in kind else int if "int" in kind else str
    parts = [part.strip() for part in str(value).strip("[]").split(",") if part.strip()]
    return [_number(part, number) for part in parts]


def _number(text: str, kind: type) -> Any:
    try:
        return kind(text)
    except ValueError:
        return text  # refused below, by name


def _section(said: _Said, name: str, record: type, content: Mapping[str, Any]) -> Any:
    """Check one section, and those within it, against its settings record."""
    known = [f.name for f in dataclasses.fields(record)]
    for key in content:
        if key not in known:
            shown = unknown("key", key, known, n_shown=N_KEYS)
            raise ConfigError(f"{said.where(name, key)}: [{name}] {shown}")
    inner = {key: of for key, of in _records_in(record).items() if key in content}
    values = {k: _listed(record, k, value) for k, value in content.items() if k not in inner}
    try:
        # through JSON, because strict validation of Python objects refuses a list for a tuple
        text = json.dumps(values, default=str)
        settings: Any = TypeAdapter(record).validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "value_error":
            reason = str(first.get("ctx", {})["error"])
            key = next((key for key in content if re.search(rf"\b{key}\b", reason)), "")
            raise ConfigError(f"{said.where(name, key)}: {reason}") from error
        if first["type"] == "missing":
            raise ConfigError(f"{said.path}: [{name}] {key} is missing") from error
        place = f"{said.where(name, str(first['loc'][0]))}: [{name}] {key} = {first['input']!r}"
        raise ConfigError(f"{place}: {first['msg']}{_how_written(first)}") from error
    for key in inner:
        if not isinstance(content[key], dict):
            where = said.where(name, key)
            raise ConfigError(f"{where}: [{name}] {key} is a section: write [{name}.{key}]")
    found = {k: _section(said, f"{name}.{k}", of, content[k]) for k, of in inner.items()}
    return dataclasses.replace(settings, **found)


def _how_written(error: Mapping[str, Any]) -> str:
    """Say how an option is written, where that is the defect: quotes, or commas of a list."""
    kind, text = error["type"], error["input"]
    if not isinstance(text, str) or kind not in _QUOTED:
        return ""
    pattern = {"bool_type": "true|false", "int_type": _WHOLE}.get(kind, _NUMBER)
    if re.fullmatch(pattern, text.strip()):
        return f", without quotes: {text.strip()}"
    is_of_list = isinstance(error["loc"][-1], int)
    return "; several are separated by commas: 0,1,2,3" * is_of_list


def _records_in(record: type) -> dict[str, type]:
    """Return option -> settings record of the options that are sections of their own."""
    hints = {f.name: (f.type, *get_args(f.type)) for f in dataclasses.fields(record)}
    return {
        name: kind for name, kinds in hints.items() for kind in kinds
        if isinstance(kind, type) and dataclasses.is_dataclass(kind)
    }  # fmt: skip
