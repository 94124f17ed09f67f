"""Which public data set lies in a folder, and what of it is missing or wrong."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets import facts
from featpipe.datasets.layout import Choice, Found, Layout
from featpipe.datasets.table import LAYOUTS
from featpipe.errors import ConfigError, ReadError
from featpipe.scanning import Finding
from pipelines import presets

N_DEFECTS = 20
"""Most defects that are told of a folder."""


class Recognised(NamedTuple):
    """A layout whose files lie in a folder.

    Attributes
    ----------
    folder : Path
        As it was named.
    layout : Layout
        How its files lie.
    found : Found or None
        Its recordings; None where nothing can be made of them.
    trouble : str
        Why not.
    """

    folder: Path
    layout: Layout
    found: Found | None
    trouble: str = ""


def recognise(folder: Path) -> list[Recognised]:
    """Ask every layout whether its files lie in a folder; no signal is read."""
    return [_opened(folder, layout) for layout in LAYOUTS.values() if layout.is_here(folder)]


def _opened(folder: Path, layout: Layout) -> Recognised:
    name = layout.name
    ratings = facts.facts_of(name).ratings if name in facts.NAMES else {}
    choice = Choice(name, facts.classes_of(name), rating=next(iter(ratings), ""))
    try:
        return Recognised(folder, layout, layout.find(folder, choice))
    except (ConfigError, ReadError, OSError) as error:
        return Recognised(folder, layout, None, str(error))


def named(finding: Finding, known: Iterable[Recognised]) -> Finding:
    """Give a finding the subject and session that the layout knows it by."""
    files = {file.absolute() for file in finding.files}
    sources = [
        source
        for one in known if one.found
        for source in one.found.sources
        if files & {path.absolute() for path in (source.eeg, source.eye) if path}
    ]  # fmt: skip
    if not sources:
        return finding
    subject, session = (
        _span([getattr(source, key) for source in sources]) for key in ("subject", "session")
    )
    return replace(finding, subject=subject, session=session)


def _span(names: list[str]) -> str:
    """Name one, or the first and last of those that share a file."""
    return names[0] if len(set(names)) == 1 else f"{names[0]}-{names[-1]}"


def told(one: Recognised) -> Iterator[str]:
    """Say what a folder is, what to type, and what is missing or wrong in it."""
    name = one.layout.name
    title = facts.facts_of(name).title if name in facts.NAMES else name
    if one.found is None:
        yield f"this looks like {title}, but nothing can be made of it: {one.trouble}"
        return
    sources, defects = one.found.sources, one.found.defects
    n_subjects = len({source.subject for source in sources})
    yield (
        f"this is {title}, layout {name!r}: {counted(len(sources), 'recording')} of "
        f"{counted(n_subjects, 'subject')}, {len(defects)} missing or wrong; {_next(one)}"
    )
    yield from wrong(one.found, title, "extract")


def wrong(found: Found, title: str, verb: str) -> Iterator[str]:
    """Tell what is good to know of a folder, then what is missing or wrong, as far as it fits.

    The data set was named before, and is not named again.
    """
    defects = (defect.what for defect in found.defects[:N_DEFECTS])
    yield from (text.removeprefix(f"{title}: ") for text in (*found.notes, *defects))
    if len(found.defects) > N_DEFECTS:
        yield f"and {len(found.defects) - N_DEFECTS} more of the kind; `featpipe {verb}` lists all"


def counted(n: int, noun: str) -> str:
    """Write a number of things: 1 file, 2 files."""
    return f"{n} {noun}{'s' * (n != 1)}"


def _next(one: Recognised) -> str:
    preset = f"{one.layout.name.replace('-', '_')}.toml"
    if preset in presets.names():
        root = shlex.quote(str(one.folder.absolute()))
        return f"next: featpipe run {preset} --set study.root={root}"
    return (
        f"next: write a study file with [study] name, classes, layout = {one.layout.name!r} and "
        f"root = {str(one.folder.absolute())!r}, and type featpipe run STUDY.toml"
    )
