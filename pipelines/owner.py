"""Who writes into an output folder: said to people, and asked whether it may still be at work."""

import json
import os
import shlex
import socket
import sys
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from featpipe.errors import printable


class Owner(NamedTuple):
    """Who writes into an output folder.

    Attributes
    ----------
    pid : int
        Its process.
    host : str
        The machine it runs on.
    command : str
        As it was typed.
    since : str
        Date and time there.
    token : str
        Its own among all runs there ever are; "" of one that another version of featpipe noted.
    space : str
        Within which its number means that process: one boot of a machine, one namespace of
        processes. Containers may share a host name and count on their own. "" where nobody knows.
    """

    pid: int
    host: str
    command: str
    since: str
    token: str = ""
    space: str = ""

    def note(self) -> str:
        """Write it down, for `owner_in`."""
        return json.dumps(self._asdict()) + "\n"

    def text(self) -> str:
        """Name it in a message."""
        if not self.host:
            return "another process, which has not said its name"
        command = printable(str(self.command), 300)
        host, since = printable(str(self.host)), printable(str(self.since))
        return f"process {self.pid} on {host} since {since} ({command})"


NAMELESS = Owner(0, "", "", "")


def this_process() -> Owner:
    """Describe the process that asks, with a token that nobody else gets."""
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    since = datetime.now().astimezone().isoformat(" ", "seconds")
    return Owner(os.getpid(), socket.gethostname(), command, since, uuid4().hex, _space())


def owner_in(note: bytes) -> Owner | None:
    """Read a note; None where it is none."""
    try:
        return Owner(**json.loads(note))
    except (ValueError, TypeError):
        return None


def is_alive(owner: Owner) -> bool:
    """Tell whether an owner may be at work; of other machines nobody here can say no.

    Nor of other containers: the same number is another process there.
    """
    is_here = owner.space == _space() if owner.space else owner.host == socket.gethostname()
    if not is_here or os.name != "posix":
        return True
    try:
        if owner.pid > 0:
            os.kill(owner.pid, 0)
            return True
    except PermissionError:
        return True
    except (OSError, OverflowError, TypeError):
        pass
    return False


@cache
def _space() -> str:
    """Name the boot of this machine and the namespace of its processes; "" elsewhere than Linux."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""
