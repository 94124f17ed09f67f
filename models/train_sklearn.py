"""The counterpart of `train` for scikit-learn: same folds in, same `Fitted` out."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError
from models.classic import ClassicMethod
from models.curves import CURVE_COLUMNS
from models.fitted import Fitted
from models.lanes import Lane, lanes_of
from models.loading import Windows
from models.parts import Part, merged
from models.sampling import seed_for
from models.trial_facts import TRIAL_FACTS
from models.types import Fold
from models.units import subject_codes, trial_codes


def fit_classic(
    method: ClassicMethod, config: Any, windows: Windows, folds: Sequence[Fold], seed: int
) -> Fitted:
    """Fit an estimator on every fold and predict each fold's test windows.

    Parameters
    ----------
    method, config, windows, folds
        As in `classic_parts`.
    seed : int
        Fixes what the method draws; 0 or more.

    Returns
    -------
    Fitted
        `weights` holds the estimators; `curves` has no rows, `epochs` is empty.

    Raises
    ------
    ConfigError
        When the windows lack a modality.
    """
    return merged([part.fit() for part in classic_parts(method, config, windows, folds, [seed])])


def classic_parts(
    method: ClassicMethod,
    config: Any,
    windows: Windows,
    folds: Sequence[Fold],
    seeds: Sequence[int],
) -> list[Part]:
    """Prepare the fitting of every fold with every seed, each a part of its own.

    Parameters
    ----------
    method : ClassicMethod
        What to fit.
    config : frozen dataclass
        The method's options.
    windows : Windows
        All windows of the study.
    folds : sequence of Fold
        Splits; a validation side is not read, there is no epoch to choose.
    seeds : sequence of int
        Each fixes what the method draws; 0 or more.

    Raises
    ------
    ConfigError
        When the windows lack a modality.
    """
    known = {*windows.x, *TRIAL_FACTS}
    missing = [name for name in method.train_modalities if name not in known]
    if missing:
        raise ConfigError(
            f"{method.name} trains on {missing[0]}, but the tables hold "
            f"{', '.join(windows.x)} only: extract it or choose another method"
        )
    return [
        Part((lane.label,), partial(_fit_lane, method, config, windows, lane))
        for lane in lanes_of(folds, seeds)
    ]


def _fit_lane(
    method: ClassicMethod, config: Any, windows: Windows, lane: Lane, *_: Any, **__: Any
) -> Fitted:
    """Fit and predict one fold with one seed; there are no epochs to report or to go on from."""
    number = int(seed_for(lane.seed, lane.name, "sklearn").generate_state(1)[0])
    rows, weight = _weighted(windows, lane)
    x = _features(windows, method.train_modalities, rows)
    given = windows.label[rows], _groups(windows, rows), config, number
    estimator = method.fit(x, *given, **weight)
    text = method.notes(*given)
    found = method.predict(estimator, _features(windows, method.inputs, lane.test))
    # a class without training windows has probability 0
    complete = np.zeros((len(lane.test), len(windows.classes)))
    complete[:, estimator.classes_] = found
    curves = pd.DataFrame(columns=list(CURVE_COLUMNS))
    notes = {lane.label: text} if text else {}
    return Fitted({lane.label: complete}, curves, {lane.label: estimator}, {}, {}, notes)


def _weighted(windows: Windows, fold: Fold) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the training rows that count, and where these have weights, weights of mean 1."""
    if windows.weight is None:
        return fold.train, {}
    rows = fold.train[windows.weight[fold.train] > 0]
    if not len(rows):
        raise ConfigError(
            f"fold {fold.name}: all training windows have the weight 0, `good` is 0 in all of "
            'them: set [train] weight = "none"'
        )
    weight = windows.weight[rows]
    return rows, {"weight": weight / weight.mean()}  # what C means stays as it is


def _features(windows: Windows, modalities: Sequence[str], rows: np.ndarray) -> np.ndarray:
    """Return the modalities side by side, (n_rows, n_features)."""
    parts = [
        TRIAL_FACTS[name](windows.keys)[rows]
        if name in TRIAL_FACTS
        else windows.x[name][rows].reshape(len(rows), -1)
        for name in modalities
    ]
    return np.concatenate(parts, axis=1) if parts else np.zeros((len(rows), 1), np.float32)


def _groups(windows: Windows, rows: np.ndarray) -> np.ndarray:
    """Return training subjects, or trials when there is one subject only."""
    subject = subject_codes(windows.keys)[rows]
    return subject if len(np.unique(subject)) > 1 else trial_codes(windows.keys)[rows]
