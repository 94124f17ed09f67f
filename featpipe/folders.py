"""The files below a folder: links are followed, what featpipe wrote itself is known."""

import os
from pathlib import Path

from featpipe.errors import ConfigError, ReadError
from featpipe.regular_files import is_regular
from featpipe.tables import read_metadata

MOST_FILES = 100_000
"""Files and folders that may lie below one; a data set in single trials has some ten thousand."""

_PASSED_OVER = (".", "~$")
_BESIDE_TABLES = ("manifest.json", "report.html")
_OF_MODEL = ("model.json", "model.safetensors", "README.md")


def files_below(folder: Path) -> list[Path]:
    """List the files of a folder and all below it.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    list of Path
        Sorted; without hidden ones, those of Office that lie beside an open workbook, and what is
        no file or closed to us. Folders that are linked are gone into, unless they lie around the
        first one; each is listed once, so that links in a circle come to an end.

    Raises
    ------
    ConfigError
        When there are more than any data set has.
    """
    found: list[Path] = []
    root = Path(os.path.realpath(folder))
    seen: set[tuple[int, int]] = set()
    for around in (root, *root.parents):
        _is_new(around, seen)
    for place, folders, names in os.walk(folder, followlinks=True):
        here = Path(place)
        # real folders first: what a link names as well is listed where it lies
        folders.sort(key=lambda name: (os.path.islink(here / name), name))  # noqa: PTH114 no raise
        visible = (name for name in folders if not name.startswith("."))
        folders[:] = [name for name in visible if _is_new(here / name, seen)]
        found += [here / name for name in names if not name.startswith(_PASSED_OVER)]
        if len(found) + len(seen) > MOST_FILES:
            raise ConfigError(
                f"{folder}: more than {MOST_FILES} files lie below it: name the folder of the data "
                "set alone, and see where links in it lead to"
            )
    return sorted(filter(is_regular, found))


def _is_new(folder: Path, seen: set[tuple[int, int]]) -> bool:
    """Tell whether a folder is to be gone into, and remember it."""
    try:
        state = folder.stat()
    except OSError:
        return False
    place = (state.st_dev, state.st_ino)
    is_new = place not in seen
    seen.add(place)
    return is_new


def is_output(file: Path) -> bool:
    """Tell whether featpipe wrote a file: a table, what lies beside tables, or of a model."""
    if file.name in _BESIDE_TABLES:
        return all((file.parent / name).exists() for name in ("manifest.json", "features"))
    if file.name in _OF_MODEL:
        return all((file.parent / name).exists() for name in _OF_MODEL)
    if file.suffix != ".parquet":
        return False
    try:
        return bool(read_metadata(file))
    except ReadError:
        return False
