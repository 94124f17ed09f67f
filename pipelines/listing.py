"""What `featpipe list` prints: (name, one line, reference) of everything built in."""

from featpipe.datasets import facts
from featpipe.datasets.released import RELEASED
from featpipe.datasets.table import LAYOUTS
from featpipe.features.table import FAMILIES
from featpipe.readers import eye_csv
from featpipe.reading import READERS
from pipelines import presets
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
