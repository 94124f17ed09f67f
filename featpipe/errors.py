"""Errors a caller may want to catch, and the wording of "no such name"."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

N_NAMES = 8
"""Most names that a message spells out."""

N_SAID = 4000
"""Most characters of a message that is printed."""

_N_OF_NAME = 200
"""Most characters of one of them."""


class ConfigError(ValueError):
    """A study, an option or an argument is wrong; the message says which and what to do."""


class ReadError(ValueError):
    """A recording cannot be used; the message names the file and the defect.

    What comes from files may stand in it as it is: it becomes one line that can be shown.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(one_line(str(message)))


class NewerSchemaError(ReadError):
    """A table was made by a version of featpipe whose tables this one does not know."""


class MixedRatesError(ReadError):
    """A recording is sound and has EEG of several sampling rates: the study has to choose one."""


class OutputError(OSError):
    """An output cannot be written, and neither the study nor a recording is to blame.

    The message names the file, what is wrong and what to do.
    """


class StoreError(OSError):
    """A store of objects elsewhere does not answer, refuses, or did not take what was sent.

    The message names the URL, what is wrong and what to do.
    """


class ClusterError(OSError):
    """No Dask scheduler answers at the address; the message names it and what to do."""


class DeviceError(OSError):
    """Networks cannot be trained on a device of this machine; the message says why and on which."""


def one_line(message: str, n_most: int = 1000) -> str:
    r"""Make a whole message one line that terminals and logs show as it is.

    Parameters
    ----------
    message : str
        With whatever it quotes of a file.
    n_most : int
        Most characters; the middle of a longer one is left out: the next step is at its end.

    Returns
    -------
    str

    Examples
    --------
    >>> one_line("a\nb: " + "9" * 500 + "; copy it again", 40)
    'a\\nb: 99999999999999 ... ; copy it again'
    """
    text = printable(message, len(message))
    if len(text) <= n_most:
        return text
    n_end = n_most // 3 + 2
    return f"{text[: n_most - n_end - 5]} ... {text[-n_end:]}"


def unknown(
    kind: str,
    name: str,
    known: Iterable[str],
    alike: Iterable[str] | None = None,
    n_shown: int = N_NAMES,
) -> str:
    """Sentence for a name that does not exist, with the nearest known one.

    Nearest is what differs in case or in zeros in front only, then what looks alike. Of many names
    the nearest are listed, or the first where none is near.

    Parameters
    ----------
    kind : str
        What the name stands for, for example "method".
    name : str
        The name that was asked for.
    known : iterable of str
        All names that exist.
    alike : iterable of str, optional
        Those of them that may be meant; all, unless told otherwise.
    n_shown : int
        Most names that are spelled out.

    Returns
    -------
    str
        The message for a ConfigError.

    Examples
    --------
    >>> unknown("method", "csmc", ["cscm", "svm"])
    "unknown method 'csmc': did you mean 'cscm'? Known: cscm, svm."
    >>> unknown("subject", "1", ["11", "01"])
    "unknown subject '1': did you mean '01'? Known: 11, 01."
    """
    known = list(known)
    near = nearest(name, known if alike is None else alike)
    hint = f"did you mean {near!r}? " if near else ""
    if near and len(known) > n_shown:
        first = get_close_matches(name, known, n=n_shown, cutoff=0.0)
        known = [*first, *(other for other in known if other not in first)]
    return f"unknown {kind} {name!r}: {hint}Known: {few(known, n_shown)}."


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant; None where none is near."""
    known = list(known)
    equal = [other for other in known if _plain(other) == _plain(name)]
    return next(iter([*equal, *get_close_matches(name, known, n=1, cutoff=0.5)]), None)


def _plain(name: str) -> str:
    return name.strip().lower().lstrip("0")


def few(names: Sequence[str], n_shown: int = N_NAMES) -> str:
    """List names, of many only the first ones and how many there are.

    Parameters
    ----------
    names : sequence of str
        The names.
    n_shown : int
        Most that are spelled out.

    Returns
    -------
    str
        For a message.

    Examples
    --------
    >>> few(["CZ", "PZ"])
    'CZ, PZ'
    >>> few([f"A{i}" for i in range(1, 129)], 3)
    'A1, A2, A3, ... (128 in all)'
    """
    more = f", ... ({len(names)} in all)" if len(names) > n_shown else ""
    return ", ".join(printable(name, _N_OF_NAME) for name in names[:n_shown]) + more


def printable(text: str, n_most: int = 80) -> str:
    r"""Make a text of a file, or a path, fit for a message: one line of bounded length.

    Parameters
    ----------
    text : str
        Whatever somebody wrote there.
    n_most : int
        Most characters that are shown.

    Returns
    -------
    str
        What is no character to be seen, such as line ends and what terminals obey, is spelled out.

    Examples
    --------
    >>> printable("a\nb\x1b[31m")
    'a\\nb\\x1b[31m'
    >>> printable("9" * 500, 3)
    '999... (500 characters)'
    """
    more = f"... ({len(text)} characters)" if len(text) > n_most else ""
    shown = (c if c.isprintable() else repr(c)[1:-1] for c in text[:n_most])
    return "".join(shown) + more
