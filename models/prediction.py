"""Predict windows with every fold's network at once."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from models.batches import FoldFacts, gather
from models.job import Job
from models.stacked import FoldStack

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


def predict_sides(
    job: Job, stack: FoldStack, facts: FoldFacts, sides: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Return the class probabilities of one side per fold, each (n_windows, n_classes)."""
    logits = predict_logits(job, stack, facts, pad_sides(sides))
    probabilities = logits.softmax(-1).cpu().numpy()
    return [p[: len(side)] for p, side in zip(probabilities, sides, strict=True)]
