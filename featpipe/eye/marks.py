"""Names under which triggers of the EEG and messages of the eye tracker are compared.

`featpipe.eye.alignment` finds the clock on which marks of equal name coincide.
"""

import re

import numpy as np
import pandas as pd

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


def named_marks(time: pd.Series, text: pd.Series) -> tuple[np.ndarray, np.ndarray]:
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
