"""What files hold, remembered so that a warm rerun reads next to nothing.

A file counts as untouched while its marks (size, times, inode) are those of last time.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import xxhash

from featpipe.errors import OutputError, ReadError
from featpipe.publishing import write_text
from featpipe.regular_files import content_of, open_file, state_of
from featpipe.tables import read_metadata
from models.seals import OF_MODEL, read_said
from pipelines.marks import MOST_BYTES, Marks, marks_of

_BLOCK = 1 << 19  # fits the cache of a core


class Digest(NamedTuple):
    """What a file holds, and the marks by which it is known to be untouched.

    Attributes
    ----------
    bytes, mtime_ns, ctime_ns, inode : int
        Its marks.
    digest : str
        Of its content.
    is_settled : bool
        The marks can be believed: it had not been changed just before it was read.
    """

    bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    digest: str
    is_settled: bool = True


UNREAD = Digest(0, 0, 0, 0, "")
"""Stands for a file whose content nobody has asked for."""


def known_digest(path: Path, remembered: Mapping[str, Digest]) -> Digest | None:
    """Return the remembered digest when the file looks untouched, else None."""
    old = remembered.get(str(path.absolute()))
    if old is None:
        return None
    return old if marks_of(path) == old[: len(Marks._fields)] else None


def digest_file(path: Path, remembered: Mapping[str, Digest]) -> Digest:
    """Return the digest of a file, reading it only if it may have changed.

    Raises
    ------
    ReadError
        When the file is not there or cannot be read.
    """
    known = known_digest(path, remembered)
    if known is not None:
        return known
    state = xxhash.xxh3_128()
    try:
        marks = Marks(*_marks(path))
        is_settled = marks.are_settled()
        with open_file(path, buffering=0) as stream:
            block = memoryview(bytearray(_BLOCK))
            while n_bytes := stream.readinto(block):
                state.update(block[:n_bytes])
    except OSError as error:
        raise ReadError(f"{path}: cannot be read ({error.strerror or error})") from error
    return Digest(*marks, state.hexdigest(), is_settled)


def metadata_of(path: Path) -> Mapping[str, Any]:
    """Return what an output says of itself, read once per process while the file is untouched.

    Raises
    ------
    ReadError
        When the file is not one of ours, or is damaged or gone.
    """
    return _metadata(path, *_marks(path))


def _marks(path: Path) -> Iterable[int]:
    found = state_of(path)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


@lru_cache(maxsize=2048)
def _metadata(path: Path, *marks: int) -> Mapping[str, Any]:
    return read_said(path) if path.name in OF_MODEL else read_metadata(path)


def load_digests(out: Path) -> dict[str, Digest]:
    """Load what earlier runs remembered; a damaged memory only costs time.

    Files that were read too early to know them by their marks are read again, and remembered.
    """
    try:
        content = json.loads(content_of(_place(out), MOST_BYTES))
        stored = {path: Digest(*values) for path, values in content.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    found = {path: _settled(Path(path), digest) for path, digest in stored.items()}
    if found != stored:
        with suppress(OutputError):  # what cannot be remembered only costs time
            save_digests(out, found)
    return found


def _settled(path: Path, digest: Digest) -> Digest:
    if digest.is_settled or known_digest(path, {str(path): digest}) is None:
        return digest
    with suppress(ReadError):
        return digest_file(path, {})
    return digest


def save_digests(out: Path, digests: Mapping[str, Digest]) -> None:
    """Remember digests for the next run."""
    write_text(json.dumps(digests, sort_keys=True), _place(out), out / ".staging")


def select(paths: Iterable[Path], remembered: Mapping[str, Digest]) -> dict[str, Digest]:
    """Pick what is remembered of some files, to send along with a task."""
    names = {str(path.absolute()) for path in paths}
    return {name: remembered[name] for name in names & remembered.keys()}


def _place(out: Path) -> Path:
    return out / ".cache" / "digests.json"
