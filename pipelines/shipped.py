"""Which features that data sets ship lie in a folder, and what of them is missing or wrong."""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets import facts
from featpipe.datasets.copies import without_copies
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.datasets.released import RELEASED
from featpipe.datasets.table import LAYOUTS
from featpipe.errors import ConfigError, ReadError
from featpipe.readers.feature_files import damage
from featpipe.scanning import Finding
from pipelines import presets
from pipelines.recognising import counted, wrong

_NAMED_BY_FOLDER = ("seed-ger", "seed-fra")
"""Their files are called as those of SEED: the folder of a language alone tells them."""
_SUFFIXES = (".npz", ".mat", "")
_N_AROUND = 3  # folders around a file: session, kind of features, data set


class Shipped(NamedTuple):
    """Features of a data set that lie in a folder.

    Attributes
    ----------
    folder : Path
        As it was named.
    name : str
        A key of `RELEASED`.
    window_s : float
        The longest windows that EEG has, or that are there.
    found : Found
        Recordings with these windows; its defects tell damaged files as well.
    damaged : set of Path
        Files that are truncated or corrupt, as far as heads and tables of contents tell.
    files : set of Path
        All that `import` takes, with whatever windows.
    """

    folder: Path
    name: str
    window_s: float
    found: Found
    damaged: set[Path]
    files: set[Path]


def shipped(folder: Path) -> list[Shipped]:
    """Ask every data set that ships features whether these lie in a folder."""
    found = (_opened(folder, name) for name in RELEASED if _may_be_here(folder, name))
    return [one for one in found if one]


def _may_be_here(folder: Path, name: str) -> bool:
    return name not in _NAMED_BY_FOLDER or LAYOUTS[name].is_here(folder)


def _opened(folder: Path, name: str) -> Shipped | None:
    known, found = facts.facts_of(name), {}
    for window_s in sorted(known.windows_s, reverse=True):
        try:
            found[window_s] = RELEASED[name](folder, Choice(name, known.classes, window_s=window_s))
        except (ConfigError, ReadError, OSError):
            continue
    if not found:
        return None
    # as `import` takes them: the longest windows that EEG has
    window_s = next((length for length, of in found.items() if _has_eeg(of)), next(iter(found)))
    longest = found[window_s]
    flaws = dict(_flaws(longest))
    of = without_copies(longest)
    left = _files(of)  # a damaged copy is told as a copy
    damaged = [defect for path, defect in flaws.items() if path in left]
    of = of._replace(defects=[*of.defects, *damaged])
    return Shipped(
        folder, name, window_s, of, set(flaws), set().union(*map(_files, found.values()))
    )


def _has_eeg(found: Found) -> bool:
    return any(source.eeg is not None for source in found.sources)


def _files(found: Found) -> set[Path]:
    return {
        path
        for source in found.sources
        for path in (source.eeg, source.eye, source.released and source.released.labels)
        if path
    }


def _flaws(found: Found) -> Iterator[tuple[Path, Defect]]:
    """Tell which files are damaged, each once, whatever number of sessions it holds."""
    whose: dict[Path, list[tuple[str, str]]] = {}
    for source in found.sources:
        for path in filter(None, (source.eeg, source.eye)):
            whose.setdefault(path, []).append((source.subject, source.session))
    for path, keys in whose.items():
        if reason := damage(path):
            subject, session = keys[0]
            yield path, Defect(subject, session if len(keys) == 1 else "", reason)


def told(one: Shipped) -> Iterator[str]:
    """Say whose features they are, what to type, and what is missing or wrong."""
    title = facts.facts_of(one.name).title
    sources, n_wrong = one.found.sources, len(one.found.defects)
    n_subjects = len({source.subject for source in sources})
    yield (
        f"features that {title} ships are here, of "
        f"{counted(len(sources), 'recording')} of {counted(n_subjects, 'subject')} in windows of "
        f"{one.window_s:g} s, {n_wrong} missing or wrong; next: {_next(one)}"
    )
    yield from wrong(one.found, title, "import")


def _next(one: Shipped) -> str:
    root = shlex.quote(str(one.folder.absolute()))
    if preset := preset_of(one.name):
        return f"featpipe run {preset} --set study.root={root}"
    return f"featpipe import {one.name} {root} -o {one.name.replace('-', '_')}_released_out"


def shipped_instead(folder: Path, name: str) -> str:
    """Say what to type where a folder has features of a data set and none of its recordings.

    Parameters
    ----------
    folder : Path
        Where recordings were looked for.
    name : str
        The data set.

    Returns
    -------
    str
        Empty where there are no features of it.
    """
    one = _opened(folder, name) if name in RELEASED else None
    if one is None:
        return ""
    return f"features that {facts.facts_of(name).title} ships are there: {_next(one)}"


def preset_of(name: str) -> str:
    """Return the preset that takes the features of a data set; empty where there is none."""
    preset = f"{name.replace('-', '_')}_released.toml"
    return preset if preset in presets.names() else ""


def as_features(finding: Finding) -> Finding:
    """Tell of a file that is no recording whether it is of a release, as the folders around show.

    Parameters
    ----------
    finding : Finding
        Of a file that somebody named.

    Returns
    -------
    Finding
        Sound, or as it is damaged, with the next step; unchanged where it is nothing of the kind.
    """
    path = finding.path.absolute()
    # all have the number of the subject in front: no need to look around for others
    if finding.format or path.suffix.lower() not in _SUFFIXES or not path.name[:1].isdecimal():
        return finding
    one = _around(path)
    if one is None:
        return finding
    title, root = facts.facts_of(one.name).title, shlex.quote(str(one.folder))
    status = "corrupt" if path in one.damaged else "ok"
    flaw = f"{damage(path).removeprefix(f'{path}: ')}; " if status == "corrupt" else ""
    reason = f"{flaw}features that {title} ships, no recording; next: featpipe scan {root}"
    return replace(finding, status=status, reason=reason)


def _around(path: Path) -> Shipped | None:
    """Return what the file is of, in the folder that has most of it."""
    most: Shipped | None = None
    for folder in list(path.parents)[:_N_AROUND]:
        one = next((one for one in shipped(folder) if path in one.files), None)
        if most and (one is None or len(one.files) == len(most.files)):
            break
        most = one or most
    return most
