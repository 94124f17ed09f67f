"""CMCRD: a teacher is followed where it is right, and not where it is wrong.

Cross-modal contrastive representation distillation ("CMCRD" in the code kssyyy/CMCRD); the loss is
that of `models.losses.contrast` with three additions, each a switch. Switched off, it is CRD.

Differences
-----------
1. Guidance. Paper, Eq. 14: the logarithm of a ratio of two sums of log-likelihoods, which rises as
   right pairs are fitted, and is undefined in a batch without teacher errors / code: errors change
   the sign of the whole term, which pushes hardest where a pair is apart already and rewards
   likeness to other classes ("signed") / a reading of Eq. 14 with exponentials ("logratio") / here,
   by default ("relabel"): a wrong teacher's embedding becomes one more negative of its own window.
2. Gate. Paper: not described / code and here: where one of the two networks is right, its embedding
   stays and the other's moves; where nobody in a batch is right, nothing moves.
3. Weights. Paper: of a window's loss ("loss") / code: of its critic scores, which adds their
   logarithm to u ("critic").
"""

from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own spelling
from torch import Tensor, nn

from featpipe.errors import ConfigError, unknown
from models.encoders.encoded import Encoded
from models.losses.confusion import certainty
from models.losses.contrast import Contrast
from models.losses.sides import Side, disagreement
from models.types import Batch

Sides = tuple[Side, Side]


class GuidedContrast(nn.Module):
    """The loss of CMCRD.

    Parameters
    ----------
    contrast : Contrast
        Maps, banks and scores; the code of CMCRD has a momentum of 0.05.
    guidance : {"relabel", "signed", "logratio", "none"}
        What becomes of windows on which the teacher is wrong.
    us_gate : bool
        Keep embeddings of the one that is right ("unimodal supervision").
    iew : {"loss", "critic", "none"}
        What the certainty of the teacher weighs ("information-entropy weighting").

    Raises
    ------
    ConfigError
        When a mode is unknown.
    """

    def __init__(
        self,
        contrast: Contrast,
        *,
        guidance: Literal["relabel", "signed", "logratio", "none"] = "relabel",
        us_gate: bool = True,
        iew: Literal["loss", "critic", "none"] = "loss",
    ):
        super().__init__()
        if guidance not in GUIDANCE:
            raise ConfigError(unknown("guidance", guidance, GUIDANCE))
        if iew not in ("loss", "critic", "none"):
            raise ConfigError(unknown("iew", iew, ("loss", "critic", "none")))
        self.contrast = contrast
        self.guidance, self.us_gate, self.iew = guidance, us_gate, iew

    def forward(self, student: Encoded, teacher: Encoded, batch: Batch) -> Tensor:
        """Return the loss, a scalar; everything but `hidden` is read.

        Whether the teacher is right, and how certain it is, is read from its logits: those of a
        teacher that never saw the window make both informative.
        """
        student_right = student.logits.argmax(-1) == batch.label
        teacher_right = teacher.logits.argmax(-1) == batch.label
        moves = gate(student_right, teacher_right) if self.us_gate else None
        weight = certainty(teacher.logits)
        shift = weight.log() if self.iew == "critic" else None
        sides = self.contrast.sides(student, teacher, batch, moves, shift)
        weight = weight if self.iew == "loss" else torch.ones_like(weight)
        return GUIDANCE[self.guidance](sides, teacher_right, weight)


def gate(student_right: Tensor, teacher_right: Tensor) -> tuple[Tensor, Tensor]:
    """Return for which windows the student's, and the teacher's, embedding gets a gradient.

    Parameters
    ----------
    student_right, teacher_right : Tensor of bool, shape (batch,)
        Whether each predicts the label.

    Returns
    -------
    pair of Tensor of bool, shape (batch,)
        A student's embedding rests where it alone is right, a teacher's where it alone is; all
        rest where nobody in the batch is right.
    """
    is_any = (student_right | teacher_right).any()
    return is_any & (~student_right | teacher_right), is_any & (student_right | ~teacher_right)


def crd(sides: Sides, teacher_right: Tensor, weight: Tensor) -> Tensor:
    """Return CRD, windows weighted: the teacher counts as right everywhere."""
    return relabelled(sides, torch.ones_like(teacher_right), weight)


def relabelled(sides: Sides, teacher_right: Tensor, weight: Tensor) -> Tensor:
    """Return the loss in which the pair of a wrong teacher is a negative.

    ``1 / sum W sum_i W_i [ t_i softplus(-u_ii) + (1 - t_i) softplus(u_ii) + others_i ]``, of both
    sides; never below 0.

    Parameters
    ----------
    sides : pair of Side
        Of student and teacher.
    teacher_right : Tensor of bool, shape (batch,)
        t.
    weight : Tensor, shape (batch,)
        W.
    """
    sign = 1 - 2 * teacher_right.to(weight.dtype)
    values = [F.softplus(sign * side.own) + side.others for side in sides]
    return (weight * (values[0] + values[1])).sum() / weight.sum()


def signed(sides: Sides, teacher_right: Tensor, weight: Tensor) -> Tensor:
    """Return the loss of the code: CRD of right teachers less that of wrong ones; may be negative.

    Parameters
    ----------
    sides, teacher_right, weight
        As in `relabelled`.
    """
    sign = 2 * teacher_right.to(weight.dtype) - 1
    return (sign * weight * (disagreement(sides[0]) + disagreement(sides[1]))).mean()


def logratio(sides: Sides, teacher_right: Tensor, weight: Tensor) -> Tensor:
    """Return ``-logsumexp_right(W_i L_i) + logsumexp_wrong(W_i L_i)``; L is minus CRD's loss.

    A sum over nobody is left out. Has no lower bound, and rewards likeness to other classes where
    the teacher is wrong, as `signed` does. Without the 1 / tau of Eq. 14, which cancels there and
    would here leave one window of a batch to count.

    Parameters
    ----------
    sides, teacher_right, weight
        As in `relabelled`.
    """
    likelihood = -weight * (disagreement(sides[0]) + disagreement(sides[1]))
    return _logsumexp(likelihood, ~teacher_right) - _logsumexp(likelihood, teacher_right)


def _logsumexp(values: Tensor, counts: Tensor) -> Tensor:
    found = torch.where(counts, values, -torch.inf).logsumexp(-1)
    return torch.where(counts.any(), found, 0.0)


GUIDANCE = {"relabel": relabelled, "signed": signed, "logratio": logratio, "none": crd}
