"""`time.txt` of the SEED family: when trials begin and end, as two lists of sample numbers.

The text looks like Python or MATLAB and is neither run nor evaluated: two names, two lists of whole
numbers in square brackets, and nothing else, are understood.
"""

import re
from pathlib import Path
from typing import NamedTuple

from featpipe.errors import ReadError
from featpipe.readers.text_lines import decode

SFREQ = 1000.0
"""Sample numbers are those of the amplifier, Hz."""

_LIST = re.compile(r"\s*(\w+)\s*=\s*\[([\d\s,]*)\]\s*;?")
_NAMES = ("start_point_list", "end_point_list")
_MOST_BYTES = 1 << 16
_REMEDY = "copy time.txt of the release again"


class Bounds(NamedTuple):
    """When the trials of a recording begin and end, in seconds."""

    onsets: tuple[float, ...]
    offsets: tuple[float, ...]


def read_bounds(path: Path) -> Bounds:
    """Read the bounds of all trials.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Bounds
        Seconds, trial 1 first.

    Raises
    ------
    ReadError
        When it holds anything but two lists of the same length, in order of time.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise ReadError(f"{path}: {path.stat().st_size} bytes are no two lists; {_REMEDY}")
    text = decode(path.read_bytes())
    lists, at = {}, 0
    while match := _LIST.match(text, at):
        lists[match[1]] = [int(number) for number in re.findall(r"\d+", match[2])]
        at = match.end()
    if rest := text[at:].strip():
        raise ReadError(f"{path}: {rest[:40]!r} is no list of sample numbers; {_REMEDY}")
    if set(lists) != set(_NAMES):
        names = ", ".join(lists) or "no list"
        raise ReadError(f"{path}: {names}, expected {' and '.join(_NAMES)}; {_REMEDY}")
    starts, ends = (lists[name] for name in _NAMES)
    _require_order(path, starts, ends)
    return Bounds(*(tuple(number / SFREQ for number in of) for of in (starts, ends)))


def _require_order(path: Path, starts: list[int], ends: list[int]) -> None:
    if len(starts) != len(ends) or not starts:
        raise ReadError(f"{path}: {len(starts)} starts and {len(ends)} ends; {_REMEDY}")
    for trial, (start, end) in enumerate(zip(starts, ends, strict=True), start=1):
        if end <= start:
            raise ReadError(f"{path}: trial {trial} goes from sample {start} to {end}; {_REMEDY}")
    for trial, (end, start) in enumerate(zip(ends, starts[1:], strict=False), start=2):
        if start < end:
            raise ReadError(
                f"{path}: trial {trial} begins at sample {start}, before the one before it ends at "
                f"{end}; {_REMEDY}"
            )
