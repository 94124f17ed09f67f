"""Messages and input words of EyeLink files, each at the moment that it speaks of."""

import re

import pandas as pd

from featpipe.errors import ReadError
from featpipe.readers.eye_frames import messages_frame
from featpipe.readers.text_lines import Lines, find_lines, line

_MILLISECONDS = 1e3
_LINE = re.compile(r"(MSG|INPUT)\s+(\d+(?:\.\d+)?)(?:\s+(.*))?$")
_LATE = re.compile(r"(-?\d+)\s+(?=[^\s\d.-])")


def eyelink_messages(words: Lines) -> pd.DataFrame:
    """Return the messages and input words of an EyeLink file.

    Parameters
    ----------
    words : Lines
        The lines that are no samples.

    Returns
    -------
    pandas.DataFrame
        Columns `schema.EYE_MESSAGES`; "INPUT 127" for input words. A whole number in front of the
        text of a message ("-2 SYNCTIME") tells how many ms after the event it was sent: it is
        taken off the time, and is no part of the text, where it would pass for a trigger.

    Raises
    ------
    ReadError
        When a line has no time; the message names it.

    References
    ----------
    SR Research, "How can I take advantage of the timing offset in sending messages?",
    https://www.sr-research.com/support/thread-170.html
    """
    times, texts = [], []
    for i_line in find_lines(words, rb"^(MSG|INPUT)\s").tolist():
        match = _LINE.match(line(words, i_line))
        if match is None:
            raise ReadError(
                f"{words.path}, line {words.numbers[i_line] + 1}: {line(words, i_line)!r} has no "
                "time; repair the line or convert the recording again"
            )
        time, text = float(match[2]), match[3] or ""
        if match[1] == "MSG" and (late := _LATE.match(text)):
            time, text = time - int(late[1]), text[late.end() :]
        times.append(time / _MILLISECONDS)
        texts.append(text if match[1] == "MSG" else f"INPUT {text}")
    return messages_frame(times, texts)
