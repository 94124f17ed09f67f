"""The files below a folder: links are followed, what featpipe wrote itself is known."""

import os
from pathlib import Path

from featpipe.errors import ReadError
from featpipe.tables import read_metadata

_BESIDE_TABLES = ("manifest.json", "report.html")


def files_below(folder: Path) -> list[Path]:
    """List the files of a folder and all below it.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    list of Path
        Sorted, without hidden ones. Folders that are linked are gone into; each is listed once,
        so that links in a circle come to an end.
    """
    found: list[Path] = []
    seen = {os.path.realpath(folder)}
    for place, folders, names in os.walk(folder, followlinks=True):
        here = Path(place)
        # real folders first: what a link names as well is listed where it lies
        folders.sort(key=lambda name: ((here / name).is_symlink(), name))
        folders[:] = [name for name in folders if _is_new(here / name, seen)]
        found += [here / name for name in names if not name.startswith(".")]
    return sorted(file for file in found if file.is_file())


def _is_new(folder: Path, seen: set[str]) -> bool:
    """Tell whether a folder is to be gone into, and remember it."""
    place = os.path.realpath(folder)
    if folder.name.startswith(".") or place in seen:
        return False
    seen.add(place)
    return True


def is_output(file: Path) -> bool:
    """Tell whether featpipe wrote a file: a table of its own, or what lies beside tables."""
    if file.name in _BESIDE_TABLES:
        return all((file.parent / name).exists() for name in ("manifest.json", "features"))
    if file.suffix != ".parquet":
        return False
    try:
        return bool(read_metadata(file))
    except ReadError:
        return False
