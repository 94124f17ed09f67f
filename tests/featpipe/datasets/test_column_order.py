"""Channel by channel or band by band: told from simulated EEG in both orders, not from noise."""

import numpy as np
import pytest
from lookalikes.released_signals import CHANNELS, de_of

from featpipe.datasets.column_order import (
    CONFIRMED,
    CONTRADICTED,
    THRESHOLDS,
    UNDECIDED,
    column_order,
    unfolded,
)
from featpipe.errors import ReadError
from featpipe.features.smoothing import linear_dynamical_system, moving_average


def flat(x, order):
    """Undo `unfolded`, the obvious way."""
    x = x if order == "channel" else x.transpose(0, 2, 1)
    return np.array([row.ravel() for row in x])


@pytest.mark.parametrize("order", ["channel", "band"])
@pytest.mark.parametrize("smooth", [None, linear_dynamical_system, moving_average])
def test_simulated_eeg_tells_its_order(order, smooth):
    x = de_of(np.random.default_rng(1), 300)
    x = x if smooth is None else smooth(x)
    verdict = column_order(flat(x, order), CHANNELS, 5)
    assert (verdict.order, verdict.basis) == (order, "evidence")
    sign = 1 if order == "channel" else -1
    for name, margin in verdict.margins.items():
        assert sign * margin > THRESHOLDS[name]


@pytest.mark.parametrize("order", ["channel", "band"])
def test_unfolding_puts_columns_back(order):
    x = np.arange(2 * 62 * 5.0).reshape(2, 62, 5)
    np.testing.assert_array_equal(unfolded(flat(x, order), order, 62, 5), x)


@pytest.mark.parametrize("smooth", [None, linear_dynamical_system])
@pytest.mark.parametrize("n_windows", [30, 300])
def test_noise_tells_nothing(smooth, n_windows):
    x = 20 + np.random.default_rng(3).standard_normal((n_windows, 310))
    x = x if smooth is None else smooth(x)
    with pytest.raises(ReadError, match="too weak: spectrum"):
        column_order(x, CHANNELS, 5)
    verdict = column_order(x, CHANNELS, 5, "band")
    assert (verdict.order, verdict.basis) == ("band", UNDECIDED)


def test_lost_numbers_and_dead_channels_are_borne():
    x = de_of(np.random.default_rng(4), 300)
    x[10:20] = np.nan
    x[:, 7] = np.nan
    x[:, 9] = 3.0
    x[np.random.default_rng(5).random(x.shape) < 0.05] = -np.inf
    verdict = column_order(flat(x, "band"), CHANNELS, 5)
    assert verdict.order == "band"
    assert all(np.isfinite(list(verdict.margins.values())))


def test_nothing_but_nan_tells_nothing():
    with pytest.raises(ReadError, match="too weak"):
        column_order(np.full((100, 310), np.nan), CHANNELS, 5)


def test_numbers_go_before_what_is_documented():
    x = flat(de_of(np.random.default_rng(6), 300), "channel")
    assert column_order(x, CHANNELS, 5, "channel").basis == CONFIRMED
    verdict = column_order(x, CHANNELS, 5, "band")
    assert (verdict.order, verdict.basis) == ("channel", CONTRADICTED)
    assert "spectrum +0." in verdict.text()


def test_witnesses_against_each_other_are_refused():
    """A spectrum in one order on top of what goes together in the other."""
    x = de_of(np.random.default_rng(7), 300)
    moves = flat(x - x.mean(axis=0), "channel")
    falls = flat(np.broadcast_to(-3.0 * np.arange(5), (300, 62, 5)), "band")
    with pytest.raises(ReadError, match="contradict each other"):
        column_order(moves + falls, CHANNELS, 5)


def test_one_witness_is_enough_for_what_is_documented_only():
    falls = flat(np.broadcast_to(-3.0 * np.arange(5), (300, 62, 5)), "channel")
    x = falls + 0.1 * np.random.default_rng(8).standard_normal((300, 310))
    assert column_order(x, CHANNELS, 5, "channel").basis == CONFIRMED
    with pytest.raises(ReadError, match="too weak"):
        column_order(x, CHANNELS, 5)
