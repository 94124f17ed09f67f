"""The trainer, driven by small methods written for the purpose."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from featpipe.errors import ConfigError
from models.curves import CURVE_COLUMNS
from models.folds import loso, within
from models.train import TrainSettings, fit, fit_seeds, network_parts
from models.types import Losses, Method, Objective, Stage


@dataclass(frozen=True)
class Config:
    n_epochs: int = 4
    length: int = 3


class Linear(nn.Module):
    def __init__(self, shapes):
        super().__init__()
        self.emotion = nn.Linear(shapes.features["eye"][-1], shapes.n_classes)
        self.push = nn.Linear(1, 1, bias=False)
        self.register_buffer("seen", torch.zeros(shapes.features["eye"][-1]))


def emotion(net, batch, progress):
    logits = net.emotion(batch.x["eye"])
    return Losses({"emotion": F.cross_entropy(logits, batch.label)}, {"progress": progress})


def push(net, batch, progress):
    return Losses({"push": net.push.weight.sum()})


def one_stage(config):
    return (Stage("train", (Objective(emotion, lr=0.02),), config.n_epochs, batch=24),)


LINEAR = Method(
    name="linear",
    describes="a linear classifier",
    reference="none",
    train_modalities=("eye",),
    inputs=("eye",),
    config=Config(),
    build=lambda shapes, config: Linear(shapes),
    stages=one_stage,
    predict=lambda net, batch: net.emotion(batch.x["eye"]),
)


def fit_linear(windows, config=None, settings=None, on_epoch=None, **changes):
    method = replace(LINEAR, **changes)
    folds = list(loso(windows.keys))
    return fit(method, config or Config(), windows, folds, 0, settings, on_epoch)


def test_curves_hold_every_term_epoch_and_fold(windows):
    fitted = fit_linear(windows)
    assert tuple(fitted.curves.columns) == CURVE_COLUMNS
    assert not fitted.curves.duplicated(["fold", "stage", "epoch", "term"]).any()
    assert len(fitted.curves) == 4 * 4 * 2  # folds, epochs, terms
    losses = fitted.curves.query("term == 'emotion'").groupby("epoch")["value"].mean()
    assert losses.is_monotonic_decreasing
    progress = fitted.curves.query("term == 'progress' and fold == 'sub-1'")["value"]
    # five steps of 24 cover 108 windows: epochs start at 0, 5, 10, 15 of 20 steps
    np.testing.assert_allclose(progress, [0.1, 0.35, 0.6, 0.85], atol=1e-6)


def test_progress_is_reported(windows):
    reports = []
    fit_linear(windows, settings=TrainSettings(fold_chunk=3), on_epoch=reports.append)
    assert [report.epoch for report in reports] == list(range(1, 9))  # two chunks of four epochs
    assert {report.n_epochs for report in reports} == {8}
    assert reports[0].folds == ("sub-1", "sub-2", "sub-3")
    assert reports[-1].folds == ("sub-4",)
    assert reports[-1].values["emotion"].shape == (1,)


def test_with_several_seeds_reports_name_the_seed(windows):
    reports, folds = [], list(loso(windows.keys))[:2]
    fit_seeds(LINEAR, Config(n_epochs=1), windows, folds, [4, 0], on_epoch=reports.append)
    [report] = reports
    assert report.folds == ("sub-1, seed 4", "sub-2, seed 4", "sub-1, seed 0", "sub-2, seed 0")
    assert report.values["emotion"].shape == (4,)


def test_neither_random_state_nor_threads_leak(windows):
    torch.manual_seed(11)
    before = torch.get_rng_state()
    asked = TrainSettings(n_threads=2, precision="medium")
    during = []
    fit_linear(
        windows,
        settings=asked,
        on_epoch=lambda _: during.append(torch.get_float32_matmul_precision()),
    )
    assert set(during) == {"medium"}
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == 1
    assert torch.get_float32_matmul_precision() == "highest"


def test_repeats_and_stages_and_what_rests(windows):
    """Adam moves a parameter under a constant gradient by lr per step, so steps can be counted."""
    stages = lambda config: (  # noqa: E731
        Stage("first", (Objective(push, trains=("push",), lr=0.01, repeats=3),), 2, batch=54),
        Stage("second", (Objective(emotion, trains=("emotion",)),), 1, batch=54),
    )
    none = lambda config: (Stage("none", (Objective(push, ("push",), lr=0.0),), 1, batch=54),)  # noqa: E731
    start, end = (fit_linear(windows, stages=s).weights["sub-2"] for s in (none, stages))
    moved = start["push.weight"] - end["push.weight"]
    torch.testing.assert_close(moved, torch.full((1, 1), 0.01 * 2 * 2 * 3), atol=1e-5, rtol=0)
    assert not torch.equal(start["emotion.weight"], end["emotion.weight"])


def test_goes_on_in_any_stage(windows):
    """Stages, repeats, buffers that move, and an objective that never moved a parameter before."""

    def remember(net, batch):
        net.seen.mul_(0.9).add_(batch.x["eye"].mean(0))

    stages = lambda config: (  # noqa: E731
        Stage("first", (Objective(push, ("push",), repeats=3),), 2, batch=54, after_step=remember),
        Stage("second", (Objective(emotion, ("emotion",)), Objective(push, ("push",))), 2, 24),
    )
    method = replace(LINEAR, stages=stages)
    for part in network_parts(method, Config(), windows, list(loso(windows.keys)), [0]):
        states = []
        whole = part.fit(keep=lambda stands, states=states: states.append(stands()))
        assert [(s.facts["stage"], s.facts["epoch"]) for s in states] == [
            (0, 1), (0, 2), (1, 1), (1, 2),
        ]  # fmt: skip
        for state in states:
            rest = part.fit(resume=state)
            pd.testing.assert_frame_equal(rest.curves, whole.curves, check_exact=True)
            for fold, weights in whole.weights.items():
                assert all(torch.equal(rest.weights[fold][k], t) for k, t in weights.items())


def test_a_stage_may_move_buffers_alone_and_tell_of_them(windows):
    def count(net, batch):
        net.seen.add_(1.0)
        return {"steps": net.seen[0]}

    stages = lambda config: (Stage("count", (), 2, batch=54, after_step=count),)  # noqa: E731
    found = fit_linear(windows, stages=stages)
    assert all((weights["seen"] == 4).all() for weights in found.weights.values())
    of_fold = found.curves.query("fold == 'sub-2'")
    assert of_fold["term"].tolist() == ["steps"] * 2
    assert of_fold["kind"].tolist() == ["diagnostic"] * 2
    assert of_fold["value"].tolist() == [1.5, 3.5]  # means over two steps


def test_every_fold_starts_from_weights_of_its_own(windows):
    frozen = lambda config: (Stage("none", (Objective(emotion, lr=0.0),), 1, batch=54),)  # noqa: E731
    weights = fit_linear(windows, stages=frozen).weights
    drawn = {tuple(w["emotion.weight"].flatten().tolist()) for w in weights.values()}
    assert len(drawn) == 4
    alone = fit(
        replace(LINEAR, stages=frozen), Config(), windows, list(loso(windows.keys))[2:3], 0
    ).weights["sub-3"]
    assert torch.equal(alone["emotion.weight"], weights["sub-3"]["emotion.weight"])


def test_predict_receives_its_inputs_and_no_label(windows):
    received = []

    def predict(net, batch):
        received.append(set(batch.x))
        assert batch.target is None
        is_hidden = (batch.label == -1) & (batch.subject == -1)
        return torch.where(is_hidden[:, None], net.emotion(batch.x["eye"]), 0.0)

    modalities = ("eeg", "eye")
    fitted = fit_linear(windows, predict=predict, train_modalities=modalities)
    assert received == [{"eye"}] * len(fitted.probabilities)
    assert all((np.ptp(p, axis=1) > 0).all() for p in fitted.probabilities.values())


def test_clip_bounds_the_gradient_of_each_fold(windows):
    """Adam forgets a constant factor; not so where clipping changes with the gradient's size."""
    clipped = lambda config: (replace(one_stage(config)[0], clip=1e-3),)  # noqa: E731
    loose = lambda config: (replace(one_stage(config)[0], clip=1e3),)  # noqa: E731
    plain = fit_linear(windows).weights["sub-1"]["emotion.weight"]
    assert torch.equal(plain, fit_linear(windows, stages=loose).weights["sub-1"]["emotion.weight"])
    changed = fit_linear(windows, stages=clipped).weights["sub-1"]["emotion.weight"]
    assert not torch.allclose(plain, changed, atol=1e-4)


