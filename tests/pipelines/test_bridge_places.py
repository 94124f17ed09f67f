"""Windows that do not belong together: the cause is named."""

import numpy as np
import pytest
from lookalikes.outputs import autoregression, bridged, features, grid, trial_codes

from featpipe.features.agreement import smoothed

KEYS = grid(n_subjects=2, n_trials=8, n_windows=40)
X = features(KEYS, 45)


@pytest.mark.parametrize("lag", [-2, -1, 1, 2])
@pytest.mark.parametrize("x", [X, autoregression(KEYS, 45, 0.8)], ids=["white", "slow"])
def test_shifted_windows_are_told(tmp_path, lag, x):
    _, numbers, words = bridged(tmp_path, KEYS, x, np.roll(x, lag, axis=0))
    assert words.startswith(f"B is shifted: window w of A is window w{lag:+d} of B, correlation 1.")
    assert numbers.places.lag == lag
    assert "smooth" not in words


def test_shuffled_trials_are_matched(tmp_path):
    order = [2, 0, 1, 3, 4, 5, 7, 6]
    y = X.reshape(2, 8, 40, -1)[:, order].reshape(X.shape)
    _, numbers, words = bridged(tmp_path, KEYS, X, y)
    assert "10 trials stand under other numbers in B: 1/1/1 of A is 1/1/2 (1.00, with its" in words
    found = {one.a: one.b for one in numbers.places.trials}
    for place, trial in enumerate(order):
        assert found.get(f"1/1/{trial + 1}", f"1/1/{place + 1}") == f"1/1/{place + 1}"
    assert numbers.places.lag == 0


def test_shuffled_trials_of_a_smoothed_copy_are_matched_too(tmp_path):
    y = smoothed(X, trial_codes(KEYS), "moving average")
    y = y.reshape(2, 8, 40, -1)[:, ::-1].reshape(X.shape)
    words = bridged(tmp_path, KEYS, X, y)[2]
    assert "16 trials stand under other numbers in B: 1/1/1 of A is 1/1/8" in words


def test_exchanged_sessions_are_named(tmp_path):
    keys = grid(n_subjects=2, n_sessions=2, n_trials=4, n_windows=40)
    x = features(keys, 45)
    y = x.reshape(2, 2, -1, 45)[:, ::-1].reshape(x.shape)
    _, numbers, words = bridged(tmp_path, keys, x, y)
    assert words.startswith("Recordings stand under other names in B: 1/1 of A is 1/2 (1.00, with")
    assert [(one.a, one.b) for one in numbers.places.recordings] == [
        ("1/1", "1/2"), ("1/2", "1/1"), ("2/1", "2/2"), ("2/2", "2/1"),
    ]  # fmt: skip
    assert "order" not in words
    assert numbers.places.trials == []


def test_nothing_is_found_elsewhere_that_is_in_its_place_or_nowhere(tmp_path):
    for b in (2 * X, smoothed(X, trial_codes(KEYS), "LDS"), features(KEYS, 45, seed=1)):
        _, numbers, _ = bridged(tmp_path, KEYS, X, b)
        assert not numbers.places.has_cause
