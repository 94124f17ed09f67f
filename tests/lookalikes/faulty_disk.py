"""A disk that fails at its n-th call, under the one module that writes outputs."""

import errno
import os
from collections.abc import Callable, Iterator
from typing import Any

from featpipe import publishing

COUNTED = ("open", "mkdir", "write", "fsync", "replace")


class FaultyDisk:
    """Stands for `os` in `featpipe.publishing`; every other name is that of `os`.

    Attributes
    ----------
    n : int
        Which call fails, counted from 1; 0 for none.
    code : int
        With which error, of `errno`.
    is_lasting : bool
        All later calls fail as well, as those of a full disk do.
    """

    def __init__(self, n: int, code: int = errno.ENOSPC, *, is_lasting: bool = False) -> None:
        self.n, self.code, self.is_lasting, self.n_calls = n, code, is_lasting, 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(os, name)
        return self.counted(name, call) if name in COUNTED else call

    def counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def once(*args: Any) -> Any:
            self.n_calls += 1
            if self.n_calls == self.n or (self.is_lasting and self.n_calls > self.n > 0):
                return self.failed(name, call, *args)
            return (
                None if name == "fsync" else call(*args)
            )  # it only takes time: no power is cut here

        return once

    def failed(self, name: str, call: Callable[..., Any], *args: Any) -> Any:
        raise OSError(self.code, os.strerror(self.code))


class ShortOfBreath(FaultyDisk):
    """From its n-th call on it writes a third of what it is given, and says so."""

    def failed(self, name: str, call: Callable[..., Any], *args: Any) -> Any:
        if name != "write":
            return call(*args)
        stream, content = args
        return call(stream, content[: max(1, len(content) // 3)])


class Forgetful(FaultyDisk):
    """Its n-th write loses the last byte and claims that it is there."""

    def failed(self, name: str, call: Callable[..., Any], *args: Any) -> Any:
        if name != "write":
            return call(*args)
        stream, content = args
        call(stream, content[:-1])
        return len(content)


def failing_ever_later(monkeypatch: Any, make: Callable[[int], FaultyDisk]) -> Iterator[FaultyDisk]:
    """Yield disks that fail at call 1, 2, ... until one had no reason to: it was never reached."""
    n = 1
    while True:
        disk = make(n)
        with monkeypatch.context() as patch:
            patch.setattr(publishing, "os", disk)
            yield disk
        if disk.n_calls < n:
            return
        n += 1
