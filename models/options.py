"""Options of a method with what each is: read from its `Config` and the docstrings of that."""

import re
from dataclasses import fields
from inspect import getdoc
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from models.registry import get_method

_LIMITS = {"ge": "{} or more", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}


class Option(NamedTuple):
    """An option of a method.

    Attributes
    ----------
    name : str
        As a study spells it.
    default : object
        Of this method.
    expected : str
        What it may be.
    describes : str
        What it is, in a line.
    """

    name: str
    default: Any
    expected: str
    describes: str


def options_of(name: str) -> list[Option]:
    """List the options of a method, those that others have, too, included.

    Parameters
    ----------
    name : str
        Registry name.

    Raises
    ------
    ConfigError
        When there is no such method.
    """
    config = get_method(name).config
    hints = get_type_hints(type(config), include_extras=True)
    told = _attributes(type(config))
    return [
        Option(of.name, getattr(config, of.name), _expected(hints[of.name]), told.get(of.name, ""))
        for of in fields(config)
    ]


def _attributes(kind: type) -> dict[str, str]:
    """Read what a record and those it is made of say of their attributes; its own word counts."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        section = re.split(r"Attributes\n-+\n", (base.__doc__ and getdoc(base)) or "")[1:]
        names: list[str] = []
        for line in "".join(section).splitlines():
            if line[:1].strip():  # not indented: it names one or several
                names = line.partition(" :")[0].split(", ")
                found |= dict.fromkeys(names, "")
            else:
                found |= {name: f"{found[name]} {line.strip()}".strip() for name in names}
    return found


def _expected(hint: Any) -> str:
    """Say what an option may be, by its type."""
    if get_origin(hint) is Literal:
        return ", ".join(f'"{value}"' for value in get_args(hint))
    if get_origin(hint) is tuple:
        return f"list of {_expected(get_args(hint)[0])}"
    limits = [
        words.format(f"{getattr(limit, key):g}")
        for extra in getattr(hint, "__metadata__", ())
        for limit in extra.metadata
        for key, words in _LIMITS.items()
        if hasattr(limit, key)
    ]
    kind = getattr(hint, "__origin__", hint)
    return ", ".join([getattr(kind, "__name__", str(kind)), *limits])
