"""Gradient reversal: what serves a classifier above is worked against below.

References
----------
.. [1] Ganin, Y., et al. (2016). Domain-adversarial training of neural networks. Journal of
   Machine Learning Research, 17(59), 1-35.
"""

from typing import Any

import torch
from torch import Tensor


class _Reversed(torch.autograd.Function):
    """As arithmetic it would be ``(1 + s) * stop(x) - s * x``, six passes over memory for one."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, strength: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        (strength,) = ctx.saved_tensors
        return -strength * grad, None


def reverse_gradient(x: Tensor, strength: Tensor | float) -> Tensor:
    """Return x unchanged; its gradient arrives multiplied by -strength.

    Parameters
    ----------
    x : Tensor, shape (...)
        Features.
    strength : Tensor or float, scalar
        Lambda of [1]_.

    Returns
    -------
    Tensor, shape (...)
        Equal to x.
    """
    return _Reversed.apply(x, torch.as_tensor(strength, dtype=x.dtype, device=x.device))


def reversal_strength(progress: Tensor) -> Tensor:
    """Return lambda(p) = 2 / (1 + exp(-10 p)) - 1, from 0 at the start to nearly 1 [1]_.

    Parameters
    ----------
    progress : Tensor
        p, the share of training steps already taken, in [0, 1].

    Returns
    -------
    Tensor
    """
    return 2 / (1 + torch.exp(-10 * progress)) - 1
