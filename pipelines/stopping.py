"""Ctrl-C, and SIGTERM, which batch systems send first: once to finish in order, twice to stop.

Signals are the process's own, and so is what this module remembers of them.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

from pipelines.exits import INTERRUPTED

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
GO_ON = "what is finished is kept, run the same command to go on"


class Ending(NamedTuple):
    """Why work ended before all of it was done.

    Attributes
    ----------
    message : str
        For the user.
    code : int
        Exit code.
    """

    message: str
    code: int


_asked: list[Ending] = []
_is_own: list[bool] = []  # whether this process is nobody's but ours, and may be left at once


def ask(ending: Ending) -> None:
    """Have the work that is in progress end in order: what runs is finished, nothing is begun."""
    _asked.append(ending)


def asked() -> Ending | None:
    """Return why the work of this process is to end, the first reason of several."""
    return _asked[0] if _asked else None


def forget() -> None:
    """Begin anew: another command runs in this process."""
    _asked.clear()


@contextmanager
def in_order() -> Iterator[None]:
    """While it lasts the first signal only asks for an end; the second one interrupts."""
    with _handling(_ask_first):
        yield


@contextmanager
def like_ctrl_c() -> Iterator[None]:
    """Have SIGTERM interrupt this process, which is ours alone, as Ctrl-C does."""
    _is_own.append(True)
    try:
        with _handling(_interrupt, (signal.SIGTERM,)):
            yield
    finally:
        _is_own.clear()


def leave_at_once() -> None:
    """Leave this process if it is ours: taking a cluster down in order lasts for seconds."""
    if _is_own:
        sys.stderr.write(f"featpipe: interrupted; {GO_ON}\n")
        sys.stderr.flush()
        os._exit(INTERRUPTED)


def _ask_first(number: int, frame: FrameType | None) -> None:
    if _asked:
        raise KeyboardInterrupt
    ask(Ending(f"interrupted; {GO_ON}", INTERRUPTED))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _handling(
    handler: Callable[[int, FrameType | None], None],
    signals: tuple[signal.Signals, ...] = _SIGNALS,
) -> Iterator[None]:
    """Handle signals, but those that whoever started this process wants ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in signals}
    taken = [number for number, old in before.items() if old not in (signal.SIG_IGN, None)]
    for number in taken:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])
