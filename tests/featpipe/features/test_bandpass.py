"""DE of band-passed trials against scipy, its slow twin, closed forms and reference numbers."""

import naive_features
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from featpipe.errors import ConfigError
from featpipe.features.bandpass import bandpass_entropy, bandpass_entropy_at
from featpipe.features.butterworth import sections
from featpipe.schema import BANDS

LEVEL = 0.5 * np.log(2 * np.pi * np.e)
"""DE of a variance of 1."""


def noise(n_channels=3, n_times=2000, seed=0):
    return np.random.default_rng(seed).standard_normal((n_channels, n_times))


def by_scipy(x, sfreq, starts, n_window, bands, order):
    out = np.empty((len(starts), len(x), len(bands)))
    for k, edges in enumerate(bands.values()):
        sos = signal.butter(order, edges, "bandpass", fs=sfreq, output="sos")
        y = signal.sosfiltfilt(sos, x, axis=1)
        out[:, :, k] = [y[:, start : start + n_window].var(axis=1) for start in starts]
    return out


def response(edges, order, power):
    """Mean of |H|^power over all frequencies: what is left of the variance of white noise."""
    sos = signal.butter(order, edges, "bandpass", fs=200.0, output="sos")
    _, h = signal.freqz_sos(sos, worN=1 << 16)
    return (np.abs(h) ** power).mean()


