"""Distillation: eyes teach EEG, or EEG teaches eyes; at test the student is alone.

Kan, S., Wu, H., Cui, Z., Huang, F., Xu, X., & Wu, D. (2025). CMCRD: Cross-modal contrastive
representation distillation for emotion recognition. arXiv:2504.09221; CMCRD, and the seven losses
that it is compared with.

Two networks of one family (DNN, DGCNN or BiHDM, `models/encoders`) read one modality each. The
teacher is a method of `models.methods.unimodal`, trained before. The student learns from labels
and, by one of eight losses (`models/losses`), from what the teacher makes of the same windows. In
a fold, with a seed, all eight losses have the same teacher, and students that start from equal
weights and see equal batches: they differ in the loss alone.

Differences
-----------
 1. Teacher's loss. Paper, Eq. 1-6: cross-entropy and 0.1 of the class confusion of its logits /
    code: confusion on batches of the test rows, and not added to the loss / here: 0.1 of the
    confusion of its probabilities, on training rows; `confusion` = 0 leaves it out, `confusion_on`
    takes test rows.
 2. Whose teacher. Paper: not said; by its tables the baselines' is trained with confusion, too /
    here: the same for all.
 3. Recipe. Paper: batches of 32, learning rate 1e-3, L2 without a coefficient / code: teacher SGD
    of 50 epochs, student AdamW of 40, with a warm-up of 10 and half a cosine / here: the student's
    for both; the teacher's is not searched with the student's.
 4. Epoch. Code: best training accuracy over epochs and seeds (teacher), test accuracy printed in
    every epoch (student) / here: by the policy of the study.
 5. Weights. Code: of each loss, not tuned on equal terms / here: the same by default; `weight`.
 6. Extra term. Code: KD beside any loss, switched on in one version / here: none.
 7. Hooks. Code: SP reads the last feature but one, all others the last or the logits / here: the
    same; what that is of each network says its docstring.
 8. FitNet. Code: a file that is missing, whose parameters no optimiser has / here: a linear map of
    the student's features, which learns with it; teacher's features standardised.
 9. NST. Code: missing; vectors have no maps / here: what features select within the batch.
10. Positives. Paper: windows of one class / code and here: the same window.
11. Negatives. Paper: N a data set / code: 1,000 and a bank that is too small for leave-one-out /
    here: all windows of other classes that were drawn before, weighted as `n_negatives` of them,
    900 whatever the protocol; set it for leave-one-out.
12. Momentum of the banks. Paper: not given / code: 0.05 for CMCRD, for CRD it is missing, where
    RepDistiller has 0.5 / here: 0.05 for both, so that they differ in what CMCRD adds.
13. Width of the contrast. Paper: not given / code: 128, with DGCNN 648 / here: 128; `n_features`.
14. Guidance, gate, weights of certainty: see `models/losses/guidance`. With ``guidance="none"``,
    ``us_gate=False`` and ``iew="none"`` CMCRD is CRD.
15. Correctness and certainty of the teacher. Paper and code: on windows that it learnt from
    ("in-fold") / here: the same; "out-of-fold": those of five teachers, each on people (trials,
    where one person trains) that it never saw.
16. Scaling. Code: test rows with their own statistics / here: with those of the training rows.
17. BiHDM on eyes is a small perceptron, as published; SEED-IV's 31 columns need no edit here.
"""

from dataclasses import asdict, dataclass, fields, replace
from functools import partial

import torch
from torch import Tensor, nn

from featpipe.errors import ConfigError
from models.encoders.recipe import SEARCH, Recipe, stage
from models.encoders.table import ENCODERS, encoder_of
from models.encoders.teacher import OfTeacher, teachers
from models.layers.row_counts import accuracy, cross_entropy
from models.limits import Weight
from models.losses.contrast_options import OfContrast, OfGuidance
from models.losses.distillers import DISTILLERS, weight_of
from models.search import Choice, LogRange, Range
from models.types import Batch, Losses, Method, Shapes, Stage


@dataclass(frozen=True)
class Config(Recipe, OfTeacher):
    """Options of all eight: the student's recipe, its teacher, and how much that counts.

    Attributes
    ----------
    weight : float
        Of the distillation loss beside a cross-entropy of weight 1.
    """

    weight: Weight = 1.0  # replaced by each loss's own


