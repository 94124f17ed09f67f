"""Smoothing against reference numbers, a dense Gaussian solution and a slow twin."""

import naive
import numpy as np
import pytest

from featpipe.features.smoothing import linear_dynamical_system, moving_average


@pytest.mark.samples
def test_reference_numbers(parity):
    reference = np.load(parity / "smoothing.npz")
    x = reference["series"]
    np.testing.assert_allclose(linear_dynamical_system(x), reference["lds_maet"], atol=1e-9)
    np.testing.assert_allclose(
        linear_dynamical_system(x, 1e-4, 1.0, 0.01), reference["lds_rts_seed_constants"], atol=1e-9
    )
    np.testing.assert_allclose(moving_average(x), reference["ma_centred_shrink"], atol=1e-9)


@pytest.mark.parametrize("n_windows", [1, 2, 4, 5, 30])
@pytest.mark.parametrize("width", [1, 3, 5])
def test_moving_average_equals_the_slow_twin(n_windows, width):
    x = np.random.default_rng(0).standard_normal((n_windows, 2, 3))
    np.testing.assert_allclose(moving_average(x, width), naive.moving_average(x, width))


def test_lds_is_the_posterior_mean_of_its_model():
    """The level given all windows, solved as one dense Gaussian system."""
    x = np.random.default_rng(1).standard_normal(12) + 3
    n, q, r, p = len(x), 1e-3, 1.0, 0.1
    precision = np.zeros((n, n))
    right = x / r + 0.0
    precision[np.diag_indices(n)] += 1 / r
    precision[0, 0] += 1 / p
    right[0] += x.mean() / p
    for i in range(1, n):
        precision[i - 1 : i + 1, i - 1 : i + 1] += np.array([[1, -1], [-1, 1]]) / q
    np.testing.assert_allclose(linear_dynamical_system(x), np.linalg.solve(precision, right))


def test_lds_treats_nan_as_not_observed():
    x = np.random.default_rng(2).standard_normal((20, 3))
    clean = linear_dynamical_system(x)
    x[7, 1] = np.nan
    smooth = linear_dynamical_system(x)
    assert np.isnan(smooth[7, 1])
    assert np.isfinite(np.delete(smooth[:, 1], 7)).all()
    np.testing.assert_array_equal(smooth[:, [0, 2]], clean[:, [0, 2]])


def test_moving_average_leaves_nan_in_its_window():
    x = np.arange(10.0)
    x[4] = np.nan
    smooth = moving_average(x)
    assert np.isnan(smooth[4])
    assert smooth[3] == pytest.approx((1 + 2 + 3 + 5) / 4)
    assert np.isfinite(np.delete(smooth, 4)).all()


def test_a_trial_without_windows():
    assert linear_dynamical_system(np.empty((0, 4))).shape == (0, 4)
    assert moving_average(np.empty((0, 4))).shape == (0, 4)
