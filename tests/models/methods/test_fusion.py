"""Decision fusion: closed forms of the integral, the measure, and whose networks are fused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import lsq_linear

from featpipe.errors import ConfigError
from models.batches import scale_folds
from models.evaluate import fit_folds
from models.folds import loso
from models.methods.fusion import MODALITIES, Fusion, choquet, learn
from models.presence import usable
from models.registry import METHODS, make_config
from models.say import networks_of
from models.train import fit
from models.types import Batch, Fold, Shapes

QUICK = {"n_epochs": 4, "batch": 48, "lr": 0.01}
NAMES = ("decision_fusion", "max_fusion", "fuzzy_integral")


def fitted(windows, name, policy="last", **options):
    config = make_config(name, QUICK | options)
    return fit_folds(windows, name, list(loso(windows.keys)), 0, None, config, policy=policy)


def probabilities(seed, n=200, n_classes=4):
    """Probabilities of two modalities, and a class of each window."""
    rng = np.random.default_rng(seed)
    eeg, eye = rng.dirichlet(np.full(n_classes, 0.5), size=(2, n))
    return eeg, eye, rng.integers(n_classes, size=n)


def by_sorting(eeg, eye, measure):
    """Return the Choquet integral of any number of sources, as it is defined."""
    found = np.zeros_like(eeg)
    for at in np.ndindex(eeg.shape):
        h = {"eeg": eeg[at], "eye": eye[at]}
        order = sorted(h, key=lambda name: h[name], reverse=True)
        for i, name in enumerate(order):
            following = h[order[i + 1]] if i + 1 < len(order) else 0.0
            found[at] += (h[name] - following) * measure[frozenset(order[: i + 1])]
    return found


def fused(eeg, eye, g_eeg, g_eye):
    """Return what `choquet` makes of probabilities, as probabilities that need not add up to 1."""
    log_eeg, log_eye = (torch.from_numpy(np.log(p)) for p in (eeg, eye))
    return choquet(log_eeg, log_eye, torch.tensor([g_eeg, g_eye])).exp().numpy()


def learned(eeg, eye, label):
    """Return the measure that is learned from networks that say this."""
    shapes = Shapes({"eeg": (4, 5), "eye": (6,)}, eeg.shape[1], n_subjects=2)
    net = Fusion((0.5, 0.5), 1e-6, shapes, make_config("fuzzy_integral", {}))
    told = {
        f"judge on {name}": torch.from_numpy(np.log(p.clip(1e-12)).astype(np.float32))
        for name, p in (("eeg", eeg), ("eye", eye))
    }
    label = torch.from_numpy(label)
    for rows in torch.arange(len(label)).split(64):
        some = {name: of[rows] for name, of in told.items()}
        learn(net, Batch({}, label[rows], label[rows], rows, told=some))
    return net.measure().numpy()


def least_squares(eeg, eye, label):
    """Return the measure by the solver of another library, from the rows of all classes."""
    is_eeg = eeg >= eye
    low, high = np.minimum(eeg, eye), np.maximum(eeg, eye)
    a = np.stack([(high - low) * is_eeg, (high - low) * ~is_eeg], axis=-1).reshape(-1, 2)
    b = (np.eye(eeg.shape[1])[label] - low).ravel()
    return lsq_linear(a, b, bounds=(0, 1), method="bvls").x


@pytest.mark.parametrize("g", [(0.3, 0.9), (0.7, 0.1), (0.0, 1.0), (0.5, 0.5)])
def test_is_the_integral_by_sorting(g):
    eeg, eye, _ = probabilities(0)
    measure = {frozenset({"eeg"}): g[0], frozenset({"eye"}): g[1], frozenset(MODALITIES): 1.0}
    np.testing.assert_allclose(fused(eeg, eye, *g), by_sorting(eeg, eye, measure), rtol=1e-6)


def test_corners_are_maximum_minimum_and_one_modality():
    eeg, eye, _ = probabilities(1)
    for g, expected in (
        ((1.0, 1.0), np.maximum(eeg, eye)), ((0.0, 0.0), np.minimum(eeg, eye)),
        ((1.0, 0.0), eeg), ((0.0, 1.0), eye),
    ):  # fmt: skip
        np.testing.assert_allclose(fused(eeg, eye, *g), expected, rtol=1e-12)


@pytest.mark.parametrize("g_eeg", [0.5, 0.25, 0.9])
def test_shares_that_add_up_to_one_are_a_weighted_mean(g_eeg):
    eeg, eye, _ = probabilities(2)
    expected = g_eeg * eeg + (1 - g_eeg) * eye
    np.testing.assert_allclose(fused(eeg, eye, g_eeg, 1 - g_eeg), expected, rtol=1e-6)


def test_certain_modalities_that_disagree_give_numbers():
    logits = torch.tensor([[300.0, 0.0, 0.0]])
    eeg, eye = logits.log_softmax(-1), logits.flip(-1).log_softmax(-1)
    for g in ((0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (1.0, 0.0)):
        assert torch.isfinite(choquet(eeg, eye, torch.tensor(g)).softmax(-1)).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_measure_solves_the_bounded_least_squares(seed):
    eeg, eye, label = probabilities(seed)
    sure = 0.1 * np.eye(4)[label]  # so that they know something
    eeg, eye = ((p + weight * sure) / (1 + 0.1 * weight) for p, weight in ((eeg, 8), (eye, 3)))
    found = learned(eeg, eye, label)
    np.testing.assert_allclose(found, least_squares(eeg, eye, label), atol=1e-5)


def test_of_a_useless_modality_nothing_counts():
    _, eye, label = probabilities(3, n=2000)
    eeg = 0.9 * np.eye(4)[label] + 0.025
    found = learned(eeg, eye, label)
    np.testing.assert_allclose(found, least_squares(eeg, eye, label), atol=1e-5)
    assert found[0] > 0.9
    assert found[1] < 0.1


def test_without_a_difference_it_is_the_mean():
    eeg, _, label = probabilities(4)
    np.testing.assert_allclose(learned(eeg, eeg, label), [0.5, 0.5])


@pytest.mark.parametrize("policy", ["last", "source-validation"])
@pytest.mark.parametrize("backbone", ["dnn", "dgcnn", "bihdm"])
@pytest.mark.parametrize("name", NAMES)
def test_members_are_the_networks_of_one_modality(windows, name, backbone, policy):
    """To the bit, with their epochs and their scaling."""
    both = fitted(windows, name, policy, backbone=backbone, n_epochs=2)
    for modality in MODALITIES:
        alone = fitted(windows, f"{backbone}_{modality}", policy, n_epochs=2)
        for fold, weights in alone.weights.items():
            for key, tensor in weights.items():
                assert torch.equal(both.weights[fold][f"{modality}.{key}"], tensor)
            mine, theirs = (of.scaling[fold][modality] for of in (both, alone))
            np.testing.assert_array_equal(mine.mean, theirs.mean)
            np.testing.assert_array_equal(mine.scale, theirs.scale)


@pytest.mark.parametrize(("name", "fuse"), [
    ("decision_fusion", lambda eeg, eye: (eeg + eye) / 2), ("max_fusion", np.maximum),
])  # fmt: skip
def test_predictions_are_those_of_both_put_together(windows, name, fuse):
    eeg, eye = (fitted(windows, f"dnn_{modality}").probabilities for modality in MODALITIES)
    for fold, found in fitted(windows, name).probabilities.items():
        expected = fuse(eeg[fold], eye[fold])
        expected /= expected.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_what_has_nothing_to_learn_has_no_epochs_and_no_curves(windows):
    found = fitted(windows, "decision_fusion", "source-validation")
    assert set(found.epochs.values()) == {0}
    assert found.curves.empty


@pytest.mark.parametrize("useless", MODALITIES)
def test_the_measure_finds_out_who_is_useless(windows, useless):
    """From windows that the networks never saw: on their own they would be right by heart."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=windows.x[useless].shape).astype(np.float32)
    spoilt = replace(windows, x={**windows.x, useless: noise})
    found = fitted(spoilt, "fuzzy_integral", n_epochs=30)
    useful = "eye" if useless == "eeg" else "eeg"
    last: dict = found.curves.groupby("term")["value"].last().to_dict()
    assert last[f"share_{useful}"] > 0.8
    assert last[f"share_{useless}"] < 0.4
    for weights in found.weights.values():
        share = dict(zip(MODALITIES, weights["weighted"] / weights["weight"], strict=True))
        assert share[useful] > share[useless] + 0.3