@pytest.mark.parametrize("stacked", [True, False])
def test_transductive_method_sees_unlabelled_windows_of_the_test_side_only(windows, stacked):
    x = windows.x["eye"].copy()
    subject = windows.keys["subject"].astype(int).to_numpy()
    x += 100 * subject[:, None]  # features tell the subject
    shifted = replace(windows, x={"eye": x})

    def loss(net, batch, progress):
        labels = {"target_label": batch.target.label.double().mean()}
        labels["target_subject"] = batch.target.subject.double().mean()
        return Losses(emotion(net, batch, progress).terms, labels)

    def remember(net, batch):
        net.seen.copy_(batch.target.x["eye"].mean(0))

    stages = lambda config: (  # noqa: E731
        Stage("train", (Objective(loss),), 1, batch=36, after_step=remember),
    )
    fitted = fit_linear(
        shifted,
        settings=TrainSettings(stacked=stacked),
        stages=stages,
        uses_target=lambda config: True,
    )
    hidden = fitted.curves.query("term.str.startswith('target')")["value"]
    assert (hidden == -1).all()
    for fold in loso(shifted.keys):
        scaling = fitted.scaling[fold.name]["eye"]
        # a batch of 36 is the whole test side
        expected = ((x[fold.test] - scaling.mean) / scaling.scale).mean(0)
        np.testing.assert_allclose(fitted.weights[fold.name]["seen"], expected, atol=1e-3)


