"""The model that is given away: trained on everybody, because nobody is left to be tested on."""

from typing import Any

import numpy as np

from featpipe.errors import ConfigError
from models.evaluate import fit_folds
from models.loading import Windows
from models.presence import judged, usable
from models.registry import get_method
from models.saved import Model
from models.selection import get_policy
from models.train import TrainSettings
from models.types import Fold, Method, Shapes
from models.units import subject_codes


def train_on_all(
    windows: Windows,
    method_name: str,
    seed: int = 0,
    settings: TrainSettings | None = None,
    config: Any = None,
    policy: str = "last",
) -> Model:
    """Train a network on all windows.

    Parameters
    ----------
    windows : Windows
        All windows of a study.
    method_name : str
        Registry name of a network.
    seed, settings, config, policy
        As in `models.evaluate.cross_validate`; a policy that holds subjects out does so here, too.

    Returns
    -------
    Model
        How good it is nothing here says: the scores of the same method under a protocol do.

    Raises
    ------
    ConfigError
        When the method is no network, or the policy looks at a test side.
    """
    method = get_method(method_name)
    if not isinstance(method, Method):
        raise ConfigError(f"{method_name} is no network: model folders hold networks only")
    chosen = get_policy(policy)
    if chosen.is_of_test:
        raise ConfigError(f"policy {policy!r}: nobody is left to be tested on; use 'last'")
    rows = np.arange(len(windows.keys))
    everybody = usable(method, windows, [Fold("all", rows, rows, target=rows)])
    [fold] = judged(chosen, method, windows, everybody, seed)
    fitted = fit_folds(windows, method_name, [fold], seed, settings, config, policy=policy)
    config = method.config if config is None else config
    n_subjects = len(np.unique(subject_codes(windows.keys)[fold.train]))
    features = {name: windows.x[name].shape[1:] for name in method.train_modalities}
    network = {name: tensor.numpy() for name, tensor in fitted.weights["all"].items()}
    keys = windows.keys
    return Model(
        method_name,
        config,
        Shapes(features, len(windows.classes), n_subjects),
        network,
        {name: fitted.scaling["all"][name] for name in method.inputs},
        windows.classes,
        {name: windows.columns[name] for name in method.inputs},
        {
            "trained_on": {
                "dataset": ", ".join(sorted(keys["dataset"].unique())),
                "subjects": sorted(keys["subject"].unique()),
                "sessions": sorted(keys["session"].unique()),
                "windows": len(keys),
            },
            "seed": seed,
            "policy": f"{policy}, epoch {fitted.epochs['all']}",
            "tables": {name: windows.options.get(name, {}) for name in method.inputs},
        },
    )
