"""What networks that were trained before say of windows, who judges them, and the controls."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from featpipe.errors import ConfigError
from models.ahead import ahead_of
from models.evaluate import parts_of
from models.folds import loso
from models.job import shapes_of
from models.judges import judged_out_of_fold
from models.lanes import lanes_of
from models.pairs import shuffled
from models.prediction import loaded, predict_one
from models.registry import METHODS, make_config
from models.runs import find_items
from models.say import networks_of, places, say, tensors_of
from models.told import Told
from models.train import fit
from models.types import Fold
from models.units import subject_codes, trial_codes

OPTIONS = {"teacher_epochs": 2, "teacher_batch": 48}


@pytest.fixture
def folds(windows):
    """Of unequal length: what is said is padded."""
    first, *others = loso(windows.keys)
    return [replace(first, train=first.train[:-5]), *others]


@pytest.fixture
def teacher(windows, folds):
    """A teacher on EEG, and its networks."""
    config = make_config("kd_eye", OPTIONS)
    ahead = ahead_of(METHODS["kd_eye"], config)["teacher"]
    return ahead, networks_of(fit(ahead.method, ahead.config, windows, folds, 0))


def test_a_batch_is_told_what_each_network_says_alone(windows, folds, teacher):
    ahead, networks = teacher
    told = Told(
        places(folds, len(windows.keys), "cpu"),
        {"teacher": say(ahead, ahead.of.says, networks, windows, lanes_of(folds, [0]), "cpu")},
    )
    rows = np.stack([fold.train[[7, 0, -1, 7]] for fold in folds])
    heard = told.of(torch.from_numpy(rows))["teacher"].logits.softmax(-1).numpy()
    items = find_items(windows.keys, None)
    x = {"eeg": torch.from_numpy(windows.x["eeg"].copy())}
    shapes = shapes_of(windows, ("eeg",), windows.keys["subject"].nunique() - 1)
    for i, fold in enumerate(folds):
        network = networks[fold.name]
        net = loaded(ahead.method, shapes, ahead.config, tensors_of(network))
        alone = predict_one(ahead.method, net, x, network.scaling, items, rows[i])
        np.testing.assert_allclose(heard[i], alone, atol=1e-5)


def recorded(windows, found):
    """Return a `fit` that answers with the number of each window's row, and notes its folds."""

    n_classes = len(windows.classes)

    class Answer:
        def __init__(self, inner, i):
            found.append(inner)
            self.probabilities = {
                lane.label: np.exp(np.repeat(lane.test[:, None] / 1e3, n_classes, axis=1))
                for lane in inner
            }

    return Answer


@pytest.mark.parametrize("n_groups", [2, 3, 50])
def test_nobody_judges_whom_they_learnt_from(windows, folds, n_groups):
    found = []
    spoken = judged_out_of_fold(recorded(windows, found), windows, lanes_of(folds, [0]), n_groups)
    subject = subject_codes(windows.keys)
    n_members = len(np.unique(subject)) - 1
    assert len(found) == min(n_groups, n_members)
    for i, fold in enumerate(folds):
        inner = [group[i] for group in found]
        assert sorted(np.concatenate([one.test for one in inner])) == sorted(fold.train)
        for one in inner:
            assert not np.intersect1d(subject[one.train], subject[one.test]).size
            assert np.isin(one.train, fold.train).all()
        # each window has the answer that was given for it, in its own place
        said = spoken[i, : len(fold.train), 0].numpy()
        np.testing.assert_allclose(said, fold.train / 1e3, rtol=1e-4)


def test_of_one_person_trials_judge_each_other(windows):
    of_first = np.flatnonzero(subject_codes(windows.keys) == 0)
    found = []
    [one] = lanes_of([Fold("one", of_first, of_first)], [0])
    judged_out_of_fold(recorded(windows, found), windows, [one], 3)
    trial = trial_codes(windows.keys)
    for [one] in found:
        assert not np.intersect1d(trial[one.train], trial[one.test]).size


def test_trials_of_a_class_judge_each_other(windows):
    """Or those who judge would not know the class."""
    trial, label = trial_codes(windows.keys), windows.label
    rows = np.flatnonzero(subject_codes(windows.keys) == 0)
    for seed in range(20):
        found = []
        [lane] = lanes_of([Fold("one", rows, rows)], [seed])
        judged_out_of_fold(recorded(windows, found), windows, [lane], 5)
        for [one] in found:
            assert set(label[one.test]) <= set(label[one.train])
            assert not np.intersect1d(trial[one.train], trial[one.test]).size


