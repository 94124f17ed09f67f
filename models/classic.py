"""The record of a method that is an estimator: fitted at once, without epochs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.types import Card


def _nothing(label: np.ndarray, group: np.ndarray, config: Any, seed: int) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class ClassicMethod(Card):
    """A scikit-learn estimator and how it is fitted.

    Attributes
    ----------
    fit : callable
        ``fit(x, label, group, config, seed) -> estimator``; x (n_windows, n_features), NaN where
        a feature is missing; group holds what must stay together when options are chosen. Where
        windows are weighted it is called with ``weight=`` as well, (n_windows,) of mean 1.
    predict : callable
        ``predict(estimator, x) -> (n_windows, n_classes_seen)`` probabilities, columns as in
        ``estimator.classes_``.
    notes : callable
        ``notes(label, group, config, seed) -> str``, of what `fit` is called with: what people
        should know of the fit; "" where there is nothing.
    """

    fit: Callable[..., Any]
    predict: Callable[[Any, np.ndarray], np.ndarray]
    notes: Callable[[np.ndarray, np.ndarray, Any, int], str] = _nothing
