"""DGCNN: one graph convolution whose adjacency is learnt, and a linear layer.

Song, T., Zheng, W., Song, P., & Cui, Z. (2020). EEG emotion recognition using dynamical graph
convolutional neural networks. IEEE T. Affective Computing 11(3), 532-541.
https://doi.org/10.1109/TAFFC.2018.2817622

Several different networks go by this name. This is the one that CMCRD used, by all that can be
told from its widths: the re-implementation xueyunlong12589/DGCNN in its versions of 2023.

Differences
-----------
1. Paper: 1x1 convolution over bands and a biased ReLU behind the graph, adjacency moved by a rule
   of its own, penalty on all weights / here: no such convolution, ReLU without bias, adjacency
   learnt like all else.
2. The same repository in 2021, and torcheeg: adjacency normalised as it is (not symmetric, with
   loops), powers of it in place of Chebyshev polynomials, 32 outputs, a hidden layer of 64 / here:
   symmetric, no loops, Chebyshev, 16 outputs, no hidden layer.
3. LibEER: a learnt scalar added to the adjacency, unscaled Laplacian, biased ReLU, hidden layer of
   256 with dropout / here: none of these.
4. Polynomials T_k. Code: matrices, then times x / here: the recursion runs on x, which
   gives the same without products of matrices.
5. Eye features. CMCRD: every feature is a node with one scalar, so that its batch normalisation has
   one mean and one variance for all of them, which does little to features that were standardised
   before / here: the same by default; ``norm="node"`` gives every node its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.init import xavier_normal_, zeros_

from featpipe.errors import ConfigError
from models.encoders.encoded import Encoded
from models.limits import Count


@dataclass(frozen=True)
class Config:
    """Options of the DGCNN.

    Attributes
    ----------
    n_out : int
        Outputs per node.
    order : int
        K, the number of Chebyshev polynomials: nodes see others over up to K - 1 edges.
    norm : "band" or "node"
        What is normalised together over a batch. "band", as published: all nodes, each band for
        itself; eye features then are all of one band. "node": every node and band for itself.
    """

    n_out: Count = 16  # widths in the CMCRD code: 62 * 16 = 992
    order: Count = 2  # CMCRD code
    norm: Literal["band", "node"] = "band"  # as published


class Dgcnn(nn.Module):
    """Batch normalisation, Chebyshev graph convolution with ReLU, linear layer.

    Parameters
    ----------
    n_nodes, n_bands, n_classes : int
        Sizes of input and output.
    config : Config
        Options.

    Attributes
    ----------
    adjacency : Tensor, shape (n_nodes, n_nodes)
        As it is learnt; what is negative counts as 0, and so does the diagonal.
    theta : Tensor, shape (order, n_bands, n_out)
        Weights of each polynomial.
    """

    def __init__(self, n_nodes: int, n_bands: int, n_classes: int, config: Config):
        super().__init__()
        if config.order < 2:
            raise ConfigError(
                f"dgcnn: order is {config.order}, and the graph has no part in the first "
                "polynomial: expected 2 or more"
            )
        self.config = config
        self.norm = nn.BatchNorm1d(n_bands * (n_nodes if config.norm == "node" else 1))
        self.adjacency = nn.Parameter(torch.empty(n_nodes, n_nodes).uniform_(0.01, 0.5))
        drawn = [xavier_normal_(torch.empty(n_bands, config.n_out)) for _ in range(config.order)]
        self.theta = nn.Parameter(torch.stack(drawn))
        self.out = nn.Linear(n_nodes * config.n_out, n_classes)
        xavier_normal_(self.out.weight)
        zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Encoded:
        """Encode windows; `hidden` is the map (batch, n_nodes, n_out) before it is flattened.

        Parameters
        ----------
        x : Tensor, shape (batch, n_nodes, n_bands) or (batch, n_nodes)
            Without bands every node has one scalar.
        """
        x = self._normalised(x if x.ndim == 3 else x[..., None])
        laplacian = scaled_laplacian(self.adjacency)  # once for the batch
        flat = x.transpose(0, 1).flatten(1)  # (n_nodes, batch * n_bands): no copies of the graph
        terms = [flat, laplacian @ flat]
        while len(terms) < self.config.order:
            terms.append(2 * laplacian @ terms[-1] - terms[-2])
        # (batch, n_nodes, order, n_bands)
        polynomials = torch.stack([term.view(x.shape[1], -1, x.shape[2]) for term in terms], 2)
        found = (polynomials.transpose(0, 1).flatten(2) @ self.theta.flatten(0, 1)).relu()
        embedding = found.flatten(1)
        return Encoded(self.out(embedding), embedding, (found,))

    def _normalised(self, x: Tensor) -> Tensor:
        if self.config.norm == "node":
            return self.norm(x.flatten(1)).view(x.shape)
        return self.norm(x.transpose(1, 2)).transpose(1, 2)


def scaled_laplacian(adjacency: Tensor) -> Tensor:
    """Return 2 L / lambda - I of the normalised Laplacian L, with 2 for lambda, its top eigenvalue.

    That is -D^-1/2 S D^-1/2, where S is the adjacency without loops and negative weights, plus its
    transpose, and D holds the sums of its rows.

    Parameters
    ----------
    adjacency : Tensor, shape (n_nodes, n_nodes)
        As it is learnt.
    """
    is_edge = ~torch.eye(len(adjacency), dtype=torch.bool, device=adjacency.device)
    weights = adjacency.relu() * is_edge
    weights = weights + weights.T
    root = (weights.sum(1) + 1e-10).rsqrt()  # a node may have lost all its edges
    return -root[:, None] * weights * root


def build(
    shape: Sequence[int],
    n_classes: int,
    names: Sequence[str] | None = None,
    config: Config | None = None,
) -> Dgcnn:
    """Return a network with freshly drawn weights.

    Parameters
    ----------
    shape : sequence of int
        (n_channels, n_bands), or (n_features,) where each feature is a node.
    n_classes : int
        Number of emotions.
    names : sequence of str, optional
        Of the nodes; not read, the graph begins without any order.
    config : Config, optional
        Options; those of CMCRD by default.
    """
    return Dgcnn(shape[0], shape[1] if len(shape) > 1 else 1, n_classes, config or Config())
