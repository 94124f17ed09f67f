"""Vectors of length one, also where the vector is zero."""

import torch
from torch import Tensor

_LEAST = 1e-12


def unit(x: Tensor, dim: int = -1, eps: float = 0.0) -> Tensor:
    """Return x / (|x| + eps); what is zero stays zero and gets no gradient.

    Parameters
    ----------
    x : Tensor
        Vectors along `dim`.
    dim : int
        Axis of the vectors.
    eps : float
        Added to lengths, where a paper's code does so.

    Returns
    -------
    Tensor, shape as x

    Examples
    --------
    >>> unit(torch.tensor([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    square = x.square().sum(dim, keepdim=True)
    is_zero = square <= _LEAST**2
    # the root of what is zero is not even looked at: its gradient is infinite, and 0 times that NaN
    length = torch.where(is_zero, 1.0, square).sqrt()
    return torch.where(is_zero, 0.0, x / (length + eps))
