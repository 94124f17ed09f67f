"""Decision fusion: a network on EEG and one on eyes, and what both say is put together.

Kan, S., Wu, H., Cui, Z., Huang, F., Xu, X., & Wu, D. (2025). CMCRD: Cross-modal contrastive
representation distillation for emotion recognition. arXiv:2504.09221; its row of EEG with eyes.
Lu, Y., Zheng, W.-L., Li, B., & Lu, B.-L. (2015). Combining eye movements and EEG to enhance emotion
recognition. IJCAI 2015; its MAX and fuzzy integral.

Both networks are methods of `models.methods.unimodal`, trained before, each by itself. The
probability that a window is of a class is a Choquet integral of theirs: the lower one, and of what
the higher one has more a share g, which depends on whose it is. The shares (g of EEG, g of eyes)
are (1/2, 1/2) in `decision_fusion`, which is the mean, (1, 1) in `max_fusion`, the maximum, and
learned in `fuzzy_integral`. Both modalities are needed at test: these are yardsticks of
cross-modal training, and no rivals.

Differences
-----------
1. Members. Papers: support vector machines with probabilities, or networks / here: networks of
   CMCRD by its students' recipe, the same that stand in the tables by themselves.
2. Mean. CMCRD: two networks trained independently; weights not given / here: equal ones.
3. Measure. Lu et al.: learned, how is not to be found out / here: least squares on labels, 1 of the
   window's class and 0 of others, each share from 0 to 1, the same for all classes. In a class one
   modality has more and not the other, so either share has a closed form.
4. Whose windows. Not said / here: training windows as networks see them that were trained on other
   people (trials, where one person trains), five per modality. On windows that they learnt from
   both are certain, and the shares would say who learns by heart.
5. Strength. Those five see less than the members, and take the last epoch whatever the policy.
6. Sum. Fused numbers need not add up to 1 / here: divided by their sum, which moves no decision.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own spelling
from torch import Tensor, nn

from models.earlier import Earlier
from models.encoders.recipe import Recipe
from models.encoders.table import encoder_of
from models.encoders.teacher import JUDGES
from models.types import Batch, Method, Shapes, Stage

MODALITIES = ("eeg", "eye")
EPOCHS = 10  # to learn the measure: a single one draws some windows twice
BATCH = 256  # the measure does not depend on it
NO_EVIDENCE = 1e-6  # how much shares count that are there before the first window


@dataclass(frozen=True)
class Config(Recipe):
    """Options of all three: how both networks are trained.

    Attributes
    ----------
    backbone : {"dnn", "dgcnn", "bihdm"}
        Family of both, as published for their modality.
    """

    backbone: Literal["dnn", "dgcnn", "bihdm"] = "dnn"


class Member(nn.Module):
    """A network on one modality, which begins with the weights of one that was trained.

    Parameters
    ----------
    encoder : nn.Module
        Of `models.encoders`.
    """

    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.encoder = encoder

    def log_probabilities(self, x: Tensor) -> Tensor:
        """Return what it says of windows of its modality, shape (batch, n_classes)."""
        return self.encoder(x).logits.log_softmax(-1)


class Fusion(nn.Module):
    """Two members and the shares that count of what each says more than the other.

    Parameters
    ----------
    shares : tuple of float
        Of EEG and of eyes.
    evidence : float
        How much they count beside what `learn` adds.
    shapes : Shapes
        Of the study.
    config : Config
        Options.
    """

    def __init__(
        self, shares: tuple[float, float], evidence: float, shapes: Shapes, config: Config
    ):
        super().__init__()
        self.eeg = Member(encoder_of(config.backbone, "eeg", shapes))
        self.eye = Member(encoder_of(config.backbone, "eye", shapes))
        self.register_buffer("weight", torch.full((2,), evidence))
        self.register_buffer("weighted", torch.tensor(shares) * evidence)

    def measure(self) -> Tensor:
        """Return the shares, shape (2,)."""
        return (self.get_buffer("weighted") / self.get_buffer("weight")).clamp(0, 1)


def choquet(eeg: Tensor, eye: Tensor, measure: Tensor) -> Tensor:
    """Return logs of the Choquet integrals of two probabilities.

    Parameters
    ----------
    eeg, eye : Tensor, shape (batch, n_classes)
        Log-probabilities.
    measure : Tensor, shape (2,)
        Shares of EEG and of eyes, from 0 to 1.

    Returns
    -------
    Tensor, shape (batch, n_classes)
        log(low + g (high - low)), where g is the share of the higher one; finite.
    """
    g = torch.where(eeg >= eye, measure[0], measure[1])
    low, high = torch.minimum(eeg, eye), torch.maximum(eeg, eye)
    return torch.logaddexp(low + torch.log1p(-g), high + torch.log(g))


def learn(net: Fusion, batch: Batch) -> dict[str, Tensor]:
    """Add a batch to the least-squares problem of the measure, and return its solution so far."""
    told = batch.told or {}
    eeg, eye = (told[f"judge on {name}"].exp() for name in MODALITIES)
    # what is left of the label above the lower one; the other's excess is 0
    left = F.one_hot(batch.label, eeg.shape[-1]) - torch.minimum(eeg, eye)
    more = torch.stack([(eeg - eye).clamp(min=0), (eye - eeg).clamp(min=0)])
    net.get_buffer("weight").add_((more * more).sum((1, 2)))
    net.get_buffer("weighted").add_((more * left).sum((1, 2)))
    share = net.measure()
    return {f"share_{name}": share[i] for i, name in enumerate(MODALITIES)}


def predict(net: Fusion, batch: Batch) -> Tensor:
    """Return logs of the fused probabilities."""
    eeg = net.eeg.log_probabilities(batch.x["eeg"])
    eye = net.eye.log_probabilities(batch.x["eye"])
    return choquet(eeg, eye, net.measure())


def embed(net: Fusion, batch: Batch) -> Tensor:
    """Return the embeddings of both members, side by side."""
    members = zip((net.eeg, net.eye), MODALITIES, strict=True)
    return torch.cat([member.encoder(batch.x[name]).embedding for member, name in members], -1)


def stages(learns: bool, config: Config) -> tuple[Stage, ...]:
    """Return the stage in which the measure is learned; none where it is given."""
    return (Stage("measure", (), EPOCHS, BATCH, after_step=learn),) if learns else ()


def members(learns: bool, config: Config) -> Mapping[str, Earlier]:
    """Return both networks and, where the measure is learned, those that it is learned from."""
    recipe = {name: value for name, value in asdict(config).items() if name != "backbone"}
    method = {name: f"{config.backbone}_{name}" for name in MODALITIES}
    found = {f"member on {m}": Earlier(method[m], recipe, becomes=m) for m in MODALITIES}
    if learns:
        judges = {m: Earlier(method[m], recipe, n_groups=JUDGES) for m in MODALITIES}
        found |= {f"judge on {name}": of for name, of in judges.items()}
    return found


def _method(name: str, how: str, reference: str, shares: tuple[float, float]) -> Method:
    learns = name == "fuzzy_integral"
    return Method(
        name=name,
        describes=f"networks on EEG and on eyes, {how}",
        reference=reference,
        train_modalities=MODALITIES,
        inputs=MODALITIES,
        config=Config(),
        build=partial(Fusion, shares, NO_EVIDENCE if learns else 1.0),
        before=partial(members, learns),
        stages=partial(stages, learns),
        predict=predict,
        embed=embed,
    )


_KAN, _LU = "Kan et al., CMCRD, arXiv:2504.09221 (EEG with eyes)", "Lu et al., IJCAI 2015"
FUSIONS = (
    _method("decision_fusion", "the mean of what both say", _KAN, (0.5, 0.5)),
    _method("max_fusion", "the more certain one is believed", _LU, (1.0, 1.0)),
    _method("fuzzy_integral", "fused by a learned measure", _LU, (0.5, 0.5)),
)
