"""Study files that come with featpipe, one per public data set and use, and the data they need.

A preset is taken as if it lay in the current folder: its root is relative to there, outputs go to
`<preset>_out` there.
"""

import tomllib
from itertools import takewhile
from pathlib import Path

import click

from featpipe.datasets.facts import NAMES, facts_of
from featpipe.datasets.table import LAYOUTS
from featpipe.errors import ConfigError, few, nearest
from pipelines.places import local
from pipelines.study import Study
from pipelines.study_sections import RELEASED_TABLES, TABLE

FOLDER = Path(__file__).with_name("studies")


class NoDataError(ConfigError):
    """The folder that a public data set should lie in is not there; the message says what to type.

    Attributes
    ----------
    study : Study
        What was read, which can be shown without any data.
    """

    def __init__(self, message: str, study: Study) -> None:
        super().__init__(message)
        self.study = study


def names() -> list[str]:
    """Name the presets, as they are typed."""
    return sorted(path.name for path in FOLDER.glob("*.toml"))


def preset_of(study: Path) -> Path | None:
    """Return the preset that a word on the command line means.

    Parameters
    ----------
    study : Path
        What stands where a study file is expected: `seed_v.toml` or `seed_v`, just so; what is
        merely like it is not taken, since its outputs would replace those of the preset.

    Returns
    -------
    Path or None
        The file inside the package; None where `study` is there itself, or means another folder.

    Raises
    ------
    ConfigError
        When it is not there and resembles a preset.
    """
    is_elsewhere = study.absolute().parent != Path.cwd()
    if study.is_file() or (study / "study.toml").exists() or is_elsewhere:
        return None
    stem = study.name.removesuffix(".toml")
    if f"{stem}.toml" in names():
        return FOLDER / f"{stem}.toml"
    stems = [other.removesuffix(".toml") for other in names()]
    if not study.exists() and (near := nearest(stem.replace("-", "_"), stems)):
        raise ConfigError(
            f"{study}: no such study file; did you mean {near}.toml, which comes with featpipe? "
            f"There are {few(names(), 30)}"
        )
    return None


def place_of(preset: Path) -> Path:
    """Return where a preset is taken to lie."""
    return Path.cwd() / preset.name


def default_preset_output(preset: Path) -> Path:
    """Where the outputs of a preset go unless `-o` says otherwise."""
    return Path.cwd() / f"{preset.stem}_out"


def require_data(study: Study, preset: Path | None = None) -> None:
    """Refuse a folder that is not there, or is that of another data set.

    Parameters
    ----------
    study : Study
        Of whichever layout.
    preset : Path or None
        The preset that it is.

    Raises
    ------
    NoDataError, ConfigError
        Telling what to type.
    """
    about = study.study
    if about.layout == TABLE:
        return
    root = local(study.path.parent, about.root)
    context = click.get_current_context(silent=True)
    verb = context.info_name if context else "run"
    # a preset that was set to another data set is spoken of as that one
    other = about.layout if preset and about.layout != _layout_of(preset) else ""
    of_other = f"--set study.layout={other} " * bool(other)
    command = f"featpipe {verb} {study.path.name} {of_other}--set study.root="
    if not root.is_dir():
        near = _folder_like(root)
        where = near or f"/data/{facts_of(other).title if other in NAMES else root.name}"
        hint = f"did you mean {where}?" if near else "say where the data set lies,"
        named = _finds_none(preset, other) if preset else ""
        raise NoDataError(f"{named}{root}: no such folder: {hint} {command}{where}", study)
    if about.tables == RELEASED_TABLES or LAYOUTS[about.layout].is_here(root):
        return
    if others := [name for name, other in LAYOUTS.items() if other.is_here(root)]:
        raise ConfigError(
            f"{root}: [study] layout = {about.layout!r}, but this looks like "
            f"{' or '.join(others)}: name another folder, {command}FOLDER, or take the preset of "
            "that data set"
        )


def meaning(preset: Path) -> str:
    """Return the first line of a preset, which says what it is."""
    return head_of(preset).partition("\n")[0].lstrip("# ").rstrip(".")


def head_of(preset: Path) -> str:
    """Return the comments at the top of a preset: what it is, and what to set for other data."""
    lines = preset.read_text(encoding="utf-8").splitlines()
    return "\n".join(takewhile(lambda line: line.startswith("#"), lines))


def _finds_none(preset: Path, other: str) -> str:
    """Begin the message of a preset without its data, as it is or with the layout of others."""
    meant = f"with layout = {other!r}" if other else f"({meaning(preset)})"
    return f"{preset.stem} {meant} finds no data: "


def _layout_of(preset: Path) -> str:
    return tomllib.loads(preset.read_text(encoding="utf-8"))["study"]["layout"]


def _folder_like(root: Path) -> Path | None:
    """Return the folder beside one that is not there which is probably meant."""
    try:
        beside = {path.name.lower().replace("_", "-"): path
                  for path in sorted(root.parent.iterdir()) if path.is_dir()}  # fmt: skip
    except OSError:
        return None
    near = nearest(root.name.replace("_", "-"), beside)
    return beside[near] if near else None
