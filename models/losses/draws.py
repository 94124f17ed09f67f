"""Negatives that are drawn: how often each row was, for every anchor."""

import torch
from torch import Tensor

from models.layers.dropout import hashed, uniform


def draw_counts(is_other: Tensor, n: int, start: Tensor) -> Tensor:
    """Draw n of the marked rows for every anchor and count how often each was drawn.

    Without replacement where there are n, else with.

    Parameters
    ----------
    is_other : Tensor of bool, shape (batch, n_rows)
        What is drawn from; where there is none, nothing is.
    n : int
        Draws per anchor.
    start : Tensor of int64, scalar
        Names the draw, see `models.layers.dropout`.

    Returns
    -------
    Tensor of float32, shape (batch, n_rows)
    """
    n_others = is_other.sum(-1, keepdim=True)
    key = uniform(is_other.shape, start)
    order = torch.where(is_other, key, 2.0).argsort(-1)  # marked rows first, in random order
    again = (uniform((len(order), n), hashed(start)) * n_others).long()
    first = torch.arange(n, device=order.device).clamp(max=order.shape[-1] - 1)
    drawn = order.gather(-1, torch.where(n_others >= n, first, again))
    counts = torch.zeros_like(key).scatter_add(-1, drawn, torch.ones_like(again, dtype=key.dtype))
    return counts * is_other
