"""Train and test a method under a protocol; predictions come out as one frame."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError
from featpipe.schema import PREDICTION_KEYS, WINDOW_KEYS
from models.classic import ClassicMethod
from models.curves import EpochReport
from models.fitted import Fitted
from models.folds import FoldSettings
from models.leaks import check_folds
from models.light import check_light
from models.loading import Windows, concatenate
from models.manners import Terms, terms
from models.parts import Part, merged
from models.presence import usable
from models.protocols import HOLDOUT, divide
from models.registry import get_method, variant
from models.scaling import scaled_apart
from models.selection import get_policy
from models.train import OfSeeds, TrainSettings, network_parts
from models.train_sklearn import classic_parts
from models.types import Fold

OnEpoch = Callable[[EpochReport], None]


def cross_validate(
    windows: Windows,
    method_name: str,
    protocol: str,
    seed: int,
    settings: TrainSettings | None = None,
    config: Any = None,
    on_epoch: OnEpoch | None = None,
    fold_settings: FoldSettings | None = None,
    policy: str = "last",
    scaling: str = "train",
    manner: str = "strict",
) -> pd.DataFrame:
    """Train a method on every fold of a protocol and predict the windows left out.

    Parameters
    ----------
    windows : Windows
        All windows of the study.
    method_name, protocol : str
        Registry names, for example "cscm" and "loso".
    seed : int
        0 or more.
    settings : TrainSettings, optional
        How to compute.
    config : frozen dataclass, optional
        The method's options, from `make_config`; its defaults if left out.
    on_epoch : callable, optional
        Receives an EpochReport after every epoch.
    fold_settings : FoldSettings, optional
        Options of the protocol.
    policy : str
        How the epoch is chosen: "last", or "source-validation" for the one that does best on
        training subjects held out for that; see `models.selection`.
    scaling, manner : str
        With what features are standardised, and what may be seen of the test side; see
        `models.manners`.

    Returns
    -------
    pandas.DataFrame
        One row per test window: `schema.WINDOW_KEYS`, label, `schema.PREDICTION_KEYS`, and the
        probability of each class, p_0 to p_{n-1}.

    Raises
    ------
    ConfigError
        When a name does not exist, the data do not suit the protocol or a fold would leak.
    """
    method = get_method(method_name)
    on = terms(method, protocol, manner, policy, scaling, windows.trials, config)
    folds = divide(on.protocol, windows.keys, fold_settings or FoldSettings())
    folds = usable(method, windows, folds, get_policy(on.policy))
    scaled = scaled_apart(windows, on.scaling)
    fitted = fit_folds(scaled, method_name, folds, seed, settings, config, on_epoch, on.policy)
    return predictions_frame(windows, folds, fitted, method_name, config, on, seed)


def train_and_test(
    train_windows: Windows,
    test_windows: Windows,
    method_name: str,
    seed: int,
    settings: TrainSettings | None = None,
    config: Any = None,
    on_epoch: OnEpoch | None = None,
    policy: str = "last",
) -> pd.DataFrame:
    """Train on all of one set of windows and test on all of another, with no subject in common.

    Parameters
    ----------
    train_windows, test_windows : Windows
        Of the same features. Subjects are told apart by dataset and subject.
    method_name, seed, settings, config, on_epoch, policy
        As in `cross_validate`.

    Returns
    -------
    pandas.DataFrame
        As `cross_validate` returns it, with protocol "holdout".
    """
    windows = concatenate(train_windows, test_windows)
    rows = np.arange(len(windows.keys))
    n_train = len(train_windows.keys)
    folds = [Fold("holdout", rows[:n_train], rows[n_train:], target=rows[n_train:])]
    on = terms(get_method(method_name), HOLDOUT, policy=policy, config=config)
    check_folds(folds, windows.keys, on.protocol.split)
    folds = usable(get_method(method_name), windows, folds, get_policy(on.policy))
    fitted = fit_folds(windows, method_name, folds, seed, settings, config, on_epoch, policy)
    return predictions_frame(windows, folds, fitted, method_name, config, on, seed)


def fit_folds(
    windows: Windows,
    method_name: str,
    folds: Sequence[Fold],
    seed: int,
    settings: TrainSettings | None = None,
    config: Any = None,
    on_epoch: OnEpoch | None = None,
    policy: str = "last",
) -> Fitted:
    """Train a method on given folds with the trainer it needs.

    Parameters
    ----------
    windows : Windows
        All windows of the study.
    method_name : str
        Registry name.
    folds : sequence of Fold
        Not checked here for common trials or subjects; see `check_folds`.
    seed, settings, config, on_epoch, policy
        As in `cross_validate`; a method without epochs trains on all of `Fold.train` under every
        policy.

    Returns
    -------
    Fitted
        Probabilities, curves, weights, scaling and chosen epoch of every fold.
    """
    parts = parts_of(windows, method_name, folds, [seed], settings, config, policy)
    return merged([part.fit(on_epoch) for part in parts])


def parts_of(
    windows: Windows,
    method_name: str,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    settings: TrainSettings | None = None,
    config: Any = None,
    policy: str = "last",
    given: OfSeeds | None = None,
) -> list[Part]:
    """Prepare the training of a method on given folds, in parts that can be trained apart.

    Parameters
    ----------
    windows, method_name, folds, settings, config, policy
        As in `fit_folds`.
    seeds : sequence of int
        Networks train with all of them together; with several, a part names its folds by the
        labels of `models.lanes`, and `models.lanes.by_seed` tells the seeds apart.
    given : mapping, optional
        Seed -> networks that come before and are trained, as in `models.train.fit_seeds`.

    Returns
    -------
    list of Part
        In the order of the folds. What one gives does not depend on whether, when or where the
        others are trained; `models.parts.merged` puts the results together.
    """
    method = get_method(method_name)
    config = _config(method_name, config)
    check_light(windows, folds)
    get_policy(policy)  # refuse a misspelt one, even where nothing depends on it
    if isinstance(method, ClassicMethod):
        return classic_parts(method, config, windows, folds, seeds)
    return network_parts(method, config, windows, folds, seeds, settings, policy, given)


def predictions_frame(
    windows: Windows,
    folds: Sequence[Fold],
    fitted: Fitted,
    method_name: str,
    config: Any,
    on: Terms,
    seed: int,
    eeg: str = "",
) -> pd.DataFrame:
    """Put predictions of all folds below one another, in the order of the folds.

    Parameters
    ----------
    windows : Windows
        All windows of the study.
    folds : sequence of Fold
        Those that were trained.
    fitted : Fitted
        What came of them.
    method_name : str
        Registry name.
    config : frozen dataclass or None
        The method's options; None for its defaults.
    on : Terms
        On what terms.
    seed : int
        With which seed.
    eeg : str
        Family of the EEG tables, where it is known.

    Returns
    -------
    pandas.DataFrame
    """
    parts = []
    named = variant(method_name, _config(method_name, config))
    for fold in folds:
        keys = windows.keys.loc[fold.test, list(WINDOW_KEYS)].reset_index(drop=True)
        part = keys.assign(
            label=windows.label[fold.test].astype(np.int8),
            good=windows.keys["good"].to_numpy(np.float32)[fold.test],
            **{"method": method_name, "variant": named, "seed": seed, "fold": fold.name},
            **on.columns(),
            eeg=eeg,
        )
        part = part[[*WINDOW_KEYS, "label", "good", *PREDICTION_KEYS]]
        probability = fitted.probabilities[fold.name]
        parts.append(part.assign(**{f"p_{i}": p for i, p in enumerate(probability.T)}))
    return pd.concat(parts, ignore_index=True)


def _config(method_name: str, config: Any) -> Any:
    default = get_method(method_name).config
    if config is None:
        return default
    if not isinstance(config, type(default)):
        raise ConfigError(
            f"config of {method_name} is a {type(config).__name__}: expected what "
            f"make_config({method_name!r}, ...) returns"
        )
    return config
