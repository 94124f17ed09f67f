"""Ctrl-C, and SIGTERM, which batch systems send first: once to finish in order, twice to stop.

Signals are the process's own, and so is what this module remembers of them.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

from pipelines.exits import INTERRUPTED

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
GO_ON = "what is finished is kept, run the same command to go on"

ONCE_S = 1.0
"""Signals this close are one: `timeout` sends its own to the process and again to its group."""


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
_heard: list[float] = []  # when a signal came that was obeyed
_not_begun: dict[str, int] = {}  # step -> units


def ask(ending: Ending) -> None:
    """Have the work that is in progress end in order: what runs is finished, nothing is begun."""
    _asked.append(ending)


def asked() -> Ending | None:
    """Return why the work of this process is to end, the first reason of several."""
    return _asked[0] if _asked else None


def forget() -> None:
    """Begin anew: another command runs in this process."""
    _asked.clear()
    _heard.clear()
    _not_begun.clear()


def leave_out(step: str, n_units: int) -> None:
    """Take note of units that were not begun, or not all of whose tries were made.

    Parameters
    ----------
    step : str
        Name of the step.
    n_units : int
        How many of its units have no outcome.
    """
    _not_begun[step] = n_units


def not_begun() -> dict[str, int]:
    """Return what `leave_out` was told: step -> number of units."""
    return dict(_not_begun)


@contextmanager
def in_order() -> Iterator[None]:
    """While it lasts the first signal only asks for an end; the second one interrupts."""
    with _handling(_ask_first):
        yield


@contextmanager
def own_process() -> Iterator[None]:
    """Take signals of a process that is ours alone: at once where nothing is at stake yet.

    Python's own way would be a traceback in the middle of an import. Nothing is taken back at the
    end: what comes while the interpreter goes down must not change the exit code.
    """
    _is_own.append(True)
    _take(_leave, _SIGNALS)
    try:
        yield
    finally:
        _is_own.clear()
        _take(_overhear, _SIGNALS)


@contextmanager
def interruptible() -> Iterator[None]:
    """While it lasts signals are a KeyboardInterrupt, SIGTERM too where the process is ours."""
    with _handling(_interrupt, _SIGNALS if _is_own else ()):
        yield


def leave_at_once() -> None:
    """Leave this process if it is ours: taking a cluster down in order lasts for seconds."""
    if _is_own:
        _leave()


def _leave(number: int = 0, frame: FrameType | None = None) -> None:
    # not through sys.stderr, which may be in the middle of a line
    os.write(2, f"featpipe: interrupted; {GO_ON}\n".encode())
    os._exit(INTERRUPTED)


def _overhear(number: int, frame: FrameType | None) -> None:
    pass


def _is_again() -> bool:
    """Tell whether a signal is the same as the one before."""
    now = time.monotonic()
    if _heard and now - _heard[-1] < ONCE_S:
        return True
    _heard[:] = [now]
    return False


def _ask_first(number: int, frame: FrameType | None) -> None:
    if _is_again():
        return
    if _asked:
        raise KeyboardInterrupt
    ask(Ending(f"interrupted; {GO_ON}", INTERRUPTED))


def _interrupt(number: int, frame: FrameType | None) -> None:
    if not _is_again():
        raise KeyboardInterrupt


@contextmanager
def _handling(
    handler: Callable[[int, FrameType | None], None],
    signals: tuple[signal.Signals, ...] = _SIGNALS,
) -> Iterator[None]:
    before = _take(handler, signals)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _take(
    handler: Callable[[int, FrameType | None], None], signals: tuple[signal.Signals, ...]
) -> dict[signal.Signals, Any]:
    """Handle signals, but those that whoever started this process wants ignored."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    before = {number: signal.getsignal(number) for number in signals}
    taken = {n: old for n, old in before.items() if old not in (signal.SIG_IGN, None)}
    for number in taken:
        signal.signal(number, handler)
    return taken
