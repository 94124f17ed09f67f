"""The verdict on a file before its data are read: header against file size, no signal touched."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from featpipe.errors import ReadError, one_line, printable
from featpipe.regular_files import open_file

Status = Literal["ok", "truncated", "corrupt", "suspicious"]

FASTEST_HZ = 1e6
"""No amplifier of scalp signals samples faster; a header that says so is damaged."""

_PROBE = 1 << 18


class Check(NamedTuple):
    """What a pre-flight found.

    Attributes
    ----------
    status : {"ok", "truncated", "corrupt", "suspicious"}
        Truncated and corrupt files are refused; suspicious ones are read and logged.
    reason : str
        The defect and the next step; empty when all is well.
    """

    status: Status
    reason: str


OK = Check("ok", "")


def verdict(path: Path, inspect: Callable[[], Check]) -> Check:
    """Run a pre-flight so that a header it cannot parse becomes a verdict, not an exception.

    Parameters
    ----------
    path : Path
        The file; messages do not repeat its name.
    inspect : callable
        Returns the Check; may raise.

    Returns
    -------
    Check
        "corrupt", with what could not be parsed, when `inspect` raised.
    """
    try:
        status, reason = inspect()
        return Check(status, one_line(reason))
    except ReadError as error:
        return Check("corrupt", _without(path, str(error)))
    except OSError as error:
        return Check("corrupt", f"the file cannot be opened: {error.strerror or error}")
    except Exception as error:  # damaged headers fail in as many ways as there are parsers
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        what = printable(what, 300)
        return Check("corrupt", f"the header makes no sense ({what}); copy or export it again")


def _without(path: Path, message: str) -> str:
    name = one_line(str(path))
    return message.removeprefix(f"{name}: ").removeprefix(f"{name}, ")


def read_head(path: Path, n_bytes: int, start: int = 0) -> bytes:
    """Return up to `n_bytes` bytes of a file, from `start`.

    Raises
    ------
    ReadError
        When it is no regular file, or cannot be opened.
    """
    with open_file(path) as file:
        file.seek(start)
        return file.read(n_bytes)


def is_newline_damaged(path: Path, start: int) -> bool:
    r"""Tell whether binary data went through a conversion of LF to CR LF.

    Version control and FTP in text mode do this. In binary data an LF follows a CR once in
    hundreds of times; after the conversion it always does.

    Parameters
    ----------
    path : Path
        The file.
    start : int
        Where its binary data begin, bytes.

    Returns
    -------
    bool
    """
    block = read_head(path, _PROBE, start)
    n_newlines = block.count(b"\n")
    return n_newlines >= 16 and len(re.findall(rb"\r\n", block)) == n_newlines


NEWLINE_DAMAGE = (
    "every LF in the binary data follows a CR: a text-mode transfer or a version control system "
    "converted the line ends; fetch the file again as binary"
)
