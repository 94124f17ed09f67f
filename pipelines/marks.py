"""Marks by which a published file is known to be untouched, so that no warm rerun hashes one."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from featpipe.publishing import write_text


class Marks(NamedTuple):
    """Size, modification time and inode of a file."""

    bytes: int
    mtime_ns: int
    inode: int


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
    return Marks(found.st_size, found.st_mtime_ns, found.st_ino)


def sha256_of(path: Path) -> str:
    """Return the checksum of a file, which is read through."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_seen(out: Path) -> dict[str, Seen]:
    """Load what published files were when they were last looked at; a damaged memory costs time."""
    try:
        stored = json.loads(_place(out).read_text(encoding="utf-8"))
        return {name: Seen(Marks(*marks), str(sha256)) for name, (marks, sha256) in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def save_seen(out: Path, seen: Mapping[str, Seen]) -> None:
    """Remember published files, by their names within the folder."""
    write_text(json.dumps(seen, sort_keys=True), _place(out), out / ".staging")


def _place(out: Path) -> Path:
    return out / ".cache" / "published.json"
