"""Which files of DEAP lie below a folder, by their names: sNN.dat, sNN.mat, sNN.bdf."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets import facts
from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import Key, add
from featpipe.errors import ConfigError, few
from featpipe.folders import files_below
from featpipe.readers.deap_trials import is_matlab

RATINGS = "participant_ratings.csv"
_NAME = re.compile(r"s([0-9]{2})\.(dat|mat|bdf)", re.IGNORECASE)
_FOLDERS = ("data_preprocessed_python", "data_preprocessed_matlab", "data_original")
_SUFFIXES = (".dat", ".mat", ".bdf")


class DeapFiles(NamedTuple):
    """What lies below a folder.

    Attributes
    ----------
    original, python, matlab : dict of str to Path
        Subject -> BDF, pickle, MATLAB file; ordered by subject.
    ratings : Path or None
        The table of ratings.
    defects : list of Defect
        Files that lie where recordings lie and are none that is known, and second copies.
    """

    original: Mapping[str, Path]
    python: Mapping[str, Path]
    matlab: Mapping[str, Path]
    ratings: Path | None
    defects: Sequence[Defect]

    def preprocessed(self) -> dict[str, Path]:
        """Subject -> the pickle, or else the MATLAB file, which hold the same numbers."""
        both = {**self.matlab, **self.python}
        return {subject: both[subject] for subject in sorted(both, key=int)}


def is_here(root: Path) -> bool:
    """Tell whether recordings of DEAP lie below a folder."""
    try:
        named = [path for path in files_below(root) if _NAME.fullmatch(path.name)]
    except ConfigError:
        return False
    for path in named:
        if path.suffix.lower() != ".mat" or path.parent.name.lower() in _FOLDERS:
            return True
        return is_matlab(path)  # other data sets have such names too
    return False


def deap_files(root: Path) -> DeapFiles:
    """List the files of DEAP below a folder.

    Parameters
    ----------
    root : Path
        The folder that they were unpacked in, or any above.

    Returns
    -------
    DeapFiles
    """
    found: dict[str, dict[Key, Path]] = {"bdf": {}, "dat": {}, "mat": {}}
    defects: list[Defect] = []
    files = files_below(root)
    for path in files:
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        subject, kind = f"{int(match[1])}", match[2].lower()
        if subject not in facts.facts_of("deap").subjects:
            defects.append(Defect("", "", f"{path}: there is no subject {subject}; rename it"))
        else:
            defects += add(found[kind], (subject, ""), path)
    folders = {path.parent for of in found.values() for path in of.values()}
    defects += _strays([path for path in files if path.parent in folders])
    tables = [path for path in files if path.name.lower() == RATINGS]
    in_order = {
        kind: {subject: of[subject, ""] for subject, _ in sorted(of, key=lambda key: int(key[0]))}
        for kind, of in found.items()
    }
    return DeapFiles(
        in_order["bdf"], in_order["dat"], in_order["mat"], tables[0] if tables else None, defects
    )


def _strays(beside: Iterable[Path]) -> Iterator[Defect]:
    """Tell of files among the recordings whose name is none of a recording."""
    strange: dict[Path, list[str]] = {}
    for path in beside:
        if path.suffix.lower() in _SUFFIXES and not _NAME.fullmatch(path.name):
            strange.setdefault(path.parent, []).append(path.name)
    for folder, names in strange.items():
        what = f"{few(names)}: not called sNN.dat, sNN.mat or sNN.bdf, so that nobody can "
        yield Defect("", "", f"{folder}: {what}tell whose it is; give it its name back")
