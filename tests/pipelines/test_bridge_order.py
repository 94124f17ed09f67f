"""Orders of channels are told where something correlates, and then every exchange is."""

import numpy as np
import pandas as pd
import pytest
from lookalikes.outputs import bridged, features, grid, trial_codes

from featpipe.features.agreement import smoothed
from pipelines.bridge_order import order_of, words_of_order

KEYS = grid(n_subjects=2, n_trials=6, n_windows=40)
X = features(KEYS, 45)


def names(n_channels, n_bands=1):
    table = [(f"b{b}", f"c{c}") for c in range(n_channels) for b in range(n_bands)]
    frame = pd.DataFrame(table, columns=["band", "channel"])
    return frame["channel"], frame["band"]


def test_two_exchanged_channels_of_62_are_named():
    r = np.full((62, 62), 0.9)  # volume conduction
    np.fill_diagonal(r, 0.99)
    r[[3, 4]] = r[[4, 3]]
    order = order_of(r, *names(62), 5000)
    assert order.itself == pytest.approx(60 / 62)
    (told,) = words_of_order(order, order_of(np.ones((1, 1)), *names(1), 9), "", "channels")
    assert told == (
        "2 channels stand in another order: c3 is most like c4, 0.99, with itself 0.90, "
        "c4 is most like c3, 0.99, with itself 0.90."
    )


def test_exchanged_channels_of_a_smoothed_copy_are_named(tmp_path):
    y = smoothed(X, trial_codes(KEYS), "LDS").reshape(len(X), 9, 5)
    y[:, [3, 4]] = y[:, [4, 3]]
    words = bridged(tmp_path, KEYS, X, y.reshape(X.shape))[2]
    assert "2 channels stand in another order: T7 is most like CZ, 1.00" in words


def test_a_channel_that_is_bad_in_b_is_no_exchange():
    r = np.full((62, 62), 0.8)
    np.fill_diagonal(r, 0.99)
    r[:, 5] = 0.02
    order = order_of(r, *names(62), 5000)
    assert set(order.moved) == {"c5"}
    (told,) = words_of_order(order, order_of(np.ones((1, 1)), *names(1), 9), "", "channels")
    assert "1 channels are more like others than like themselves: c5" in told


def test_nothing_is_said_of_orders_where_nothing_correlates(tmp_path):
    _, numbers, words = bridged(tmp_path, KEYS, X, features(KEYS, 45, seed=1))
    assert "little in common" in words
    assert "order" not in words
    assert "resemble" not in words
    assert np.isnan(numbers.channels.itself)
    assert set(numbers.columns["best_match"]) == {""}


def test_a_correlation_that_chance_reaches_is_none():
    rng = np.random.default_rng(0)
    few = rng.standard_normal((2, 8, 40))
    r = np.corrcoef(*few, rowvar=False)[:40, 40:]
    assert (r.max(axis=1) > 0.3).all()
    assert order_of(r, *names(40), 8).match == {}


def test_constant_channels_are_left_out(tmp_path):
    y = X.copy()
    y[:, 5:10] = 3
    y[::7] = np.nan
    _, numbers, words = bridged(tmp_path, KEYS, X, y)
    assert numbers.channels.itself == 1
    assert "FPZ" not in numbers.channels.match
    assert "8 of 9 channels resemble themselves most" in words


def test_a_reversed_sign_is_told_and_is_no_reading_across(tmp_path):
    _, numbers, words = bridged(tmp_path, KEYS, X, 40 - X)
    assert (
        "the sign reversed: B falls where A rises: median correlation within trials -1.000" in words
    )
    assert "read across" not in words
    assert "smoothed by" not in words
    assert numbers.channels.itself == 1
