"""One run at a time writes into an output folder: a second one leaves at once and names the first.

The lock is the kernel's. It ends with the process that holds it, however that ends, and no worker
inherits it; so there is nothing to clear by hand. The note beside it says whose it is, to people.
"""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
from filelock import FileLock, Timeout

from featpipe.errors import N_SAID, OutputError, ReadError, printable
from featpipe.publishing import make_folder, only_while, refused, write_text
from featpipe.regular_files import content_of
from pipelines.links_out import require_no_links_out
from pipelines.owner import NAMELESS, Owner, is_alive, owner_in, this_process
from pipelines.places import url_of
from pipelines.progress import shown
from pipelines.remote_owner import owned_there

_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}
_OWNED: dict[Path, str] = {}
"""Folders that are this process's own -> the token of its run."""

_PATIENCE_S = 2.0
"""How long a note is waited for: an owner takes the lock first and then writes its note."""


@contextmanager
def owned(out: Path) -> Iterator[None]:
    """Keep an output folder to this process; what it does inside may ask for it again.

    Parameters
    ----------
    out : Path
        Output root; made where it is missing.

    Raises
    ------
    OutputError
        When another process has it, which the message names, when it cannot be written to, or a
        link in it leads elsewhere.
    """
    root = out.resolve()
    if root in _OWNED:
        yield
        return
    require_no_links_out(out)
    note = root / ".cache" / "owner.json"
    lock = FileLock(note.with_name("owner.lock"), fallback_to_soft=False)
    try:
        make_folder(note.parent)
        lock.acquire(blocking=False)
    except Timeout:
        raise _busy(out, _owner_now(note) or NAMELESS) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise refused(error, out) from error
        _go_unlocked(out, note)
    owner = this_process()
    _OWNED[root] = owner.token
    try:
        write_text(owner.note(), note, out / ".staging")
        with owned_there(out, owner):
            yield
    finally:
        del _OWNED[root]
        with suppress(OSError):  # a note without a lock says nothing
            note.unlink(missing_ok=True)
        lock.release()


def token_of(out: Path) -> str:
    """Return the token of the run by which this process owns a folder; "" where it does not."""
    return _OWNED.get(out.resolve(), "")


@contextmanager
def publishing_for(out: Path, token: str) -> Iterator[None]:
    """Publish only as long as the run that asked for it owns the folder.

    Nobody can end what a worker of a cluster is in the middle of when its run is killed. It may be
    done when another run has made the same tables with other options, and must not replace them.

    Parameters
    ----------
    out : Path
        Output root.
    token : str
        From `token_of`, where the task was asked for; "" asks nobody.
    """
    note = out / ".cache" / "owner.json"

    def require() -> None:
        try:
            owner = owner_in(note.read_bytes())
        except FileNotFoundError:
            owner = None
        if owner is None or owner.token != token:
            has = "nobody has it now" if owner is None else f"now it is of {owner.text()}"
            raise OutputError(
                f"{out}: the run that asked for this owns the folder no more, {has}: nothing was "
                "published; run the same command again"
            )

    if not token:
        yield
        return
    with only_while(require):
        yield


def owner_of(out: Path) -> Owner | None:
    """Say which other process writes into an output folder now; None where nobody does.

    Parameters
    ----------
    out : Path
        Output root; nothing is made there.
    """
    root = out.resolve()
    note = root / ".cache" / "owner.json"
    place = note.with_name("owner.lock")
    if root in _OWNED or not place.exists():
        return None
    lock = FileLock(place, fallback_to_soft=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return _owner_now(note) or NAMELESS
    except OSError:  # no locks here, or a folder that can only be read
        owner = _read(note)
        return owner if owner is not None and is_alive(owner) else None
    lock.release()
    return None


def _busy(out: Path, owner: Owner, otherwise: str = "") -> OutputError:
    return OutputError(
        f"{shown(out)}: {owner.text()} is writing into this folder; wait until it is done, stop "
        f"it, or take another folder{otherwise}"
    )


def _go_unlocked(out: Path, note: Path) -> None:
    """Do without a lock where the file system has none, unless the note names who is at work."""
    owner = _read(note)
    if owner is not None and owner.pid != os.getpid() and is_alive(owner):
        # of a copy of a store the path would be shown as that of the note there
        is_copy = url_of(out, "outputs") is not None
        raise _busy(out, owner, "" if is_copy else f"; if it was killed, delete {note}")
    said = "" if owner is None else f"; the last one that wrote here was {owner.text()}"
    text = (
        f"{shown(out)}: this file system has no locks, so nothing keeps two runs apart: see that "
        f"no other one writes there{said}"
    )
    click.echo(printable(text, N_SAID), err=True)


def _owner_now(note: Path) -> Owner | None:
    """Read who holds the lock; an owner that was killed may have left its note to the next."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        owner = _read(note)
        if (owner is not None and is_alive(owner)) or time.monotonic() > end:
            return owner
        time.sleep(0.05)


def _read(note: Path) -> Owner | None:
    try:
        return owner_in(content_of(note, 1 << 16))
    except (OSError, ReadError):
        return None
