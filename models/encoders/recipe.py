"""One recipe for all networks of encoders, so that they differ in what they learn from alone.

Kan, S., Wu, H., Cui, Z., Huang, F., Xu, X., & Wu, D. (2025). CMCRD: Cross-modal contrastive
representation distillation for emotion recognition. arXiv:2504.09221; the code's students.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from featpipe.errors import ConfigError
from models.limits import BatchSize, Count, Share, Weight
from models.schedules import cosine, warmed_up
from models.search import Choice, LogRange, Range
from models.types import Batch, Losses, Objective, Stage


@dataclass(frozen=True)
class Recipe:
    """How they are trained.

    Attributes
    ----------
    lr : float
        Highest learning rate of AdamW; it falls along half a cosine.
    weight_decay : float
        Of AdamW.
    warm_up : float
        Share of the training in which the learning rate rises, from 0 to below 1.
    n_epochs : int
        Passes over the training windows.
    batch : int
        Windows per step.
    """

    lr: Weight = 1e-3  # paper
    weight_decay: Weight = 1e-3  # student code
    warm_up: Share = 0.25  # 10 of 40 epochs, student code
    n_epochs: Count = 40  # student code
    batch: BatchSize = 32  # paper


SEARCH: Mapping[str, Range] = {  # around the defaults, as far as others of this field go
    "lr": LogRange(1e-4, 3e-3), "weight_decay": LogRange(1e-4, 1e-1), "n_epochs": LogRange(30, 200),
    "batch": Choice((32, 64, 128, 256)),
}  # fmt: skip


def stage(
    name: str,
    loss: Callable[[Any, Batch, Tensor], Losses],
    recipe: Recipe,
    trains: Sequence[str] = ("",),
) -> Stage:
    """Return a stage that minimises one loss as the recipe says.

    Parameters
    ----------
    name : str
        Shown in the curves.
    loss : callable
        As in `models.types.Objective`.
    recipe : Recipe
        Learning rate and its course, epochs, batch.
    trains : sequence of str
        Modules that learn; "" is the whole network.

    Raises
    ------
    ConfigError
        When the warm-up is no share.
    """
    if not 0 <= recipe.warm_up < 1:
        raise ConfigError(f"warm_up is {recipe.warm_up}: expected a share, from 0 to below 1")
    objective = Objective(
        loss,
        tuple(trains),
        lr=recipe.lr,
        weight_decay=recipe.weight_decay,
        decoupled=True,
        schedule=warmed_up(recipe.warm_up, cosine) if recipe.warm_up else cosine,
    )
    return Stage(name, (objective,), recipe.n_epochs, recipe.batch)
