"""File names of BIDS, and the small text files that say more of a recording.

`sub-01_task-film_run-1_eeg.vhdr` has entities, a suffix and an extension. A sidecar holds for
every file of its suffix below its folder that has all of its entities (the inheritance principle).
"""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from featpipe.errors import ReadError
from featpipe.regular_files import content_of

_MAX_JSON_BYTES = 1 << 22
_NAME = re.compile(r"((?:[a-z]+-[A-Za-z0-9+]+_)+)([A-Za-z0-9]+)(\.[A-Za-z0-9.]+)")


class Name(NamedTuple):
    """What a file name of BIDS says.

    Attributes
    ----------
    entities : dict
        Key -> label, for example {"sub": "01", "task": "film"}.
    suffix : str
        What kind of content, for example "eeg".
    extension : str
        From the first dot, in lower case, for example ".tsv.gz".
    """

    entities: dict[str, str]
    suffix: str
    extension: str


def bids_name(path: Path) -> Name | None:
    """Take a file name apart.

    Parameters
    ----------
    path : Path
        Any file.

    Returns
    -------
    Name or None
        None when it is no name of BIDS.

    Examples
    --------
    >>> bids_name(Path("sub-01_task-film_eeg.vhdr"))
    Name(entities={'sub': '01', 'task': 'film'}, suffix='eeg', extension='.vhdr')
    >>> bids_name(Path("film.vhdr")) is None
    True
    """
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    pairs = [(part.split("-")[0], part.split("-")[1]) for part in found[1].strip("_").split("_")]
    return Name(dict(pairs), found[2], found[3].lower())


def sidecars(path: Path, suffix: str, extension: str) -> list[Path]:
    """List the files that hold for a recording, the general before the special.

    Parameters
    ----------
    path : Path
        The recording.
    suffix, extension : str
        Of the files that are looked for, for example "channels" and ".tsv".

    Returns
    -------
    list of Path
        From the root of the data set down to the folder of the recording; in one folder those with
        fewer entities first. Empty where the recording has no name of BIDS.
    """
    name = bids_name(path)
    if name is None:
        return []
    found = []
    for folder in _folders(path, name.entities.get("sub", "")):
        fitting = []
        for file in folder.glob(f"*{suffix}{extension}"):
            of = _sidecar_name(file)
            if of and of.suffix == suffix and of.entities.items() <= name.entities.items():
                fitting.append((len(of.entities), file.name, file))
        found += [file for _, _, file in sorted(fitting) if file != path]
    return found


def _sidecar_name(file: Path) -> Name | None:
    """Take a name apart that may have no entities at all: `events.json`."""
    stem, _, rest = file.name.partition(".")
    return bids_name(file) or (Name({}, stem, f".{rest}") if stem.isalnum() else None)


def _folders(path: Path, subject: str) -> list[Path]:
    """Folders whose sidecars hold for a file, from the root of the data set down."""
    above = list(path.absolute().parents)[:4]  # data type, session, subject, root
    own = [i for i, folder in enumerate(above[:3]) if folder.name == f"sub-{subject}"]
    return above[own[0] + 1 :: -1] if own else [path.parent]


def metadata(path: Path, suffix: str | None = None) -> dict[str, Any]:
    """Return what the JSON sidecars of a recording say, the special over the general.

    Parameters
    ----------
    path : Path
        The recording.
    suffix : str or None
        Of the sidecars; None takes that of the recording.

    Returns
    -------
    dict

    Raises
    ------
    ReadError
        When one is no JSON object; the message names it.
    """
    name = bids_name(path)
    told: dict[str, Any] = {}
    for file in sidecars(path, suffix or (name.suffix if name else ""), ".json"):
        told |= read_json(file)
    return told


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    ReadError
        When the file is none; the message names it.
    """
    text = content_of(path, _MAX_JSON_BYTES)
    try:
        content = json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ReadError(f"{path}: it is no JSON ({error}); correct it or copy it again") from error
    if not isinstance(content, dict):
        raise ReadError(f"{path}: expected a JSON object of names and values; correct it")
    return content
