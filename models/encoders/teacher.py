"""Teachers of `models.methods.distill`: which networks they are, and what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from models.earlier import Earlier, Pairs
from models.encoders.encoded import Encoded
from models.limits import BatchSize, Count, Weight
from models.types import Batch

JUDGES = 5
"""Groups of people, or trials, for correctness out of fold."""


@dataclass(frozen=True)
class OfTeacher:
    """Options of who teaches.

    Attributes
    ----------
    backbone : {"dnn", "dgcnn", "bihdm"}
        Family of teacher and student, as published for their modality.
    confusion : float
        Weight of the class confusion in the loss of the teacher; 0 leaves it out.
    confusion_on : {"source", "target-transductive"}
        Of whose windows: training rows, or test rows without their labels.
    teacher_epochs : int
        Passes of the teacher over the training windows; its other options are its defaults.
    teacher_batch : int
        Windows per step of the teacher.
    standardise : {"channel", "band"}
        Of the EEG that a BiHDM reads, teacher or student: as the option of `bihdm_eeg`.
    pairs : {"own", "shuffled", "same-label"}
        Of which window the teacher speaks; others than its own are controls (`models.earlier`).
    """

    backbone: Literal["dnn", "dgcnn", "bihdm"] = "dnn"
    confusion: Weight = 0.1  # paper
    confusion_on: Literal["source", "target-transductive"] = "source"
    teacher_epochs: Count = 40  # as the student's
    teacher_batch: BatchSize = 32  # paper
    standardise: Literal["channel", "band"] = "channel"
    pairs: Pairs = "own"


def teachers(reads: Sequence[str], modality: str, config: Any) -> Mapping[str, Earlier]:
    """Return the teacher and, where correctness is out of fold, those who judge.

    Parameters
    ----------
    reads : sequence of str
        What is to be told beside logits, as `models.losses.distillers.Distiller` has it.
    modality : str
        Of the teacher.
    config : OfTeacher
        Options; has `teacher_pred` where correctness is asked for.
    """
    method = f"{config.backbone}_{modality}"
    options = {
        "confusion": config.confusion, "confusion_on": config.confusion_on,
        "n_epochs": config.teacher_epochs, "batch": config.teacher_batch,
    }  # fmt: skip
    if method == "bihdm_eeg":
        options["standardise"] = config.standardise
    found = {"teacher": Earlier(method, options, partial(_says, reads), pairs=config.pairs)}
    if getattr(config, "teacher_pred", "in-fold") == "out-of-fold":
        found["judge"] = Earlier(method, options, n_groups=JUDGES, pairs=config.pairs)
    return found


def _says(reads: Sequence[str], net: Any, batch: Batch) -> Encoded:
    """Return what the loss reads: features that it does not read take no memory."""
    found = net.encode(batch)
    embedding = found.embedding if "embedding" in reads else found.embedding[:, :0]
    vectors = tuple(x for x in found.hidden if "vectors" in reads and x.ndim == 2)
    return Encoded(found.logits, embedding, found.hidden if "hidden" in reads else vectors)
