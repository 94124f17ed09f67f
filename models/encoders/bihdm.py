"""BiHDM: recurrences over both hemispheres, and over the differences of mirrored electrodes.

Li, Y., Wang, L., Zheng, W., Zong, Y., Qi, L., Cui, Z., Zhang, T., & Song, T. (2021). A novel
bi-hemispheric discrepancy model for EEG emotion recognition. IEEE T. Cognitive and Developmental
Systems 13(2), 354-367. https://doi.org/10.1109/TCDS.2020.2999337

Each hemisphere is passed through twice, row by row and column by column ("horizontal" and
"vertical" elsewhere), by four recurrences with weights of their own. What they know of an electrode
and of its mirror image is subtracted, and two more recurrences run over the differences.

Differences
-----------
1. Electrodes. Paper: of the 62-channel cap / CMCRD: 25 of its 27 pairs, since the list was adapted
   from another cap; ``leave_out=("PO5", "CB1")`` leaves the same out / here: every pair that the
   table has, of any cap, whatever the order of its channels.
2. Column order. YichenTang97/BiHDM_pytorch, which CMCRD used: pairs of the column order are
   computed from the row order's recurrences, so that two of the four have no influence / here:
   each from its own; ``vertical="tied-bug"`` does as the released code does.
3. Bias of the projection. The same code: behind the leaky ReLU, where it adds a constant to the
   logits and no more / here: inside.
4. Domains. Paper: a discriminator of source and target data behind a reversal / here: none, as in
   CMCRD; it would see the test side.
5. Output. Code: logarithms of probabilities / here: logits; the cross-entropy is the same.
6. Eye features. CMCRD: one electrode that is its own mirror image, whose bands are all the eye
   features. Sequences then have one step, and a network remains that is a small perceptron with
   tanh; the recurrent weights get no gradient / here: the same by default, since the 33 columns
   tell no eyes apart; ``eye="sides"`` pairs columns of a left and a right eye where there are such
   columns, and leaves the others out.
7. Division and inner product. Paper: named, without numbers that matter here / here: a divisor
   nearer to 0 than 0.01 is taken as 0.01; the inner product of two vectors is one number.
8. Scaling. Paper: not given / here: as of all networks, z-scores of every channel and band by
   themselves, which take the mean difference of the sides away before they are compared;
   ``standardise="band"`` of `bihdm_eeg` has one mean and deviation for all channels of a band.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu
from torch.nn.init import kaiming_uniform_, xavier_uniform_

from featpipe.errors import ConfigError, few
from models.encoders.electrodes import Pair, Pairs, electrode_pairs, eye_pairs, no_pairs
from models.encoders.encoded import Encoded
from models.layers.recurrent import Elman
from models.limits import Count

SLOPE, LEAST_DIVISOR = 0.01, 0.01


@dataclass(frozen=True)
class Config:
    """Options of the BiHDM.

    Attributes
    ----------
    n_hidden : int
        Width of all recurrences.
    n_out, n_nodes : int
        Rows and columns of what the logits are made of.
    pairwise : "subtraction", "division" or "inner-product"
        What becomes of an electrode and its mirror image.
    vertical : "own" or "tied-bug"
        Whether the column order has recurrences of its own, or those of the row order by mistake.
    eye : "whole" or "sides"
        Of windows without bands: all features are one electrode's, as published, or columns of the
        left and the right eye mirror each other.
    leave_out : tuple of str
        Electrodes that are not used, nor their mirror images.
    """

    n_hidden: Count = 32  # released code, said to follow the paper
    n_out: Count = 16  # the same
    n_nodes: Count = 6  # the same
    pairwise: Literal["subtraction", "division", "inner-product"] = "subtraction"
    vertical: Literal["own", "tied-bug"] = "own"
    eye: Literal["whole", "sides"] = "whole"
    leave_out: tuple[str, ...] = ()


EYE = Config(n_hidden=16, n_out=8)
"""CMCRD, for eye features."""


class Bihdm(nn.Module):
    """Four recurrences, two more over pairs, projection over pairs, summary, linear layer.

    Parameters
    ----------
    pairs : Pairs
        Mirrored entries of the first axis of a window.
    n_bands, n_classes : int
        Sizes of input and output.
    config : Config
        Options.

    Attributes
    ----------
    places : Tensor of int64, shape (4, n_pairs)
        What each recurrence passes through: left and right by row, left and right by column.
    w_project, b_project : Tensor, shape (2, n_pairs, n_nodes) and (2, n_hidden, n_nodes)
        Projection over pairs, of each order.
    summary : Tensor, shape (2, n_out, n_hidden)
        The matrices P of each order.
    """

    places: Tensor

    def __init__(self, pairs: Pairs, n_bands: int, n_classes: int, config: Config):
        super().__init__()
        self.config = config
        n, n_pairs = config.n_hidden, len(pairs.by_row)
        places = [[pair[side] for pair in order] for order in pairs for side in (0, 1)]
        self.register_buffer("places", torch.tensor(places))
        self.streams = Elman(4, n_bands, n)
        self.over_pairs = Elman(2, 1 if config.pairwise == "inner-product" else n, n)
        bound = n_pairs**-0.5
        # it sums over pairs, so they are what comes in
        drawn = [
            kaiming_uniform_(torch.empty(config.n_nodes, n_pairs), a=SLOPE).T for _ in range(2)
        ]
        self.w_project = nn.Parameter(torch.stack(drawn))
        self.b_project = nn.Parameter(torch.empty(2, n, config.n_nodes).uniform_(-bound, bound))
        drawn = [xavier_uniform_(torch.empty(config.n_out, n)) for _ in range(2)]
        self.summary = nn.Parameter(torch.stack(drawn))
        self.out = nn.Linear(config.n_out * config.n_nodes, n_classes)
        xavier_uniform_(self.out.weight)

    def forward(self, x: Tensor) -> Encoded:
        """Encode windows; `hidden` is the projection over pairs, (batch, 2, n_hidden, n_nodes).

        Parameters
        ----------
        x : Tensor, shape (batch, n_channels, n_bands) or (batch, n_features)
            As the network was built for.
        """
        if x.ndim == 2:
            x = x[..., None] if self.config.eye == "sides" else x[:, None]
        # (batch, 4, n_pairs, n_bands) -> (4, n_pairs, batch, n_bands)
        sides = self.streams(x[:, self.places].permute(1, 2, 0, 3))
        left, right = sides.unflatten(0, (2, 2)).unbind(1)  # each by row and by column
        if self.config.vertical == "tied-bug":
            left, right = left[[0, 0]], right[[0, 0]]
        found = self.over_pairs(_compared(left, right, self.config.pairwise))
        projected = torch.einsum("gtbd,gtk->bgdk", found, self.w_project) + self.b_project
        projected = leaky_relu(projected, SLOPE)
        embedding = torch.einsum("bgdk,god->bok", projected, self.summary).flatten(1)
        return Encoded(self.out(embedding), embedding, (projected,))


def _compared(left: Tensor, right: Tensor, how: str) -> Tensor:
    """Compare both sides, each (2, n_pairs, batch, n_hidden)."""
    if how == "subtraction":
        return left - right
    if how == "division":
        least = torch.full_like(right, LEAST_DIVISOR)
        return left / torch.where(right < 0, right.minimum(-least), right.maximum(least))
    return (left * right).sum(-1, keepdim=True)


def build(
    shape: Sequence[int],
    n_classes: int,
    names: Sequence[str] | None = None,
    config: Config | None = None,
) -> Bihdm:
    """Return a network with freshly drawn weights.

    Parameters
    ----------
    shape : sequence of int
        (n_channels, n_bands), or (n_features,) of eyes.
    n_classes : int
        Number of emotions.
    names : sequence of str, optional
        Of channels, or of the eyes' columns; only whole eyes need none.
    config : Config, optional
        Options; those of the released codes by default.

    Raises
    ------
    ConfigError
        Where no two names mirror each other.
    """
    config = config or (Config() if len(shape) > 1 else EYE)
    names = names or ()
    if len(shape) > 1:
        pairs, n_bands = electrode_pairs(names, config.leave_out), shape[1]
        if not pairs.by_row:
            raise ConfigError(f"bihdm: {no_pairs(names)}: dnn and dgcnn need no pairs")
    elif config.eye == "whole":
        (pairs, n_bands) = (Pairs((Pair(0, 0),), (Pair(0, 0),)), shape[0])
    else:
        pairs, n_bands = eye_pairs(names), 1
        if not pairs.by_row:
            raise ConfigError(
                f'bihdm: eye = "sides", but no column of a left eye has one of the right eye among '
                f'{few(names) or "columns without names"}: set eye = "whole"'
            )
    return Bihdm(pairs, n_bands, n_classes, config)
