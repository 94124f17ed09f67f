"""Power density against scipy's periodogram, its slow twin and closed forms."""

import naive_features
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from featpipe.errors import ConfigError
from featpipe.features.band_power import band_power_at
from featpipe.features.de import differential_entropy
from featpipe.features.psd import bands_below, density_from_power, power_density
from featpipe.schema import BANDS
from featpipe.windows import window_starts


def noise(n_channels=3, n_times=1000, seed=0):
    return np.random.default_rng(seed).standard_normal((n_channels, n_times))


@settings(deadline=None, max_examples=25)
@given(
    sfreq=st.sampled_from([128.0, 200.0, 201.0]),
    n_window=st.integers(130, 500),
    hop=st.integers(20, 400),
    scale=st.floats(1e-3, 1e3),
    level=st.floats(-1e3, 1e3),
)
def test_equals_the_periodogram_of_scipy(sfreq, n_window, hop, scale, level):
    x = scale * noise(2, 1200) + level
    ours = power_density(x, sfreq, window_s=n_window / sfreq, hop_s=hop / sfreq)
    starts = window_starts(x.shape[1], n_window, hop)
    windows = np.stack([x[:, start : start + n_window] for start in starts])
    frequency, density = signal.periodogram(
        windows, sfreq, window="hann", detrend="constant", scaling="density"
    )
    for k, (low, high) in enumerate(BANDS.values()):
        inside = (frequency >= low - 1e-9) & (frequency < high - 1e-9)
        np.testing.assert_allclose(ours[:, :, k], density[:, :, inside].mean(axis=2), rtol=1e-6)


def test_equals_the_slow_twin():
    x, starts = noise(2, 400), np.array([0, 100, 200])
    x[1, 150:] = 3.0
    bands = {**BANDS, "all": (0.0, 101.0), "none": (4.1, 4.9)}
    ours = power_density(x, 200.0, bands=bands, hop_s=0.5)
    twin = naive_features.power_density(x, 200.0, bands, starts, 200)
    np.testing.assert_allclose(ours, twin, rtol=1e-9)
    assert np.isnan(ours[2, 1]).all()
    assert np.isnan(ours[:, :, -1]).all()


def test_white_noise_has_the_same_density_everywhere():
    density = power_density(3.0 * noise(4, 200 * 400), 200.0).mean(axis=(0, 1))
    np.testing.assert_allclose(density, 9.0 * 2 / 200, rtol=0.05)


def test_density_and_entropy_are_one_power():
    x = noise()
    width = np.array([high - low for low, high in BANDS.values()])  # Hz, whole ones
    de = 0.5 * np.log(2 * np.pi * np.e * width * power_density(x, 200.0))
    np.testing.assert_allclose(de, differential_entropy(x, 200.0), atol=1e-9)


def test_no_power_has_no_density():
    power = [[[0.0, 3.0, np.nan, 6.0, 19.0]]]
    expected = [[[np.nan, 3 / 4, np.nan, 6 / 17, 19 / 20]]]
    np.testing.assert_allclose(density_from_power(power, BANDS, 200.0, 200), expected)


def test_a_band_that_is_cut_off_has_the_density_of_what_is_left():
    x, starts = noise(4, 110 * 200), 110 * np.arange(200)
    left = bands_below(BANDS, 44.0)
    assert left == {**BANDS, "gamma": (31.0, 44.0)}
    power = band_power_at(x, 110.0, starts, 110, left)
    density = density_from_power(power, BANDS, 110.0, 110, h_freq=44.0)
    np.testing.assert_allclose(density[:, :, 4].mean(), 2 / 110, rtol=0.03)  # as everywhere
    np.testing.assert_array_equal(density, density_from_power(power, left, 110.0, 110))
    np.testing.assert_array_equal(
        density_from_power(power, BANDS, 110.0, 110, h_freq=60.0),
        density_from_power(power, BANDS, 110.0, 110),
    )


def test_nan_stays_in_its_channel_and_window():
    x = noise(3, 1000)
    clean = power_density(x, 200.0)
    x[1, 450] = np.nan
    density = power_density(x, 200.0)
    assert np.isnan(density[2, 1]).all()
    density[2, 1] = clean[2, 1]
    np.testing.assert_allclose(density, clean, rtol=1e-12)


def test_wrong_shape_is_named():
    with pytest.raises(ConfigError, match="n_channels, n_times"):
        power_density(np.zeros(100), 200.0)
