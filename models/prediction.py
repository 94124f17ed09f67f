"""Predict windows: with every fold's network at once while training, with one by one to report."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from featpipe.errors import ConfigError
from models.batches import FoldFacts, gather
from models.job import Job
from models.runs import Items
from models.stacked import FoldStack
from models.types import Batch, Method, Scaling, Shapes

PREDICT_BATCH = 1024
"""Windows per fold and call; bounds memory."""


def pad_sides(sides: Sequence[np.ndarray]) -> np.ndarray:
    """Return sides of unequal length as one array; shorter ones repeat their first row."""
    n_most = max(map(len, sides))
    return np.stack([np.r_[side, np.full(n_most - len(side), side[0])] for side in sides])


def predict_logits(
    job: Job, stack: FoldStack, facts: FoldFacts, rows: np.ndarray, modality: str | None = None
) -> Tensor:
    """Predict the same number of windows in every fold, in eval mode and without gradients.

    Parameters
    ----------
    job : Job
        Method and data.
    stack : FoldStack
        The networks, which come out as they went in.
    facts : FoldFacts
        Of the same folds.
    rows : array of int64, shape (n_folds, n_windows)
        Rows of `Windows`.
    modality : str, optional
        Predict from this one alone, by the method's `by_modality`; else from its `inputs`.

    Returns
    -------
    Tensor of float64, shape (n_folds, n_windows, n_classes)
        On the device.
    """
    device = job.data.label.device
    # windows of one trial are read together, once
    found = [np.unique(read, return_inverse=True) for read in job.items.read[rows]]
    reads = torch.from_numpy(job.items.test[pad_sides([read for read, _ in found])]).to(device)
    by_modality = job.method.by_modality
    parts = []
    with stack.evaluating():
        for part in reads.split(PREDICT_BATCH, dim=1):
            read = job.method.inputs if modality is None else (modality,)
            batch = gather(job.data, facts, part, read, is_labelled=False)
            if modality is None or by_modality is None:
                found_here = stack.each(job.method.predict, batch)
            else:
                found_here = stack.each(by_modality, batch, modality)
            parts.append(found_here.double())
    logits = torch.cat(parts, dim=1)
    back = torch.from_numpy(np.stack([of for _, of in found])).to(device)
    return logits.gather(1, back[..., None].expand(-1, -1, logits.shape[-1]))


def predict_one(
    method: Method,
    net: nn.Module,
    x: Mapping[str, Tensor],
    scaling: Mapping[str, Scaling],
    items: Items,
    rows: np.ndarray,
) -> np.ndarray:
    """Predict windows with one network, apart from those of other folds.

    What a training stores and what its model folder gives come of this one function: kernels that
    compute several networks at once round otherwise.

    Parameters
    ----------
    method : Method
        Whose network it is.
    net : nn.Module
        From `loaded`.
    x : mapping of str to Tensor
        Modality -> windows that are not scaled, on the network's device.
    scaling : mapping of str to Scaling
        Of the input modalities.
    items : Items
        What is read to predict a window.
    rows : array of int64, shape (n_windows,)
        Rows of `x`.

    Returns
    -------
    array of float64, shape (n_windows, n_classes)
        Probabilities.
    """
    logits, back = _apply(method.predict, method, net, x, scaling, items, rows)
    return logits.softmax(-1).cpu().numpy()[back]


def embed_one(
    method: Method,
    net: nn.Module,
    x: Mapping[str, Tensor],
    scaling: Mapping[str, Scaling],
    items: Items,
    rows: np.ndarray,
) -> np.ndarray:
    """Return what the network makes of windows before its logits; see `predict_one`.

    Returns
    -------
    array of float64, shape (n_windows, n_features)

    Raises
    ------
    ConfigError
        When the method does not say what that is.
    """
    if method.embed is None:
        raise ConfigError(f"{method.name} has no embedding: its METHOD leaves `embed` out")
    features, back = _apply(method.embed, method, net, x, scaling, items, rows)
    return features.cpu().numpy()[back]


def _apply(
    function: Callable[[Any, Batch], Tensor],
    method: Method,
    net: nn.Module,
    x: Mapping[str, Tensor],
    scaling: Mapping[str, Scaling],
    items: Items,
    rows: np.ndarray,
) -> tuple[Tensor, np.ndarray]:
    """Return what a function makes of all that is read, and which of that each window is."""
    device = next(iter(x.values())).device
    # windows of one trial are read together, once
    found, back = np.unique(items.read[rows], return_inverse=True)
    by = {
        name: [torch.from_numpy(array.copy()).to(device) for array in (of.mean, of.scale)]
        for name, of in scaling.items()
    }
    parts = []
    with torch.no_grad():
        for part in torch.from_numpy(items.test[found]).to(device).split(PREDICT_BATCH):
            mask = part >= 0 if method.whole_trials else None
            read = {}
            for name in method.inputs:
                mean, scale = by[name]
                z = ((x[name][part.clamp(min=0)] - mean) / scale).nan_to_num_(nan=0.0)
                read[name] = z if mask is None else z * mask.view(*mask.shape, *[1] * (z.ndim - 2))
            hidden = torch.full((len(part),), -1, device=device)
            batch = Batch(read, hidden, hidden, hidden, mask=mask)
            parts.append(function(net, batch).double())
    return torch.cat(parts), back


def loaded(
    method: Method, shapes: Shapes, config: Any, weights: Mapping[str, Tensor], device: str = "cpu"
) -> nn.Module:
    """Build a network with given weights, in eval mode.

    Raises
    ------
    ConfigError
        When the weights are those of another network.
    """
    net = method.build(shapes, config)
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:  # torch's for tensors of other names and shapes
        reason = " ".join(str(error).split())
        raise ConfigError(f"the weights are not of the network described: {reason}") from error
    return net.to(device).eval()


def predict_folds(
    job: Job,
    stack: FoldStack,
    scaling: Sequence[Mapping[str, Scaling]],
    sides: Sequence[np.ndarray],
) -> list[np.ndarray]:
    """Return the class probabilities of one side per fold, each (n_windows, n_classes)."""
    method, device = job.method, str(job.data.label.device)
    found = []
    for i_fold, (of_fold, side) in enumerate(zip(scaling, sides, strict=True)):
        if not len(side):  # trained for others to start from
            found.append(np.zeros((0, job.shapes.n_classes)))
            continue
        net = loaded(method, job.shapes, job.config, stack.state(i_fold), device)
        found.append(predict_one(method, net, job.data.x, of_fold, job.items, side))
    return found
