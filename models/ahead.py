"""What is trained ahead of a method: names looked up, options made, epochs counted."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any, NamedTuple

from models.earlier import Earlier
from models.registry import get_method, make_config
from models.types import Card, Method


class Ahead(NamedTuple):
    """A network that is trained ahead of another.

    Attributes
    ----------
    method : Method
        Which.
    config : frozen dataclass
        Its options.
    of : Earlier
        What for.
    """

    method: Method
    config: Any
    of: Earlier


def ahead_of(method: Card, config: Any) -> dict[str, Ahead]:
    """Return what is trained before a method, by name; of most it is nothing."""
    if not isinstance(method, Method) or method.before is None:
        return {}
    found = {}
    for name, of in method.before(config).items():
        network = get_method(of.method)
        assert isinstance(network, Method)  # what a method is made of, it knows
        found[name] = Ahead(network, make_config(of.method, of.options), of)
    return found


def described(method: Card, config: Any) -> dict[str, Any]:
    """Say all that is trained before a method, as JSON can hold it: what results hang on."""
    return {
        name: {
            "method": ahead.method.name,
            "version": ahead.method.version,
            "config": asdict(ahead.config),
            "n_groups": ahead.of.n_groups,
            "pairs": ahead.of.pairs,
            "before": described(ahead.method, ahead.config),
        }
        for name, ahead in ahead_of(method, config).items()
    }


def reads_target(method: Card, config: Any) -> bool:
    """Tell whether unlabelled test windows are read in training, by it or by what is before it."""
    if not isinstance(method, Method):
        return False
    own = method.uses_target is not None and method.uses_target(config)
    earlier = ahead_of(method, config).values()
    return own or any(reads_target(of.method, of.config) for of in earlier)


def modalities_of(method: Method) -> tuple[str, ...]:
    """Return what a method's own batches hold while it is trained."""
    return method.inputs if method.before else method.train_modalities


def n_epochs_of(method: Method, config: Any, given: Collection[str] = ()) -> int:
    """Return the epochs of a training, with those of networks before it that are not given."""
    found = sum(stage.n_epochs for stage in method.stages(config))
    for name, ahead in ahead_of(method, config).items():
        if name not in given:
            found += n_epochs_of(ahead.method, ahead.config) * max(ahead.of.n_groups, 1)
    return found
