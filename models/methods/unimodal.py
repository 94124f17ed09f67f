"""One modality, one encoder: what EEG or eyes give by themselves, and distillation is measured by.

Kan, S., Wu, H., Cui, Z., Huang, F., Xu, X., & Wu, D. (2025). CMCRD: Cross-modal contrastive
representation distillation for emotion recognition. arXiv:2504.09221; its unimodal rows.

DNN, DGCNN and BiHDM on EEG and on eye features. What each network is, and how it differs from its
own publication, stands in `models/encoders`.

Differences
-----------
1. Recipe. Paper: mini-batches of 32, learning rate 1e-3, L2 without a coefficient / code: SGD of 50
   epochs without decay for these rows, AdamW of 40 epochs with decay 1e-3, a warm-up of 10 and half
   a cosine for students / here: the latter for all, so that a student and its yardstick begin and
   see batches alike, and differ in what they learn from alone.
2. Epoch. Code: the best training accuracy / here: the policy of the study, by default the last.
3. Warm-up. Code: 10 epochs, however long the training / here: a quarter of it.
4. Scaling. Code: training and test rows each with their own statistics / here: those of the
   training rows.
5. BiHDM on eyes. What was published degenerates to a small perceptron: `bihdm_eye` is that.
6. Class confusion. Paper: 0.1 of it in the loss of a teacher / code: of test batches, and not added
   to the loss / here: `confusion`, 0 for these rows; students set it for their teachers. Of
   training rows, or ("target-transductive", marked) of unlabelled test rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from torch import Tensor, nn

from models.encoders import bihdm, dgcnn, dnn
from models.encoders.encoded import Encoded
from models.encoders.recipe import SEARCH, Recipe, stage
from models.encoders.table import encoder_of
from models.layers.row_counts import accuracy, cross_entropy
from models.limits import Weight
from models.losses.confusion import class_confusion
from models.search import Choice, Range
from models.types import Batch, Losses, Method, Shapes, Stage


@dataclass(frozen=True)
class OfConfusion:
    """How much less confusion of classes counts.

    Attributes
    ----------
    confusion : float
        Weight of the class confusion beside a cross-entropy of weight 1; the paper's lambda_1.
    confusion_on : {"source", "target-transductive"}
        Of whose windows: training rows, or test rows without their labels.
    """

    confusion: Weight = 0.0
    confusion_on: Literal["source", "target-transductive"] = "source"


@dataclass(frozen=True)
class DnnConfig(Recipe, OfConfusion, dnn.Config):
    """Options of `dnn_eeg` and `dnn_eye`: those of `models.encoders.dnn`, and the recipe."""


@dataclass(frozen=True)
class DgcnnConfig(Recipe, OfConfusion, dgcnn.Config):
    """Options of `dgcnn_eeg` and `dgcnn_eye`: those of `models.encoders.dgcnn`, and the recipe."""


@dataclass(frozen=True)
class BihdmConfig(Recipe, OfConfusion, bihdm.Config):
    """Options of `bihdm_eye`: those of `models.encoders.bihdm`, and the recipe."""


@dataclass(frozen=True)
class BihdmEegConfig(Recipe, OfConfusion, bihdm.Config):
    """Options of `bihdm_eeg`.

    Attributes
    ----------
    standardise : {"channel", "band"}
        Every channel of a band by itself, or all alike: then channels are compared with their
        mirror images as they are.
    """

    standardise: Literal["channel", "band"] = "channel"


class Unimodal(nn.Module):
    """An encoder and the modality that it reads.

    Parameters
    ----------
    encoder : nn.Module
        Of `models.encoders`.
    modality : str
        Key of `Batch.x`.
    config : OfConfusion
        Of the loss.
    """

    def __init__(self, encoder: nn.Module, modality: str, config: OfConfusion):
        super().__init__()
        self.encoder = encoder
        self.modality = modality
        self.config = config

    def encode(self, batch: Batch) -> Encoded:
        """Return what the encoder makes of a batch."""
        return self.encoder(batch.x[self.modality])


def build(encoder: str, modality: str, shapes: Shapes, config: Any) -> Unimodal:
    """Return a network of the named encoder."""
    return Unimodal(encoder_of(encoder, modality, shapes, config), modality, config)


def loss(net: Unimodal, batch: Batch, progress: Tensor) -> Losses:
    """Return the cross-entropy and, where it counts, the class confusion (CMCRD, Eq. 6)."""
    logits, config = predict(net, batch), net.config
    terms = {"emotion": cross_entropy(logits, batch.label)}
    if config.confusion:
        confused = predict(net, batch.target) if batch.target is not None else logits
        terms["confusion"] = config.confusion * class_confusion(confused)
    return Losses(terms, {"emotion_accuracy": accuracy(logits, batch.label)})


def predict(net: Unimodal, batch: Batch) -> Tensor:
    """Return the encoder's logits."""
    return net.encode(batch).logits


def reads_target(config: OfConfusion) -> bool:
    """Tell whether confusion is that of unlabelled test windows."""
    return bool(config.confusion) and config.confusion_on == "target-transductive"


def embed(net: Unimodal, batch: Batch) -> Tensor:
    """Return the encoder's last feature."""
    return net.encode(batch).embedding


def by_band(config: OfConfusion) -> bool:
    """Tell whether channels of a band are standardised alike; BiHDM on EEG alone asks for it."""
    return isinstance(config, BihdmEegConfig) and config.standardise == "band"


def stages(config: Any) -> tuple[Stage, ...]:
    """Return the single stage."""
    return (stage("train", loss, config),)


def _method(encoder: str, modality: str, config: Any, search: Mapping[str, Range]) -> Method:
    is_degenerate = (encoder, modality) == ("bihdm", "eye")
    shown = {"dnn": "DNN", "dgcnn": "DGCNN", "bihdm": "BiHDM"}[encoder]
    return Method(
        name=f"{encoder}_{modality}",
        describes=f"{shown} on {modality} features" + (" (degenerate)" if is_degenerate else ""),
        reference=REFERENCES[encoder],
        train_modalities=(modality,),
        inputs=(modality,),
        config=config,
        search={**search, **SEARCH},
        build=partial(build, encoder, modality),
        stages=stages,
        predict=predict,
        embed=embed,
        uses_target=reads_target,
        by_band=by_band,
        starts_others=True,
    )


REFERENCES = {
    "dnn": "Kan et al., CMCRD, arXiv:2504.09221 (backbone)",
    "dgcnn": "Song et al., IEEE T. Affective Computing 2020, as in CMCRD",
    "bihdm": "Li et al., IEEE T. Cognitive and Developmental Systems 2021, as in CMCRD",
}
_WIDTH = {"n_hidden": Choice((64, 128, 256))}
_GRAPH = {"n_out": Choice((8, 16, 32)), "order": Choice((2, 3, 4))}
_STREAMS = {"n_hidden": Choice((16, 32, 64)), "n_out": Choice((8, 16, 32))}
_EYE = BihdmConfig(n_hidden=bihdm.EYE.n_hidden, n_out=bihdm.EYE.n_out)
UNIMODAL = {
    f"{encoder}_{modality}": _method(encoder, modality, config, search)
    for encoder, search, configs in (
        ("dnn", _WIDTH, (DnnConfig(), DnnConfig())),
        ("dgcnn", _GRAPH, (DgcnnConfig(), DgcnnConfig())),
        ("bihdm", _STREAMS, (BihdmEegConfig(), _EYE)),
    )
    for modality, config in zip(("eeg", "eye"), configs, strict=True)
}
