"""Learning rates over a stage: by hand, and as steps of a network."""

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
import pytest
import torch
from torch import nn

from models.folds import loso
from models.schedules import annealed, cosine, warmed_up
from models.train import fit
from models.types import Losses, Method, Objective, Stage


@dataclass(frozen=True)
class Config:
    n_epochs: int = 3


class Net(nn.Module):
    def __init__(self, shapes):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(shapes.n_classes))


def loss(net, batch, progress):
    return Losses({"sum": net.logits.sum()})


def method(schedule):
    objective = Objective(loss, lr=0.01, schedule=schedule)
    return Method(
        name="sum",
        describes="parameters under a constant gradient",
        reference="none",
        train_modalities=("eye",),
        inputs=("eye",),
        config=Config(),
        build=lambda shapes, config: Net(shapes),
        stages=lambda config: (Stage("train", (objective,), config.n_epochs, batch=24),),
        predict=lambda net, batch: net.logits.expand(len(batch.label), -1),
    )


@pytest.mark.parametrize("schedule", [None, annealed, cosine, warmed_up(0.4, cosine)])
def test_steps_have_the_length_of_the_schedule(windows, schedule):
    """Adam moves a parameter under a constant gradient by its rate in every step."""
    fitted = fit(method(schedule), Config(), windows, list(loso(windows.keys)), 0)
    share = np.arange(15) / 15  # three epochs of five steps
    expected = -0.01 * sum(1.0 if schedule is None else schedule(p) for p in share)
    for weights in fitted.weights.values():
        np.testing.assert_allclose(weights["logits"], expected, rtol=1e-4)


def test_closed_forms():
    assert (annealed(0.0), cosine(0.0)) == (1.0, 1.0)
    assert annealed(1.0) == pytest.approx(11**-0.75)
    assert annealed(1.5) == pytest.approx(1 / 8)  # 16 to the power of -3/4
    assert cosine(0.25) == pytest.approx((1 + 1 / sqrt(2)) / 2)
    assert cosine(1 / 3) == pytest.approx((1 + np.cos(pi / 3)) / 2)
    rise = warmed_up(0.2, annealed)
    assert [rise(p) for p in (0.0, 0.1, 0.2)] == [0.0, 0.5, 1.0]
    assert rise(0.6) == pytest.approx(annealed(0.5))