@dataclass(frozen=True)
class CrdConfig(Config, OfContrast):
    """Options of `crd_eeg` and `crd_eye`."""


@dataclass(frozen=True)
class CmcrdConfig(OfGuidance, Config, OfContrast):
    """Options of CMCRD: those of CRD, and how the teacher is followed."""


class Distilled(nn.Module):
    """A student, and the distillation loss, which may have parameters and banks."""

    def __init__(self, name: str, student: str, teacher: str, shapes: Shapes, config: Config):
        super().__init__()
        self.config = config
        self.reads = student
        self.student = encoder_of(config.backbone, student, shapes)
        with torch.device("meta"):  # its width is asked for, and nothing is drawn
            taught_by = encoder_of(config.backbone, teacher, shapes)
        widths = (encoder.out.in_features for encoder in (self.student, taught_by))
        own = {key: value for key, value in asdict(config).items() if key not in _COMMON}
        self.distil = DISTILLERS[name].build(*widths, shapes.n_windows, **own)


_COMMON = {*(field.name for field in fields(Config)), "teacher_pred"}


def learn(net: Distilled, batch: Batch, progress: Tensor) -> Losses:
    """Return the student's cross-entropy and what it has to learn from the teacher."""
    student, told = net.student(batch.x[net.reads]), batch.told or {}
    teacher = told["teacher"]
    if "judge" in told:  # the embedding is the teacher's own, the verdict theirs
        teacher = teacher._replace(logits=told["judge"])
    terms = {
        "emotion": cross_entropy(student.logits, batch.label),
        "distillation": net.config.weight * net.distil(student, teacher, batch),
    }
    seen = {
        "emotion_accuracy": accuracy(student.logits, batch.label),
        "teacher_accuracy": accuracy(teacher.logits, batch.label),
    }
    return Losses(terms, seen)


def predict(net: Distilled, batch: Batch) -> Tensor:
    """Return the student's logits."""
    return net.student(batch.x[net.reads]).logits


def by_band(config: Config) -> bool:
    """Tell whether channels of a band are standardised alike."""
    return config.standardise == "band"


def stages(name: str, config: Config) -> tuple[Stage, ...]:
    """Return the single stage: the student learns, and the loss where it can.

    It has the name of that of `models.methods.unimodal`: it draws the same batches.
    """
    if by_band(config) and config.backbone != "bihdm":
        raise ConfigError(
            f'standardise = "band" is of backbone bihdm, not of {config.backbone}: set '
            'backbone = "bihdm", or leave it out'
        )
    trains = ("student", "distil") if DISTILLERS[name].learns else ("student",)
    return (stage("train", learn, config, trains),)


def _method(name: str, student: str, teacher: str, config: Config) -> Method:
    weight = weight_of(name)
    ranges: dict[str, Range] = {
        "backbone": Choice(tuple(ENCODERS)), "weight": LogRange(weight / 30, weight * 30), **SEARCH,
    }  # fmt: skip
    if name == "rkd":
        ranges["batch"] = Choice((32, 64, 128))  # its memory grows with the cube
    return Method(
        name=f"{name}_{student}",
        version=3 if name in _CONFIGS else 2,
        describes=f"{student} learns from a teacher on {teacher} by {name.upper()}",
        reference="Kan et al., CMCRD, arXiv:2504.09221",
        train_modalities=("eeg", "eye"),
        inputs=(student,),
        config=replace(config, weight=weight),
        search=ranges,
        build=partial(Distilled, name, student, teacher),
        before=partial(teachers, DISTILLERS[name].reads, teacher),
        stages=partial(stages, name),
        predict=predict,
        embed=lambda net, batch: net.student(batch.x[net.reads]).embedding,
        by_band=by_band,
    )


_CONFIGS = {"crd": CrdConfig(), "cmcrd": CmcrdConfig()}
DISTILLED = tuple(
    _method(name, student, teacher, _CONFIGS.get(name, Config()))
    for student, teacher in (("eeg", "eye"), ("eye", "eeg"))
    for name in DISTILLERS
)
