"""DNN: the multilayer perceptron of CMCRD, the same on EEG and on eye features.

Kan, S., Wu, H., Cui, Z., Huang, F., Xu, X., & Wu, D. (2025). CMCRD: Cross-modal contrastive
representation distillation for emotion recognition. arXiv:2504.09221. Called "6-layer MLP" there;
layers of units are counted, with the input, and there are five linear maps in the released code.

Differences
-----------
1. Biases. Code: in front of every batch normalisation / here: none, since the normalisation takes
   them off again. The functions are the same, with four times `n_hidden` parameters fewer; their
   gradient is rounding noise, which Adam blows up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from torch import Tensor, nn

from models.encoders.encoded import Encoded
from models.limits import Count


@dataclass(frozen=True)
class Config:
    """Options of the DNN.

    Attributes
    ----------
    n_hidden : int
        Width of all four hidden layers.
    """

    n_hidden: Count = 128  # released code


class Dnn(nn.Module):
    """Four layers with batch normalisation and ReLU, and a linear one; no dropout.

    Parameters
    ----------
    n_in, n_hidden, n_classes : int
        Widths.
    """

    def __init__(self, n_in: int, n_hidden: int, n_classes: int):
        super().__init__()
        self.first = nn.Sequential(*_layer(n_in, n_hidden), *_layer(n_hidden, n_hidden))
        self.second = nn.Sequential(*_layer(n_hidden, n_hidden), *_layer(n_hidden, n_hidden))
        self.out = nn.Linear(n_hidden, n_classes)

    def forward(self, x: Tensor) -> Encoded:
        """Encode windows; `hidden` is what stands behind the second layer.

        Parameters
        ----------
        x : Tensor, shape (batch, ...)
            Windows of any shape; EEG is read channel by channel.
        """
        middle = self.first(x.flatten(1))
        last = self.second(middle)
        return Encoded(self.out(last), last, (middle,))


def build(
    shape: Sequence[int],
    n_classes: int,
    names: Sequence[str] | None = None,
    config: Config | None = None,
) -> Dnn:
    """Return a network with freshly drawn weights.

    Parameters
    ----------
    shape : sequence of int
        Of one window, for example (62, 5).
    n_classes : int
        Number of emotions.
    names : sequence of str, optional
        Of the first axis; not read.
    config : Config, optional
        Options; those of the released code by default.
    """
    return Dnn(prod(shape), (config or Config()).n_hidden, n_classes)


def _layer(n_in: int, n_out: int) -> tuple[nn.Module, ...]:
    return nn.Linear(n_in, n_out, bias=False), nn.BatchNorm1d(n_out), nn.ReLU()
