"""Negatives that are drawn: how often each row was, for every anchor."""

import torch
from torch import Tensor


def draw_counts(is_other: Tensor, n: int) -> Tensor:
    """Draw n of the marked rows for every anchor and count how often each was drawn.

    Without replacement where there are n, else with.

    Parameters
    ----------
    is_other : Tensor of bool, shape (batch, n_rows)
        What is drawn from; where there is none, nothing is.
    n : int
        Draws per anchor.

    Returns
    -------
    Tensor of float32, shape (batch, n_rows)
    """
    n_others = is_other.sum(-1, keepdim=True)
    key = torch.rand(is_other.shape, device=is_other.device)
    order = torch.where(is_other, key, 2.0).argsort(-1)  # marked rows first, in random order
    again = (torch.rand((len(order), n), device=order.device) * n_others).long()
    first = torch.arange(n, device=order.device).clamp(max=order.shape[-1] - 1)
    drawn = order.gather(-1, torch.where(n_others >= n, first, again))
    counts = torch.zeros_like(key).scatter_add(-1, drawn, torch.ones_like(again, dtype=key.dtype))
    return counts * is_other
