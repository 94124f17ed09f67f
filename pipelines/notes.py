"""Warnings of a recording that is used all the same: heard where it is made, told once.

Readers and features warn through `logging`, as libraries do. On a worker that would end in a log
that nobody reads, and of a hundred recordings of one tracker it would be told a hundred times. So
the task takes the warnings along in its row, its tables keep them, and the main process says each
kind once.
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
    """Says the first note of each kind, and counts those of other recordings."""

    def __init__(self) -> None:
        self.first: dict[str, str] = {}
        self.others: dict[str, list[str]] = {}

    def hear(self, unit: str, notes: Sequence[Note]) -> Iterator[str]:
        """Yield what is new in the notes of a unit, as it is to be said."""
        kinds = {}
        for note in notes:
            kinds.setdefault(note.kind, []).append(note.text)
        for kind, texts in kinds.items():
            if kind in self.first:
                self.others[kind].append(unit)
                continue
            named = texts[0] if texts[0].startswith(unit) else f"{unit}: {texts[0]}"
            self.first[kind], self.others[kind] = named, []
            yield named + f" (and {len(texts) - 1} more like it)" * (len(texts) > 1)

    def end(self) -> Iterator[str]:
        """Yield how many more each was told of."""
        for kind, units in self.others.items():
            if units:
                yield f"also of {len(units)} more ({few(units)}): {one_line(self.first[kind], 100)}"
