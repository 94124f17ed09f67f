"""What can be had without looking at a single feature.

`majority` predicts for every window how frequent each class is among the training windows, so its
accuracy is the share of the most frequent class. A result that does not beat it is none.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.dummy import DummyClassifier

from models.types import ClassicMethod


@dataclass(frozen=True)
class Config:
    """There is nothing to choose."""


def fit(
    x: np.ndarray, label: np.ndarray, group: np.ndarray, config: Config, seed: int
) -> DummyClassifier:
    """Count the classes."""
    return DummyClassifier(strategy="prior").fit(x, label)


def predict(estimator: DummyClassifier, x: np.ndarray) -> np.ndarray:
    """Return the training frequencies for every row."""
    return np.asarray(estimator.predict_proba(x))


METHOD = ClassicMethod(
    name="majority",
    describes="class frequencies of the training windows; reads no feature",
    reference="none: the floor every method must clear",
    train_modalities=(),
    inputs=(),
    config=Config(),
    fit=fit,
    predict=predict,
)
