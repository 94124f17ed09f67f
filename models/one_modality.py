"""The files of one modality are one table: what has to be the same in all of them."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featpipe.errors import ConfigError, few

logger = logging.getLogger(__name__)


def check_columns(
    modality: str, file: Path, names: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """Refuse a file whose feature columns are not those of the first file."""
    if names == expected:
        return
    missing = [name for name in expected if name not in names]
    extra = [name for name in names if name not in expected]
    differences = [
        f"{text} {few(some)}" for text, some in (("lacks", missing), ("adds", extra)) if some
    ]
    raise ConfigError(
        f"{file}: columns of {modality} differ from the first file: "
        f"{' and '.join(differences) or 'the same names in another order'}. "
        "Name the channels that all recordings have in [eeg] channels and extract again"
    )


def check_metadata(file: Path, found: dict, first_file: Path, first: dict) -> None:
    """Refuse a file of other bands or classes than the first, warn of other units or options."""
    for name in ("bands", "classes"):
        if (found.get(name) or None) != (first.get(name) or None):
            raise ConfigError(
                f"{file}: {name} are {found.get(name)}, but {first.get(name)} in {first_file}; "
                "tables of one study must be extracted with the same options"
            )
    if found.get("units") != first.get("units"):
        logger.warning(
            "%s: its columns are in %s, those of %s in %s: numbers of different units are trained "
            "on as if they were one; train on recordings of one tracker and setup",
            file, _units(found), first_file, _units(first),
        )  # fmt: skip
    if found.get("options") != first.get("options"):
        logger.warning("%s: options differ from those of %s", file, first_file)


def shared_units(abouts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the units that all files of a modality have in common, in the order of the first."""
    units = [about.get("units") or {} for about in abouts]
    return {
        name: unit for name, unit in units[0].items() if all(of.get(name) == unit for of in units)
    }


def _units(about: dict) -> str:
    return ", ".join(f"{name} {unit}" for name, unit in (about.get("units") or {}).items())
