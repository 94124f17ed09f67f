"""A method that reads whole trials: what it is given, and that padding tells it nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own spelling
from torch import nn

from models.audit import warnings
from models.folds import loso, within
from models.job import prepare
from models.methods import cscm
from models.registry import METHODS
from models.train import TrainSettings, fit
from models.types import Losses, Objective, Stage


class Mean(nn.Module):
    """Reads the mean of the windows that a trial has."""

    def __init__(self, shapes):
        super().__init__()
        self.out = nn.Linear(shapes.features["eye"][0], shapes.n_classes)

    def forward(self, batch):
        n_windows = batch.mask.sum(-1, keepdim=True)
        return self.out(batch.x["eye"].sum(-2) / n_windows)


def loss(net, batch, progress):
    return Losses({"emotion": F.cross_entropy(net(batch), batch.label)})


METHOD = replace(
    cscm.MLP,
    name="mean_of_trial",
    build=lambda shapes, config: Mean(shapes),
    stages=lambda config: (Stage("train", (Objective(loss, lr=0.05),), 20, 8),),
    predict=lambda net, batch: net(batch),
    whole_trials=True,
)


@pytest.fixture
def windows(make_windows):
    """Trials of 6 windows, of which every other one has lost its last two."""
    whole = make_windows(n_subjects=4)
    keys = whole.keys
    has = ((keys["trial"] % 2 == 0) | (keys["window"] < 4)).to_numpy()
    x = {name: values[has] for name, values in whole.x.items()}
    return replace(whole, keys=keys[has].reset_index(drop=True), x=x, label=whole.label[has])


@pytest.mark.parametrize("stacked", [True, False])
def test_it_learns_and_every_window_has_the_answer_of_its_trial(windows, stacked):
    folds = list(loso(windows.keys))
    fitted = fit(METHOD, METHOD.config, windows, folds, 0, TrainSettings(stacked=stacked))
    for fold in folds:
        p, trial = fitted.probabilities[fold.name], windows.keys["trial"].to_numpy()[fold.test]
        assert (p.argmax(1) == windows.label[fold.test]).mean() > 0.9
        for one in np.unique(trial):
            assert len(np.unique(p[trial == one], axis=0)) == 1


def test_the_answer_is_that_of_the_network_on_the_trial_alone(windows):
    fold = list(loso(windows.keys))[2]
    fitted = fit(METHOD, METHOD.config, windows, [fold], 0)
    state, scaling = fitted.weights[fold.name], fitted.scaling[fold.name]["eye"]
    for row, p in zip(fold.test, fitted.probabilities[fold.name], strict=True):
        is_same = (windows.keys.iloc[:, :4] == windows.keys.iloc[row, :4]).all(axis=1).to_numpy()
        z = (windows.x["eye"][is_same] - scaling.mean) / scaling.scale
        logits = state["out.weight"] @ torch.from_numpy(z.mean(0)) + state["out.bias"]
        np.testing.assert_allclose(p, logits.softmax(0).numpy(), atol=1e-5)


def test_a_batch_is_of_whole_trials_and_zero_behind_their_end(windows):
    seen = []

    def spying(net, batch, progress):
        seen.append((batch.mask.clone(), batch.x["eye"].clone(), batch.index.clone()))
        return loss(net, batch, progress)

    stages = (Stage("train", (Objective(spying),), 2, 8),)
    method = replace(METHOD, stages=lambda config: stages)
    fit(method, METHOD.config, windows, list(loso(windows.keys)), 0, TrainSettings(stacked=False))
    keys = windows.keys
    for mask, x, last in seen:
        assert (x[~mask] == 0).all()
        for of, row in zip(mask, last, strict=True):
            end = keys.iloc[int(row)]
            assert int(of.sum()) == end["window"] + 1 == (6 if end["trial"] % 2 == 0 else 4)


def test_divided_trials_leave_nothing_to_read_whole(windows):
    fold = next(within(windows.keys))
    some = replace(fold, train=fold.train[::2])
    with pytest.raises(Exception, match="no whole trial to train on"):
        prepare(METHOD, METHOD.config, windows, [some], "cpu")


def test_the_audit_names_who_can_read_the_length(monkeypatch):
    import pandas as pd

    monkeypatch.setitem(METHODS, "mean_of_trial", METHOD)
    rows = [("majority", 0.2), ("duration_only", 0.8), ("mean_of_trial", 0.7), ("mlp", 0.15)]
    frame = pd.DataFrame(
        [(name, "default", subject, a) for name, a in rows for subject in "12"],
        columns=["method", "variant", "subject", "accuracy"],
    )
    length, guess = warnings(frame)
    assert "gives 0.800, the most frequent class 0.200: mean_of_trial saw whole trials" in length
    assert guess.startswith("not better than guessing: mlp 0.150 against 0.200; guessing is")
    assert "any method that sees" in warnings(frame[frame["method"] != "mean_of_trial"])[0]
