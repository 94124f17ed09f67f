"""JSON as verbs print it: readable, and nothing in it that a terminal obeys."""

import json
from typing import Any


def json_text(content: Any) -> str:
    r"""Write JSON in which letters of every language stand, and all else is spelled out.

    Parameters
    ----------
    content : Any
        What is no part of JSON stands as text.

    Returns
    -------
    str
        Reading it gives the content; names of files that are no Unicode do as well.

    Examples
    --------
    >>> print(json_text({"file": "J\u00fcrgen\x9b\udcff"}))
    {"file": "Jürgen\u009b\udcff"}
    """
    text = json.dumps(content, ensure_ascii=False, default=str)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
