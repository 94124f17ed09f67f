"""When trials begin and end, from the text files of the SEED family.

`time.txt` has two lists of sample numbers for all recordings, `trial_start_end_timestamp.txt` two
lists of seconds for each session. The texts look like Python or MATLAB and are neither run nor
evaluated: names and lists of numbers in square brackets, and nothing else, are understood.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Defect
from featpipe.errors import ReadError, few, printable
from featpipe.readers.text_lines import decode
from featpipe.regular_files import content_of

SFREQ = 1000.0
"""Sample numbers are those of the amplifier, Hz."""

ALL = ""
"""Stands for the name of a session where one list is for all of them."""

_MOST_BYTES = 1 << 16
# possessive: of many spaces each would be tried as the end of the first run and of the second
_LIST = re.compile(r"\s*+(\w++)\s*+=\s*+\[([^\[\]]*+)\]\s*+;?+")
_NAMES = ("start_point_list", "end_point_list")
_SECONDS = r"\s*+[:=]\s*+\[([^\[\]]*+)\]\s*+(?:[;,]\s*+)?+"
_SESSION = re.compile(
    rf"\s*+Session\s*+([0-9]{{1,3}}+)\s*+:\s*+start_second{_SECONDS}end_second{_SECONDS}"
)
_SAMPLE = re.compile(r"[0-9]{1,9}")
_SECOND = re.compile(r"[0-9]{1,6}(\.[0-9]{0,9})?")
_BETWEEN = re.compile(r"\s*+,\s*+|\s++")


class Bounds(NamedTuple):
    """When the trials of a recording begin and end, in seconds."""

    onsets: tuple[float, ...]
    offsets: tuple[float, ...]


def bounds_of_sessions(
    files: Iterable[Path], name: str, facts: Facts
) -> tuple[dict[str, Bounds], list[Defect]]:
    """Return the bounds of the trials of each session, from the files of a name or published.

    A file lies beside the recordings that it was released with, and the facts are a copy of one:
    it is believed if it has as many trials as are published, in order of time.

    Parameters
    ----------
    files : iterable of Path
        All files of the data set; the first sound one of the name is used.
    name : {"time.txt", "trial_start_end_timestamp.txt"}
        What they are called.
    facts : Facts
        With the published bounds, if there are any.

    Returns
    -------
    bounds : dict of str to Bounds
        Of the sessions of which they are known.
    defects : list of Defect
        Of files that are not sound, and of times that differ from those published or among files.
    """
    published = {
        session: Bounds(of.onsets, of.offsets)
        for of in facts.sessions if of.onsets for session in of.sessions
    }  # fmt: skip
    told: dict[str, tuple[Path, Bounds]] = {}
    defects = []
    for path in (path for path in files if path.name.lower() == name):
        try:
            here = _READERS[name](path)
        except (ReadError, OSError) as error:
            instead = "; the published times are used" * bool(published)
            defects.append(Defect("", "", f"{error}{instead}"))
            continue
        for session in facts.session_names():
            where = ALL if ALL in here else session
            flaw = _flaw(here.get(where), published.get(session), told.get(session))
            if flaw:
                what = f"{path}{_of_session(where)}: {flaw}: compare them, or copy the file again"
                defects.append(Defect("", where, what))
            if where in here and _is_sound(here[where], published.get(session)):
                told.setdefault(session, (path, here[where]))
    used = {session: of for session, (_, of) in told.items()}
    return published | used, list(dict.fromkeys(defects))


def _is_sound(of: Bounds, published: Bounds | None) -> bool:
    return published is None or len(of.onsets) == len(published.onsets)


def _flaw(of: Bounds | None, published: Bounds | None, told: tuple[Path, Bounds] | None) -> str:
    """Say how the times of a session differ from those of an earlier file, or the published."""
    if of is None or not _is_sound(of, published):
        n, wanted = len(of.onsets if of else ()), len(published.onsets if published else ())
        used = f"of {told[0]}" if told else "published"
        return f"times of {n} trials, expected {wanted}; those {used} are used" * (n != wanted)
    if told:
        return f"its times differ from those of {told[0]}, which are used" * (of != told[1])
    if published is None or of == published:
        return ""
    pairs = zip(zip(*of, strict=True), zip(*published, strict=True), strict=True)
    trials = few([str(i) for i, (a, b) in enumerate(pairs, start=1) if a != b])
    return f"the times of trials {trials} are not those published; the file is believed"


def read_bounds(path: Path) -> Bounds:
    """Read the bounds of all trials from time.txt.

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
    text = _text(path)
    lists: dict[str, tuple[float, ...]] = {}
    at = 0
    while match := _LIST.match(text, at):
        name = printable(match[1])
        if name in lists:
            raise ReadError(f"{path}: {name} is there twice; {_remedy(path)}")
        samples = _numbers(path, f", {name}", match[2], _SAMPLE, "whole number of samples")
        lists[name] = tuple(sample / SFREQ for sample in samples)
        at = match.end()
    if rest := text[at:].strip():
        raise ReadError(f"{path}: {rest[:40]!r} is no list of sample numbers; {_remedy(path)}")
    if set(lists) != set(_NAMES):
        names = few(list(lists)) or "no list"
        raise ReadError(f"{path}: {names}, expected {' and '.join(_NAMES)}; {_remedy(path)}")
    return _in_order(path, "", *(lists[name] for name in _NAMES))


