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


def test_smoothing_gets_no_share_of_the_scores_where_a_is_the_smoothed_side(tmp_path):
    x = features(KEYS, 45, effect=0.5)
    _, numbers, words = bridged(tmp_path, KEYS, smoothed(x, TRIAL, "LDS"), x, has_probes=True)
    assert list(numbers.probes) == ["A", "B"]
    assert "points above" not in words


def test_a_gap_within_its_error_over_subjects_is_not_told(tmp_path):
    x = features(KEYS, 45)
    b = smoothed(x, TRIAL, "LDS")
    _, numbers, words = bridged(tmp_path, KEYS, x, b, has_probes=True)
    assert list(numbers.probes) == ["A", "A smoothed by LDS", "B"]
    gap = np.subtract(numbers.probes["B"].subjects, numbers.probes["A"].subjects)
    assert 0 < gap.mean() < 4.3 * gap.std(ddof=1) / np.sqrt(3)
    assert "points above" not in words


def test_what_cannot_be_measured_is_not_told(tmp_path):
    keys = grid(n_subjects=2, n_trials=4, n_windows=1)
    words = bridged(tmp_path, keys, features(keys, 45), features(keys, 45), has_probes=True)[2]
    assert "nan" not in words
