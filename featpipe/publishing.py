"""Every file that a run leaves is written here: whole, checked and on the disk, or not at all.

The content is complete in memory before the disk sees any of it. It goes into a staging folder on
the same file system, is flushed, read back, compared and moved in place by one rename. Reading
back shows what the file system took (short writes, quotas and network shares lose bytes); what a
disk keeps of it, only the checksums inside the tables can tell later.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from featpipe.errors import OutputError

_FREE = "free some, or take another folder"
_WRONG = {
    errno.ENOSPC: ("the disk is full", _FREE),
    errno.EDQUOT: ("your quota on this disk is used up", _FREE),
    errno.EFBIG: ("a file may not be that large there", "take another folder"),
    errno.EROFS: ("this file system can only be read", "take another folder"),
    errno.EACCES: ("you may not write there", "have it allowed, or take another folder"),
    errno.EPERM: ("you may not write there", "have it allowed, or take another folder"),
    errno.EIO: ("the disk reports an error", "have it looked at, or name a folder on another"),
    errno.ENOTDIR: ("there is a file where a folder belongs", "move that file away"),
    errno.EISDIR: ("there is a folder where a file belongs", "move that folder away"),
}
_OTHERWISE = "take another folder if this goes on"
_BLOCK = 1 << 18  # fits the cache of a core


class Published(NamedTuple):
    """A published file, as the manifest lists it."""

    rows: int
    bytes: int
    sha256: str


def _anyone() -> None:
    """Have no objection."""


_objection: ContextVar[Callable[[], None]] = ContextVar("objection", default=_anyone)


@contextmanager
def only_while(require: Callable[[], None]) -> Iterator[None]:
    """Publish, in this thread, only what `require` has no objection to at the last moment.

    Parameters
    ----------
    require : callable
        Asked immediately before each rename. Raises OutputError, which then is what comes of it.
    """
    before = _objection.set(require)
    try:
        yield
    finally:
        _objection.reset(before)


def require_no_objection() -> None:
    """Ask as before a rename, where something is removed.

    Raises
    ------
    OutputError
        What `only_while` was given to raise.
    """
    _objection.get()()


def publish_bytes(content: bytes, path: Path, staging: Path, rows: int = 0) -> Published:
    """Write a file so that `path` is either the old one or the whole new one.

    Parameters
    ----------
    content : bytes
        All of it.
    path : Path
        Where readers find it.
    staging : Path
        Folder for the unfinished file, on the file system of `path`.
    rows : int
        Of the table that it is, for the manifest.

    Returns
    -------
    Published
        Rows, bytes and checksum of what was published.

    Raises
    ------
    OutputError
        When the disk is full, cannot be written to or lost data, or there is an objection
        (`only_while`). Then nothing is left in `staging`.
    """
    part = staging / f".{uuid4().hex}"  # hidden: no reader of a folder would ever take it up
    try:
        make_folder(staging)
        try:
            _write(part, content)
            if not _holds(part, content):
                raise OSError(errno.EIO, "what was written came back different")
            make_folder(path.parent)
            require_no_objection()
            os.replace(part, path)  # noqa: PTH105 - all that touches the disk is of `os`, see tests
        finally:
            part.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OutputError:
        raise
    except OSError as error:
        raise refused(error, path, len(content)) from error
    return Published(rows, len(content), hashlib.sha256(content).hexdigest())


def write_text(text: str, path: Path, staging: Path) -> Published:
    """Publish a text file."""
    return publish_bytes(text.encode(), path, staging)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each of which is on the disk before it is used."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        os.mkdir(folder)  # noqa: PTH102
    except FileExistsError:  # a worker beside this one was faster, or it is a file
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "is a file", str(folder)) from None
    _sync_folder(folder.parent)


def refused(error: OSError, path: Path, n_bytes: int | None = None) -> OutputError:
    """Say what kept a file from being written, and what to do.

    Parameters
    ----------
    error : OSError
        What the system said.
    path : Path
        The file that was to be written.
    n_bytes : int, optional
        How large it is.

    Returns
    -------
    OutputError
        To be raised.
    """
    what, then = _WRONG.get(error.errno or 0, (error.strerror or str(error), _OTHERWISE))
    if error.errno == errno.EIO and error.strerror != os.strerror(errno.EIO):
        what = str(error.strerror)
    if error.errno in (errno.ENOTDIR, errno.EISDIR) and error.filename is not None:
        what = f"{error.filename2 or error.filename}: {what}"  # of a rename the second is meant
    needed = "" if n_bytes is None else f"; it needs {n_bytes:,} bytes"
    free = None if n_bytes is None else _free_bytes(path)
    known = "" if free is None else f", and {free:,} are free there"
    return OutputError(
        f"{path}: cannot be written: {what}{needed}{known}; {then}, and run the same command "
        "again: what is finished stays"
    )


def _write(part: Path, content: bytes) -> None:
    """Write a new file, also where the system takes less than it is given, and flush it to disk."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    stream = os.open(part, flags, 0o666)
    try:
        left = memoryview(content)
        while left:
            n_taken = os.write(stream, left)
            if n_taken < 1:
                raise OSError(errno.EIO, "the disk takes no more bytes and does not say why")
            left = left[n_taken:]
        os.fsync(stream)
    finally:
        os.close(stream)


def _holds(part: Path, content: bytes) -> bool:
    """Tell whether a file holds just this content, without a second copy of it in memory."""
    stream = os.open(part, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        position = 0
        while block := os.read(stream, _BLOCK):
            if not content.startswith(block, position):
                return False
            position += len(block)
        return position == len(content)
    finally:
        os.close(stream)


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system has such a call."""
    if os.name != "posix":
        return
    stream = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(stream)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network shares cannot, and lose nothing by it
            raise
    finally:
        os.close(stream)


def _free_bytes(path: Path) -> int | None:
    """Bytes that are free where a file was to be; None where nobody can say."""
    for folder in path.absolute().parents:
        try:
            return shutil.disk_usage(folder).free
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return None
    return None
