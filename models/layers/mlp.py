"""Plain stacks of linear layers."""

from itertools import pairwise

from torch import nn

from models.layers.dropout import Dropout


def mlp(*sizes: int, dropout: float = 0.0) -> nn.Sequential:
    """Return linear layers with ReLU and dropout between them, none after the last.

    Parameters
    ----------
    *sizes : int
        Width of the input, of each hidden layer and of the output.
    dropout : float
        Share of hidden units silenced in training.

    Returns
    -------
    nn.Sequential
        (batch, sizes[0]) -> (batch, sizes[-1]).
    """
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU(), Dropout(dropout)]
    return nn.Sequential(*layers[:-2])