def sequence_windows(make_windows):
    """Windows whose label shows in the change from one window to the next, not in any one."""
    windows = make_windows(separation=0.0, n_windows=9)
    rng = np.random.default_rng(3)
    offset = rng.normal(0, 5, size=len(windows.keys))
    slope = np.array([-1.0, 0.0, 1.0])[windows.label]
    x = np.zeros((len(windows.keys), 6), np.float32)
    trial_start = windows.keys["window"].to_numpy() == 0
    start = offset[np.maximum.accumulate(np.where(trial_start, np.arange(len(offset)), 0))]
    x[:, 0] = start + slope * windows.keys["window"].to_numpy()
    return replace(windows, x={"eye": x})


def test_sequence_method_reads_runs_and_predicts_every_window(make_windows):
    windows = sequence_windows(make_windows)

    def flatten(batch):
        return batch.x["eye"].flatten(1)  # (batch, run_length * n_eye)

    class Sequence(nn.Module):
        def __init__(self, shapes, config):
            super().__init__()
            n_in = config.length * shapes.features["eye"][0]
            self.emotion = nn.Sequential(nn.Linear(n_in, 32), nn.ReLU(), nn.Linear(32, 3))

    def loss(net, batch, progress):
        return Losses({"emotion": F.cross_entropy(net.emotion(flatten(batch)), batch.label)})

    fitted = fit_linear(
        windows,
        Config(length=3, n_epochs=60),
        build=Sequence,
        stages=lambda c: (Stage("train", (Objective(loss, lr=0.02),), c.n_epochs, batch=56),),
        predict=lambda net, batch: net.emotion(flatten(batch)),
        run_length=lambda config: config.length,
    )
    right, early = [], []
    for fold in loso(windows.keys):
        probability = fitted.probabilities[fold.name]
        assert len(probability) == len(fold.test)
        is_right = probability.argmax(1) == windows.label[fold.test]
        has_run = windows.keys["window"].to_numpy()[fold.test] >= 2
        right.append(is_right[has_run].mean())
        early.append(is_right[~has_run].mean())
    assert np.mean(right) > 0.9
    assert np.mean(early) < np.mean(right)  # the first windows of a trial have no past to read


def test_a_run_longer_than_every_trial(windows):
    with pytest.raises(ConfigError, match="fold sub-1 has no trial with 7 consecutive windows"):
        fit_linear(windows, Config(length=7), run_length=lambda config: config.length)


