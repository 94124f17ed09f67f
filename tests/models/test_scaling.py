import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.scaling import fit_scaling


@given(st.integers(0, 2**32 - 1), st.floats(0, 0.6))
@settings(max_examples=40, deadline=None)
def test_training_rows_become_standard(seed, share_missing):
    rng = np.random.default_rng(seed)
    x = rng.normal(50, 7, size=(60, 3, 2)).astype(np.float32)
    x[rng.random(x.shape) < share_missing] = np.nan
    rows = np.arange(40)
    scaling = fit_scaling(x, rows)
    z = (x[rows] - scaling.mean) / scaling.scale
    np.testing.assert_allclose(np.nanmean(z, axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.nanstd(z, axis=0), 1, atol=1e-4)
    assert scaling.n_missing == np.isnan(x[rows]).sum()


def test_only_training_rows_are_read():
    x = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    rows = np.arange(0, 20, 2)
    before = fit_scaling(x, rows)
    x[1::2] = np.nan
    after = fit_scaling(x, rows)
    np.testing.assert_array_equal(before.mean, after.mean)
    np.testing.assert_array_equal(before.scale, after.scale)
    assert after.n_missing == 0


def test_constant_and_absent_features_become_zero():
    x = np.full((30, 3), 0.1, np.float32)
    x[:, 1] = np.nan
    x[:, 2] = np.arange(30)
    scaling = fit_scaling(x, np.arange(30))
    np.testing.assert_array_equal((x[:, 0] - scaling.mean[0]) / scaling.scale[0], 0)
    assert (scaling.mean[1], scaling.scale[1]) == (0, 1)
    np.testing.assert_allclose(scaling.scale[2], np.std(np.arange(30)), rtol=1e-6)


@pytest.mark.parametrize("share_missing", [0.0, 0.3])
def test_by_band_all_channels_have_one_mean_and_deviation(share_missing):
    rng = np.random.default_rng(0)
    x = (rng.normal(50, 7, size=(60, 4, 3)) + 10 * np.arange(4)[:, None]).astype(np.float32)
    x[rng.random(x.shape) < share_missing] = np.nan
    rows = np.arange(40)
    scaling = fit_scaling(x, rows, by_band=True)
    assert scaling.mean.shape == scaling.scale.shape == (4, 3)
    for band in range(3):
        known = [v for row in rows for v in x[row, :, band] if not np.isnan(v)]
        np.testing.assert_allclose(scaling.mean[:, band], np.mean(known, dtype=float), rtol=1e-6)
        np.testing.assert_allclose(scaling.scale[:, band], np.std(known, dtype=float), rtol=1e-5)
    assert scaling.n_missing == np.isnan(x[rows]).sum()


def test_what_has_no_bands_is_scaled_by_feature_all_the_same():
    x = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    one, other = (fit_scaling(x, np.arange(20), by_band=of) for of in (False, True))
    np.testing.assert_array_equal(one.mean, other.mean)
    np.testing.assert_array_equal(one.scale, other.scale)
