"""Names under which triggers of the EEG and messages of the eye tracker are compared.

`featpipe.eye.alignment` finds the clock on which marks of equal name coincide.
"""

import re

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.eye.alignment import Marks, ordered_marks
from featpipe.eye.plausibility import GIVE_OFFSET

Named = tuple[np.ndarray, np.ndarray]

_NUMBER = re.compile(r"(?<![\d.])(\d+)(?:\.0*)?(?![\d.])")
_PREFIX = re.compile(r"^[\s#]*message\s*:\s*", re.IGNORECASE)


def mark_name(text: object) -> str:
    """Return the name under which a trigger or message is compared.

    A text with exactly one whole number is named by that number, whatever stands around it;
    any other text by itself, without case, surplus blanks and a leading "Message:".

    Parameters
    ----------
    text : object
        Annotation description, trigger value or message.

    Returns
    -------
    str
        Empty if the text is.

    Examples
    --------
    >>> [mark_name(text) for text in ("Stimulus/S  81", "# Message: 81", "TRIGGER 081", 81.0)]
    ['81', '81', '81', '81']
    >>> mark_name("Message:  Block  1 of 3")
    'block 1 of 3'
    """
    line = _PREFIX.sub("", str(text))
    numbers = _NUMBER.findall(line)
    if len(numbers) == 1:
        return str(int(numbers[0]))
    return " ".join(line.lower().split())


def named_marks(time: pd.Series, text: pd.Series) -> Named:
    """Return times and names of the marks that have both.

    Parameters
    ----------
    time : pandas.Series
        Seconds.
    text : pandas.Series
        Trigger values, descriptions or messages.

    Returns
    -------
    time : numpy.ndarray of float, shape (n_marks,)
    name : numpy.ndarray of str, shape (n_marks,)
    """
    seconds = time.to_numpy(dtype=float)
    name = np.array([mark_name(t) for t in text], dtype=str)
    keep = np.isfinite(seconds) & (name != "")
    return seconds[keep], name[keep]


def marks_of_both(eye_messages: pd.DataFrame, eeg_marks: pd.DataFrame) -> tuple[Named, Named]:
    """Return times and names of the messages of the tracker and of the triggers of the EEG.

    Parameters
    ----------
    eye_messages : pandas.DataFrame
        Columns `schema.EYE_MESSAGES`.
    eeg_marks : pandas.DataFrame
        Columns `time` (s) and `code`.

    Returns
    -------
    eye, eeg : tuple of numpy.ndarray
        As `named_marks` returns them.
    """
    return (
        named_marks(pd.Series(eye_messages["time"]), pd.Series(eye_messages["text"])),
        named_marks(pd.Series(eeg_marks["time"]), pd.Series(eeg_marks["code"])),
    )


def shared_marks(eye: Named, eeg: Named) -> tuple[Marks, Marks]:
    """Return the marks whose name occurs in both recordings.

    Parameters
    ----------
    eye, eeg : tuple of numpy.ndarray
        Times and names of all marks (`named_marks`).

    Returns
    -------
    eye, eeg : Marks
        Equal names have equal codes.

    Raises
    ------
    ReadError
        If no name occurs in both.
    """
    shared = np.intersect1d(eye[1], eeg[1])
    if not shared.size:
        raise ReadError(
            "no trigger of the EEG occurs among the messages of the eye recording: EEG has "
            f"{_listed(eeg[1])}; eye has {_listed(eye[1])}; {GIVE_OFFSET}"
        )
    marks = []
    for time, name in (eye, eeg):
        keep = np.isin(name, shared)
        marks.append(ordered_marks(time[keep], np.searchsorted(shared, name[keep])))
    return marks[0], marks[1]


def _listed(names: np.ndarray) -> str:
    """Return the first few different names, for a message."""
    different = np.unique(names)
    more = f" and {different.size - 8} more" if different.size > 8 else ""
    return ", ".join(map(repr, different[:8].tolist())) + more if different.size else "none"
