"""What every encoder returns and every distillation loss reads."""

from typing import NamedTuple

from torch import Tensor


class Encoded(NamedTuple):
    """What an encoder makes of a batch; a pytree, so it can carry a fold axis in front.

    Attributes
    ----------
    logits : Tensor, shape (batch, n_classes)
        Not normalised.
    embedding : Tensor, shape (batch, n_features)
        What the logits are a linear function of: the last feature.
    hidden : tuple of Tensor, each (batch, ...)
        Features before that, in the order of the network; each encoder's docstring says which. Of
        `ENCODERS` there is one at least, and a loss on the last feature but one reads
        ``hidden[-1]``.
    """

    logits: Tensor
    embedding: Tensor
    hidden: tuple[Tensor, ...] = ()
