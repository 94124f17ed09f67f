"""Closed forms of agreement: lines, orders, smoothing, shares of variance."""

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from featpipe.features import agreement

N_TRIALS, N_WINDOWS = 12, 40
TRIAL = np.repeat(np.arange(N_TRIALS), N_WINDOWS)
RECORDING = TRIAL // 6
IS_NEXT = np.r_[False, np.diff(TRIAL) == 0]


@pytest.fixture
def a():
    rng = np.random.default_rng(0)
    return rng.standard_normal((len(TRIAL), 5)) + rng.standard_normal((N_TRIALS, 5))[TRIAL]


def compare(a, b):
    return agreement.compare(a, b, TRIAL, RECORDING, IS_NEXT)


def test_a_line_is_found_exactly(a):
    found = compare(a, 2.885 * a - 7)
    assert found["slope"].to_numpy() == pytest.approx([2.885] * 5)
    assert found["offset"].to_numpy() == pytest.approx([-7] * 5)
    assert found["scale"].to_numpy() == pytest.approx([2.885] * 5)
    assert found["sd_ratio"].to_numpy() == pytest.approx([2.885] * 5)
    for name in ("pearson", "spearman", "pearson_within", "spearman_within", "pearson_trials"):
        assert found[name].to_numpy() == pytest.approx([1] * 5)


def test_outliers_do_not_move_the_line(a):
    b = 2 * a + 1
    b[::10] += 1000
    found = compare(a, b)
    assert found["slope"].to_numpy() == pytest.approx([2] * 5, abs=1e-6)
    assert found["offset"].to_numpy() == pytest.approx([1] * 5, abs=1e-6)


def test_correlations_are_those_of_scipy_without_what_is_missing(a):
    b = a + np.random.default_rng(1).standard_normal(a.shape)
    b[3, 0] = a[5, 0] = np.nan
    found = compare(a, b)
    keep = np.isfinite(a[:, 0]) & np.isfinite(b[:, 0])
    assert found["n"].tolist() == [len(a) - 2, *[len(a)] * 4]
    assert found["pearson"][0] == pytest.approx(pearsonr(a[keep, 0], b[keep, 0]).statistic)
    assert found["spearman"][0] == pytest.approx(spearmanr(a[keep, 0], b[keep, 0]).statistic)
    inner = [x[:, 1] - np.array([x[t == TRIAL, 1].mean() for t in TRIAL]) for x in (a, b)]
    assert found["pearson_within"][1] == pytest.approx(pearsonr(*inner).statistic)
    assert found["spearman_within"][1] == pytest.approx(spearmanr(*inner).statistic)


def test_what_only_differs_between_recordings_is_no_agreement_within_trials():
    rng = np.random.default_rng(2)
    level = 10.0 * RECORDING[:, np.newaxis]
    a, b = (level + rng.standard_normal((len(TRIAL), 3)) for _ in range(2))
    found = compare(a, b)
    assert (found["pearson"] > 0.9).all()
    assert (found["pearson_within"].abs() < 0.15).all()
    assert (found["between_a"] < 0.1).all()


def test_a_column_that_does_not_vary_has_no_correlation(a):
    b = a.copy()
    b[:, 2] = 4.0
    found = compare(a, b)
    assert np.isnan(found["pearson"][2])
    assert np.isnan(found["pearson_within"][2])
    assert compare(b, a)["slope"].isna().tolist() == [False, False, True, False, False]


def test_neighbours_of_an_autoregression_correlate_by_its_coefficient():
    rng = np.random.default_rng(3)
    trial = np.repeat([0, 1], 5000)
    x = rng.standard_normal((10_000, 2))
    for i in range(1, len(x)):
        x[i] += 0.8 * x[i - 1]
    is_next = np.r_[False, np.diff(trial) == 0]
    assert agreement.lag_one(x, is_next) == pytest.approx([0.8, 0.8], abs=0.03)


def test_share_between_trials_is_that_of_the_variances():
    rng = np.random.default_rng(4)
    trial = np.repeat(np.arange(400), 50)
    recording = trial // 100
    x = rng.standard_normal((len(trial), 1)) + 3 * rng.standard_normal((400, 1))[trial]
    x += 100.0 * recording[:, np.newaxis]
    assert agreement.between_share(x, trial, recording) == pytest.approx([0.9], abs=0.03)


@pytest.mark.parametrize("how", ["moving average", "LDS"])
def test_a_smoothed_copy_is_told(a, how):
    b = 3 * agreement.smoothed(a, TRIAL, how) + 1
    found = {
        name: agreement.median_within(agreement.smoothed(a, TRIAL, name), b, TRIAL)
        for name in agreement.SMOOTHERS
    }
    assert max(found, key=lambda name: found[name]) == how
    assert found[how] == pytest.approx(1)
    rows = compare(a, b)
    assert (rows["lag1_b"] > rows["lag1_a"] + 0.4).all()
    assert rows["scale"].to_numpy() == pytest.approx([3] * 5, abs=0.1)


def test_smoothing_never_crosses_trials(a):
    b = a.copy()
    b[TRIAL == 3] += 50
    one, two = (agreement.smoothed(x, TRIAL, "LDS") for x in (a, b))
    assert (one[TRIAL != 3] == two[TRIAL != 3]).all()


def test_columns_in_another_order_are_found(a):
    order = [3, 0, 4, 2, 1]
    b = -5 * a[:, order]
    assert (-agreement.cross_correlation(a, b, TRIAL)).argmax(axis=0).tolist() == order
    b[:, 0] = 1.0
    assert not agreement.cross_correlation(a, b, TRIAL)[:, 0].any()


def test_many_columns_are_compared_in_blocks():
    rng = np.random.default_rng(5)
    a = rng.standard_normal((len(TRIAL), 310)).astype(np.float32)
    found = compare(a, a * np.arange(1, 311, dtype=np.float32))
    assert found["slope"].to_numpy() == pytest.approx(np.arange(1, 311), rel=1e-5)
