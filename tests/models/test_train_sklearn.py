from dataclasses import replace

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from featpipe.errors import ConfigError
from models.folds import loso, within
from models.methods import classical, trivial
from models.train_sklearn import fit_classic
from models.types import Fold


def test_majority_predicts_training_frequencies(windows):
    rows = np.flatnonzero(windows.keys["trial"] <= 4)  # trials 1 to 4: labels 1, 2, 0, 1
    fold = Fold("a", rows, np.flatnonzero(windows.keys["trial"] == 5))
    fitted = fit_classic(trivial.MAJORITY, trivial.Config(), windows, [fold], 0)
    np.testing.assert_allclose(fitted.probabilities["a"], [[0.25, 0.5, 0.25]] * len(fold.test))
    assert fitted.curves.empty


def test_c_is_the_best_on_subjects_held_out(monkeypatch):
    """A feature that betrays each subject's labels, in its own way, travels to no other subject."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 240)
    group = np.repeat(np.arange(4), 60)
    x = rng.normal(size=(240, 60))
    x[:, 0] += 0.7 * (2 * label - 1)
    x[np.arange(240), 1 + group] = 3 * (2 * label - 1)
    fitted, svm = [], classical._svm
    monkeypatch.setattr(classical, "_svm", lambda c: fitted.append(svm(c)) or fitted[-1])
    final = classical.fit(x, label, group, classical.Config(), seed=0)
    *candidates, last = fitted
    assert last is final
    assert [c[-1].C for c in candidates] == [2.0**e for e in (-10, -6, -2, 2, 6)]
    inside = [np.isclose(x[group != g].mean(0), candidates[0][1].mean_).all() for g in range(4)]
    held_out = group == inside.index(True)  # candidates never saw this subject
    accuracy = [c.score(x[held_out], label[held_out]) for c in candidates]
    assert len(set(accuracy)) > 1
    assert final[-1].C == candidates[int(np.argmax(accuracy))][-1].C
    np.testing.assert_allclose(final[1].mean_, x.mean(0), atol=1e-12)  # refitted on all of them


def one_trial(label):
    return np.zeros(len(label), np.int64)


def one_class_in_every_group(label):
    """Two groups; whichever is held out, the other has one class."""
    return label


@pytest.mark.parametrize("group_of", [one_trial, one_class_in_every_group])
def test_where_c_cannot_be_chosen_it_is_that_of_scikit_learn_and_told(group_of):
    label = np.repeat([0, 1], 20)
    x = np.random.default_rng(0).normal(size=(40, 3))
    config, group = classical.Config(), group_of(label)
    assert classical.fit(x, label, group, config, 0)[-1].C == LinearSVC().C == 1.0
    assert classical.notes(label, group, config, 0).startswith("C is 1, scikit-learn's default")
    asked = classical.Config(exponents=(-2,))
    assert classical.fit(x, label, group, asked, 0)[-1].C == 0.25
    assert classical.notes(label, group, asked, 0) == ""
    assert classical.notes(label, np.arange(40) % 4, config, 0) == ""


def test_notes_are_of_the_folds_that_they_concern(windows):
    """The training side of the first fold is one trial of two classes."""
    trial = np.flatnonzero((windows.keys["subject"] == "1") & (windows.keys["trial"] == 1))
    label = windows.label.copy()
    label[trial[::2]] = 0
    few = Fold("few", trial, np.flatnonzero(windows.keys["trial"] == 2))
    (many, *_) = loso(windows.keys)
    both = replace(windows, label=label)
    fitted = fit_classic(classical.SVM, classical.Config(), both, [few, many], 0)
    assert list(fitted.notes) == ["few"]
    assert "was not chosen" in fitted.notes["few"]


def test_equals_plain_scikit_learn(windows):
    config = classical.Config(exponents=(-2,))
    (fold, *_) = loso(windows.keys)
    fitted = fit_classic(classical.SVM, config, windows, [fold], 0)
    x = windows.x["eye"].astype(np.float64)
    z = (x - x[fold.train].mean(0)) / x[fold.train].std(0)
    svm = LinearSVC(C=0.25, dual=False, random_state=0)  # type: ignore[arg-type]
    svm.fit(z[fold.train], windows.label[fold.train])
    expected = svm.decision_function(z[fold.test])
    np.testing.assert_array_equal(fitted.probabilities[fold.name].argmax(1), expected.argmax(1))
    ratio = np.log(fitted.probabilities[fold.name][:, :2]) @ [1, -1]
    np.testing.assert_allclose(ratio, expected[:, 0] - expected[:, 1], atol=1e-3)


def test_a_class_never_trained_has_probability_zero(windows):
    rows = np.flatnonzero(windows.keys["trial"].isin([1, 2]))  # labels 1 and 2
    fold = Fold("a", rows, np.flatnonzero(windows.keys["trial"] == 3))
    probability = fit_classic(classical.SVM, classical.Config(), windows, [fold], 0).probabilities[
        "a"
    ]
    assert not probability[:, 0].any()
    np.testing.assert_allclose(probability.sum(axis=1), 1)


def test_missing_features_are_the_training_mean(windows):
    x = windows.x["eye"].copy()
    x[::4, 1] = np.nan
    x[:, 2] = np.nan
    holes = replace(windows, x={"eye": x})
    folds = list(within(holes.keys))
    fitted = fit_classic(classical.SVM, classical.Config(), holes, folds, 0)
    assert all(np.isfinite(p).all() for p in fitted.probabilities.values())


def test_groups_are_subjects_or_the_trials_of_the_only_one(windows):
    received = []

    def fit(x, label, group, config, seed):
        received.append(group)
        return trivial.count(x, label, group, config, seed)

    method = replace(trivial.MAJORITY, fit=fit)
    (cross, *_), (inside, *_) = list(loso(windows.keys)), list(within(windows.keys))
    fit_classic(method, trivial.Config(), windows, [cross, inside], 0)
    for group, unit, fold in zip(received, ("subject", "trial"), (cross, inside), strict=True):
        table = windows.keys.iloc[fold.train].assign(group=group)
        assert (table.groupby(unit)["group"].nunique() == 1).all()
        assert table["group"].nunique() == table[unit].nunique() > 1


def test_missing_modality(windows):
    eye_only = replace(windows, x={"eye": windows.x["eye"]})
    with pytest.raises(ConfigError, match="svm_eeg trains on eeg, but the tables hold eye only"):
        fit_classic(classical.SVM_EEG, classical.Config(), eye_only, list(loso(windows.keys)), 0)
