"""CRD: a window's two embeddings agree, and disagree with windows of other classes.

Tian, Y., Krishnan, D., & Isola, P. (2020). Contrastive representation distillation. ICLR 2020.

v^s, v^t are linear maps of the embeddings, of length one; banks M^s, M^t hold such a row for every
window. With u_ij = v_i . M_j / tau - b, student against M^t and teacher against M^s, each side is

    ``L = 1/B sum_i [ softplus(-u_ii) + K / |Neg_i| sum_{j in Neg_i} softplus(u_ij) ]``,

binary logistic regression. Differences from the paper and its code:

1. Paper: logarithms of ratios with a normaliser Z from the first batch / here: the same in u, where
   b = log(Z K / n) (and the code's 1e-7 shifts b and the loss by constants). For random unit
   vectors b is log K + 1 / (2 D tau^2), which needs no first batch; at tau = 0.07 that is within
   0.03 from D = 64 on, and 1.3 too much at D = 16.
2. Code: K negatives are drawn per window and gathered / here: all windows of other classes, each
   with weight K / |Neg_i|. Same expectation, without the noise of drawing; one matrix product and
   no indices. ``drawn=True`` draws, as dropout does: what a network draws is its own, and hangs on
   how many rows the bank has.
   ``every=n`` takes every n-th row in the order in which rows were first drawn, others in each
   step, with n times the weight that each has among all: a table of sixteen folds of 27,000 windows
   takes a sixth to an eighth of the time (every=16), and over n steps nothing of the sum is lost.
3. Code: the bank has a row per training window of one fold, known before training / here: a row per
   window of the study, which takes part from the step after it was first drawn. What is never
   drawn, the test side above all, stays without label and outside every sum. So folds of other
   sizes stack, and `Batch.index` needs no translation.
4. Code: rows are random at first / here: zero, so that a window is pulled nowhere when it is drawn
   for the first time. The mean is the same, and but for ``drawn`` neither the size nor the place of
   the test side decides over a number.

A bank takes n_windows * D * 4 bytes, there are two, per fold: of SEED-V (29,168 windows, D = 128)
30 MB, 0.5 GB for 16 folds at once, 2.4 GB with D = 648, and once more while a training is kept;
`fold_chunk` divides that. Banks move with a stack of folds but are not part of a state dict, nor of
the copy of the best epoch: nothing predicts with them.
"""

from math import log
from typing import Any

import torch
from torch import Tensor, nn

from featpipe.errors import ConfigError
from models.encoders.encoded import Encoded
from models.layers.dropout import hashed
from models.losses.draws import draw_counts
from models.losses.sides import Side, compare, disagreement
from models.losses.unit import unit
from models.types import Batch


