"""The files of a release below a folder, told by the names of the folders that they lie in."""

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from featpipe.errors import ConfigError
from featpipe.folders import files_below

_LANGUAGES = {
    "seed": re.compile(r"(seed[-_ ]?)?chin(a|ese)", re.IGNORECASE),
    "seed-ger": re.compile(r"(seed[-_ ]?)?ger(man|many)?", re.IGNORECASE),
    "seed-fra": re.compile(r"(seed[-_ ]?)?(french|fra(nce)?)", re.IGNORECASE),
}
"""Folders of the multimodal release, whose three trees have the same names within."""


_WITHIN = re.compile(r"0\d-.*|eeg_used_\d+s", re.IGNORECASE)


def below(root: Path, name: str) -> list[Path]:
    """List the files of a data set, without those of its sisters in other languages.

    Parameters
    ----------
    root : Path
        Folder.
    name : str
        Data set.

    Returns
    -------
    list of Path

    Raises
    ------
    ConfigError
        When there is no such folder.
    """
    if not root.is_dir():
        raise ConfigError(f"{root}: there is no such folder; correct [study] root")
    return [path for path in files_below(root) if language_of(root, path) in (None, name)]


def language_of(root: Path, path: Path) -> str | None:
    """Return the data set that the innermost folder with a language in its name belongs to."""
    folders, top = list(path.relative_to(root).parts[:-1]), root.resolve()
    while _WITHIN.fullmatch(top.name):  # the root lies within the tree of a language
        folders.insert(0, top.name)
        top = top.parent
    folders.insert(0, top.name)
    for folder in reversed(folders):
        for name, pattern in _LANGUAGES.items():
            if pattern.fullmatch(folder):
                return name
    return None


def in_folder(files: Iterable[Path], folder: re.Pattern[str], root: Path) -> list[Path]:
    """List files with a folder of such a name around them, at whatever height, up to the root.

    Parameters
    ----------
    files : iterable of Path
        Below the root.
    folder : re.Pattern
        What the folder is called.
    root : Path
        Where the search began; its own name counts where none below it is called so.

    Returns
    -------
    list of Path
    """
    files = list(files)
    found = [p for p in files if any(map(folder.fullmatch, p.relative_to(root).parts[:-1]))]
    return found or files * (folder.fullmatch(root.resolve().name) is not None)


def with_suffix(files: Iterable[Path], *suffixes: str) -> list[Path]:
    """List the files with some suffixes, without what Excel and macOS leave beside them."""
    return [
        path for path in files
        if path.suffix.lower() in suffixes and not path.name.startswith(("~$", "._"))
    ]  # fmt: skip


def is_here(root: Path, name: str, folder: re.Pattern[str]) -> bool:
    """Tell whether a folder holds files of a data set, by the names of the folders around them.

    Parameters
    ----------
    root : Path
        Folder.
    name : str
        Data set.
    folder : re.Pattern
        What its folders are called.

    Returns
    -------
    bool
        False where it cannot be looked at.
    """
    with suppress(OSError, ConfigError):
        return bool(in_folder(below(root, name), folder, root))
    return False
