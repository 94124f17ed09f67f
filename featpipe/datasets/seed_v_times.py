"""The file trial_start_end_timestamp.txt of SEED-V: when clips began and ended, in seconds."""

import re
from pathlib import Path
from typing import NamedTuple

from featpipe.errors import ReadError
from featpipe.readers.text_lines import decode

_LIST = r"\s*[:=]\s*\[([^\[\]]*)\]\s*[;,]?\s*"
_SESSION = re.compile(rf"\s*Session\s*(\d+)\s*:\s*start_second{_LIST}end_second{_LIST}")
_MAX_BYTES = 1 << 20


class Times(NamedTuple):
    """Seconds of a session: `onsets` and `offsets` of its clips, in order."""

    onsets: tuple[float, ...]
    offsets: tuple[float, ...]


def read_times(path: Path) -> dict[str, Times]:
    """Read the times of all sessions.

    Parameters
    ----------
    path : Path
        The file: for each session "Session 1:", "start_second: [30, ...]", "end_second: [...]".

    Returns
    -------
    dict of str to Times
        By session.

    Raises
    ------
    ReadError
        When there is anything else in it, when a value is no number, or when clips overlap; the
        message names the session and the value.
    """
    with path.open("rb") as file:
        text = decode(file.read(_MAX_BYTES)).strip()
    times, at = {}, 0
    while at < len(text):
        match = _SESSION.match(text, at)
        if not match:
            raise ReadError(
                f"{path}: {text[at : at + 40]!r} where 'Session N:', start_second: [...] and "
                "end_second: [...] are expected; download it again"
            )
        if match[1] in times:
            raise ReadError(f"{path}: session {match[1]} is there twice; download it again")
        times[match[1]] = _times(path, match)
        at = match.end()
    if not times:
        raise ReadError(f"{path}: it is empty; download it again")
    return times


def _times(path: Path, match: re.Match[str]) -> Times:
    place = f"{path}, session {match[1]}"
    onsets, offsets = (_numbers(place, text) for text in (match[2], match[3]))
    if len(onsets) != len(offsets):
        raise ReadError(f"{place}: {len(onsets)} starts and {len(offsets)} ends; download it again")
    ends = (0.0, *offsets)
    for end, start, stop in zip(ends, onsets, offsets, strict=False):
        if not end <= start < stop:
            raise ReadError(
                f"{place}: a clip from {start:g} to {stop:g} s, where the one before ends at "
                f"{end:g} s; download it again"
            )
    return Times(onsets, offsets)


def _numbers(place: str, text: str) -> tuple[float, ...]:
    numbers = []
    for word in filter(None, map(str.strip, text.split(","))):
        if not re.fullmatch(r"\d+(\.\d*)?", word):
            raise ReadError(f"{place}: {word!r} is no number of seconds; download it again")
        numbers.append(float(word))
    return tuple(numbers)
