"""Whether a table can be of one recording, by its time stamps and by whom it names."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from featpipe.errors import ReadError, few
from featpipe.readers.delimited import Delimited, texts

_MAX_BACK_S = 0.1
"""Rows that were written in another order than taken lie within a few samples."""


def refuse_restart(path: Path, numbers: np.ndarray, time: np.ndarray, remedy: str) -> None:
    """Refuse a clock that was set back, because sorting would mix what was recorded apart.

    Parameters
    ----------
    path : Path
        The file.
    numbers : numpy.ndarray of int64, shape (n_rows,)
        Place of each row in the file, from 0.
    time : numpy.ndarray of float64, shape (n_rows,)
        Seconds.
    remedy : str
        What to do about it.

    Raises
    ------
    ReadError
        When time falls by more than 0.1 s; the message names the line.
    """
    fall = np.flatnonzero(np.diff(time) < -_MAX_BACK_S)
    if fall.size:
        first = int(fall[0])
        raise ReadError(
            f"{path}, line {numbers[first + 1] + 1}: the time falls from "
            f"{time[first]:g} to {time[first + 1]:g} s, {fall.size} times in the file, so its "
            f"clock was set back or several recordings follow each other; {remedy}"
        )


def refuse_several(table: Delimited, names: Sequence[str]) -> None:
    """Refuse a table of several recordings, whose clocks have nothing to do with each other.

    Parameters
    ----------
    table : Delimited
        The table.
    names : sequence of str
        Columns that name a recording, or who was recorded.

    Raises
    ------
    ReadError
        When one of them holds more than one name.
    """
    for values in texts(table, names):
        found = [value for value in dict.fromkeys(values.tolist()) if value]
        if len(found) > 1:
            raise ReadError(
                f"{table.lines.path}: it holds {len(found)} recordings ({few(found)}); export one "
                "file per recording"
            )
