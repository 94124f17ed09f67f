"""The model that is given away: trained on everybody, because nobody is left to be tested on."""

from dataclasses import replace
from typing import Any

import numpy as np

from featpipe.errors import ConfigError
from models.evaluate import fit_folds
from models.loading import Windows
from models.model import Model, model_of
from models.presence import usable
from models.registry import get_method
from models.scaling import scaled_apart
from models.selection import get_policy
from models.train import TrainSettings
from models.types import Fold, Method

EVERYBODY = "all"
"""Name of the one fold."""


def train_on_all(
    windows: Windows,
    method_name: str,
    seed: int = 0,
    settings: TrainSettings | None = None,
    config: Any = None,
    policy: str = "last",
    scaling: str = "train",
    min_good: float = 0.0,
) -> Model:
    """Train a network on all windows.

    Parameters
    ----------
    windows : Windows
        All windows of a study.
    method_name : str
        Registry name of a network.
    seed, settings, config, policy, scaling
        As in `models.evaluate.cross_validate`; a policy that holds subjects out does so here, too.
    min_good : float
        Windows whose `good` is lower are not trained on.

    Returns
    -------
    Model
        How good it is nothing here says: the scores of the same method under a protocol do.

    Raises
    ------
    ConfigError
        When the method is no network, or the policy looks at a test side.
    """
    fold = everybody(windows, method_name, policy, min_good)
    config = get_method(method_name).config if config is None else config
    scaled = scaled_apart(windows, scaling)
    fitted = fit_folds(scaled, method_name, [fold], seed, settings, config, policy=policy)
    return model_of(windows, [fold], fitted, method_name, config, seed, policy, scaling)


def everybody(windows: Windows, method_name: str, policy: str, min_good: float = 0.0) -> Fold:
    """Return the one fold that trains on everybody.

    Parameters
    ----------
    windows, method_name, policy, min_good
        As in `train_on_all`.

    Raises
    ------
    ConfigError
        As `train_on_all`.
    """
    method = get_method(method_name)
    if not isinstance(method, Method):
        raise ConfigError(f"{method_name} is no network: model folders hold networks only")
    if get_policy(policy).is_of_test:
        raise ConfigError(f"policy {policy!r}: nobody is left to be tested on; use 'last'")
    rows = np.flatnonzero(windows.keys["good"].to_numpy(np.float64) >= min_good)
    if not rows.size:
        raise ConfigError(f"min_good is {min_good:g}, and no window is as good: lower it")
    # what is predicted of it nobody asks for
    [fold] = usable(method, windows, [Fold(EVERYBODY, rows, rows, target=rows)])
    return replace(fold, test=fold.test[:1])
