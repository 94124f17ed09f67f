"""Options given as lists, each value of which is trained: the combinations that they stand for."""

from collections.abc import Mapping
from dataclasses import fields
from itertools import product
from typing import Any, get_args, get_origin, get_type_hints

from featpipe.errors import ConfigError
from models.registry import get_method, make_config


def alternatives(name: str, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every combination of the options of a method, the last list changing fastest.

    Parameters
    ----------
    name : str
        Registry name.
    options : mapping
        Option -> value, or a list of values where one is expected; of an option that is a tuple
        itself, a list of lists.

    Returns
    -------
    list of dict
        Option -> one value, as `models.registry.make_config` takes them.

    Raises
    ------
    ConfigError
        When an option does not exist, or a value is wrong or stands in its list twice.

    Examples
    --------
    >>> alternatives("crd_eeg", {"backbone": ["dnn", "dgcnn"], "tau": 0.1})
    [{'backbone': 'dnn', 'tau': 0.1}, {'backbone': 'dgcnn', 'tau': 0.1}]
    """
    values = [_values(name, option, value) for option, value in options.items()]
    found = [dict(zip(options, chosen, strict=True)) for chosen in product(*values)]
    for one in found:
        make_config(name, one)
    return found


def _values(name: str, option: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        return [value]
    if option in _tuples(name) and not all(isinstance(one, list) for one in value):
        return [value]
    seen = []
    for one in value:
        made = getattr(make_config(name, {option: one}), option)
        if made in seen:
            raise ConfigError(
                f"option {option!r} of {name} is {value!r}: {one!r} stands there twice, and would "
                "be trained twice: leave one out"
            )
        seen.append(made)
    return value


def _tuples(name: str) -> set[str]:
    """Name the options of a method that hold several values anyhow."""
    config = get_method(name).config
    hints = get_type_hints(type(config))
    return {
        field.name
        for field in fields(config)
        if any(
            get_origin(kind) is tuple for kind in (hints[field.name], *get_args(hints[field.name]))
        )
    }