def test_a_class_of_one_trial_cannot_be_judged(windows):
    trial, label = trial_codes(windows.keys), windows.label
    of_first = subject_codes(windows.keys) == 0
    kept = [np.flatnonzero(of_first & (label == kind)) for kind in np.unique(label)]
    rows = np.concatenate([kept[0][trial[kept[0]] == trial[kept[0]][0]], *kept[1:]])
    [lane] = lanes_of([Fold("one", rows, rows)], [0])
    with pytest.raises(ConfigError, match=f"{windows.classes[0]} is trained on in one trial"):
        judged_out_of_fold(recorded(windows, []), windows, [lane], 5)


def test_verdicts_do_not_hang_on_company(windows):
    """A fold of few trials beside one of many."""
    subject, trial = subject_codes(windows.keys), trial_codes(windows.keys)
    many, few = (np.flatnonzero(subject == code) for code in (0, 1))
    label = windows.label[few]
    first = [np.unique(trial[few][label == kind])[:2] for kind in np.unique(label)]
    few = few[np.isin(trial[few], np.concatenate(first))]
    lanes = lanes_of([Fold("many", many, many), Fold("few", few, few)], [0])
    found, alone = [], []
    judged_out_of_fold(recorded(windows, found), windows, lanes, 6)
    judged_out_of_fold(recorded(windows, alone), windows, lanes[:1], 6)
    together = [lane.test for inner in found for lane in inner if lane.label.startswith("many")]
    for one, [other] in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one, other.test)


def test_a_name_that_nothing_before_has_is_refused(windows, folds, teacher):
    _, networks = teacher
    config = make_config("kd_eye", OPTIONS)
    with pytest.raises(
        ConfigError, match=r"network before kd_eye 'teachr'.*did you mean 'teacher'"
    ):
        fit(METHODS["kd_eye"], config, windows, folds, 0, given={"teachr": networks})


@pytest.mark.parametrize("n_kept", [1, 2, 4])
def test_what_came_before_is_not_trained_again_after_a_kill(windows, n_kept):
    """Killed among those who judge: teacher and verdicts so far are remembered."""
    name, folds = "cmcrd_eye", list(loso(windows.keys))
    options = {**OPTIONS, "n_epochs": 2, "batch": 48, "teacher_pred": "out-of-fold"}
    [part] = parts_of(windows, name, folds, [0], config=make_config(name, options))
    kept, reports, rest = [], [], []
    whole = part.fit(reports.append, keep=lambda stands: kept.append(stands()))
    again = part.fit(rest.append, kept[n_kept - 1])
    n_before = n_kept * 2  # epochs of what was kept, two each
    assert [of.epoch for of in rest] == [of.epoch for of in reports][n_before:]
    for fold in folds:
        one, other = (found.probabilities[fold.name] for found in (whole, again))
        np.testing.assert_array_equal(one, other)


def test_one_trial_cannot_be_judged(windows):
    rows = np.flatnonzero(trial_codes(windows.keys) == 0)
    lanes = lanes_of([Fold("one", rows, rows)], [0])
    with pytest.raises(ConfigError, match="two subjects, or two trials of one"):
        judged_out_of_fold(recorded(windows, []), windows, lanes, 5)


def test_controls_exchange_windows_within_a_fold(windows, folds):
    n_most = max(len(fold.train) for fold in folds)
    own = torch.stack([
        torch.from_numpy(np.pad(fold.train, (0, n_most - len(fold.train)), mode="edge"))
        for fold in folds
    ])  # fmt: skip
    lanes = lanes_of(folds, [0])
    for pairs in ("shuffled", "same-label"):
        other = shuffled(own.clone(), windows, lanes, pairs)
        again = shuffled(own.clone(), windows, lanes, pairs)
        assert torch.equal(other, again)
        for i, fold in enumerate(folds):
            said = other[i, : len(fold.train)].numpy()
            assert sorted(said) == sorted(fold.train)
            assert (said != fold.train).mean() > 0.5
            is_same = windows.label[said] == windows.label[fold.train]
            assert is_same.all() == (pairs == "same-label")
    assert torch.equal(shuffled(own.clone(), windows, lanes, "own"), own)


@pytest.mark.parametrize("backbone", ["dnn", "dgcnn", "bihdm"])
def test_what_others_start_from_says_so(backbone):
    """Such a network is trained in every fold, whoever is there to be tested on."""
    for name, method in METHODS.items():
        if getattr(method, "before", None):
            for of in ahead_of(method, make_config(name, {"backbone": backbone})).values():
                assert of.method.starts_others
