"""Options of which several are trained: lists of values, or several sections of one method."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import product
from typing import Any, get_args, get_origin, get_type_hints

from featpipe.errors import ConfigError
from models.registry import get_method, make_config


def alternatives(
    name: str, options: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return every combination of the options of a method, the last list changing fastest.

    Parameters
    ----------
    name : str
        Registry name.
    options : mapping, or sequence of mapping
        Option -> value, or a list of values where one is expected; of an option that is a tuple
        itself, a list of lists. Several mappings are combined each by itself.

    Returns
    -------
    list of dict
        Option -> one value, as `models.registry.make_config` takes them.

    Raises
    ------
    ConfigError
        When an option does not exist, a value is wrong, there is no section, or a combination
        stands there twice.

    Examples
    --------
    >>> alternatives("crd_eeg", {"backbone": ["dnn", "dgcnn"], "tau": 0.1})
    [{'backbone': 'dnn', 'tau': 0.1}, {'backbone': 'dgcnn', 'tau': 0.1}]
    """
    sections = [options] if isinstance(options, Mapping) else options
    if not sections:
        raise ConfigError(f"options of {name} are {sections!r}: {{}} takes the defaults")
    found = [one for section in sections for one in _combined(name, section)]
    seen = []
    for one in found:
        if (config := make_config(name, one)) in seen:
            raise ConfigError(
                f"options of {name}: {one} would be trained twice: leave one of its sections out"
            )
        seen.append(config)
    return found


def _combined(name: str, options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    values = [_values(name, option, value) for option, value in options.items()]
    for chosen in product(*values):
        yield dict(zip(options, chosen, strict=True))


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
