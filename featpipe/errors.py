"""Errors a caller may want to catch, and the wording of "no such name"."""

from collections.abc import Iterable
from difflib import get_close_matches


class ConfigError(ValueError):
    """A study, an option or an argument is wrong; the message says which and what to do."""


class ReadError(ValueError):
    """A recording cannot be used; the message names the file and the defect."""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Sentence for a name that does not exist, with the nearest known one.

    Parameters
    ----------
    kind : str
        What the name stands for, for example "method".
    name : str
        The name that was asked for.
    known : iterable of str
        All names that exist.

    Returns
    -------
    str
        The message for a ConfigError.

    Examples
    --------
    >>> unknown("method", "csmc", ["cscm", "svm"])
    "unknown method 'csmc': did you mean 'cscm'? Known: cscm, svm."
    """
    known = list(known)
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown {kind} {name!r}: {hint}Known: {', '.join(known)}."
