"""Which files make an eye recording of BIDS: one per eye, with sidecars and events beside them."""

from pathlib import Path

from featpipe.errors import ReadError
from featpipe.readers.bids_names import bids_name, sidecars
from featpipe.readers.bids_physio_sidecar import is_eyetrack

SUFFIXES = ("physio", "eyetrack")
EXTENSIONS = (".tsv.gz", ".tsv")


def is_one(path: Path) -> bool:
    """Tell whether a file is an eye recording of BIDS, by its name and its sidecar.

    Parameters
    ----------
    path : Path
        Any file. One whose name says that it is of an eye keeps its kind though its sidecar cannot
        be read, so that the reader can say so.

    Returns
    -------
    bool
    """
    name = bids_name(path)
    if name is None or name.suffix not in SUFFIXES or name.extension not in EXTENSIONS:
        return False
    try:
        return name.suffix == "eyetrack" or is_eyetrack(path)
    except ReadError:
        return "eye" in name.entities.get("recording", "")


def eye_files(path: Path) -> list[Path]:
    """List the files of all eyes of one recording, in the order of their names."""
    name = bids_name(path)
    if name is None:
        return [path]
    own = {key: label for key, label in name.entities.items() if key != "recording"}
    found = [path]
    for file in path.parent.glob(f"*_{name.suffix}{name.extension}"):
        of = bids_name(file)
        if of and file != path and is_one(file):
            others = {key: label for key, label in of.entities.items() if key != "recording"}
            found += [file] if others == own else []
    return sorted(found)


def sources(path: Path) -> tuple[Path, ...]:
    """Return the file of an eye, the texts that say more of it, and those of the other eyes."""
    files = eye_files(path)
    beside: list[Path] = []
    for file in files:
        name = bids_name(file)
        beside += sidecars(file, name.suffix if name else "physio", ".json")
        beside += sidecars(file, "events", ".json")
        beside += sidecars(file, "physioevents", ".json") + events_files(file)
    # the other eye comes last: by that the two are known for a pair, of which one is listed
    others = sorted((file for file in files if file != path), reverse=True)
    return tuple(dict.fromkeys([path, *beside, *others]))


def events_files(path: Path) -> list[Path]:
    """List the files of events that belong to the file of an eye: one, or none."""
    files = [file for end in EXTENSIONS for file in sidecars(path, "physioevents", end)]
    return files[-1:]
