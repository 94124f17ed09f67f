"""Recordings that are copies of others: the same data would be trained on and tested on."""

from collections.abc import Mapping
from pathlib import Path

from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import Key
from featpipe.readers.preflight import read_head

_HEAD_BYTES = 1 << 16  # header and first numbers; two recordings have no second in common


def without_copies(files: Mapping[Key, Path]) -> tuple[dict[Key, Path], list[Defect]]:
    """Leave out files that are as long as another and begin as it does.

    Parameters
    ----------
    files : mapping of (subject, session) to Path
        In order; the session is empty where a file holds all of a subject.

    Returns
    -------
    files : dict of (subject, session) to Path
        The first of each.
    defects : list of Defect
        Of the others.
    """
    first: dict[tuple[int, bytes], Key] = {}
    kept, defects = {}, []
    for key, path in files.items():
        mark = (path.stat().st_size, read_head(path, _HEAD_BYTES))
        other = first.setdefault(mark, key) if mark[0] else key  # an empty file is told elsewhere
        if other == key:
            kept[key] = path
        else:
            defects.append(_copied(key, path, other, files[other]))
    return kept, defects


def _copied(key: Key, path: Path, other: Key, original: Path) -> Defect:
    whose = f"subject {other[0]}" + f", session {other[1]}" * bool(other[1])
    what = (
        f"{path}: it is a copy of {original}, which is {whose}; one of the two is of the wrong "
        "session or subject. Only the first is used: fetch both again"
    )
    return Defect(*key, what)
