"""Where electrodes lie, told by their names alone: rows from front to back, columns, mirror images.

Names are those of the 10-05 system, and CB1 and CB2. Odd numbers are left, the next even number is
the mirror image, and both grow from the middle to the sides. Positions are not needed, and the
order in which a table has its channels decides nothing.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from featpipe.errors import few

ROWS = """
    FP AFP AF AFF F FFC:FFT FC:FT FCC:FTT C:T CCP:TTP CP:TP CPP:TPP P PPO PO POO O OI I CB
""".split()
"""From front to back. Temporal electrodes continue a row of the others."""

OLD_NAMES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}
"""Of the 10-20 system."""

_ROW = {name: i for i, row in enumerate(ROWS) for name in row.split(":")}
_NAME = re.compile(r"([A-Z]+)(\d+)(H?)")
_OWN_WAY = re.compile(r"A([3-9]|[1-9]\d)")  # A1 and A2 are earlobes, A3 is of a cap that counts
_EDGE = {"FP": 6, "CB": 6, "O": 4, "OI": 4, "I": 4}
"""Rows that are so short that their electrodes stand behind others with higher numbers."""

_SIDES = {"left": "right", "l": "r"}


class Pair(NamedTuple):
    """Two entries of a list of names that mirror each other."""

    left: int
    right: int


class Pairs(NamedTuple):
    """Mirrored entries in two orders of passing through them.

    Attributes
    ----------
    by_row, by_column : tuple of Pair
        The same pairs, row by row and column by column.
    """

    by_row: tuple[Pair, ...]
    by_column: tuple[Pair, ...]


class _Place(NamedTuple):
    row: int
    column: int  # grows to the side
    number: int  # grows to the side within the row
    is_left: bool


def electrode_pairs(ch_names: Sequence[str], leave_out: Sequence[str] = ()) -> Pairs:
    """Return the electrodes of which both sides are there.

    Parameters
    ----------
    ch_names : sequence of str
        In any order and spelling of letters. Electrodes of the midline, and those whose names tell
        no place, are in no pair.
    leave_out : sequence of str
        Electrodes whose pairs are not wanted; either side names them.

    Returns
    -------
    Pairs
        By row: from front to back, within a row from the side to the middle. By column: from the
        side to the middle, within a column from front to back. Both empty where there are none.

    Examples
    --------
    >>> names = ["O2", "F7", "CZ", "F8", "O1", "F4", "F3"]
    >>> [[names[pair.left] for pair in order] for order in electrode_pairs(names)]
    [['F7', 'F3', 'O1'], ['F7', 'O1', 'F3']]
    """
    short = [OLD_NAMES.get(name.upper(), name.upper()) for name in ch_names]
    if any(_OWN_WAY.fullmatch(name) for name in short):
        return Pairs((), ())  # its C3 and F4 are no places either
    places = {name: place for name in short if (place := _place(name))}
    unwanted = {OLD_NAMES.get(name.upper(), name.upper()) for name in leave_out}
    found: dict[Pair, _Place] = {}
    for name, place in places.items():
        other = _mirrored(name)
        if place.is_left and other in places and not unwanted & {name, other}:
            found[Pair(short.index(name), short.index(other))] = place
    by_row = sorted(found, key=lambda pair: (found[pair].row, -found[pair].number))
    by_column = sorted(found, key=lambda p: (-found[p].column, found[p].row, -found[p].number))
    return Pairs(tuple(by_row), tuple(by_column))


def no_pairs(ch_names: Sequence[str]) -> str:
    """Say that no electrode has its mirror image."""
    if not ch_names:
        return "the names of the channels are not known, and pairs are found by them"
    return f"no electrode has its mirror image (such as F3 and F4) among {few(ch_names)}"


def eye_pairs(columns: Sequence[str]) -> Pairs:
    """Return the columns that are there of a left and of a right eye.

    Parameters
    ----------
    columns : sequence of str
        Words between underscores; one of them is left or l.

    Returns
    -------
    Pairs
        By row: in the order of the columns. By column: those with the same last word together.

    Examples
    --------
    >>> names = ["pupil_left_mean", "pupil_left_std", "blinks", "pupil_right_std", "gaze_l_mean",
    ...          "gaze_r_mean", "pupil_right_mean"]
    >>> [[names[pair.left] for pair in order] for order in eye_pairs(names)][1]
    ['pupil_left_mean', 'gaze_l_mean', 'pupil_left_std']
    """
    split = [name.lower().split("_") for name in columns]
    found: dict[Pair, str] = {}
    for i, words in enumerate(split):
        other = [_SIDES.get(word, word) for word in words]
        if other != words and other in split:
            rest = [word for word in words if word not in _SIDES]
            found[Pair(i, split.index(other))] = rest[-1] if rest else ""
    last = list(found.values())
    by_column = sorted(found, key=lambda pair: last.index(found[pair]))
    return Pairs(tuple(found), tuple(by_column))


def _place(name: str) -> _Place | None:
    """Return where an electrode lies; None on the midline, or where its name does not tell."""
    match = _NAME.fullmatch(name)
    if not match or match[1] not in _ROW:
        return None
    number = int(match[2])
    is_left = number % 2 == 1
    # of the left one; half-way electrodes (FCC3H) are nearer to the middle
    number += (0 if is_left else -1) - (1 if match[3] else 0)
    is_af3 = (match[1], number) == ("AF", 3)  # stands in front of F5
    edge = 2 if is_af3 else _EDGE.get(match[1], 0)
    return _Place(_ROW[match[1]], number + edge, number, is_left)


def _mirrored(name: str) -> str:
    """Return the right electrode of a left one."""
    match = _NAME.fullmatch(name)
    return f"{match[1]}{int(match[2]) + 1}{match[3]}" if match else ""