def read_times(path: Path) -> dict[str, Bounds]:
    """Read the bounds of the trials of each session from trial_start_end_timestamp.txt.

    Parameters
    ----------
    path : Path
        The file: for each session "Session 1:", "start_second: [30, ...]", "end_second: [...]".

    Returns
    -------
    dict of str to Bounds
        By session.

    Raises
    ------
    ReadError
        When there is anything else in it, when a value is no number, or when trials overlap; the
        message names the session and the value.
    """
    text = _text(path).strip()
    times, at = {}, 0
    while at < len(text):
        match = _SESSION.match(text, at)
        if not match:
            raise ReadError(
                f"{path}: {text[at : at + 40]!r} where 'Session N:', start_second: [...] and "
                f"end_second: [...] are expected; {_remedy(path)}"
            )
        place = _of_session(match[1])
        if match[1] in times:
            raise ReadError(f"{path}{place} is there twice; {_remedy(path)}")
        lists = (_numbers(path, place, match[i], _SECOND, "number of seconds") for i in (2, 3))
        times[match[1]] = _in_order(path, place, *lists)
        at = match.end()
    if not times:
        raise ReadError(f"{path}: it is empty; {_remedy(path)}")
    return times


_READERS: Mapping[str, Callable[[Path], Mapping[str, Bounds]]] = {
    "time.txt": lambda path: {ALL: read_bounds(path)},
    "trial_start_end_timestamp.txt": read_times,
}


def _text(path: Path) -> str:
    return decode(content_of(path, _MOST_BYTES))


def _numbers(
    path: Path, place: str, text: str, number: re.Pattern[str], what: str
) -> tuple[float, ...]:
    """Read numbers between commas or blanks; a comma behind the last one is none too many."""
    text = text.strip().removesuffix(",").rstrip()
    words = _BETWEEN.split(text) if text else []
    for word in words:
        if not number.fullmatch(word):
            raise ReadError(f"{path}{place}: '{printable(word)}' is no {what}; {_remedy(path)}")
    return tuple(map(float, words))


def _in_order(
    path: Path, place: str, onsets: tuple[float, ...], offsets: tuple[float, ...]
) -> Bounds:
    if len(onsets) != len(offsets) or not onsets:
        n = f"{len(onsets)} starts and {len(offsets)} ends"
        raise ReadError(f"{path}{place}: {n}; {_remedy(path)}")
    ends = (0.0, *offsets)
    for trial, (end, start, stop) in enumerate(zip(ends, onsets, offsets, strict=False), start=1):
        if not end <= start < stop:
            raise ReadError(
                f"{path}{place}: trial {trial} is from {start:g} to {stop:g} s, where the one "
                f"before ends at {end:g} s; {_remedy(path)}"
            )
    return Bounds(onsets, offsets)


def _of_session(session: str) -> str:
    return f", session {session}" * bool(session)


def _remedy(path: Path) -> str:
    return f"copy {path.name} of the release again"