def test_one_trial_is_too_little_to_learn_the_measure_from(windows):
    is_first = (windows.keys["subject"] == "1") & (windows.keys["trial"] == 1)
    train, test = (np.flatnonzero(rows) for rows in (is_first, ~is_first))
    config = make_config("fuzzy_integral", QUICK)
    with pytest.raises(ConfigError, match="two trials of one, to train on: take a protocol"):
        fit_folds(windows, "fuzzy_integral", [Fold("one", train, test)], 0, config=config)


@pytest.fixture(name="lacking")
def lacking_fixture(windows):
    """Windows of which some lack the eyes."""
    number = np.arange(len(windows.keys))
    present = {"eeg": np.ones(len(number), bool), "eye": number % 3 != 0}
    eye = windows.x["eye"].copy()
    eye[~present["eye"]] = np.nan
    return replace(windows, x={**windows.x, "eye": eye}, present=present)


def test_a_member_reads_what_it_learnt_to_read(lacking):
    """EEG was standardised with windows that lack the eyes and cannot be fused."""
    config, folds = make_config("max_fusion", QUICK), list(loso(lacking.keys))
    members = {}
    for name in MODALITIES:
        known = usable(METHODS[f"dnn_{name}"], lacking, folds)
        members[name] = fit_folds(
            lacking, f"dnn_{name}", known, 0, config=make_config(f"dnn_{name}", QUICK)
        )
    given = {f"member on {name}": networks_of(found) for name, found in members.items()}
    own = usable(METHODS["max_fusion"], lacking, folds)
    both = fit(METHODS["max_fusion"], config, lacking, own, 0, given=given)
    whole = {fold.name: fold for fold in folds}
    for fold, of_rows in zip(own, scale_folds(lacking, ["eeg"], own), strict=True):
        scaling = both.scaling[fold.name]["eeg"]
        np.testing.assert_array_equal(scaling.mean, members["eeg"].scaling[fold.name]["eeg"].mean)
        assert not np.array_equal(scaling.mean, of_rows["eeg"].mean)
        eeg = members["eeg"].probabilities[fold.name][np.isin(whole[fold.name].test, fold.test)]
        expected = np.maximum(eeg, members["eye"].probabilities[fold.name])
        expected /= expected.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(both.probabilities[fold.name], expected, atol=1e-6)
