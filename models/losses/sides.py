"""How anchors stand to the rows of a bank, and the loss of CRD of one side.

Tian, Y., Krishnan, D., & Isola, P. (2020). Contrastive representation distillation. ICLR 2020; the
equations stand in `models.losses.contrast`.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own spelling
from torch import Tensor


class Side(NamedTuple):
    """How the anchors of one side stand to the other side's bank.

    Attributes
    ----------
    own : Tensor, shape (batch,)
        u_ii, to the anchor's own window.
    others : Tensor, shape (batch,)
        Weighted sum of softplus(u_ij) over windows of other classes.
    """

    own: Tensor
    others: Tensor


def compare(
    anchor: Tensor,
    bank: Tensor,
    own: Tensor,
    weight: Tensor,
    offset: Tensor,
    tau: float,
    at: Any = slice(None),
) -> Side:
    """Compare anchors with a bank.

    Parameters
    ----------
    anchor : Tensor, shape (batch, n_features)
        Of length one.
    bank : Tensor, shape (n_rows, n_features)
        Gets no gradient, and may be written to afterwards.
    own : Tensor of int64, shape (batch,)
        Row of each anchor's window.
    weight : Tensor, shape (batch, n_at)
        Of each row as a negative; 0 for all others.
    offset : Tensor, shape (batch,)
        b; gets no gradient.
    tau : float
        Temperature.
    at : Tensor of int64, shape (n_at,), optional
        Rows that can be negatives; all, if left out.
    """
    offset = offset.detach()
    others, _ = _Others.apply(anchor, bank[at], weight, offset, tau)
    return Side((anchor * bank[own]).sum(-1) / tau - offset, others)


class _Others(torch.autograd.Function):
    """Weighted sum of softplus(u), whose slope is computed beside it.

    Backward needs batch x features numbers. It keeps nothing of the size of batch x rows, and not
    the bank, which can therefore be written to in the same step; autograd by itself forbids that.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(
        anchor: Tensor, bank: Tensor, weight: Tensor, offset: Tensor, tau: float
    ) -> tuple[Tensor, Tensor]:
        u = torch.addmm(-offset[:, None], anchor / tau, bank.T)
        value = F.softplus(u).mul_(weight).sum(-1)
        return value, u.sigmoid_().mul_(weight) @ bank / tau

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple[Tensor, Tensor]) -> None:
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(output[1])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (slope,) = ctx.saved_tensors
        return grads[0][:, None] * slope, None, None, None, None


def disagreement(side: Side) -> Tensor:
    """Return what CRD minimises of one side, shape (batch,)."""
    return F.softplus(-side.own) + side.others
