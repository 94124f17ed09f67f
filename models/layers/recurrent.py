"""Recurrences written out: `torch.vmap` has no rule for those of torch."""

import torch
from torch import Tensor, nn


class Elman(nn.Module):
    """Several Elman recurrences side by side, each with weights of its own.

    ``h_t = tanh(W x_t + b + U h_{t-1} + c)`` from ``h_0 = 0``, as `torch.nn.RNN`. The inputs of all
    steps are multiplied at once, so that a step is one product of all groups and a tanh.

    Parameters
    ----------
    n_groups : int
        How many.
    n_in, n_hidden : int
        Widths.

    Attributes
    ----------
    w_in : Tensor, shape (n_groups, n_in, n_hidden)
        Transposed W.
    w_hidden : Tensor, shape (n_groups, n_hidden, n_hidden)
        Transposed U.
    b_in, b_hidden : Tensor, shape (n_groups, n_hidden)
        The biases b and c.
    """

    def __init__(self, n_groups: int, n_in: int, n_hidden: int):
        super().__init__()
        bound = n_hidden**-0.5

        def drawn(n: int) -> nn.Parameter:
            groups = [nn.init.xavier_uniform_(torch.empty(n, n_hidden)) for _ in range(n_groups)]
            return nn.Parameter(torch.stack(groups))

        self.w_in, self.w_hidden = drawn(n_in), drawn(n_hidden)
        self.b_in = nn.Parameter(torch.empty(n_groups, n_hidden).uniform_(-bound, bound))
        self.b_hidden = nn.Parameter(torch.empty(n_groups, n_hidden).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Return all h_t.

        Parameters
        ----------
        x : Tensor, shape (n_groups, n_steps, batch, n_in)
            A sequence for each group.

        Returns
        -------
        Tensor, shape (n_groups, n_steps, batch, n_hidden)
        """
        driven = torch.baddbmm((self.b_in + self.b_hidden)[:, None], x.flatten(1, 2), self.w_in)
        steps = driven.unflatten(1, x.shape[1:3]).unbind(1)
        h = torch.zeros_like(steps[0])
        found = []
        for step in steps:
            h = torch.tanh(torch.baddbmm(step, h, self.w_hidden))
            found.append(h)
        return torch.stack(found, 1)
