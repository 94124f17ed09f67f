"""Names of distillation losses -> how they are made, and how they are weighted in publications."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn

from featpipe.errors import ConfigError, unknown
from models.encoders.encoded import Encoded
from models.losses import distill
from models.losses.contrast import Contrast
from models.losses.guidance import GuidedContrast
from models.losses.hint import FitNet
from models.types import Batch

Loss = Callable[[Encoded, Encoded, Batch], Tensor]


class Distiller(NamedTuple):
    """A distillation loss.

    Attributes
    ----------
    build : callable
        ``build(n_student, n_teacher, n_windows, **options) -> loss``, from the widths of both
        embeddings, the number of windows of the study, and the loss's own options;
        ``loss(student, teacher, batch)`` is a scalar. What has parameters is an nn.Module, and
        part of a network.
    reads : tuple of str
        Fields of the teacher's `Encoded` that are read besides, for accuracies, its logits;
        "vectors" are those of `hidden` that are no maps.
    weights : mapping
        Name of a preset -> weight beside a cross-entropy of weight 1. "published" are those of the
        code of CMCRD, for which the losses were not tuned on equal terms: KD is by far the
        strongest, SP, PKT and NST do next to nothing. "repdistiller" are those of that library on
        images, where KD goes with 0.1 of the cross-entropy.
    """

    build: Callable[..., Loss]
    reads: tuple[str, ...]
    weights: Mapping[str, float]

    @property
    def learns(self) -> bool:
        """Whether the loss has parameters, which a stage has to train with the student."""
        return isinstance(self.build(1, 1, 0), nn.Module)


def _plain(loss: Loss) -> Callable[..., Loss]:
    return lambda n_student, n_teacher, n_windows: loss


def _cmcrd(
    n_student: int,
    n_teacher: int,
    n_windows: int,
    *,
    guidance: Any = "relabel",
    us_gate: bool = True,
    iew: Any = "loss",
    momentum: float = 0.05,
    **of_contrast: Any,
) -> Loss:
    contrast = Contrast(n_student, n_teacher, n_windows, momentum=momentum, **of_contrast)
    return GuidedContrast(contrast, guidance=guidance, us_gate=us_gate, iew=iew)


def _weights(published: float, repdistiller: float) -> Mapping[str, float]:
    return {"published": published, "repdistiller": repdistiller}


DISTILLERS: Mapping[str, Distiller] = {
    "kd": Distiller(_plain(distill.kd), (), _weights(10, 0.9)),
    "fitnet": Distiller(
        lambda n_student, n_teacher, _: FitNet(n_student, n_teacher),
        ("embedding",),
        _weights(1, 100),
    ),
    "nst": Distiller(_plain(distill.nst), ("embedding", "vectors"), _weights(10, 50)),
    "sp": Distiller(_plain(distill.sp), ("hidden",), _weights(100, 3000)),
    "rkd": Distiller(_plain(distill.rkd), ("embedding",), _weights(1, 1)),
    "pkt": Distiller(_plain(distill.pkt), ("embedding",), _weights(1000, 30000)),
    "crd": Distiller(Contrast, ("embedding",), _weights(0.02, 0.8)),
    "cmcrd": Distiller(_cmcrd, ("embedding",), {"published": 0.02}),
}


def weight_of(name: str, preset: str = "published") -> float:
    """Return the weight of a loss in a preset.

    Raises
    ------
    ConfigError
        When there is no such loss, or the preset does not have it.

    Examples
    --------
    >>> weight_of("rkd"), weight_of("sp", "repdistiller")
    (1, 3000)
    """
    if name not in DISTILLERS:
        raise ConfigError(unknown("distillation loss", name, DISTILLERS))
    weights = DISTILLERS[name].weights
    if preset not in weights:
        raise ConfigError(unknown(f"preset of {name}", preset, weights))
    return weights[preset]
