"""Files that are opened: regular ones only.

A FIFO blocks whoever opens it, a device such as /dev/zero has no end, and both may lie below a
folder, or a link to them. What cannot be opened is a `ReadError`, as all else that is wrong with a
file.
"""

import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import cast

from featpipe.errors import ReadError


def is_regular(path: Path) -> bool:
    """Tell whether a path leads to a regular file; not where a link or folder is closed to us."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):  # the latter of a path with NUL
        return False


def state_of(path: Path) -> os.stat_result:
    """Return the state of a regular file.

    Raises
    ------
    ReadError
        When it is none, or not there; the message names it.
    """
    try:
        state = path.stat()
    except (OSError, ValueError) as error:  # the latter of a path with NUL
        raise _unopened(path, error) from error
    if not stat.S_ISREG(state.st_mode):
        what = "folder" if stat.S_ISDIR(state.st_mode) else "device or pipe"
        raise ReadError(f"{path}: it is a {what}, expected a file: take it away, or rename it")
    return state


def open_file(path: Path, buffering: int = -1) -> BufferedReader:
    """Open a regular file for reading, buffered as `open` says.

    Raises
    ------
    ReadError
        When it is none, or cannot be opened; the message names it.
    """
    state_of(path)
    try:
        return cast("BufferedReader", path.open("rb", buffering))  # it is all that callers use
    except OSError as error:
        raise _unopened(path, error) from error


def content_of(path: Path, most_bytes: int) -> bytes:
    """Return the whole content of a small file.

    Parameters
    ----------
    path : Path
        The file.
    most_bytes : int
        Most that are read.

    Raises
    ------
    ReadError
        When it cannot be opened, or is larger.
    """
    with open_file(path) as file:
        try:
            content = file.read(most_bytes + 1)
        except OSError as error:
            raise _unopened(path, error) from error
    if len(content) > most_bytes:
        raise ReadError(
            f"{path}: it has more than {most_bytes} bytes, which no such file has: see whether it "
            "is the right one, or copy it again"
        )
    return content


def _unopened(path: Path, error: OSError | ValueError) -> ReadError:
    why = error.strerror if isinstance(error, OSError) else None
    return ReadError(
        f"{path}: it cannot be opened ({why or error}); see whether it is there and may be read"
    )
