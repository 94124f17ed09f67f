"""CSCM: EEG teaches in training, eye movements alone are read at test; and its three ablations.

Zhang, J.-M., Yan, X., Li, Z.-Y., Zhao, L.-M., Liu, Y.-Z., Li, H.-L., & Lu, B.-L. (2021). A
cross-subject and cross-modal model for multimodal emotion recognition. ICONIP 2021, CCIS 1517.

Each modality has a layer of its own, T, that brings it to a common width; everything after that is
shared. The two modalities of a window are two rows of a batch, never fused, since at test there is
one. A shallow extractor E_s feeds, through a gradient reversal, a classifier of the modality; a
deep extractor E_d behind it feeds, through another, a classifier of the subject; and C_e reads the
emotion. The same network with parts left out gives the rows of the paper's table:

    mlp         eye           neither adversary
    mlp_cross   eeg and eye   neither adversary
    cscm_sm     eye           subject adversary
    cscm        eeg and eye   both adversaries

Differences
-----------
No code was released, so this list holds what the paper leaves open.

1. Widths. Paper: p and q go to a common r, sizes not given / here: r = 64, E_s 128, E_d 64-64, one
   hidden layer of 64 in both adversaries, C_e linear, since r must not squeeze the 33 eye features.
2. T. Paper: "a specific layer" / here: linear, batch normalisation per modality, ReLU. There is no
   normalisation over mixed rows: its statistics would not be those of the eye-only test.
3. Weights. Paper: alpha, beta, gamma without values / here: 1, 0.1, 0.1.
4. Reversal. Paper: lambda not given / here: 2 / (1 + exp(-10 p)) - 1 of the DANN paper, in both.
5. Coupling. Paper: beta and gamma multiply the losses, so they slow the adversaries too / here: the
   same by default; ``grl_weight="grl"`` puts them into the reversal: adversaries at full speed.
6. Training. Paper: not given / here: Adam, lr 1e-3, weight decay 1e-4, dropout 0.2, 50 epochs of
   128 pairs drawn equally from every training subject, last epoch.
7. Missing. Paper: not said / here: a window without EEG or eye is left out; where it is kept
   (`[train] missing`) the row that it lacks weighs 0 in all losses, accuracies and statistics.
8. Scaling. Paper: not given / here: z-scores with the statistics of the training rows, as a model
   that promises to need no calibration must.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Literal

import torch
from torch import Tensor, nn

from featpipe.errors import ConfigError
from models.layers.dropout import Dropout
from models.layers.mlp import mlp
from models.layers.reversal import reversal_strength, reverse_gradient
from models.layers.row_counts import Transform, accuracy, cross_entropy
from models.limits import BatchSize, Count, Share, Weight
from models.search import Choice, LogRange, Range
from models.types import Batch, Losses, Method, Objective, Shapes, Stage


@dataclass(frozen=True)
class Config:
    """Options of the four methods; all defaults are ours, see Differences.

    Attributes
    ----------
    n_common, n_shallow, n_deep, n_adversary : int
        Widths of T (the paper's r), E_s, E_d and the hidden layer of the adversaries.
    dropout : float
        In E_s and E_d.
    modality_weight, subject_weight : float
        The paper's beta and gamma; 0 leaves the adversary out.
    grl_weight : "loss" or "grl"
        Whether the weights multiply the adversary's loss or only the reversed gradient.
    lr, weight_decay, n_epochs, batch
        Of Adam; a batch counts pairs.
    """

    n_common: Count = 64
    n_shallow: Count = 128
    n_deep: Count = 64
    n_adversary: Count = 64
    dropout: Share = 0.2
    modality_weight: Weight = 0.1
    subject_weight: Weight = 0.1
    grl_weight: Literal["loss", "grl"] = "loss"
    lr: Weight = 1e-3
    weight_decay: Weight = 1e-4
    n_epochs: Count = 50
    batch: BatchSize = 128


_WEIGHTS = Choice((0.01, 0.05, 0.1, 0.5, 1.0))
SEARCH: dict[str, Range] = {  # around the defaults, as far as others of this field go
    "n_common": Choice((32, 64, 128)), "n_shallow": Choice((64, 128, 256)),
    "modality_weight": _WEIGHTS, "subject_weight": _WEIGHTS, "grl_weight": Choice(("loss", "grl")),
    "lr": LogRange(1e-4, 3e-3), "n_epochs": LogRange(30, 200), "batch": Choice((32, 64, 128, 256)),
}  # fmt: skip
BOTH = ("eeg", "eye")


class Cscm(nn.Module):
    """T per modality, shared E_s, E_d and C_e, and the adversaries whose weight is not 0."""

    def __init__(self, modalities: Sequence[str], shapes: Shapes, config: Config):
        super().__init__()
        self.config = config
        self.transform = nn.ModuleDict(
            {name: Transform(prod(shapes.features[name]), config.n_common) for name in modalities}
        )
        shallow = (mlp(config.n_common, config.n_shallow), nn.ReLU(), Dropout(config.dropout))
        self.shallow = nn.Sequential(*shallow)
        deep = mlp(config.n_shallow, config.n_deep, config.n_deep, dropout=config.dropout)
        self.deep = nn.Sequential(deep, nn.ReLU())
        self.emotion = nn.Linear(config.n_deep, shapes.n_classes)
        if config.modality_weight:
            self.modality = mlp(config.n_shallow, config.n_adversary, len(modalities))
        if config.subject_weight:
            self.subject = mlp(config.n_deep, config.n_adversary, shapes.n_subjects)


def build(modalities: Sequence[str], shapes: Shapes, config: Config) -> Cscm:
    """Return a network for the given training modalities."""
    if config.modality_weight and len(modalities) < 2:
        raise ConfigError(
            f"modality_weight is {config.modality_weight}, but the method trains on "
            f"{modalities[0]} alone and there is no modality to tell apart: leave it at 0"
        )
    return Cscm(modalities, shapes, config)


def loss(net: Cscm, batch: Batch, progress: Tensor) -> Losses:
    """Return alpha L_Ce + beta L_md + gamma L_sd, with alpha = 1."""
    n_modalities, n_windows = len(net.transform), len(batch.label)
    # the modalities of a window become rows of one batch: (n_modalities * n_windows, n_common)
    there = batch.present
    common = torch.cat(
        [t(batch.x[m].flatten(1), there and there[m]) for m, t in net.transform.items()]
    )
    counts = torch.cat([there[m] for m in net.transform]) if there else None
    shallow = net.shallow(common)
    deep = net.deep(shallow)
    config, strength = net.config, reversal_strength(progress)
    emotion, label = net.emotion(deep), batch.label.repeat(n_modalities)
    terms = {"emotion": cross_entropy(emotion, label, counts)}
    seen = {"emotion_accuracy": accuracy(emotion, label, counts)}
    if config.modality_weight:
        modality = torch.arange(n_modalities, device=label.device).repeat_interleave(n_windows)
        terms["modality"], seen["modality_accuracy"] = _adversary(
            net, "modality", shallow, modality, strength, counts
        )
    if config.subject_weight:
        terms["subject"], seen["subject_accuracy"] = _adversary(
            net, "subject", deep, batch.subject.repeat(n_modalities), strength, counts
        )
    return Losses(terms, seen)


def _adversary(
    net: Cscm, name: str, x: Tensor, label: Tensor, strength: Tensor, counts: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return the weighted loss of a classifier behind a reversal, and its accuracy (Eq. 1)."""
    weight = getattr(net.config, f"{name}_weight")
    on_loss, on_gradient = (weight, 1.0) if net.config.grl_weight == "loss" else (1.0, weight)
    logits = net.get_submodule(name)(reverse_gradient(x, on_gradient * strength))
    return on_loss * cross_entropy(logits, label, counts), accuracy(logits, label, counts)


def predict(net: Cscm, batch: Batch, modality: str = "eye") -> Tensor:
    """Return logits from one modality alone, by default C_e(E_d(E_s(T_eye(x))))."""
    return net.emotion(net.deep(net.shallow(net.transform[modality](batch.x[modality].flatten(1)))))


def stages(config: Config) -> tuple[Stage, ...]:
    """Return the single stage: everything learns at once."""
    objective = Objective(loss, lr=config.lr, weight_decay=config.weight_decay)
    return (Stage("train", (objective,), config.n_epochs, config.batch),)


def _method(name: str, describes: str, modalities: tuple[str, ...], config: Config) -> Method:
    left_out = {name for name in SEARCH if not getattr(config, name)}  # weights of no adversary
    left_out |= {"grl_weight"} if "subject_weight" in left_out else set()
    return Method(
        name=name,
        describes=describes,
        reference="Zhang et al., A cross-subject and cross-modal model ..., ICONIP 2021",
        train_modalities=modalities,
        inputs=("eye",),
        config=config,
        search={name: of for name, of in SEARCH.items() if name not in left_out},
        build=partial(build, modalities),
        stages=stages,
        predict=predict,
        takes_missing=True,
        uses_subject=lambda config: config.subject_weight > 0,
        by_modality=predict,
        embed=lambda net, of: net.deep(net.shallow(net.transform["eye"](of.x["eye"].flatten(1)))),
    )


_ALONE = Config(modality_weight=0.0, subject_weight=0.0)
MLP = _method("mlp", "network of cscm on eye, no adversary", ("eye",), _ALONE)
MLP_CROSS = _method("mlp_cross", "network of cscm on eeg and eye, no adversary", BOTH, _ALONE)
CSCM_SM = _method("cscm_sm", "eye, against the subject", ("eye",), Config(modality_weight=0.0))
CSCM = _method("cscm", "eeg and eye, against modality and subject", BOTH, Config())
