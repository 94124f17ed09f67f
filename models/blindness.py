"""Is a training blind to the test side? It is done twice, once with the test side spoilt."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from models.fitted import Fitted
from models.loading import Windows
from models.types import Fold


def spoilt(windows: Windows, fold: Fold) -> Windows:
    """Replace features of the test side by numbers that no scaling hides, and its labels by 0.

    Parameters
    ----------
    windows : Windows
        All windows of the study.
    fold : Fold
        Whose test side.
    """
    kind = np.arange(len(fold.test)) % 3
    x = {modality: values.copy() for modality, values in windows.x.items()}
    for values in x.values():
        shape = (-1, *[1] * (values.ndim - 1))
        values[fold.test] = np.array([1e6, np.nan, -3.0], values.dtype)[kind].reshape(shape)
    label = windows.label.copy()
    label[fold.test] = 0
    keys = windows.keys.assign(label=label)
    return replace(windows, x=x, label=label, keys=keys)


def seen_of_test(windows: Windows, fold: Fold, fit: Callable[[Windows], Fitted]) -> list[str]:
    """Say what of a training depends on the test side of its fold.

    Parameters
    ----------
    windows : Windows
        All windows of the study.
    fold : Fold
        What `fit` trains.
    fit : callable
        Windows -> Fitted, always with the same seed, on a device that repeats itself to the bit.

    Returns
    -------
    list of str
        Of "scaling", "epochs" and "weights" those that differ; empty when it is blind.
    """
    clean, dirty = fit(windows), fit(spoilt(windows, fold))
    found = {
        "scaling": (clean.scaling.get(fold.name), dirty.scaling.get(fold.name)),
        "epochs": (clean.epochs.get(fold.name), dirty.epochs.get(fold.name)),
        "weights": (clean.weights[fold.name], dirty.weights[fold.name]),
    }
    return [name for name, (one, two) in found.items() if not _equal(numbers(one), numbers(two))]


def numbers(of: Any) -> list[np.ndarray]:
    """Return all arrays of a state dict, of scalings, or of a fitted estimator and its steps."""
    if of is None:
        return []
    if isinstance(of, Tensor):
        return [of.numpy()]
    if isinstance(of, np.ndarray | int | float):
        return [np.asarray(of)]
    if isinstance(of, Mapping):
        return [array for value in of.values() for array in numbers(value)]
    steps = [step for _, step in getattr(of, "steps", [])]
    own = [value for value in vars(of).values() if isinstance(value, np.ndarray)]
    return own + [array for step in steps for array in numbers(step)]


def _equal(one: list[np.ndarray], two: list[np.ndarray]) -> bool:
    return len(one) == len(two) and all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(one, two, strict=True)
    )
