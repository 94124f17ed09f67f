"""Scales and levels are told where the numbers bear it."""

import numpy as np
from lookalikes.outputs import autoregression, bridged, features, grid, trial_codes

from featpipe.features.agreement import smoothed

KEYS = grid(n_subjects=3, n_trials=10, n_windows=30)
TRIAL = trial_codes(KEYS)
X = features(KEYS, 45)
LOG2 = 2 / np.log(2)


def test_the_unit_of_a_smoothed_log2_is_named(tmp_path):
    words = bridged(tmp_path, KEYS, X, LOG2 * smoothed(X, TRIAL, "LDS") + 5)[2]
    assert "B is A smoothed by LDS" in words
    assert "A looks like nats, 0.5 ln of power, and B like log2 of power (scale 2.885)" in words


def test_no_scale_is_given_of_trials_that_do_not_agree(tmp_path):
    words = bridged(tmp_path, KEYS, X, features(KEYS, 45, seed=1))[2]
    assert "Spread" not in words
    assert "unit" not in words
    assert "logarithm" not in words


def test_a_scale_that_noise_blurs_gets_no_name(tmp_path):
    rng = np.random.default_rng(2)
    slow = autoregression(KEYS, 45, 0.9)
    a, b = (slow + sd * rng.standard_normal(slow.shape) for sd in (0.5, 1.7))
    words = bridged(tmp_path, KEYS, a, b)[2]
    assert "which correlate at 0." in words
    assert "unit" not in words
    assert "logarithm" not in words


def test_levels_that_agree_alone_are_no_unit_in_common(tmp_path):
    rng = np.random.default_rng(3)
    level = 3 * rng.standard_normal((TRIAL.max() + 1, 45))[TRIAL]
    a, b = (level + rng.standard_normal(level.shape) for _ in range(2))
    words = bridged(tmp_path, KEYS, a, b)[2]
    assert words.startswith("A and B have little in common")
    assert "unit" not in words
    assert "order" not in words
