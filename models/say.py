"""Let trained networks speak of every training window of their folds."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from models.ahead import Ahead
from models.batches import fold_facts, gather, to_device
from models.fitted import Fitted
from models.job import shapes_of
from models.lanes import Lane
from models.loading import Windows
from models.model import Network
from models.prediction import PREDICT_BATCH, loaded, pad_sides
from models.stacked import FoldStack
from models.types import Batch, Fold
from models.units import subject_codes

Networks = Mapping[str, Network]
"""Fold, or label of the lane -> its network."""


def networks_of(fitted: Fitted) -> Networks:
    """Return the networks of a training."""
    return {
        name: Network({k: t.numpy() for k, t in weights.items()}, fitted.scaling[name], {})
        for name, weights in fitted.weights.items()
    }


def say(
    ahead: Ahead,
    says: Callable[[Any, Batch], Any],
    networks: Networks,
    windows: Windows,
    lanes: Sequence[Lane],
    device: str,
) -> Any:
    """Return what networks say of the training windows of their lanes.

    Parameters
    ----------
    ahead : Ahead
        Whose networks they are.
    says : callable
        What they say, as in `models.earlier.Earlier`.
    networks : mapping
        One of each lane, by label.
    windows : Windows
        All windows of the study.
    lanes : sequence of Lane
        Trained together.
    device : str
        A torch device.

    Returns
    -------
    pytree of Tensor
        Each (n_lanes, n_said, ...): the training windows in their order, shorter ones padded.
    """
    method = ahead.method
    data = to_device(windows, method.train_modalities, device)._replace(present=None)
    scaling = [networks[lane.label].scaling for lane in lanes]
    facts = fold_facts(data, scaling, lanes)
    n_subjects = len(np.unique(subject_codes(windows.keys)[lanes[0].train]))
    shapes = shapes_of(windows, method.train_modalities, n_subjects)
    nets = [
        loaded(method, shapes, ahead.config, tensors_of(networks[lane.label]), device)
        for lane in lanes
    ]
    stack = FoldStack(nets, vmapped=method.stackable)
    rows = torch.from_numpy(pad_sides([lane.train for lane in lanes])).to(device)
    with stack.evaluating():
        parts = [
            stack.each(says, gather(data, facts, part, method.train_modalities, is_labelled=False))
            for part in rows.split(PREDICT_BATCH, dim=1)
        ]
    return tree_map(lambda *of: torch.cat(of, dim=1), *parts)


def tensors_of(network: Network) -> dict[str, Tensor]:
    """Return the weights of a network as tensors of their own."""
    return {name: torch.from_numpy(np.array(array)) for name, array in network.weights.items()}


def places(folds: Sequence[Fold], n_windows: int, device: str) -> Tensor:
    """Return where in `say` each training window of each fold is, see `models.told.Told`."""
    place = np.zeros((len(folds), n_windows), np.int64)
    for at, fold in zip(place, folds, strict=True):
        at[fold.train] = np.arange(len(fold.train))
    return torch.from_numpy(place).to(device)
