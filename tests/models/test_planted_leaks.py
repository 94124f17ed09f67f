"""Leaks that are common in this field, planted one by one: each has to be caught."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from featpipe.errors import ConfigError
from models import train
from models.blindness import numbers, seen_of_test, spoilt
from models.evaluate import cross_validate, fit_folds
from models.folds import kfold_windows, loso
from models.leaks import check_folds
from models.manners import DIVIDED, TEST_SELECTED
from models.registry import make_config
from models.scaling import scaled_apart

QUICK = make_config("mlp", {"n_epochs": 8, "batch": 48})


@pytest.fixture
def fold(windows):
    return list(loso(windows.keys))[1]


def fit(windows, fold, policy="last"):
    return fit_folds(windows, "mlp", [fold], 0, config=QUICK, policy=policy)


def test_nothing_is_planted_nothing_is_found(windows, fold):
    assert seen_of_test(windows, fold, lambda of: fit(of, fold)) == []
    changed = spoilt(windows, fold)
    is_same = np.ones(len(windows.keys), bool)
    is_same[fold.test] = False
    for name, x in changed.x.items():
        np.testing.assert_array_equal(x[is_same], windows.x[name][is_same])
        assert not np.isclose(x[fold.test], windows.x[name][fold.test]).any()


def test_the_size_of_the_test_side_decides_nothing(windows):
    """Other folds train on it: in one stack it must not decide how long this fold trains."""
    fewer = np.flatnonzero((windows.keys["subject"] != "1") | (windows.keys["trial"] == 1))
    small = replace(
        windows,
        keys=windows.keys.iloc[fewer].reset_index(drop=True),
        x={name: x[fewer] for name, x in windows.x.items()},
        label=windows.label[fewer],
    )
    one, other = (
        fit_folds(of, "mlp", list(loso(of.keys)), 0, config=QUICK) for of in (windows, small)
    )
    for name, tensor in one.weights["sub-1"].items():
        torch.testing.assert_close(tensor, other.weights["sub-1"][name], atol=1e-4, rtol=1e-4)


def test_a_scaler_of_all_rows_is_caught(windows, fold, monkeypatch):
    right = train.scale_folds

    def of_all_rows(windows, modalities, folds):
        everything = np.arange(len(windows.keys))
        return right(windows, modalities, [replace(of, train=everything) for of in folds])

    monkeypatch.setattr(train, "scale_folds", of_all_rows)
    assert seen_of_test(windows, fold, lambda of: fit(of, fold)) == ["scaling", "weights"]


def test_scaling_subjects_by_themselves_leaks_into_no_weights_and_is_marked(windows, fold):
    """It sees test windows, not in training but where they are tested: hence the mark."""

    def scaled(of):
        return fit(scaled_apart(of, "subject"), fold)

    assert seen_of_test(windows, fold, scaled) == []
    with pytest.raises(ConfigError, match="scaling 'subject' uses the test windows"):
        cross_validate(windows, "mlp", "loso", 0, config=QUICK, scaling="subject")


def test_divided_trials_are_caught_where_folds_are_made(windows):
    folds = list(kfold_windows(windows.keys))
    for split in ("trial", "session", "subject", "subject+clip"):
        with pytest.raises(ConfigError, match="is in training and test"):
            check_folds(folds, windows.keys, split)
    by_name = cross_validate(windows, "svm", "kfold-windows", 0)
    assert set(by_name["marks"]) == {DIVIDED}


def test_an_epoch_chosen_on_the_test_side_is_caught(windows, fold):
    """Its labels are spoilt, so another epoch does best on them."""
    seen = seen_of_test(windows, fold, lambda of: fit(of, fold, "test-selected"))
    assert set(seen) == {"epochs", "weights"}
    with pytest.raises(ConfigError, match="'test-selected' looks at test labels"):
        cross_validate(windows, "mlp", "loso", 0, config=QUICK, policy="test-selected")
    asked = cross_validate(
        windows, "mlp", "loso", 0, config=QUICK, policy="test-selected", manner="marked"
    )
    assert set(asked["marks"]) == {TEST_SELECTED}


def test_numbers_finds_what_an_estimator_has_learnt(windows, fold):
    fitted = fit_folds(windows, "svm", [fold], 0)
    sizes = {array.size for array in numbers(fitted.weights[fold.name])}
    assert {6, 3 * 6} <= sizes  # means and scales of six features; a hyperplane per class
