"""What networks say of training windows that they never saw: out of fold, inside a fold."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from featpipe.errors import ConfigError, few
from models.fitted import Fitted
from models.lanes import Lane
from models.loading import Windows
from models.sampling import seed_for
from models.units import subject_codes, trial_codes


def judged_out_of_fold(
    fit: Callable[[list[Lane]], Fitted],
    windows: Windows,
    lanes: Sequence[Lane],
    n_groups: int,
) -> Tensor:
    """Return log-probabilities of every training window by a network that never saw its group.

    Parameters
    ----------
    fit : callable
        Trains lanes and predicts their test sides.
    windows : Windows
        All windows of the study.
    lanes : sequence of Lane
        Whose training sides are judged; their seeds and names decide who is in which group.
    n_groups : int
        Groups of subjects; of trials where a fold trains on one subject.

    Returns
    -------
    Tensor, shape (n_lanes, n_said, n_classes)
        As `say` returns it.

    Raises
    ------
    ConfigError
        When there are fewer than two groups to make.
    """
    codes = [_codes(windows, lane) for lane in lanes]
    n = min(n_groups, *(int(code.max()) + 1 for code in codes))
    if n < 2:
        raise ConfigError(
            f"folds {few([lane.label for lane in lanes])}: networks that judge windows they never "
            "saw need two subjects, or two trials of one, to train on: take a protocol that leaves "
            "more, or let those judge that did, where the method offers it"
        )
    groups = [_groups(code, n, lane) for code, lane in zip(codes, lanes, strict=True)]
    found = [np.zeros((len(lane.train), len(windows.classes)), np.float32) for lane in lanes]
    for i in range(n):
        inner = [
            replace(lane, name=f"{lane.name}, judge {i + 1}", label=f"{lane.label}, judge {i + 1}",
                    train=lane.train[of != i], test=lane.train[of == i], validate=None)
            for lane, of in zip(lanes, groups, strict=True)
        ]  # fmt: skip
        fitted = fit(inner)
        for lane, of, judged in zip(inner, groups, found, strict=True):
            judged[of == i] = np.log(fitted.probabilities[lane.label].clip(1e-12))
    return torch.from_numpy(np.stack([_padded(of, max(map(len, found))) for of in found]))


def _padded(array: np.ndarray, n: int) -> np.ndarray:
    return np.concatenate([array, np.repeat(array[:1], n - len(array), axis=0)])


def _codes(windows: Windows, lane: Lane) -> np.ndarray:
    """Return each training window's subject, or trial where there is one subject, as a number."""
    code = subject_codes(windows.keys)[lane.train]
    if len(np.unique(code)) == 1:
        code = trial_codes(windows.keys)[lane.train]
    return np.unique(code, return_inverse=True)[1]


def _groups(code: np.ndarray, n_groups: int, lane: Lane) -> np.ndarray:
    """Return the group of each training window; groups differ by one member at most."""
    n_members = code.max() + 1
    order = np.random.default_rng(seed_for(lane.seed, lane.name, "judges")).permutation(n_members)
    group = np.empty(n_members, int)
    group[order] = np.arange(n_members) % n_groups
    return group[code]
