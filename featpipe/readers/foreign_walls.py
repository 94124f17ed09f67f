"""The walls around the process that reads foreign files: what it may do, take and outlive.

Each holds by itself; where a system has none of a kind, the others do.
"""

import os
import signal
import sys
import threading
from math import ceil
from pathlib import Path
from typing import Any, BinaryIO

_ROOM = 64 << 20  # bytes of a written file beside its numbers: names, headers
_GRACE = 5  # seconds that the process outlives the limit by which its parent ends it
_FORBIDDEN = (
    "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "os.kill",
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod",
    "os.truncate", "os.putenv", "shutil.", "subprocess.", "pty.", "socket.", "ctypes.",
    "pickle.find_class", "urllib.", "ftplib.", "winreg.",
)  # fmt: skip


def refuse_harm(folder: Path) -> None:
    """Let this process start and connect to nothing, and write and remove in a folder only."""
    allowed = os.path.realpath(folder)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and _is_writing(*arguments):
            if not _is_in(arguments[0], allowed):
                raise PermissionError(f"it would have written {arguments[0]!r}")
        elif event in ("os.remove", "os.rmdir") and arguments[1] == -1:  # by its path
            if not _is_in(arguments[0], allowed):
                raise PermissionError(f"it would have removed {arguments[0]!r}")
        elif event.startswith(_FORBIDDEN):
            raise PermissionError(f"it would have called {event}")

    sys.addaudithook(hook)


def _is_in(path: Any, folder: str) -> bool:
    place = os.path.realpath(os.fspath(path))
    return place == folder or place.startswith(folder + os.sep)


def _is_writing(path: object, mode: str | None, flags: int) -> bool:
    return bool(set(mode or "") & set("wax+")) or bool(flags & (os.O_WRONLY | os.O_RDWR))


def limit_memory(n_bytes: int, n_written: int) -> None:
    """Limit address space and the size of files; leave no core file."""
    limit("AS", n_bytes)
    limit("FSIZE", n_written + _ROOM)
    limit("CORE", 0)


def limit_time(seconds: float) -> None:
    """End this process some seconds after its parent should have, by its own clocks."""
    limit("CPU", ceil(seconds) + _GRACE)
    if hasattr(signal, "alarm"):
        signal.alarm(ceil(seconds) + _GRACE)


def limit(what: str, most: int) -> None:
    """Set one limit of the system, or keep the lower one that is there.

    Parameters
    ----------
    what : str
        Name without RLIMIT_.
    most : int
        In the unit that it has. Where the system has no such limit (Windows), or refuses it as
        macOS does that of address space, the other walls hold.
    """
    try:
        import resource
    except ImportError:
        return
    try:
        kind = getattr(resource, f"RLIMIT_{what}")
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
    except (AttributeError, ValueError, OSError):
        return


def end_with_parent(pipe: BinaryIO, folder: Path) -> None:
    """End this process, and remove its folder, when nobody holds the other end of a pipe.

    Parameters
    ----------
    pipe : binary file
        The parent keeps the other end open while it waits, however it ends.
    folder : Path
        What the parent would have removed.
    """

    def watch() -> None:
        os.read(pipe.fileno(), 1)
        try:
            for path in folder.iterdir():
                os.remove(path)  # noqa: PTH107  what the hook above knows
            os.rmdir(folder)  # noqa: PTH106
        finally:
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
