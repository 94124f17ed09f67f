"""When a Tobii recording began by the clock of its computer, from the first rows of an export."""

import re
from pathlib import Path

from featpipe.readers.delimited import plain
from featpipe.readers.preflight import read_head
from featpipe.readers.text_lines import decode

_HEAD_BYTES = 1 << 16
_CLOCK = "recordingtimestamp"
_START = "recordingstarttime"
_TIME = re.compile(r"(\d{1,2}):(\d{2}):(\d{2}(?:[.,]\d+)?)")


def start_of(path: Path) -> float | None:
    """Return the time of day at which the clock of a recording was 0.

    Parameters
    ----------
    path : Path
        A data export of Tobii Pro Lab; of its columns 'Recording start time' is looked at, which
        is local time.

    Returns
    -------
    float or None
        Seconds after midnight; None where the export does not tell, or not to the second.
    """
    rows = [line.split("\t") for line in _lines(path)]
    for i, row in enumerate(rows):
        names = [plain(label) for label in row]
        if _CLOCK not in names:
            continue
        if _START not in names:
            return None
        at = names.index(_START)
        cells = (of[at].strip(' "') for of in rows[i + 1 :] if len(of) > at)
        return seconds_of_day(next(filter(None, cells), ""))
    return None


def _lines(path: Path) -> list[str]:
    head = read_head(path, _HEAD_BYTES)
    is_narrow = not head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if is_narrow and len(head) == _HEAD_BYTES:
        head = head[: head.rfind(b"\n") + 1]  # so that no character is cut in two
    return decode(head).split("\n")


def seconds_of_day(text: str) -> float | None:
    """Return the seconds after midnight of a time such as "14:25:34.123", None where it is none.

    Examples
    --------
    >>> seconds_of_day("14:25:34,5"), seconds_of_day("25:34.1")
    (51934.5, None)
    """
    match = _TIME.fullmatch(text.strip())
    if not match:
        return None
    hours, minutes, seconds = (float(part.replace(",", ".")) for part in match.groups())
    is_time = hours < 24 and minutes < 60 and seconds < 60
    return 3600 * hours + 60 * minutes + seconds if is_time else None
