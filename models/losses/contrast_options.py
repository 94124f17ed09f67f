"""Options of the contrastive losses, as a study sets them."""

from dataclasses import dataclass
from typing import Literal

from models.limits import Count, Positive, Share


@dataclass(frozen=True)
class OfContrast:
    """Options of `models.losses.contrast.Contrast`.

    Attributes
    ----------
    n_negatives : int
        Windows of other classes that one is compared with: about as many as the training side has.
    n_features : int
        Width of the space in which student and teacher are compared.
    tau : float
        Temperature.
    momentum : float
        Share that a row of a bank keeps when its window is drawn.
    drawn : bool
        Draw the negatives of each step, in place of all of them weighted as so many.
    every : int
        Compare with every n-th row of a bank, with others in the next step.
    """

    n_negatives: Count = 900  # paper, within a subject of SEED; 17,000 to 25,000 across subjects
    n_features: Count = 128  # code, but for DGCNN
    tau: Positive = 0.07  # paper
    momentum: Share = 0.05  # CMCRD's code
    drawn: bool = False  # ours
    every: Count = 1  # ours


@dataclass(frozen=True)
class OfGuidance:
    """Options of `models.losses.guidance.GuidedContrast`, and whose correctness it asks for.

    Attributes
    ----------
    guidance : {"relabel", "signed", "logratio", "none"}
        What becomes of windows on which the teacher is wrong.
    us_gate : bool
        Where one of the two networks is right, move the other one's embedding only.
    iew : {"loss", "critic", "none"}
        What the certainty of the teacher weighs.
    teacher_pred : {"in-fold", "out-of-fold"}
        Right and certain is the teacher on windows that it learnt from, or are five others on
        people, or trials, that they never saw.
    """

    guidance: Literal["relabel", "signed", "logratio", "none"] = "relabel"  # ours
    us_gate: bool = True  # code
    iew: Literal["loss", "critic", "none"] = "loss"  # paper
    teacher_pred: Literal["in-fold", "out-of-fold"] = "in-fold"  # paper
