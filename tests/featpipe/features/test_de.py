"""DE against its slow twin, closed forms and the reference numbers of the SEED code."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from featpipe.errors import ConfigError
from featpipe.features.de import differential_entropy
from featpipe.schema import BANDS
from featpipe.windows import window_starts


def noise(n_channels=3, n_times=1000, seed=0):
    return np.random.default_rng(seed).standard_normal((n_channels, n_times))


@settings(deadline=None, max_examples=40)
@given(
    sfreq=st.sampled_from([128.0, 160.0, 200.0, 201.0]),
    n_window=st.integers(130, 900),
    hop=st.integers(20, 400),
    scale=st.floats(1e-3, 1e3),
    level=st.floats(-1e3, 1e3),
)
def test_equals_the_slow_twin(sfreq, n_window, hop, scale, level):
    x = scale * noise(2, 1400) + level
    ours = differential_entropy(x, sfreq, window_s=n_window / sfreq, hop_s=hop / sfreq)
    starts = window_starts(x.shape[1], n_window, hop)
    twin = naive.differential_entropy(x, sfreq, BANDS, n_window, starts)
    np.testing.assert_allclose(ours, twin, atol=1e-8)


def test_white_noise_has_the_closed_form():
    """A band of width w of white noise with variance v holds the power v * 2 w / sfreq."""
    x = 3.0 * noise(4, 200 * 400)
    sigma2 = np.exp(2 * differential_entropy(x, 200.0)).mean(axis=(0, 1)) / (2 * np.pi * np.e)
    expected = [9.0 * 2 * (high - low) / 200 for low, high in BANDS.values()]
    np.testing.assert_allclose(sigma2, expected, rtol=0.05)


@pytest.mark.parametrize("rho", [-0.5, 0.6, 0.95])
def test_coloured_noise_has_the_closed_form(rho):
    """E|X_k|^2 of a window of AR(1) noise is a quadratic form of its autocovariance."""
    n, variance, sfreq = 200, 50.0, 200.0
    rng = np.random.default_rng(0)
    shocks = np.sqrt(variance * (1 - rho**2)) * rng.standard_normal((40, 120 * n + 1000))
    x = lfilter([1.0], [1.0, -rho], shocks, axis=1)[:, 1000:]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    waves = hann * np.exp(-2j * np.pi * np.outer(np.arange(n // 2 + 1), np.arange(n)) / n)
    waves -= waves.mean(axis=1, keepdims=True)  # the window's mean is taken off first
    covariance = variance * rho ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    power = 2 * np.einsum("kn,nm,km->k", waves.conj(), covariance, waves).real
    power /= n * (hann**2).sum()
    measured = np.exp(2 * differential_entropy(x, sfreq)) / (2 * np.pi * np.e)
    for band, (low, high) in enumerate(BANDS.values()):
        expected = power[int(low) : int(high)].sum()
        assert measured[:, :, band].mean() == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("phase", [0.0, 0.4, 1.1, 2.9])
@pytest.mark.parametrize(("frequency", "band"), [(2, 0), (6, 1), (10, 2), (20, 3), (40, 4)])
def test_a_sine_has_half_its_squared_amplitude_whatever_its_phase(frequency, band, phase):
    time = np.arange(800) / 200
    x = 7.0 * np.sin(2 * np.pi * frequency * time + phase)[np.newaxis]
    de = differential_entropy(x, 200.0)
    np.testing.assert_allclose(de[:, 0, band], 0.5 * np.log(2 * np.pi * np.e * 49 / 2), atol=1e-9)


def test_scaling_by_a_shifts_by_log_a():
    x = noise()
    np.testing.assert_allclose(
        differential_entropy(5.0 * x, 200.0), differential_entropy(x, 200.0) + np.log(5.0)
    )


def test_channels_do_not_see_each_other():
    x = noise(5)
    order = [3, 1, 4, 0, 2]
    np.testing.assert_array_equal(
        differential_entropy(x[order], 200.0), differential_entropy(x, 200.0)[:, order]
    )


def test_nan_stays_in_its_channel_and_window():
    x = noise(3, 1000)
    clean = differential_entropy(x, 200.0)
    x[1, 450] = np.nan
    de = differential_entropy(x, 200.0)
    assert np.isnan(de[2, 1]).all()
    de[2, 1] = clean[2, 1]
    np.testing.assert_array_equal(de, clean)


@pytest.mark.parametrize("level", [0.0, 5.0, 1234.567, -1e5])
@pytest.mark.parametrize("convention", ["nats", "seed"])
def test_a_flat_window_is_nan_never_minus_infinity(level, convention):
    x = np.full((1, 400), level)
    assert np.isnan(differential_entropy(x, 200.0, convention=convention)).all()


def test_a_small_signal_on_a_large_offset_is_not_flat():
    x = 1e5 + noise(1, 400)
    np.testing.assert_allclose(
        differential_entropy(x, 200.0), differential_entropy(x - 1e5, 200.0), atol=1e-7
    )


def test_window_counts():
    assert differential_entropy(noise(1, 999), 200.0).shape == (4, 1, 5)
    assert differential_entropy(noise(1, 1000), 200.0, hop_s=0.5).shape == (9, 1, 5)
    assert differential_entropy(noise(1, 100), 200.0).shape == (0, 1, 5)


@pytest.mark.samples
@pytest.mark.parametrize(
    ("array", "window_s"), [("w1_de", 1.0), ("w4_de", 4.0)], ids=["1 s", "4 s"]
)
def test_seed_convention_equals_the_reference_numbers(parity, array, window_s):
    reference = np.load(parity / "de_stft.npz")
    x = reference["signal_counts"] * reference["scale_uV"]
    ours = differential_entropy(x, 200.0, window_s=window_s, convention="seed")
    np.testing.assert_allclose(ours, reference[array], atol=1e-9)


@pytest.mark.samples
def test_seed_convention_with_other_bands(parity):
    reference = np.load(parity / "de_stft.npz")
    x = (reference["signal_counts"] * reference["scale_uV"])[:8]
    bands = {str(i): tuple(map(float, edges)) for i, edges in enumerate(reference["bands_b"])}
    ours = differential_entropy(x, 200.0, bands=bands, convention="seed")
    np.testing.assert_allclose(ours, reference["w1_de_bands_b_ch8"], atol=1e-9)


@pytest.mark.parametrize(
    "arguments", [{"method": "welch"}, {"convention": "bits"}, {"window_s": 0.0}]
)
def test_wrong_arguments_are_named(arguments):
    with pytest.raises(ConfigError):
        differential_entropy(noise(), 200.0, **arguments)


def test_wrong_shape_is_named():
    with pytest.raises(ConfigError, match=r"n_channels, n_times"):
        differential_entropy(np.zeros(100), 200.0)
