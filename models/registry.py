"""Names of methods -> methods, and options -> configs. The only module that sees all methods."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from featpipe.errors import ConfigError, few, unknown
from models.classic import ClassicMethod
from models.methods import classical, cscm, distill, fusion, trivial, unimodal
from models.types import Method

METHODS: Mapping[str, Method | ClassicMethod] = {
    **{method.name: method for method in trivial.BASELINES},
    "svm": classical.SVM,
    "svm_eeg": classical.SVM_EEG,
    "mlp": cscm.MLP,
    "mlp_cross": cscm.MLP_CROSS,
    "cscm_sm": cscm.CSCM_SM,
    "cscm": cscm.CSCM,
    **unimodal.UNIMODAL,
    **{method.name: method for method in distill.DISTILLED},
    **{method.name: method for method in fusion.FUSIONS},
}

BASELINES = tuple(method.name for method in trivial.BASELINES)
"""Methods that read no feature; they stand beside every result."""


def get_method(name: str) -> Method | ClassicMethod:
    """Return the method of that name.

    Raises
    ------
    ConfigError
        When there is none.
    """
    if name not in METHODS:
        raise ConfigError(unknown("method", name, METHODS))
    return METHODS[name]


def make_config(name: str, options: Mapping[str, Any]) -> Any:
    """Return a method's config with some options changed.

    Parameters
    ----------
    name : str
        Registry name.
    options : mapping
        Option -> value, as a study file holds them.

    Returns
    -------
    frozen dataclass
        Of the method's own config type.

    Raises
    ------
    ConfigError
        When an option does not exist or a value has the wrong type.
    """
    default = get_method(name).config
    known = [field.name for field in fields(default)]
    for option in options:
        if option not in known:
            raise ConfigError(_no_option(name, option, known))
    try:
        return _adapter(type(default)).validate_python({**asdict(default), **options})
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"option {first['loc'][0]!r} of {name} is {first['input']!r}: {first['msg']}"
        ) from error


def _no_option(name: str, option: str, known: Sequence[str]) -> str:
    """Say that a method has no such option, and which others do."""
    of = [other for other, method in METHODS.items() if hasattr(method.config, option)]
    has = "have" if len(of) > 1 else "has"
    elsewhere = f" {few(of)} {has} it." if of else ""
    told = unknown(f"option of {name}", option, known)
    return f"{told}{elsewhere} `featpipe list methods {name}` says what each is"


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    """Return what checks options of a type; making it takes thirty times as long as using it."""
    return TypeAdapter(kind)


def variant(name: str, config: Any) -> str:
    """Return what differs from the method's defaults, for the result tables.

    Parameters
    ----------
    name : str
        Registry name.
    config : frozen dataclass
        Options of a run.

    Returns
    -------
    str
        For example "dropout=0,n_epochs=5"; "default" when nothing differs.
    """
    default = get_method(name).config
    changed = [
        f"{field.name}={shown(getattr(config, field.name))}"
        for field in fields(default)
        if getattr(config, field.name) != getattr(default, field.name)
    ]
    return ",".join(changed) or "default"


def shown(value: Any) -> str:
    """Return the value of an option as `variant` prints it."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return "(" + " ".join(shown(item) for item in value) + ")"
    return str(value)
