"""What can be had without looking at a single feature; a result that does not beat it is none.

    majority       the most frequent class of the training windows
    prior          a class drawn as often as it occurs in the training windows
    duration_only  the label of training trials as long as this one
    stimulus_only  the label that this trial has for the training subjects

The last two are what a data set gives away by its design: leaving a subject out leaves no clip out.
On the published trial times of SEED-V `duration_only` is right in 80 % of the trials of every
subject that is left out, which is more than transformers on whole trials report.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from sklearn.dummy import DummyClassifier

from models.classic import ClassicMethod


@dataclass(frozen=True)
class Config:
    """There is nothing to choose."""


def count(
    x: np.ndarray,
    label: np.ndarray,
    group: np.ndarray,
    config: Config,
    seed: int,
    weight: np.ndarray | None = None,
) -> DummyClassifier:
    """Count the classes."""
    return DummyClassifier(strategy="prior").fit(x, label, weight)


def draw(
    x: np.ndarray,
    label: np.ndarray,
    group: np.ndarray,
    config: Config,
    seed: int,
    weight: np.ndarray | None = None,
) -> DummyClassifier:
    """Count the classes, to draw from them."""
    return DummyClassifier(strategy="stratified", random_state=seed).fit(x, label, weight)


def predict(estimator: DummyClassifier, x: np.ndarray) -> np.ndarray:
    """Return the training frequencies for every row, or the class that was drawn for it."""
    return np.asarray(estimator.predict_proba(x))


class Lookup:
    """How often each class stood beside each value.

    Parameters
    ----------
    x : array, shape (n_windows, 1)
        One value per training window.
    label : array of int, shape (n_windows,)
        Its class.
    weight : array, shape (n_windows,), optional
        How much it counts.
    is_near_enough : bool
        Take the nearest value where a value was never seen; else the class frequencies.

    Attributes
    ----------
    classes_ : array of int, shape (n_classes,)
    values : array, shape (n_values,)
        Ascending.
    share : array, shape (n_values, n_classes)
        Frequency of each class at each value.
    prior : array, shape (n_classes,)
        Frequency of each class.
    wider : Lookup or None
        Of the columns behind the first, asked where the value of the first is new.
    """

    def __init__(
        self,
        x: np.ndarray,
        label: np.ndarray,
        weight: np.ndarray | None = None,
        *,
        is_near_enough: bool,
    ):
        self.is_near_enough = is_near_enough
        self.classes_, code = np.unique(label, return_inverse=True)
        self.values, row = np.unique(x[:, 0], return_inverse=True)
        counts = np.zeros((len(self.values), len(self.classes_)))
        np.add.at(counts, (row, code), 1 if weight is None else weight)
        self.share = counts / counts.sum(axis=1, keepdims=True)
        self.prior = counts.sum(axis=0) / counts.sum()
        self.wider = (
            Lookup(x[:, 1:], label, weight, is_near_enough=is_near_enough)
            if x.shape[1] > 1
            else None
        )

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the class frequencies at the given values, shape (n_windows, n_classes)."""
        nearest = np.abs(x[:, :1] - self.values).argmin(axis=1)
        found = self.share[nearest]
        if not self.is_near_enough:
            is_new = self.values[nearest] != x[:, 0]
            found[is_new] = self.wider.predict(x[is_new, 1:]) if self.wider else self.prior
        return found


def _look_up(is_near_enough: bool) -> Callable[..., Lookup]:
    def fit(
        x: np.ndarray,
        label: np.ndarray,
        group: np.ndarray,
        config: Config,
        seed: int,
        weight: np.ndarray | None = None,
    ) -> Lookup:
        return Lookup(x, label, weight, is_near_enough=is_near_enough)

    return fit


MAJORITY = ClassicMethod(
    name="majority",
    describes="class frequencies of the training windows; reads no feature",
    reference="none: the floor every method must clear",
    train_modalities=(),
    inputs=(),
    config=Config(),
    fit=count,
    predict=predict,
    draws=False,
)
PRIOR = replace(
    MAJORITY,
    name="prior",
    describes="a class drawn as often as it occurs among the training windows",
    reference="none: what guessing gives",
    fit=draw,
    draws=True,
)
DURATION_ONLY = replace(
    MAJORITY,
    name="duration_only",
    describes="label of training trials of the same length, or the nearest; reads no feature",
    reference="none: what trial lengths give away",
    train_modalities=("duration",),
    inputs=("duration",),
    fit=_look_up(is_near_enough=True),
    predict=Lookup.predict,
)
STIMULUS_ONLY = replace(
    DURATION_ONLY,
    name="stimulus_only",
    describes="label that the same trial has for training subjects; reads no feature",
    reference="none: what knowing the clip gives",
    train_modalities=("stimulus",),
    inputs=("stimulus",),
    fit=_look_up(is_near_enough=False),
)
BASELINES = (MAJORITY, PRIOR, DURATION_ONLY, STIMULUS_ONLY)
