"""Train methods one after another, and each network that is trained before only once."""

from collections.abc import Sequence
from typing import Any

from featpipe.errors import ConfigError
from models.ahead import ahead_of
from models.evaluate import fit_folds
from models.fitted import Fitted
from models.loading import Windows
from models.registry import get_method
from models.say import Networks, networks_of
from models.train import fit
from models.types import Fold, Method


class Lessons:
    """Trainings of several methods on the same folds with one seed.

    The figures are those of `fit_folds`: a teacher is the same to the bit whoever is taught.

    Parameters
    ----------
    windows : Windows
        All windows.
    folds : sequence of Fold
        To train on.
    seed : int
        Of all of them.
    """

    def __init__(self, windows: Windows, folds: Sequence[Fold], seed: int):
        self._windows, self._folds, self._seed = windows, folds, seed
        self._teachers: dict[tuple[str, Any], Networks] = {}

    def fit(self, method: str, config: Any) -> Fitted:
        """Train a method, with teachers that are known where they are."""
        given = {
            name: self._teacher(ahead.method.name, ahead.config)
            for name, ahead in ahead_of(get_method(method), config).items()
        }
        network = get_method(method)
        if not isinstance(network, Method):
            raise ConfigError(f"{method} is no network: nobody teaches it")
        return fit(network, config, self._windows, self._folds, self._seed, given=given)

    def _teacher(self, method: str, config: Any) -> Networks:
        known = (method, config)
        if known not in self._teachers:
            fitted = fit_folds(self._windows, method, self._folds, self._seed, config=config)
            self._teachers[known] = networks_of(fitted)
        return self._teachers[known]
