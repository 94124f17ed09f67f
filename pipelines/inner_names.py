"""Names of files within a folder, as records and stores say them: none leads out of it.

A manifest may come from a store that others can write to, and its names become paths here. This is
the one place where such a name is judged.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, TypeVar

Value = TypeVar("Value")

_DRIVE = re.compile("[A-Za-z]:")
_OWN = (".cache", ".staging")
_LONGEST = 255
"""Bytes of one part of a name; file systems take no longer ones."""


def leads_out(name: object) -> bool:
    r"""Tell whether a name is none of a published file within the folder of its record.

    Examples
    --------
    >>> [leads_out(name) for name in ("features/de/a.parquet", "../a", "/a", "C:a", "x\\a")]
    [False, True, True, True, True]
    """
    if not isinstance(name, str) or not name or "\\" in name or "\0" in name:
        return True
    path = PurePosixPath(name)
    return (
        path.is_absolute()
        or _DRIVE.match(name) is not None
        or path.as_posix() != name  # "a//b", "./a": two spellings of one file
        or ".." in path.parts
        or name == "."
        or path.parts[0].casefold() in _OWN  # what the program itself remembers
        or any(len(part.encode("utf-8", "surrogatepass")) > _LONGEST for part in path.parts)
    )


def kept_within(
    named: Mapping[str, Value], more: Iterable[Any] = ()
) -> tuple[dict[str, Value], tuple[str, ...]]:
    """Keep what is named within the folder; name the rest, and what leads out of `more`.

    Parameters
    ----------
    named : mapping of str to object
        By names that a record says.
    more : iterable
        Further names.

    Returns
    -------
    within : dict
        Without what leads out.
    strays : tuple of str
        Names that lead out.
    """
    strays = dict.fromkeys(str(name) for name in (*named, *more) if leads_out(name))
    return {name: of for name, of in named.items() if name not in strays}, tuple(strays)
