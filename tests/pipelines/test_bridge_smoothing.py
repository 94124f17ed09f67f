"""A table is called smoothed only where lag 1 proves it."""

import numpy as np
import pytest
from lookalikes.outputs import autoregression, bridged, features, grid, trial_codes

from featpipe.features.agreement import smoothed

KEYS = grid(n_subjects=2, n_trials=8, n_windows=40)
TRIAL = trial_codes(KEYS)
X = features(KEYS, 45)
PLAIN = ("as it is", "as it is")


@pytest.mark.parametrize("how", ["LDS", "moving average"])
@pytest.mark.parametrize("is_a", [True, False])
def test_a_smoothed_copy_is_named_with_its_evidence(tmp_path, how, is_a):
    tables = [X, 2.885 * smoothed(X, TRIAL, how) + 5]
    side, other = "BA" if is_a else "AB"
    _, numbers, words = bridged(tmp_path, KEYS, *(tables[::-1] if is_a else tables))
    assert f"{other} is {side} smoothed by {how}: correlation 1.000, unsmoothed 0." in words
    assert f"in {side} smoothed, " in words
    assert numbers.best_smoothing == (("as it is", how) if is_a else (how, "as it is"))


@pytest.mark.parametrize("noise", [(1.0, 1.0), (1.5, 0.7), (0.7, 1.5)])
def test_two_noisy_copies_of_one_slow_signal_are_not_called_smoothed(tmp_path, noise):
    slow = autoregression(KEYS, 45, 0.95)
    rng = np.random.default_rng(7)
    a, b = (slow + sd * rng.standard_normal(slow.shape) for sd in noise)
    _, numbers, words = bridged(tmp_path, KEYS, a, b)
    assert numbers.best_smoothing == PLAIN
    assert "as it does wherever both hold noise: by lag 1 neither is a smoothed copy" in words
    assert " smoothed by " not in words


def test_lds_is_told_from_a_moving_average_of_the_same(tmp_path):
    a, b = smoothed(X, TRIAL, "LDS"), smoothed(X, TRIAL, "moving average")
    words = bridged(tmp_path, KEYS, a, b)[2]
    assert "A is B smoothed by LDS" in words


def test_what_is_smoother_without_being_a_copy_is_said_to_be_no_more(tmp_path):
    words = bridged(tmp_path, KEYS, X, autoregression(KEYS, 45, 0.9))[2]
    assert "B is smoother along the windows, but no smoothed copy" in words