@settings(deadline=None, max_examples=25)
@given(
    sfreq=st.sampled_from([128.0, 200.0, 250.0]),
    order=st.integers(1, 5),
    n_times=st.integers(300, 900),
    n_window=st.integers(20, 250),
    hop=st.integers(7, 200),
    level=st.floats(-1e3, 1e3),
)
def test_equals_scipy(sfreq, order, n_times, n_window, hop, level):
    x = noise(2, n_times) + level
    starts = np.arange(0, n_times - n_window + 1, hop)
    ours = bandpass_entropy_at(x, sfreq, starts, n_window, order=order)
    variance = by_scipy(x, sfreq, starts, n_window, BANDS, order)
    # both round at 1e-16 of the level squared, which shows where a window is almost empty
    np.testing.assert_allclose(np.exp(2 * (ours - LEVEL)), variance, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("n_channels", [1, 15, 16, 17, 40])
@pytest.mark.parametrize("n_times", [511, 512, 513])
def test_equals_scipy_whatever_the_blocks(n_channels, n_times):
    x, starts = noise(n_channels, n_times), np.array([0, 111, 300])
    ours = bandpass_entropy_at(x, 200.0, starts, 200)
    variance = by_scipy(x, 200.0, starts, 200, BANDS, 4)
    # both round at 1e-16 of the level squared, which shows where a window is almost empty
    np.testing.assert_allclose(np.exp(2 * (ours - LEVEL)), variance, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("n_times", [2, 5, 27, 28, 60, 300])
def test_equals_the_slow_twin_in_short_trials_and_across_gaps(n_times):
    x = noise(4, n_times) + 20
    x[1, n_times // 2] = np.nan
    x[2, : n_times // 3] = np.inf
    x[2, -1] = np.nan
    x[3] = np.nan
    starts, n_window = np.arange(0, max(1, n_times - 20), 7), min(n_times, 20)
    ours = bandpass_entropy_at(x, 200.0, starts, n_window)
    twin = naive_features.bandpass_entropy(x, 200.0, BANDS, starts, n_window)
    np.testing.assert_allclose(ours, twin, atol=1e-7)
    assert np.isfinite(ours[:, 0]).all()


def test_white_noise_keeps_the_fourth_power_of_the_response():
    """Two passes let |H|^4 of the spectrum through, whatever the band and the order."""
    x = 3.0 * noise(8, 200 * 300)
    for order in (2, 4):
        de = bandpass_entropy(x, 200.0, window_s=300.0, order=order)
        expected = [9.0 * response(edges, order, 4) for edges in BANDS.values()]
        np.testing.assert_allclose(np.exp(2 * (de - LEVEL)).mean(axis=(0, 1)), expected, rtol=0.05)


@pytest.mark.parametrize(("frequency", "band"), [(2, 0), (6, 1), (11, 2), (20, 3), (40, 4)])
def test_a_sine_in_the_band_has_half_its_squared_amplitude(frequency, band):
    x = 7.0 * np.sin(2 * np.pi * frequency * np.arange(4000) / 200 + 0.4)[np.newaxis]
    de = bandpass_entropy(x, 200.0)[5:-5, 0, band]
    np.testing.assert_allclose(de, LEVEL + 0.5 * np.log(49 / 2), atol=2e-3)


def test_scaling_by_a_shifts_by_log_a():
    x = noise()
    np.testing.assert_allclose(
        bandpass_entropy(5.0 * x, 200.0), bandpass_entropy(x, 200.0) + np.log(5.0), atol=1e-9
    )


def test_a_level_does_not_matter():
    x = noise()
    np.testing.assert_allclose(
        bandpass_entropy(x + 1e5, 200.0), bandpass_entropy(x, 200.0), atol=1e-7
    )


def test_time_has_no_direction():
    x = noise(2, 2000)
    np.testing.assert_allclose(
        bandpass_entropy(x[:, ::-1], 200.0)[2:-2], bandpass_entropy(x, 200.0)[::-1][2:-2], rtol=0.05
    )


@pytest.mark.parametrize("n_channels", [5, 37])
def test_channels_do_not_see_each_other(n_channels):
    x = noise(n_channels, 1000)
    order = np.random.default_rng(1).permutation(n_channels)
    de = bandpass_entropy(x, 200.0)
    np.testing.assert_array_equal(bandpass_entropy(x[order], 200.0), de[:, order])
    np.testing.assert_array_equal(bandpass_entropy(x[3:4], 200.0), de[:, 3:4])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_lost_sample_stays_in_its_channel_and_window(value):
    x = noise(3, 2000)
    clean = bandpass_entropy(x, 200.0)
    x[1, 850] = value
    de = bandpass_entropy(x, 200.0)
    assert np.isnan(de[4, 1]).all()
    assert np.argwhere(np.isnan(de).any(axis=2)).tolist() == [[4, 1]]
    np.testing.assert_array_equal(de[:, [0, 2]], clean[:, [0, 2]])
    # one bridged sample is heard next door and, seconds away, no more
    np.testing.assert_allclose(de[[3, 5], 1], clean[[3, 5], 1], atol=0.2)
    np.testing.assert_allclose(de[[0, 9], 1], clean[[0, 9], 1], atol=1e-2)


def test_a_long_gap_takes_its_windows_only():
    x = noise(1, 2000) + 1e3
    x[0, 500:901] = np.nan
    is_lost = np.isnan(bandpass_entropy(x, 200.0)[:, 0])
    assert np.flatnonzero(is_lost.all(axis=1)).tolist() == [2, 3, 4]
    assert is_lost.any(axis=1).sum() == 3
    # the filter meets a straight line, not a step down from 1000
    np.testing.assert_allclose(
        bandpass_entropy(x - 1e3, 200.0), bandpass_entropy(x, 200.0), atol=1e-7
    )


@pytest.mark.parametrize("level", [0.0, 5.0, 1234.567, -1e5])
def test_a_flat_channel_is_nan_never_minus_infinity(level):
    x = noise(2, 1000)
    x[1] = level
    de = bandpass_entropy(x, 200.0)
    assert np.isnan(de[:, 1]).all()
    assert np.isfinite(de[:, 0]).all()


def test_a_flat_window_holds_nothing_but_ringing():
    x = noise(1, 1000) + 50
    x[0, 400:600] = 50.0
    assert np.flatnonzero(np.isnan(bandpass_entropy(x, 200.0)).all(axis=(1, 2))).tolist() == [2]


def test_windows():
    x = noise(2, 1000)
    assert bandpass_entropy(x, 200.0, hop_s=0.5).shape == (9, 2, 5)
    assert bandpass_entropy(x[:, :100], 200.0).shape == (0, 2, 5)
    assert bandpass_entropy_at(x[:, :0], 200.0, [], 200).shape == (0, 2, 5)
    de = bandpass_entropy(x, 200.0)
    np.testing.assert_array_equal(bandpass_entropy(x, 200.0, hop_s=0.5)[::2], de)
    np.testing.assert_array_equal(bandpass_entropy_at(x, 200.0, [600, 0], 200), de[[3, 0]])


def test_takes_what_numpy_takes():
    counts = np.round(100 * noise(2, 600)).astype(np.int16)
    de = bandpass_entropy(counts.astype(float), 200.0)
    np.testing.assert_array_equal(bandpass_entropy(counts.tolist(), 200.0), de)
    np.testing.assert_array_equal(bandpass_entropy(np.asfortranarray(counts), 200.0), de)


@pytest.mark.parametrize("edges", [(31.0, 64.0), (31.0, 70.0), (0.0, 4.0), (8.0, 8.0)])
def test_an_impossible_band_is_named(edges):
    with pytest.raises(ConfigError, match=r"band mine = .* 0 < low < high < 64 Hz"):
        bandpass_entropy(noise(), 128.0, bands={"mine": edges})


def test_wrong_arguments_are_named():
    with pytest.raises(ConfigError, match="n_channels, n_times"):
        bandpass_entropy(np.zeros(100), 200.0)
    with pytest.raises(ConfigError, match="order = 0"):
        bandpass_entropy(noise(), 200.0, order=0)
    for starts in ([1900], [-1]):
        with pytest.raises(ConfigError, match="inside the trial of 2000 samples"):
            bandpass_entropy_at(noise(), 200.0, starts, 200)


def test_filters_are_designed_once_for_all_trials(monkeypatch):
    designed = []
    butter = signal.butter
    monkeypatch.setattr(signal, "butter", lambda *a, **k: designed.append(a) or butter(*a, **k))
    for trial in range(3):
        bandpass_entropy(noise() + trial, 201.5, bands={"mine": (8.0, 14.0), "other": (1, 4)})
    assert len(designed) == 2
    for array in sections({"mine": (8.0, 14.0), "other": (1, 4)}, 201.5, 4):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0
    assert len(designed) == 2


def named(bands):
    return {str(i): tuple(map(float, edges)) for i, edges in enumerate(bands)}


@pytest.mark.samples
def test_equals_the_reference_of_zero_phase_filters(parity):
    """The reference has bits and sample variance (ddof 1)."""
    reference = np.load(parity / "de_bandpass.npz")
    sfreq, bands = float(reference["c_fs"]), named(reference["c_bands"])
    nats = bandpass_entropy(reference["c_signal"], sfreq, bands=bands, order=3)
    n_window = round(sfreq)
    bits = (nats + 0.5 * np.log(n_window / (n_window - 1))) / np.log(2)
    np.testing.assert_allclose(bits, reference["c_de_sos"], atol=1e-8)


@pytest.mark.samples
@pytest.mark.parametrize("case", ["a", "b"])
def test_the_other_reference_is_one_pass_from_rest(parity, case):
    reference = np.load(parity / "de_bandpass.npz")
    x, sfreq, bands = (reference[f"{case}_{what}"] for what in ("signal", "fs", "bands"))
    twin = naive_features.window_entropy_from_rest(x, float(sfreq), bands, order=5)
    np.testing.assert_allclose(twin / np.log(2), reference[f"{case}_de_sos"], atol=1e-8)


def from_rest(edges, n_window):
    """Expected variance of a window of white noise filtered once from rest, by impulse response."""
    sos = signal.butter(4, edges, "bandpass", fs=200.0, output="sos")
    h = signal.sosfilt(sos, np.eye(1, n_window)[0])
    return np.cumsum(h**2).mean() - (np.cumsum(h) ** 2).sum() / n_window**2


def test_one_pass_from_rest_differs_as_the_notes_say():
    """Of white noise |H|^2 is left, not |H|^4; in 1-s windows less, most so in slow bands."""
    x, bands = noise(16, 200 * 200), list(BANDS.values())
    windows = x.reshape(-1, 200)
    de = naive_features.window_entropy_from_rest(windows, 200.0, bands, order=4)
    expected = [from_rest(edges, 200) for edges in bands]
    np.testing.assert_allclose(np.exp(2 * (de - LEVEL)).mean(axis=0), expected, rtol=0.05)
    long = [from_rest(edges, 60000) for edges in bands]
    np.testing.assert_allclose(long, [response(edges, 4, 2) for edges in bands], rtol=0.01)
    lost = 1 - np.divide(expected, long)
    assert (np.diff(lost) < 0).all()
    np.testing.assert_allclose(lost[[0, -1]], [0.32, 0.05], atol=0.01)