class Contrast(nn.Module):
    """The loss of CRD with its maps and banks.

    Parameters
    ----------
    n_student, n_teacher : int
        Widths of the embeddings.
    n_windows : int
        Of the study; 0 where nothing is trained.
    n_negatives : int
        K. The CMCRD paper has about as many as there are windows of other classes: 900 to 1,200
        within a subject, 17,000 to 25,000 across subjects.
    n_features : int
        D.
    tau : float
        Temperature.
    momentum : float
        Share that a row of a bank keeps when its window is drawn; 0.5 in RepDistiller, 0.05 in the
        code of CMCRD.
    drawn : bool
        Draw K negatives per window and step.
    every : int
        Compare with every n-th row of a bank only, with others in the next step: the sum over all
        rows of a bank is the mean over n steps, and a step costs an n-th.

    Raises
    ------
    ConfigError
        When no such loss exists.
    """

    bank_student: Tensor
    bank_teacher: Tensor
    row_label: Tensor
    row_order: Tensor
    n_lined: Tensor
    n_steps: Tensor
    key: Tensor
    n_draws: Tensor

    def __init__(
        self,
        n_student: int,
        n_teacher: int,
        n_windows: int,
        *,
        n_negatives: int = 900,
        n_features: int = 128,
        tau: float = 0.07,
        momentum: float = 0.5,
        drawn: bool = False,
        every: int = 1,
    ):
        super().__init__()
        if n_negatives < 1 or tau <= 0 or not 0 <= momentum < 1 or every < 1:
            raise ConfigError(
                f"n_negatives is {n_negatives}, tau {tau}, momentum {momentum}, every {every}: "
                "expected at least 1, more than 0, from 0 to below 1, and at least 1"
            )
        self.embed_student = nn.Linear(n_student, n_features)
        self.embed_teacher = nn.Linear(n_teacher, n_features)
        self.n_negatives, self.tau, self.momentum = n_negatives, tau, momentum
        self.drawn, self.every = drawn, every
        self.offset = log(n_negatives) + 1 / (2 * n_features * tau**2)
        for name in ("bank_student", "bank_teacher"):
            self.register_buffer(name, torch.zeros(n_windows, n_features), persistent=False)
        never = torch.full((n_windows,), -1)
        self.register_buffer("row_label", never, persistent=False)
        # rows as they were first drawn; the last place is for what is nothing new
        order = torch.zeros(n_windows + 1 if every > 1 else 0, dtype=torch.int64)
        self.register_buffer("row_order", order, persistent=False)
        for name in ("n_lined", "n_steps"):
            self.register_buffer(name, torch.zeros((), dtype=torch.int64), persistent=False)
        if drawn:
            self.register_buffer("key", torch.randint(1 << 62, ()), persistent=False)
            self.register_buffer("n_draws", torch.zeros_like(self.key), persistent=False)

    def forward(self, student: Encoded, teacher: Encoded, batch: Batch) -> Tensor:
        """Return the loss of both sides, a scalar; logits are read for their number alone."""
        sides = self.sides(student, teacher, batch)
        return torch.stack([disagreement(side) for side in sides]).sum(0).mean()

    def sides(
        self,
        student: Encoded,
        teacher: Encoded,
        batch: Batch,
        moves: tuple[Tensor, Tensor] | None = None,
        shift: Tensor | None = None,
    ) -> tuple[Side, Side]:
        """Compare both sides with the other's bank, and in training remember the batch.

        Parameters
        ----------
        student, teacher : Encoded
            `embedding` is read.
        batch : Batch
            Label and index are read.
        moves : pair of Tensor of bool, shape (batch,), optional
            Windows whose student and whose teacher embedding gets a gradient; None: all.
        shift : Tensor, shape (batch,), optional
            Added to all u of a window.
        """
        anchors = [
            unit(self.embed_student(student.embedding)),
            unit(self.embed_teacher(teacher.embedding)),
        ]
        if moves is not None:
            pairs = zip(moves, anchors, strict=True)
            anchors = [torch.where(move[:, None], v, v.detach()) for move, v in pairs]
        at, is_row = self._rows()
        row_label = self.row_label[at].where(is_row, -1)
        n_others = None if self.every == 1 else self._others(batch.label, student.logits.shape[-1])
        weight = self.weigh_negatives(batch.label, row_label, n_others).to(anchors[0].dtype)
        offset = torch.full_like(anchors[0][:, 0], self.offset)
        offset = offset if shift is None else offset - shift
        found = [
            compare(anchor, bank, batch.index, weight, offset, self.tau, at)
            for anchor, bank in zip(anchors, (self.bank_teacher, self.bank_student), strict=True)
        ]
        if self.training:
            self._remember(anchors, batch)
        return found[0], found[1]

    def _rows(self) -> tuple[Any, Tensor]:
        """Return which rows the step compares with, and which of these there are."""
        n = len(self.row_label)
        if self.every == 1:
            return slice(None), self.row_label.new_ones((), dtype=torch.bool)
        place = torch.arange(0, n, self.every, device=self.row_label.device)
        place = place + self.n_steps % self.every
        return self.row_order[place.clamp(max=n)], place < self.n_lined

    def _others(self, label: Tensor, n_classes: int) -> Tensor:
        """Return how many rows of other classes the whole bank has, (batch,)."""
        classes = torch.arange(n_classes, device=label.device)
        n_of_class = (self.row_label == classes[:, None]).sum(-1)
        return n_of_class.sum() - n_of_class[label]

    def weigh_negatives(
        self, label: Tensor, row_label: Tensor | None = None, n_others: Tensor | None = None
    ) -> Tensor:
        """Return the weight of rows as negatives, of all or of those labels, (batch, n_rows).

        Where rows take turns, `n_others` tells for each window how many negatives all of them hold.
        """
        row_label = self.row_label if row_label is None else row_label
        is_other = (row_label != label[:, None]) & (row_label >= 0)
        n_here = is_other.sum(-1, keepdim=True).to(self.bank_student.dtype)
        share = 1.0 if n_others is None else self.every * n_here / n_others[:, None].clamp(min=1)
        if self.drawn:
            self.n_draws += 1
            start = hashed(self.key + self.n_draws)
            return draw_counts(is_other, self.n_negatives, start) * share
        return is_other * (share * self.n_negatives / n_here.clamp(min=1))

    @torch.no_grad()
    def _remember(self, anchors: list[Tensor], batch: Batch) -> None:
        for bank, anchor in zip((self.bank_student, self.bank_teacher), anchors, strict=True):
            old = bank[batch.index]
            bank[batch.index] = unit(self.momentum * old + (1 - self.momentum) * anchor)
        if self.every > 1:
            self._line_up(batch.index)
        self.row_label[batch.index] = batch.label
        self.n_steps += 1

    def _line_up(self, index: Tensor) -> None:
        """Put rows that were never drawn before behind those that were."""
        is_again = (index[:, None] == index).tril(-1).any(-1)
        is_new = (self.row_label[index] < 0) & ~is_again
        place = self.n_lined + is_new.cumsum(0) - 1
        self.row_order[torch.where(is_new, place, len(self.row_label))] = index
        self.n_lined += is_new.sum()
