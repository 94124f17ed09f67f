"""The control of distillation: what is told of a window is said of another one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from models.earlier import Pairs
from models.lanes import Lane
from models.loading import Windows
from models.sampling import seed_for


def shuffled(said: Any, windows: Windows, lanes: Sequence[Lane], pairs: Pairs) -> Any:
    """Give each training window what is said of another one, for a control.

    Parameters
    ----------
    said : pytree of Tensor
        From `say`.
    windows : Windows
        For labels.
    lanes : sequence of Lane
        Of `said`; their seeds and names decide which.
    pairs : {"own", "shuffled", "same-label"}
        Whether to, and whether the other window has the same label.
    """
    if pairs == "own":
        return said
    for i, lane in enumerate(lanes):
        rng = np.random.default_rng(seed_for(lane.seed, lane.name, "pairs"))
        label = windows.label[lane.train]
        kinds = np.unique(label) if pairs == "same-label" else [None]
        other = np.arange(len(label))
        for kind in kinds:
            rows = np.arange(len(label)) if kind is None else np.flatnonzero(label == kind)
            other[rows] = rng.permutation(rows)
        at = torch.from_numpy(other)

        def exchange(x: Tensor, i: int = i, at: Tensor = at) -> Tensor:
            x[i, : len(at)] = x[i, at.to(x.device)]
            return x

        said = tree_map(exchange, said)
    return said
