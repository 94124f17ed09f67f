"""The files of a release below a folder, told by the names of the folders that they lie in."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from featpipe.errors import ConfigError, few
from featpipe.folders import files_below

OWN = re.compile(r"SEED_RAW_EEG|Preprocessed_?EEG|Extracted_?Features(_\d+s)?", re.IGNORECASE)
"""Folders that SEED alone has, beside its part of the multimodal release; plain names."""

_LANGUAGES = {
    "seed": re.compile(rf"(seed_?)?chin(a|ese)|{OWN.pattern}", re.IGNORECASE),
    "seed-ger": re.compile(r"(seed_?)?ger(man|many)?", re.IGNORECASE),
    "seed-fra": re.compile(r"(seed_?)?(french|fra(nce)?)", re.IGNORECASE),
}
"""Folders of the multimodal release, whose three trees have the same names within."""

_WITHIN = re.compile(r"0\d_.*|eeg_used_\d+s|eye_tracking_feature", re.IGNORECASE)
_ARCHIVE = re.compile(r".*\.(zip|rar|7z|tgz|tar(\.\w+)?)(\.\d+)?", re.IGNORECASE)


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
        Of SEED those that no folder says to be of a sister; of a sister those in folders of its
        language, or all where no folder names any.

    Raises
    ------
    ConfigError
        When there is no such folder.
    """
    if not root.is_dir():
        raise ConfigError(f"{root}: there is no such folder; correct [study] root")
    files = files_below(root)
    if name not in _LANGUAGES:
        return files
    trees = {path: language_of(root, path) for path in files}
    takes_nameless = name == "seed" or not any(trees.values())
    return [p for p, tree in trees.items() if tree == name or (takes_nameless and tree is None)]


def language_of(root: Path, path: Path) -> str | None:
    """Return the data set that the innermost folder with a language in its name belongs to.

    Of the folders above the root none counts but those of the release around a root within it.
    """
    folders, top = list(path.relative_to(root).parts[:-1]), root.resolve()
    while _WITHIN.fullmatch(plain_name(top.name)):
        folders.insert(0, top.name)
        top = top.parent
    for folder in map(plain_name, reversed([top.name, *folders])):
        for name, pattern in _LANGUAGES.items():
            if pattern.fullmatch(folder):
                return name
    return None


@lru_cache(maxsize=1024)
def plain_name(folder: str) -> str:
    """Return the name of a folder without what people and browsers change in it.

    Parameters
    ----------
    folder : str
        Its name.

    Returns
    -------
    str
        One underscore for each run of blanks, hyphens and underscores, no " (1)" at the end.

    Examples
    --------
    >>> plain_name("01-EEG raw (1)")
    '01_EEG_raw'
    """
    return re.sub(r"[\s_-]+", "_", re.sub(r"\s*\(\d+\)$", "", folder).strip())


def in_folder(files: Iterable[Path], folder: re.Pattern[str], root: Path) -> list[Path]:
    """List files with a folder of such a name around them, at whatever height, up to the root.

    Parameters
    ----------
    files : iterable of Path
        Below the root.
    folder : re.Pattern
        What the plain name of the folder is.
    root : Path
        Where the search began; its own name counts where none below it is called so.

    Returns
    -------
    list of Path
    """

    def is_called(name: str) -> bool:
        return folder.fullmatch(plain_name(name)) is not None

    files = list(files)
    found = [p for p in files if any(map(is_called, p.relative_to(root).parts[:-1]))]
    return found or files * is_called(root.resolve().name)


def with_suffix(files: Iterable[Path], *suffixes: str) -> list[Path]:
    """List the files with some suffixes, without what Excel and macOS leave beside them."""
    return [
        path for path in files
        if path.suffix.lower() in suffixes and not path.name.startswith(("~$", "._"))
    ]  # fmt: skip


def packed(root: Path) -> str:
    """Say which archives lie below a folder in which nothing else of a release is found.

    Parameters
    ----------
    root : Path
        Folder.

    Returns
    -------
    str
        The end of a message; empty where there are none.
    """
    names = [path.name for path in files_below(root) if _ARCHIVE.fullmatch(path.name)]
    return f"; unpack {few(names)} first" * bool(names)
