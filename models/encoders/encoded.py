"""What every encoder returns and every distillation loss reads."""

from typing import NamedTuple

from torch import Tensor


class Encoded(NamedTuple):
    """Logits of a batch and the features behind them.

    Attributes
    ----------
    logits : Tensor, shape (batch, n_classes)
        Not normalised.
    embedding : Tensor, shape (batch, n_features)
        The last features, from which the logits are made.
    hidden : tuple of Tensor, each of shape (batch, ...)
        Earlier features, from the input on; may be empty.
    """

    logits: Tensor
    embedding: Tensor
    hidden: tuple[Tensor, ...] = ()
