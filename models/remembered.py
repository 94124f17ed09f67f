"""What came before a method in a training that was cut off, so that the next goes on behind it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from models.lanes import Lane
from models.parts import Kept
from models.say import Network, Networks
from models.types import Scaling

_BEFORE = "before/"


class Memory:
    """Arrays by name, made once.

    Parameters
    ----------
    kept : Kept or None
        Of the training that was cut off.
    keep : callable or None
        As in `models.parts.FitPart`; called with all there is whenever something is new.
    """

    def __init__(
        self, kept: Kept | None = None, keep: Callable[[Callable[[], Kept]], None] | None = None
    ):
        arrays = kept.arrays if kept else {}
        self._arrays = {k: array for k, array in arrays.items() if k.startswith(_BEFORE)}
        self._keep = keep

    def of(self, name: str, make: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Return the arrays of a name as they are remembered, else make and remember them."""
        prefix = f"{_BEFORE}{name}/"
        if not any(key.startswith(prefix) for key in self._arrays):
            self._arrays |= {prefix + key: array for key, array in make().items()}
            if self._keep:
                self._keep(lambda: self.beside(Kept({}, {})))
        return {
            key.removeprefix(prefix): array
            for key, array in self._arrays.items()
            if key.startswith(prefix)
        }

    def beside(self, kept: Kept) -> Kept:
        """Return what stands otherwise, with what is remembered."""
        return Kept({**kept.arrays, **self._arrays}, kept.facts)

    def networks(self, name: str, lanes: Sequence[Lane], make: Callable[[], Networks]) -> Networks:
        """Return the networks of lanes as they are remembered, else train them."""

        def arrays() -> dict[str, np.ndarray]:
            made = make()
            return {
                f"{i}/{key}": array
                for i, lane in enumerate(lanes)
                for key, array in _arrays_of(made[lane.label]).items()
            }

        found = self.of(name, arrays)
        return {lane.label: _network(f"{i}/", found) for i, lane in enumerate(lanes)}


def _arrays_of(network: Network) -> dict[str, np.ndarray]:
    found = {f"weights/{name}": np.asarray(array) for name, array in network.weights.items()}
    for name, scaling in network.scaling.items():
        found |= {f"mean/{name}": scaling.mean, f"scale/{name}": scaling.scale}
    return found


def _network(prefix: str, arrays: Mapping[str, np.ndarray]) -> Network:
    own = {k.removeprefix(prefix): array for k, array in arrays.items() if k.startswith(prefix)}

    def kind(name: str) -> dict[str, np.ndarray]:
        start = f"{name}/"
        return {k.removeprefix(start): array for k, array in own.items() if k.startswith(start)}

    means, scales = kind("mean"), kind("scale")
    scaling = {name: Scaling(means[name], scales[name], 0) for name in means}
    return Network(kind("weights"), scaling, {})
