"""What networks say of training windows that they never saw: out of fold, inside a fold."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from featpipe.errors import ConfigError, few
from models.fitted import Fitted
from models.loading import Windows
from models.sampling import seed_for
from models.types import Fold
from models.units import subject_codes, trial_codes


def judged_out_of_fold(
    fit: Callable[[list[Fold]], Fitted],
    windows: Windows,
    folds: Sequence[Fold],
    n_groups: int,
    seed: int,
) -> Tensor:
    """Return log-probabilities of every training window by a network that never saw its group.

    Parameters
    ----------
    fit : callable
        Trains folds and predicts their test sides.
    windows : Windows
        All windows of the study.
    folds : sequence of Fold
        Whose training sides are judged.
    n_groups : int
        Groups of subjects; of trials where a fold trains on one subject.
    seed : int
        Decides, with a fold's name, who is in which group.

    Returns
    -------
    Tensor, shape (n_folds, n_said, n_classes)
        As `say` returns it.

    Raises
    ------
    ConfigError
        When there are fewer than two groups to make.
    """
    codes = [_codes(windows, fold) for fold in folds]
    n = min(n_groups, *(int(code.max()) + 1 for code in codes))
    if n < 2:
        raise ConfigError(
            f"folds {few([fold.name for fold in folds])}: networks that judge windows they never "
            "saw need two subjects, or two trials of one, to train on: take a protocol that leaves "
            "more, or let those judge that did, where the method offers it"
        )
    groups = [_groups(code, n, seed, fold) for code, fold in zip(codes, folds, strict=True)]
    found = [np.zeros((len(fold.train), len(windows.classes)), np.float32) for fold in folds]
    for i in range(n):
        inner = [
            replace(fold, name=f"{fold.name}, judge {i + 1}", train=fold.train[of != i],
                    test=fold.train[of == i], validate=None)
            for fold, of in zip(folds, groups, strict=True)
        ]  # fmt: skip
        fitted = fit(inner)
        for fold, of, judged in zip(inner, groups, found, strict=True):
            judged[of == i] = np.log(fitted.probabilities[fold.name].clip(1e-12))
    return torch.from_numpy(np.stack([_padded(of, max(map(len, found))) for of in found]))


def _padded(array: np.ndarray, n: int) -> np.ndarray:
    return np.concatenate([array, np.repeat(array[:1], n - len(array), axis=0)])


def _codes(windows: Windows, fold: Fold) -> np.ndarray:
    """Return each training window's subject, or trial where there is one subject, as a number."""
    code = subject_codes(windows.keys)[fold.train]
    if len(np.unique(code)) == 1:
        code = trial_codes(windows.keys)[fold.train]
    return np.unique(code, return_inverse=True)[1]


def _groups(code: np.ndarray, n_groups: int, seed: int, fold: Fold) -> np.ndarray:
    """Return the group of each training window; groups differ by one member at most."""
    n_members = code.max() + 1
    order = np.random.default_rng(seed_for(seed, fold.name, "judges")).permutation(n_members)
    group = np.empty(n_members, int)
    group[order] = np.arange(n_members) % n_groups
    return group[code]
