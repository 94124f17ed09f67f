"""Choosing the epoch on held-out training subjects, against training afresh for every epoch."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from featpipe.errors import ConfigError
from models.folds import loso, within
from models.leaks import check_folds
from models.registry import get_method, make_config
from models.selection import hold_out
from models.train import TrainSettings, fit
from models.types import Losses, Method, Objective, Stage
from models.validation import measure, validation_side

N_EPOCHS = 7


@dataclass(frozen=True)
class Config:
    n_epochs: int = N_EPOCHS
    lr: float = 0.03
    length: int = 2


class Linear(nn.Module):
    def __init__(self, n_in, n_classes):
        super().__init__()
        self.emotion = nn.Linear(n_in, n_classes)
        self.other = nn.Linear(1, 1, bias=False)


def logits(net, batch):
    return net.emotion(batch.x["eye"].flatten(1))


def emotion(net, batch, progress):
    return Losses({"emotion": F.cross_entropy(logits(net, batch), batch.label)})


def other(net, batch, progress):
    return Losses({"other": net.other.weight.square().sum()})


LINEAR = Method(
    name="linear",
    describes="a linear classifier",
    reference="none",
    train_modalities=("eye",),
    inputs=("eye",),
    config=Config(),
    build=lambda shapes, config: Linear(shapes.features["eye"][0], shapes.n_classes),
    stages=lambda config: (
        Stage("train", (Objective(emotion, lr=config.lr),), config.n_epochs, 24),
    ),
    predict=logits,
)
RUNS = replace(
    LINEAR,
    build=lambda shapes, config: Linear(config.length * shapes.features["eye"][0], 3),
    run_length=lambda config: config.length,
)
MLP = get_method("mlp")


@pytest.fixture
def hard(make_windows):
    """Classes that overlap, and one training subject who lacks most of a trial."""
    windows = make_windows(n_subjects=5, n_trials=9, n_windows=4, separation=0.25, seed=1)
    keep = np.flatnonzero(
        (windows.keys["subject"] != "3")
        | (windows.keys["trial"] > 1)
        | (windows.keys["window"] < 1)
    )
    return replace(
        windows,
        keys=windows.keys.iloc[keep].reset_index(drop=True),
        x={name: x[keep] for name, x in windows.x.items()},
        label=windows.label[keep],
    )


def contradicted(windows, rows):
    """Give some rows labels that are wrong throughout."""
    label = windows.label.copy()
    label[rows] = (label[rows] + 1) % 3
    return replace(windows, label=label, keys=windows.keys.assign(label=label.astype(np.int8)))


def equal(one, two):
    return all(torch.equal(tensor, two[name]) for name, tensor in one.items())


def naive_measures(label, p):
    """Return balanced accuracy and cross-entropy, class by class."""
    classes = [label == value for value in np.unique(label)]
    right, surprise = p.argmax(1) == label, -np.log(p[np.arange(len(p)), label])
    return np.mean([right[c].mean() for c in classes]), np.mean(
        [surprise[c].mean() for c in classes]
    )


def naive_epochs(method, config, windows, splits, settings):
    """Train afresh for 1, 2, ... epochs and return the best number for each fold."""
    scores = {split.name: [] for split in splits}
    asked = [replace(split, test=split.validate, validate=None) for split in splits]
    for n_epochs in range(1, config.n_epochs + 1):
        fitted = fit(method, replace(config, n_epochs=n_epochs), windows, asked, 0, settings)
        for fold in asked:
            label = windows.label[fold.test]
            score, loss = naive_measures(label, fitted.probabilities[fold.name])
            scores[fold.name].append((round(score, 6), -loss))
    return {name: 1 + max(range(len(s)), key=s.__getitem__) for name, s in scores.items()}


@pytest.mark.parametrize("protocol", [loso, within])
@pytest.mark.parametrize(
    ("method", "config"),
    [
        # normalisation and dropout: a mode that is not put back after judging would show
        pytest.param(MLP, make_config("mlp", {"n_epochs": N_EPOCHS, "batch": 24}), id="mlp"),
        pytest.param(LINEAR, Config(), id="linear"),
        pytest.param(RUNS, Config(), id="runs"),
    ],
)
def test_equals_training_afresh_for_the_chosen_number_of_epochs(hard, method, config, protocol):
    settings = TrainSettings(fold_chunk=3)
    folds = list(protocol(hard.keys))
    splits = [hold_out(fold, hard.keys, seed=0) for fold in folds]
    fitted = fit(method, config, hard, folds, 0, settings, policy="source-validation")
    assert fitted.epochs == naive_epochs(method, config, hard, splits, settings)
    assert len(set(fitted.epochs.values())) > 1  # folds differ, so each was kept by itself
    for n_epochs in set(fitted.epochs.values()):
        afresh = fit(method, replace(config, n_epochs=n_epochs), hard, splits, 0, settings)
        assert set(afresh.epochs.values()) == {n_epochs}
        for fold in folds:
            same = fitted.epochs[fold.name] == n_epochs
            assert equal(fitted.weights[fold.name], afresh.weights[fold.name]) == same
            if same:
                np.testing.assert_array_equal(
                    fitted.probabilities[fold.name], afresh.probabilities[fold.name]
                )


def test_scaling_and_subjects_are_those_of_the_rows_trained_on(hard):
    (fold, *_) = loso(hard.keys)
    split = hold_out(fold, hard.keys, seed=0)
    assert split.validate is not None
    shapes = []

    def build(seen, config):
        shapes.append(seen)
        return Linear(seen.features["eye"][0], seen.n_classes)

    fitted = fit(
        replace(LINEAR, build=build), Config(), hard, [fold], 0, policy="source-validation"
    )
    mean = hard.x["eye"][split.train].mean(0)
    np.testing.assert_allclose(fitted.scaling[fold.name]["eye"].mean, mean, atol=1e-5)
    assert {seen.n_subjects for seen in shapes} == {3}  # of five: one tests, one validates


@pytest.mark.parametrize(("agrees", "expected"), [(True, N_EPOCHS), (False, 1)])
def test_the_held_out_subjects_decide(windows, agrees, expected):
    """Training helps on subjects like the others, and harms on one who answers otherwise."""
    (fold, *_) = loso(windows.keys)
    split = hold_out(fold, windows.keys, seed=0)
    data = windows if agrees else contradicted(windows, split.validate)
    config = Config(lr=0.005)
    fitted = fit(LINEAR, config, data, [split], 0, policy="source-validation")
    assert fitted.epochs == {fold.name: expected}


def test_the_test_side_changes_neither_epoch_nor_weights(windows):
    (fold, *_) = loso(windows.keys)
    x = windows.x["eye"].copy()
    x[fold.test] *= -50
    spoiled = replace(contradicted(windows, fold.test), x={"eye": x})
    clean, dirty = (
        fit(LINEAR, Config(), w, [fold], 0, policy="source-validation") for w in (windows, spoiled)
    )
    assert clean.epochs == dirty.epochs
    assert equal(clean.weights[fold.name], dirty.weights[fold.name])


def test_a_choice_by_test_accuracy_would_be_seen(windows):
    """The check above has teeth: with the test side as validation it fails."""
    (fold, *_) = loso(windows.keys)
    leaky = replace(fold, validate=fold.test)
    clean, dirty = (
        fit(LINEAR, Config(lr=0.005), w, [leaky], 0, policy="source-validation")
        for w in (windows, contradicted(windows, fold.test))
    )
    assert clean.epochs != dirty.epochs
    assert not equal(clean.weights[fold.name], dirty.weights[fold.name])
    with pytest.raises(ConfigError, match="fold sub-1: sub-1 is in validation and test"):
        check_folds([leaky], windows.keys, "subject")


def test_earlier_stages_are_trained_to_their_end(windows):
    def stages(config):
        first = Stage("first", (Objective(other, trains=("other",)),), 3, batch=24)
        return first, *LINEAR.stages(config)

    folds = list(loso(windows.keys))
    reports = []
    two = replace(LINEAR, stages=stages)
    fitted = fit(two, Config(), windows, folds, 0, None, reports.append, "source-validation")
    curves = fitted.curves.query("kind == 'validation'")
    assert set(curves["stage"]) == {"train"}
    chosen = curves.query("term == 'chosen'").set_index("fold")["epoch"].to_dict()
    assert chosen == fitted.epochs
    assert not fitted.curves.duplicated(["fold", "stage", "epoch", "term"]).any()
    measured = curves.query("term == 'validation_balanced_accuracy'")
    assert len(measured) == len(folds) * N_EPOCHS
    assert ["validation_cross_entropy" in report.values for report in reports] == (
        [False] * 3 + [True] * N_EPOCHS
    )
    through = fit(two, Config(n_epochs=1), windows, [hold_out(folds[0], windows.keys, 0)], 0)
    assert torch.equal(
        through.weights["sub-1"]["other.weight"], fitted.weights["sub-1"]["other.weight"]
    )


def test_last_measures_nothing_and_trains_on_everybody(windows):
    fitted = fit(LINEAR, Config(), windows, list(loso(windows.keys)), 0)
    assert set(fitted.curves["kind"]) == {"loss"}
    assert set(fitted.epochs.values()) == {N_EPOCHS}


def test_weights_lost_in_the_last_step_are_noticed(windows):
    """The loss is finite and its gradient is not: only a prediction can tell."""

    def lose(net, batch, progress):
        root = (0 * net.emotion.weight.sum()).sqrt()
        return Losses({"emotion": F.cross_entropy(logits(net, batch), batch.label) + root})

    stages = lambda config: (Stage("train", (Objective(lose),), 1, batch=512),)  # noqa: E731
    (fold, *_) = loso(windows.keys)
    with pytest.raises(ConfigError, match=r"epoch 1: .*'validation_cross_entropy' became nan"):
        fit(
            replace(LINEAR, stages=stages), Config(), windows, [fold], 0, policy="source-validation"
        )


def test_measures_equal_their_definitions():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, 60)
    sides = [np.arange(25), np.arange(30, 37), np.flatnonzero(label != 1)[:9]]
    side = validation_side(torch.from_numpy(label), sides)
    assert side.rows.shape == (3, 25)
    values = torch.from_numpy(rng.normal(size=(3, 25, 3)))
    score, loss = measure(values, side)
    for i, rows in enumerate(sides):
        expected = naive_measures(label[rows], values[i, : len(rows)].softmax(-1).numpy())
        np.testing.assert_allclose((score[i], loss[i]), expected, atol=1e-9)


def test_equals_tie_whatever_the_order_of_summation():
    label = torch.arange(2400) % 3
    side = validation_side(label, [np.arange(2400)])
    rng = np.random.default_rng(1)
    scores = set()
    for _ in range(20):  # 300 hits in every class, at other places each time
        is_right = np.zeros(2400, bool)
        for value in range(3):
            is_right[rng.permutation(np.flatnonzero(label == value))[:300]] = True
        found = torch.where(torch.from_numpy(is_right), label, (label + 1) % 3)
        scores.add(measure(F.one_hot(found, 3).double()[None], side)[0].item())
    assert scores == {0.375}
