"""When the clips of a SEED-VII session began and ended, in seconds of its EEG."""

from collections.abc import Sequence
from typing import NamedTuple

from featpipe.datasets.wall_clock import Trigger, offset_between, since
from featpipe.errors import ReadError

BEGIN, END = "1", "2"
"""Codes of the triggers, as the laboratory's own scripts take them."""

MAX_TYPICAL_S = 1.0
"""Triggers of one recording and the marks in it lie some milliseconds apart; those of two
recordings tens of seconds, because no two sessions show the same clips."""

Mark = tuple[float, str]


class Clips(NamedTuple):
    """Begin and end of each clip, one after the other.

    Attributes
    ----------
    eeg : list of float
        Seconds of the EEG.
    wall : list of float
        The same moments, seconds after midnight; empty where no file tells them.
    """

    eeg: list[float]
    wall: list[float]

    def spans(self) -> list[tuple[float, float]]:
        """Begin and end of every clip, seconds of the EEG."""
        return pairs(self.eeg)


def pairs(moments: Sequence[float]) -> list[tuple[float, float]]:
    """Pair each begin with its end."""
    return list(zip(moments[::2], moments[1::2], strict=True))


def wall_times(triggers: Sequence[Trigger], n_clips: int) -> list[float]:
    """Return when clips began and ended by the clock on the wall.

    Parameters
    ----------
    triggers : sequence of Trigger
        Codes other than those of begin and end are left out.
    n_clips : int
        How many clips the session has.

    Returns
    -------
    list of float
        Seconds after midnight.

    Raises
    ------
    ReadError
        When these are not a begin and an end for each clip; the message does not name the file.
    """
    bounds = [trigger for trigger in triggers if trigger.code in (BEGIN, END)]
    if [trigger.code for trigger in bounds] != [BEGIN, END] * n_clips:
        n_begins = sum(trigger.code == BEGIN for trigger in bounds)
        raise ReadError(
            f"{n_begins} rows of code {BEGIN} (a clip begins) and {len(bounds) - n_begins} of code "
            f"{END} (it ends), expected {n_clips} of each in turn"
        )
    return [trigger.time for trigger in bounds]


def clips_by_marks(marks: Sequence[Mark], wall: Sequence[float], n_clips: int) -> Clips:
    """Return the clips by the marks in the EEG itself.

    Parameters
    ----------
    marks : sequence of (float, str)
        Seconds and name. Stimulus codes are digits alone; what keyboard and keypad left is not
        looked at, and where there are more, only begin and end are.
    wall : sequence of float
        What `wall_times` found, or nothing.
    n_clips : int
        How many clips the session has.

    Returns
    -------
    Clips

    Raises
    ------
    ReadError
        When there are not two marks for each clip, or when they and the triggers are not of one
        recording; the message does not name the file.
    """
    codes = [mark for mark in marks if mark[1].isdigit()]
    if len(codes) != 2 * n_clips:
        codes = [mark for mark in codes if mark[1] in (BEGIN, END)]
    if len(codes) != 2 * n_clips:
        raise ReadError(f"{len(codes)} marks of clips, expected {2 * n_clips}")
    eeg = [time for time, _ in codes]
    if any(stop <= start for start, stop in pairs(eeg)):
        raise ReadError("a clip ends when it begins")
    if wall:
        apart = offset_between(eeg, [since(time, wall[0]) for time in wall])
        if apart.typical > MAX_TYPICAL_S:
            raise ReadError(
                f"its marks and the triggers lie {apart.typical:.0f} s apart, so that one of the "
                "two is of another session"
            )
    return Clips(eeg, list(wall))


def clips_by_clock(wall: Sequence[float], eeg_start: float) -> Clips:
    """Return the clips of a recording of which only the time of day is known when it began."""
    return Clips([since(time, eeg_start) for time in wall], list(wall))
