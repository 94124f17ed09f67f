"""Layers and losses that can leave rows of a batch out without taking them out.

Under `torch.vmap` no row can be taken out of a batch. `counts` says which rows count; with None all
do, and each function here is torch's own.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own spelling
from torch import Tensor, nn


def cross_entropy(logits: Tensor, label: Tensor, counts: Tensor | None = None) -> Tensor:
    """Return the mean cross-entropy of the rows that count.

    Parameters
    ----------
    logits : Tensor, shape (batch, n_classes)
        Not normalised.
    label : Tensor of int64, shape (batch,)
        Class of each row.
    counts : Tensor of bool, shape (batch,), optional
        Rows that count; 0 is returned where there is none.
    """
    if counts is None:
        return F.cross_entropy(logits, label)
    return _mean(F.cross_entropy(logits, label, reduction="none"), counts)


def accuracy(logits: Tensor, label: Tensor, counts: Tensor | None = None) -> Tensor:
    """Return the share of the rows that count whose largest logit is that of the label."""
    is_right = (logits.argmax(-1) == label).float()
    return is_right.mean() if counts is None else _mean(is_right, counts)


def _mean(values: Tensor, counts: Tensor) -> Tensor:
    return (values * counts).sum() / counts.sum().clamp(min=1)


class BatchNorm(nn.BatchNorm1d):
    """`torch.nn.BatchNorm1d` whose statistics, of the batch and running, are of rows that count.

    Every row is normalised. A batch with fewer than two rows that count moves nothing.
    """

    def forward(self, input: Tensor, counts: Tensor | None = None) -> Tensor:
        """Normalise `input`, shape (batch, n_features)."""
        x = input
        if counts is None or not self.training:
            return super().forward(x)
        weight = counts.to(x.dtype)[:, None]
        n = weight.sum()
        mean = (weight * x).sum(0) / n.clamp(min=1)
        variance = (weight * (x - mean) ** 2).sum(0) / n.clamp(min=1)
        with torch.no_grad():
            pace = (self.momentum or 0.0) * (n > 1).to(x.dtype)
            unbiased = variance * n / (n - 1).clamp(min=1)
            running = self.get_buffer("running_mean"), self.get_buffer("running_var")
            for buffer, found in zip(running, (mean, unbiased), strict=True):
                buffer += pace * (found - buffer)
            self.get_buffer("num_batches_tracked").add_(1)
        return (x - mean) / torch.sqrt(variance + self.eps) * self.weight + self.bias


class Transform(nn.Sequential):
    """Linear layer, batch normalisation, ReLU: a modality's own way to a common width.

    Parameters
    ----------
    n_in, n_out : int
        Widths.
    """

    def __init__(self, n_in: int, n_out: int):
        super().__init__(nn.Linear(n_in, n_out, bias=False), BatchNorm(n_out), nn.ReLU())

    def forward(self, input: Tensor, counts: Tensor | None = None) -> Tensor:
        """Transform `input`, shape (batch, n_in); rows that do not count move no statistics."""
        linear, norm, relu = self
        return relu(norm(linear(input), counts))
