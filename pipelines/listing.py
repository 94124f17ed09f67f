"""What `featpipe list` prints: (name, one line, reference) of everything built in."""

import json
import shlex
from typing import Any

import click

from featpipe.datasets import facts
from featpipe.datasets.released import RELEASED
from featpipe.datasets.table import LAYOUTS
from featpipe.errors import ConfigError
from featpipe.features.table import FAMILIES
from featpipe.readers import eye_csv
from featpipe.reading import READERS
from pipelines import presets
from pipelines.exits import DONE
from pipelines.json_text import json_text
from pipelines.shipped import preset_of


def lines(what: str) -> list[tuple[str, str, str]]:
    """List one kind of thing.

    Parameters
    ----------
    what : {"methods", "features", "readers", "datasets", "presets", "protocols"}

    Returns
    -------
    list of (name, describes, reference)
    """
    return {
        "methods": _methods,
        "features": _features,
        "readers": _readers,
        "datasets": _datasets,
        "presets": _presets,
        "protocols": _protocols,
    }[what]()


def print_list(what: str, name: str | None, *, as_json: bool) -> int:
    """Print one kind of thing, or the options of a method that is named.

    Parameters
    ----------
    what : str
        As in `lines`.
    name : str or None
        A method.
    as_json : bool
        Print JSON.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    ConfigError
        When something else than methods is named one by one, or there is no such method.
    """
    if name is not None:
        if what != "methods":
            raise ConfigError(
                f"list {what} {name}: methods alone are named one by one: `featpipe list {what}` "
                "lists all"
            )
        return _print_options(name, as_json=as_json)
    found = lines(what)
    if as_json:
        keys = ("name", "describes", "reference")
        click.echo(json_text([dict(zip(keys, one, strict=True)) for one in found]))
        return DONE
    width = max(len(name) for name, _, _ in found)
    for one, describes, reference in found:
        click.echo(f"{one:{width}}  {describes}" + (f"  [{reference}]" if reference else ""))
    return DONE


def _print_options(name: str, *, as_json: bool) -> int:
    """Print the options of a method."""
    from models.options import options_of
    from models.registry import get_method
    from pipelines.results import aligned

    options, method = options_of(name), get_method(name)
    if as_json:
        click.echo(json_text([of._asdict() for of in options]))
        return DONE
    click.echo(f"{name}: {method.describes}  [{method.reference}]")
    if not options:
        click.echo("there is nothing to choose")
        return DONE
    rows = [(of.name, _as_toml(of.default), of.expected, of.describes) for of in options]
    click.echo("\n".join(aligned([("option", "default", "expected", ""), *rows])))
    first, default = rows[0][:2]
    word = shlex.quote(f"train.options.{name}.{first}={default}")
    click.echo(f"set one: [train.options.{name}] in the study, or --set {word}")
    return DONE


def _as_toml(value: Any) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def _methods() -> list[tuple[str, str, str]]:
    from models.registry import METHODS

    return [(name, method.describes, method.reference) for name, method in METHODS.items()]


def _protocols() -> list[tuple[str, str, str]]:
    from models.protocols import PROTOCOLS

    return [(name, protocol.describes, "") for name, protocol in PROTOCOLS.items()]


def _features() -> list[tuple[str, str, str]]:
    return [(name, family.describes, family.reference) for name, family in FAMILIES.items()]


def _readers() -> list[tuple[str, str, str]]:
    known = [
        (name, f"{reader.modality}: {reader.describes}", " ".join(reader.suffixes))
        for name, reader in READERS.items()
    ]
    return [*known, (eye_csv.NAME, f"eye: {eye_csv.DESCRIBES}", "")]


def _datasets() -> list[tuple[str, str, str]]:
    return [
        ("table", "your own recordings, listed in recordings.csv and trials.csv", ""),
        ("simulated", "genuine raw files with known truth: featpipe simulate OUT", ""),
        *(_public(name, layout.describes) for name, layout in LAYOUTS.items()),
    ]


def _presets() -> list[tuple[str, str, str]]:
    return [(name, presets.meaning(presets.FOLDER / name), "") for name in presets.names()]


def _public(name: str, describes: str) -> tuple[str, str, str]:
    """Describe a layout, by the facts of its data set where there are some."""
    stem = name.replace("-", "_")
    ours = [preset for preset in (f"{stem}.toml", preset_of(name)) if preset in presets.names()]
    ours += [preset for preset in presets.names() if preset.startswith(f"{stem}_cscm")]
    typed = "".join(f"; featpipe run {preset}" for preset in ours)
    if name in RELEASED and not preset_of(name):
        typed += f"; featpipe import {name} ROOT -o OUT"
    if name not in facts.NAMES:
        return name, describes + typed, ""
    known = facts.facts_of(name)
    return name, f"{known.title}, {known.describes}{typed}", known.citation
