"""Gradient reversal: what serves a classifier above is worked against below.

References
----------
.. [1] Ganin, Y., et al. (2016). Domain-adversarial training of neural networks. Journal of
   Machine Learning Research, 17(59), 1-35.
"""

import torch
from torch import Tensor


def reverse_gradient(x: Tensor, strength: Tensor | float) -> Tensor:
    """Return x unchanged; its gradient arrives multiplied by -strength.

    Written as ``stop(x) + (-s) * (x - stop(x))``, which `torch.vmap` takes as it is and torch
    computes in one pass.

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
    return torch.lerp(x.detach(), x, -torch.as_tensor(strength, dtype=x.dtype, device=x.device))


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
