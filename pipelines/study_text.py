"""The text of a study file, bounded before it is parsed, and the values that may stand in it.

A parser of TOML goes one call deeper with each bracket, and takes time that grows with the square
of a dotted key; infinity and NaN are numbers to it.
"""

import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from featpipe.errors import ConfigError, ReadError, printable
from featpipe.regular_files import content_of

MOST_BYTES = 1 << 22
"""A list of ten thousand subjects takes some hundred thousand."""

DEEPEST = 8
"""Sections and lists within one another; options of methods have three."""

_MOST_OF_INTEGER = 1 << 63  # what TOML itself promises to hold
_COMMENT = re.compile(r"#[^\n]*")
_QUOTED = re.compile(r'"[^"\n]*"|\'[^\'\n]*\'')
_DOTTED = re.compile(rf"(?<![\w-])[\w-]++(?:[ \t]*+\.[ \t]*+[\w-]++){{{DEEPEST}}}")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a study file as TOML; nothing is checked but that it can be parsed.

    Raises
    ------
    ConfigError
        When it is not there, no regular file, larger than `MOST_BYTES`, or no TOML.
    """
    try:
        if path.is_dir():
            raise ConfigError(f"{path} is a folder: name the study file in it")
        if not path.exists():
            raise ConfigError(f"{path}: no such study file; `featpipe simulate OUT` writes one")
    except OSError as error:  # longer than a name may be
        raise ConfigError(f"{printable(str(path))}: {error.strerror}: name a study file") from error
    try:
        return parsed(content_of(path, MOST_BYTES).decode("utf-8-sig"))
    except ReadError as error:
        raise ConfigError(str(error)) from error
    except ValueError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def parsed(text: str) -> dict[str, Any]:
    """Parse TOML.

    Raises
    ------
    ValueError
        When it is none, or its keys and lists are nested too deep.
    """
    deep = f"sections or lists are nested deeper than {DEEPEST}: write them flat"
    if _DOTTED.search(_COMMENT.sub("", _QUOTED.sub("q", text))):
        raise ValueError(deep)
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(deep) from error


def odd_value(content: Mapping[str, Any]) -> tuple[tuple[str, ...], str] | None:
    """Find a value that no option can have: an infinite number, NaN, or one nested too deep.

    Returns
    -------
    tuple of str, str, or None
        The keys that lead to it, and what is wrong with it; None where all are sound.
    """
    rest: list[tuple[tuple[str, ...], int, Any]] = [((), 0, content)]
    while rest:
        keys, depth, value = rest.pop()
        if depth > DEEPEST:
            return keys[:DEEPEST], f"is nested deeper than {DEEPEST}: write it flat"
        if isinstance(value, Mapping):
            rest += [((*keys, name), depth + 1, inner) for name, inner in value.items()]
        elif isinstance(value, list):
            rest += [(keys, depth + 1, inner) for inner in value]
        elif isinstance(value, float) and not math.isfinite(value):
            return keys, f"= {value}: expected a finite number"
        elif isinstance(value, int) and not -_MOST_OF_INTEGER <= value < _MOST_OF_INTEGER:
            return keys, f"= {_short(value)}: expected a number of 64 bits"
    return None


def _short(number: int) -> str:
    try:
        return printable(str(number), 20)
    except ValueError:  # Python writes no more than 4300 digits
        return "a number of thousands of digits"
