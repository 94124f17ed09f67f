"""Marks by which a file is known to be untouched, so that no warm rerun hashes one.

A file may be written again with its size and date kept, as by `rsync --inplace -t` or `touch -r`:
the time of its last change of state tells, which no program can set. What was changed a moment
before it was hashed may have been changed after it as well, within one tick of the clock of a file
system: two seconds on FAT. Such marks are not believed.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from featpipe.publishing import write_text
from featpipe.regular_files import content_of, open_file

TICK_NS = 2_000_000_000
"""Coarsest clock of a file system."""

MOST_BYTES = 1 << 30
"""Larger is no manifest or memory of ours: 100 000 tables take some 20 MB."""


class Marks(NamedTuple):
    """Size, times of modification and of change of state, and inode of a file."""

    bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    def are_settled(self) -> bool:
        """Tell whether a file that has these marks now would have others if it were written."""
        now = time.time_ns()
        since_mtime, since_ctime = now - self.mtime_ns, now - self.ctime_ns
        # a date to come, which a program has set, says nothing; a change of state to come does
        return since_ctime > TICK_NS and not 0 <= since_mtime <= TICK_NS

    def are_fine(self) -> bool:
        """Tell whether the clock of the file system has parts of a second."""
        return self.ctime_ns % 1_000_000_000 != 0


class Seen(NamedTuple):
    """Marks of a file, and the checksum of what it held when it had them."""

    marks: Marks
    sha256: str


def marks_of(path: Path) -> Marks | None:
    """Return the marks of a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Marks(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def sha256_of(path: Path) -> str:
    """Return the checksum of a file, which is read through.

    Raises
    ------
    ReadError
        When it is no regular file, or cannot be opened.
    """
    with open_file(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_seen(out: Path) -> dict[str, Seen]:
    """Load what published files were when they were last looked at; a damaged memory costs time."""
    try:
        stored = json.loads(content_of(_place(out), MOST_BYTES))
        return {name: Seen(Marks(*marks), str(sha256)) for name, (marks, sha256) in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def save_seen(out: Path, seen: Mapping[str, Seen]) -> None:
    """Remember published files, by their names within the folder."""
    write_text(json.dumps(seen, sort_keys=True), _place(out), out / ".staging")


def _place(out: Path) -> Path:
    return out / ".cache" / "published.json"
