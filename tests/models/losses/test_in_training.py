"""Every loss in a training of folds: a teacher of one modality, then a student of the other."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from models.blindness import seen_of_test
from models.encoders.encoded import Encoded
from models.folds import loso
from models.losses.distillers import DISTILLERS, weight_of
from models.train import TrainSettings, fit, network_parts
from models.types import Losses, Method, Objective, Shapes, Stage


@dataclass(frozen=True)
class Config:
    loss: str
    weight: float = 0.02
    n_epochs: int = 3
    every: int = 1


class Encoder(nn.Module):
    def __init__(self, n_in, n_features):
        super().__init__()
        self.feature = nn.Sequential(nn.Linear(n_in, n_features), nn.ReLU())
        self.head = nn.Linear(n_features, 3)

    def forward(self, x):
        feature = self.feature(x.flatten(1))
        return Encoded(self.head(feature), feature)


class Net(nn.Module):
    def __init__(self, shapes, config):
        super().__init__()
        self.config = config
        self.teacher, self.student = Encoder(6, 9), Encoder(20, 7)
        turns = {"every": config.every} if config.every > 1 else {}
        self.distil = DISTILLERS[config.loss].build(7, 9, shapes.n_windows, **turns)


def teach(net, batch, progress):
    return Losses({"emotion": F.cross_entropy(net.teacher(batch.x["eye"]).logits, batch.label)})


def learn(net, batch, progress):
    student, teacher = net.student(batch.x["eeg"]), net.teacher(batch.x["eye"])
    emotion = F.cross_entropy(student.logits, batch.label)
    distilled = net.config.weight * net.distil(student, teacher, batch)
    return Losses({"emotion": emotion, "distilled": distilled})


def stages(config):
    has_weights = config.loss in ("fitnet", "crd", "cmcrd")
    trains = ("student", "distil") if has_weights else ("student",)
    return (
        Stage("teacher", (Objective(teach, ("teacher",)),), 2, 16),
        Stage("student", (Objective(learn, trains),), config.n_epochs, 16),
    )


def method(name):
    return Method(
        name=name,
        describes="eeg, from eye",
        reference="none",
        train_modalities=("eeg", "eye"),
        inputs=("eeg",),
        config=Config(name),
        build=Net,
        stages=stages,
        predict=lambda net, batch: net.student(batch.x["eeg"]).logits,
    )


def trained(windows, folds, name, settings=None, **options):
    of = method(name)
    return fit(of, replace(of.config, **options), windows, folds, 0, settings)


@pytest.mark.parametrize("name", DISTILLERS)
def test_folds_at_once_equal_folds_one_by_one(name, windows):
    folds = list(loso(windows.keys))
    published = {"weight": weight_of(name)}  # by which no loss drowns in the cross-entropy
    at_once = trained(windows, folds, name, **published)
    alone = trained(windows, folds, name, TrainSettings(fold_chunk=1), **published)
    for fold in folds:
        for of, tensor in alone.weights[fold.name].items():
            found = at_once.weights[fold.name][of]
            torch.testing.assert_close(found, tensor, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", DISTILLERS)
def test_the_loss_moves_the_student_and_never_the_teacher(name, windows):
    folds = list(loso(windows.keys))[:1]
    with_loss, without = (trained(windows, folds, name, weight=w) for w in (1.0, 0.0))
    (one,), (other,) = with_loss.weights.values(), without.weights.values()
    for of, tensor in one.items():
        if of.startswith(("teacher", "student")):
            assert torch.equal(tensor, other[of]) == of.startswith("teacher"), of


@pytest.mark.parametrize("name", DISTILLERS)
def test_nothing_is_seen_of_the_test_side(name, windows):
    fold = list(loso(windows.keys))[1]
    assert seen_of_test(windows, fold, lambda of: trained(of, [fold], name)) == []


@pytest.mark.parametrize("every", [1, 4])
@pytest.mark.parametrize("name", ["crd", "cmcrd"])
def test_the_number_of_test_windows_decides_nothing(name, every, windows):
    """The bank has a row for each, and rows of later subjects have other places."""
    fewer = np.flatnonzero((windows.keys["subject"] != "1") | (windows.keys["trial"] == 1))
    small = replace(
        windows,
        keys=windows.keys.iloc[fewer].reset_index(drop=True),
        x={modality: x[fewer] for modality, x in windows.x.items()},
        label=windows.label[fewer],
    )
    one, other = (
        trained(of, list(loso(of.keys))[:1], name, every=every, weight=weight_of(name))
        for of in (windows, small)
    )
    for of, tensor in one.weights["sub-1"].items():
        torch.testing.assert_close(other.weights["sub-1"][of], tensor, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["crd", "cmcrd"])
def test_banks_are_not_among_the_weights_and_nothing_needs_them(name, windows):
    found = trained(windows, list(loso(windows.keys))[:1], name)
    (weights,) = found.weights.values()
    assert not [of for of in weights if "bank" in of or "row_label" in of]
    of = method(name)
    to_predict = Shapes({"eeg": (4, 5), "eye": (6,)}, 3, 3)
    of.build(to_predict, of.config).load_state_dict(weights)


@pytest.mark.parametrize("policy", ["last", "source-validation"])
@pytest.mark.parametrize("name", ["fitnet", "crd", "cmcrd"])
def test_a_training_goes_on_with_its_banks_and_statistics(name, policy, windows):
    of, folds, states = method(name), list(loso(windows.keys))[:2], []
    config = replace(of.config, every=1 if name == "fitnet" else 3)
    (part,) = network_parts(of, config, windows, folds, [0], policy=policy)
    whole = part.fit(keep=lambda stands: states.append(stands()))
    for state in states:
        rest = part.fit(resume=state)
        for fold in folds:
            for key, tensor in whole.weights[fold.name].items():
                assert torch.equal(rest.weights[fold.name][key], tensor), key
