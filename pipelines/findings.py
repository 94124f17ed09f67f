"""What `verify` finds: problems, and notes that are none, each with the next step."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

AGAIN = "run the study again"

NEXT: Mapping[str, str] = {
    "damaged": f"{AGAIN}: it is made anew",
    "missing": f"{AGAIN}",
    "failed": "mend that, then " + AGAIN,
    "foreign": "move it elsewhere: the folder is read as a whole",
    "schema": f"{AGAIN} with this version: it is made anew",
    "grid": f"{AGAIN}: one of them is of other trials or windows",
    "manifest": f"{AGAIN}: it is written anew, and files that no record knows are checked",
    "unlisted": AGAIN,
    "cut off": AGAIN,
    "leftover": "remove it with `featpipe verify OUT --gc`",
    "edited": "nothing to do, if it was you; else import it again into another folder",
    "defect": "complete the folder of the data set",
    "running": "verify again when it is done",
}
"""Kind of finding -> what to do about it."""

NOTES = ("unlisted", "cut off", "leftover", "edited", "defect", "running")
"""Kinds that nothing is wrong with."""

BY_HAND: Mapping[str, str] = {
    "report.html": "write it again with `featpipe report OUT`",
    "plots": "draw it again with `featpipe plot` or `embed`, or delete it",
    "bridge": "compare again with `featpipe bridge`, or delete it",
    "tuning": "search again with `featpipe tune`",
    "study.toml": "import again into another folder, and copy it from there",
}
"""Files that no run of a study makes -> what to do where one is damaged or missing."""


_GONE = ("damaged", "missing")
_OF_TRAINING = re.compile(r"models/[^/]*_seed-\d+/[^/]*")
"""Files of a model folder that `train` makes, and not `fit`."""


class Finding(NamedTuple):
    """One thing that `verify` tells.

    Attributes
    ----------
    kind : str
        A key of `NEXT`.
    file : str
        Name within the output folder, `WHOLE` for all of it; of what is no file, whose it is.
    reason : str
        What was found and, where that is known, what was expected.
    next : str
        What to do about it, "" where the reason says that.
    """

    kind: str
    file: str
    reason: str
    next: str

    @property
    def is_note(self) -> bool:
        """Tell whether nothing is wrong."""
        return self.kind in NOTES

    def next_in(self, folder: str) -> str:
        """Say what to do about it, the output folder as it was typed."""
        return self.next.replace(" OUT", f" {folder}")


WHOLE = "."
"""Stands for the output folder itself."""


def finding(kind: str, file: str, reason: str, then: str | None = None) -> Finding:
    """Make a finding with the step that goes with it, unless its reason or `then` names another."""
    if then is not None or (kind == "failed" and "again" in reason):
        return Finding(kind, file, reason, then or "")
    maker = "tuning" if "-tuned-" in file else file.split("/", 1)[0]
    own = BY_HAND.get(maker) if kind in _GONE else None
    if file.startswith("models/") and not _OF_TRAINING.fullmatch(file) and kind in _GONE:
        own = "train it again with `featpipe fit`, or delete its folder"
    if own is None and kind in _GONE and Path(file).suffix in (".html", ".csv"):
        own = BY_HAND["bridge"]
    return Finding(kind, file, reason, own or NEXT[kind])


def text_of(found: Finding) -> str:
    """Write a finding as one line."""
    what = "" if found.file == WHOLE else f"{found.file}: "
    then = f"; {found.next}" if found.next else ""
    return f"{found.kind:9} {what}{found.reason.rstrip('.')}{then}"


def in_order(found: Iterable[Finding]) -> list[Finding]:
    """Put problems first, then notes; by kind and file."""
    return sorted(found, key=lambda one: (one.is_note, one.kind, one.file))
