"""Which files of DEAP lie below a folder, by their names: sNN.dat, sNN.mat, sNN.bdf."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets import facts
from featpipe.datasets.layout import Defect
from featpipe.errors import few
from featpipe.readers.deap_trials import is_matlab

RATINGS = "participant_ratings.csv"
_NAME = re.compile(r"s(\d\d)\.(dat|mat|bdf)", re.IGNORECASE)
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
        for path in sorted(root.rglob("s[0-9][0-9].*")):
            if not _NAME.fullmatch(path.name):
                continue
            if path.suffix.lower() != ".mat" or path.parent.name.lower() in _FOLDERS:
                return True
            return is_matlab(path)  # other data sets have such names too
    except OSError:
        return False
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
    found: dict[str, dict[str, Path]] = {"bdf": {}, "dat": {}, "mat": {}}
    defects: list[Defect] = []
    for path in sorted(root.rglob("*")):
        match = _NAME.fullmatch(path.name)
        if match is None or not path.is_file():
            continue
        subject, kind = f"{int(match[1])}", match[2].lower()
        if subject not in facts.facts_of("deap").subjects:
            defects.append(Defect("", "", f"{path}: there is no subject {subject}; rename it"))
        elif (other := found[kind].setdefault(subject, path)) != path:
            what = f"{path}: {other} is there too and is used; take one of them away"
            defects.append(Defect("", "", what))
    folders = {path.parent for of in found.values() for path in of.values()}
    defects += _strays(folders)
    tables = sorted(root.rglob(RATINGS))
    in_order = {kind: {s: of[s] for s in sorted(of, key=int)} for kind, of in found.items()}
    return DeapFiles(
        in_order["bdf"], in_order["dat"], in_order["mat"], tables[0] if tables else None, defects
    )


def _strays(folders: set[Path]) -> Iterator[Defect]:
    """Tell of files among the recordings whose name is none of a recording."""
    for folder in sorted(folders):
        strange = [
            path.name
            for path in sorted(folder.iterdir())
            if path.suffix.lower() in _SUFFIXES and not _NAME.fullmatch(path.name)
        ]
        if strange:
            what = f"{few(strange)}: not called sNN.dat, sNN.mat or sNN.bdf, so that nobody can "
            yield Defect("", "", f"{folder}: {what}tell whose it is; give it its name back")
