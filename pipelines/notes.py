"""Warnings of a recording that is used all the same: heard where it is made, told here.

Readers and features warn through `logging`, as libraries do. On a worker that would end in a log
that nobody reads, and of a hundred recordings of one tracker it would be told a hundred times. So
the task takes the warnings along in its row, its tables keep them, and the main process says a few
of each kind.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from featpipe.errors import few, one_line

OF_RECORDINGS = ("featpipe.eeg", "featpipe.eye", "featpipe.features", "featpipe.readers", "models")
"""Loggers whose warnings are about what is read; kernels that are compiled are not."""

N_MOST = 50
"""Most warnings that are kept of one unit."""

N_TOLD = 3
"""Of a kind, that are said as they are: each tells numbers of its own."""


class Note(NamedTuple):
    """A warning.

    Attributes
    ----------
    text : str
        One line.
    kind : str
        What warnings of other recordings have in common with it, whatever numbers they tell.
    """

    text: str
    kind: str


class _Listener(logging.Handler):
    """Keeps what its own thread is warned of; a worker of somebody else may have several."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.mine = threading.get_ident()
        self.notes: list[Note] = []

    def emit(self, record: logging.LogRecord) -> None:
        if threading.get_ident() == self.mine and len(self.notes) < N_MOST:
            note = Note(one_line(record.getMessage()), str(record.msg))
            if note not in self.notes:
                self.notes.append(note)


@contextmanager
def listening() -> Iterator[list[Note]]:
    """Collect the warnings of this thread; nothing else prints them meanwhile.

    Yields
    ------
    list of Note
        Grows while it is heard.

    Examples
    --------
    >>> with listening() as notes:
    ...     logging.getLogger("featpipe.eye").warning("%s: %d blinks", "sub-1", 3)
    >>> notes
    [Note(text='sub-1: 3 blinks', kind='%s: %d blinks')]
    """
    listener = _Listener()
    loggers = [logging.getLogger(name) for name in OF_RECORDINGS]
    for logger in loggers:
        logger.addHandler(listener)
    try:
        yield listener.notes
    finally:
        for logger in loggers:
            logger.removeHandler(listener)


class Telling:
    """Says the first notes of each kind as they are, and counts the others."""

    def __init__(self) -> None:
        self.told: dict[str, list[str]] = {}
        self.others: dict[str, list[str]] = {}

    def hear(self, unit: str, notes: Sequence[Note]) -> Iterator[str]:
        """Yield what is new in the notes of a unit, as it is to be said."""
        for text, kind in notes:
            told = self.told.setdefault(kind, [])
            if len(told) < N_TOLD:
                told.append(text if text.startswith(unit) else f"{unit}: {text}")
                yield told[-1]
            else:
                self.others.setdefault(kind, []).append(unit)

    def end(self) -> Iterator[str]:
        """Yield how many more each kind was told of, and of whom."""
        for kind, units in self.others.items():
            of = few(list(dict.fromkeys(units)))
            yield f"{len(units)} more like it, of {of}: {one_line(self.told[kind][0], 100)}"
