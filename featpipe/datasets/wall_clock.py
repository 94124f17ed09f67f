"""EEG and eye tracker without a common mark, brought together by the clocks on the wall.

Assumed: the computer that showed the clips wrote the time of day of every trigger, as SEED-VII's
`*_trigger_info.csv` have it, and the eye tracker's computer was the same or showed the same time.
Where the two went apart, eye and EEG are apart by as much, and nothing in the files can tell. What
can be told is how far single triggers lie from the one offset: `Offset.spread`, which holds the
delays of the triggers and half the drift of the amplifier's clock against the computer's. The
laboratory's own script places eye recordings in the same way.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from featpipe.errors import ReadError, printable
from featpipe.readers.text_lines import decode
from featpipe.readers.tobii_start import seconds_of_day
from featpipe.regular_files import content_of

_DAY_S = 86400.0
_MAX_BYTES = 1 << 20


class Trigger(NamedTuple):
    """A trigger and when it was sent: its code, and seconds after midnight."""

    code: str
    time: float


class Offset(NamedTuple):
    """How one clock is told from another.

    Attributes
    ----------
    seconds : float
        EEG time minus the other, s.
    typical, spread : float
        Median and largest distance of a trigger from it, s.
    """

    seconds: float
    typical: float
    spread: float


def read_triggers(path: Path) -> list[Trigger]:
    """Read a file of triggers.

    Parameters
    ----------
    path : Path
        Rows of code and time, such as "1,2022-10-01 14:25:40.123456"; no row of names.

    Returns
    -------
    list of Trigger
        In the order of the file.

    Raises
    ------
    ReadError
        When a row is something else, or time runs backwards; the message names the line.
    """
    triggers: list[Trigger] = []
    for i, row in enumerate(_rows(path), start=1):
        if len(row) <= 2 and not "".join(row).strip():
            continue
        time = seconds_of_day(row[1].strip().split(" ")[-1]) if len(row) == 2 else None
        if time is None:
            found = printable(",".join(row))
            raise ReadError(
                f"{path} line {i}: '{found}': expected a code and a time such as "
                "1,2022-10-01 14:25:40.123456; download it again"
            )
        if triggers and since(time, triggers[-1].time) < 0:
            raise ReadError(f"{path} line {i}: time runs backwards; download it again")
        triggers.append(Trigger(row[0].strip(), time))
    if not triggers:
        raise ReadError(f"{path}: it is empty; download it again")
    return triggers


def _rows(path: Path) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(decode(content_of(path, _MAX_BYTES))))
    try:
        yield from reader
    except csv.Error as error:
        raise ReadError(
            f"{path} line {reader.line_num}: it cannot be read as CSV ({error}); download it again"
        ) from error


def since(time: float, start: float) -> float:
    """Return the seconds between two times of day, within half a day either way."""
    return (time - start + _DAY_S / 2) % _DAY_S - _DAY_S / 2


def offset_between(eeg: Sequence[float], other: Sequence[float]) -> Offset:
    """Return the offset of two clocks that have seen the same triggers.

    Parameters
    ----------
    eeg, other : sequence of float
        Seconds of the same triggers, in order; at least one.

    Returns
    -------
    Offset
    """
    difference = np.asarray(eeg, float) - np.asarray(other, float)
    seconds = float(np.median(difference))
    distance = np.abs(difference - seconds)
    return Offset(seconds, float(np.median(distance)), float(distance.max()))


def eye_offset(eeg: Sequence[float], wall: Sequence[float], eye_start: float) -> Offset:
    """Return how an eye recording is placed on the clock of the EEG.

    Parameters
    ----------
    eeg : sequence of float
        Seconds of the EEG at which triggers were recorded.
    wall : sequence of float
        Times of day at which they were sent, seconds after midnight.
    eye_start : float
        Time of day at which the clock of the eye recording was 0.

    Returns
    -------
    Offset
        `seconds` is `Source.eye_offset`: EEG time = time in the eye file + seconds.
    """
    return offset_between(eeg, [since(time, eye_start) for time in wall])
