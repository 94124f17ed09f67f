"""What networks that were trained before say of training windows, computed once per training."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._pytree import tree_map


class Told(NamedTuple):
    """Of some folds, each tensor with a leading fold axis.

    Attributes
    ----------
    place : Tensor of int64, shape (n_folds, n_windows)
        Row of `Windows` -> position in `said`; windows of which nothing was said have that of
        another one, and are not asked for.
    said : mapping
        Name in `Method.before` -> pytree of tensors (n_folds, n_said, ...).
    """

    place: Tensor
    said: Mapping[str, Any]

    def of(self, rows: Tensor) -> dict[str, Any]:
        """Return what is said of windows.

        Parameters
        ----------
        rows : Tensor of int64, shape (n_folds, batch)
            Rows of `Windows`, of each fold's training side.

        Returns
        -------
        dict
            Name -> pytree of tensors (n_folds, batch, ...).
        """
        at = self.place.gather(1, rows)
        fold = torch.arange(len(at), device=at.device)[:, None]
        return {name: tree_map(lambda x: x[fold, at], said) for name, said in self.said.items()}