def test_missing_features_count_as_the_training_mean(windows):
    x = windows.x["eye"].copy()
    x[::3, 0] = np.nan
    holes = replace(windows, x={"eye": x})
    fitted = fit_linear(holes)
    for fold in loso(holes.keys):
        scaling = fitted.scaling[fold.name]["eye"]
        assert scaling.n_missing == np.isnan(x[fold.train]).sum()
        filled = np.where(np.isnan(x[fold.test]), scaling.mean, x[fold.test])
        z = torch.from_numpy((filled - scaling.mean) / scaling.scale)
        weights = fitted.weights[fold.name]
        logits = F.linear(z, weights["emotion.weight"], weights["emotion.bias"])
        np.testing.assert_allclose(fitted.probabilities[fold.name], logits.softmax(-1), atol=1e-5)


def test_folds_of_unequal_size_are_all_predicted(windows):
    keys = windows.keys
    keep = np.flatnonzero((keys["subject"] != "2") | (keys["trial"] <= 2))
    fewer = replace(
        windows,
        keys=keys.iloc[keep].reset_index(drop=True),
        x={name: x[keep] for name, x in windows.x.items()},
        label=windows.label[keep],
    )
    fitted = fit_linear(fewer)
    assert {name: len(p) for name, p in fitted.probabilities.items()} == {
        "sub-1": 36, "sub-2": 12, "sub-3": 36, "sub-4": 36,
    }  # fmt: skip


def test_within_folds_have_one_training_subject(windows):
    folds = list(within(windows.keys))
    assert len(fit(LINEAR, Config(), windows, folds, 0).probabilities) == 4


def test_what_cannot_be_trained(windows):
    folds = list(loso(windows.keys))
    eeg_only = replace(windows, x={"eeg": windows.x["eeg"]})
    with pytest.raises(ConfigError, match="linear trains on eye, but the tables hold eeg only"):
        fit(LINEAR, Config(), eeg_only, folds, 0)
    fewer = replace(folds[1], train=folds[1].train[:36])
    with pytest.raises(ConfigError, match=r"equally many training subjects.*'sub-2': 1"):
        fit(
            replace(LINEAR, uses_subject=lambda config: True),
            Config(),
            windows,
            [folds[0], fewer],
            0,
        )
    assert len(fit(LINEAR, Config(), windows, [folds[0], fewer], 0).probabilities) == 2
    no_target = [replace(fold, target=None) for fold in folds]
    with pytest.raises(ConfigError, match="fold sub-1 names no target"):
        fit(replace(LINEAR, uses_target=lambda config: True), Config(), windows, no_target, 0)
    with pytest.raises(ConfigError, match="fold_chunk"):
        fit(LINEAR, Config(), windows, folds, 0, TrainSettings(fold_chunk=0))
    with pytest.raises(ConfigError, match="unknown precision 'hihg': did you mean 'high'"):
        fit(LINEAR, Config(), windows, folds, 0, TrainSettings(precision="hihg"))
    with pytest.raises(ConfigError, match="device 'abacus' cannot be used"):
        fit(LINEAR, Config(), windows, folds, 0, TrainSettings(device="abacus"))
    with pytest.raises(ConfigError, match="linear, stage train: 0 epochs"):
        fit(LINEAR, Config(n_epochs=0), windows, folds, 0)
    with pytest.raises(ConfigError, match="seed is -3"):
        fit(LINEAR, Config(), windows, folds, -3)


def test_a_loss_that_explodes_names_term_epoch_and_fold(windows):
    def explode(net, batch, progress):
        x = batch.x["eye"] * torch.where(progress > 0.5, torch.inf, 1.0)
        return Losses({"emotion": F.cross_entropy(net.emotion(x), batch.label)})

    stages = lambda config: (Stage("train", (Objective(explode),), 4, batch=24),)  # noqa: E731
    with pytest.raises(
        ConfigError, match=r"linear, stage train, epoch 3: .*'emotion'.*fold sub-1;"
    ):
        fit_linear(windows, stages=stages)
    bad, folds = replace(LINEAR, stages=stages), list(loso(windows.keys))
    with pytest.raises(ConfigError, match="in fold sub-1, seed 2; lower"):
        fit_seeds(bad, Config(), windows, folds, [2, 5])
