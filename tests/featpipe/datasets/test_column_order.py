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
    with pytest.raises(ReadError, match="too weak: pattern"):
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
    assert "pattern +0." in verdict.text()


def test_witnesses_against_each_other_are_refused():
    """A spectrum in one order on top of what goes together in the other."""
    x = de_of(np.random.default_rng(7), 300)
    moves = flat(x - x.mean(axis=0), "channel")
    falls = flat(np.broadcast_to(-3.0 * np.arange(5), (300, 62, 5)), "band")
    with pytest.raises(ReadError, match="contradict each other"):
        column_order(moves + falls, CHANNELS, 5)


def only_a_spectrum(order):
    falls = flat(np.broadcast_to(-3.0 * np.arange(5), (300, 62, 5)), order)
    return falls + 0.1 * np.random.default_rng(8).standard_normal((300, 310))


def test_the_spectrum_alone_is_enough_for_what_is_documented_only():
    x = only_a_spectrum("channel")
    assert column_order(x, CHANNELS, 5, "channel").basis == CONFIRMED
    with pytest.raises(ReadError, match="too weak"):
        column_order(x, CHANNELS, 5)


def test_what_is_documented_is_refused_where_the_only_sign_is_against_it():
    with pytest.raises(ReadError, match=r"documented to run band by band.*speaks for channel by"):
        column_order(only_a_spectrum("channel"), CHANNELS, 5, "band")


def test_delta_above_gamma_otherwise_only_is_a_sign_against_what_is_documented():
    """Electrodes differ more than bands do: the spectrum explains little in either reading."""
    of_channel = 6 * np.random.default_rng(5).standard_normal((62, 1))
    x = -np.arange(5) + of_channel + np.zeros((40, 1, 1))
    x = x + 0.1 * np.random.default_rng(9).standard_normal(x.shape)
    with pytest.raises(ReadError, match=r"delta above gamma in 4[0-9]% as documented, in 100%"):
        column_order(flat(x, "channel"), CHANNELS, 5, "band")


NUISANCES = {
    "dead channels": lambda x: np.where(np.isin(np.arange(62), [3, 10, 57, 61])[:, None], 0.0, x),
    "standardised columns": lambda x: (x - x.mean(axis=0)) / x.std(axis=0),
    "levels of bands lost": lambda x: x - x.mean(axis=(0, 1)),
    "delta filtered off": lambda x: x - np.array([8, 0, 0, 0, 0]),
    "mean of channels lost": lambda x: x - x.mean(axis=1, keepdims=True),
    "electrodes that differ": lambda x: x + 4 * np.random.default_rng(9).normal(size=(62, 1)),
    "two channels of artefact": lambda x: x + np.where(
        np.isin(np.arange(62), [3, 10])[:, None],
        15 * np.random.default_rng(1).standard_normal((len(x), 62, 1)), 0.0),
    "bands high to low": lambda x: x[:, :, ::-1],
    "another order of channels": lambda x: x[:, np.random.default_rng(4).permutation(62)],
    "power": lambda x: np.exp2(x) / 100,
    "single precision": lambda x: x.astype(np.float32).astype(float),
}  # fmt: skip


@pytest.mark.parametrize("name", NUISANCES)
@pytest.mark.parametrize("order", ["channel", "band"])
def test_what_laboratories_do_to_features_does_not_hide_the_order(name, order):
    """12 windows of a trial and 40 of each of three others, smoothed one by one."""
    rng = np.random.default_rng(10)
    x = np.concatenate([linear_dynamical_system(de_of(rng, n)) for n in (12, 40, 40, 40)])
    assert column_order(flat(NUISANCES[name](x), order), CHANNELS, 5).order == order


@pytest.mark.parametrize("n_windows", [6, 12, 54])
def test_artefacts_that_go_through_columns_at_random_tell_nothing(n_windows):
    rng = np.random.default_rng(n_windows)
    noise = 0.5 * rng.standard_normal((n_windows, 310))
    common = rng.standard_normal((n_windows, 3)) @ rng.standard_normal((3, 310))
    walk = np.cumsum(rng.standard_normal((n_windows, 310)), axis=0)
    shuffled = flat(de_of(rng, n_windows), "channel")[:, rng.permutation(310)]
    for x in (noise + common, walk, rng.standard_cauchy((n_windows, 310)), shuffled):
        with pytest.raises(ReadError, match="too weak"):
            column_order(x, CHANNELS, 5)
