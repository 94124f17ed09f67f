"""One trial in blocks: whatever is held at once, the numbers are the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featpipe.eeg.filtering import design
from featpipe.eeg.settings import EegSettings
from featpipe.eeg.spatial import plan
from featpipe.eeg.stream import Stream, in_memory
from featpipe.features import trial_features as module
from featpipe.features.trial_features import trial_features
from featpipe.windows import trial_grid

KINDS = {"entropy", "seed_entropy", "density", "bandpass_entropy"}


def stream(seconds=70, sfreq=500.0, n_channels=5, **settings):
    x = 10 * np.random.default_rng(0).standard_normal((n_channels, round(seconds * sfreq)))
    x[1, 9000:9100] = np.nan
    x[2, 20_000] = 3e5
    return Stream(in_memory(x, sfreq), design(sfreq, EegSettings(**settings)))


def features(recording, grid, flagged=()):
    is_flagged = np.zeros(recording.n_times, dtype=bool)
    for start, stop in flagged:
        is_flagged[start:stop] = True
    is_bad = np.zeros(recording.n_channels, dtype=bool)
    return trial_features(recording, grid, KINDS, EegSettings(), is_flagged, is_bad)


@pytest.mark.parametrize(("window_s", "hop_s"), [(1.0, 1.0), (4.0, 0.5), (1.0, 3.3), (30.0, 7.0)])
@pytest.mark.parametrize("settings", [{}, {"l_freq": 1.0, "notch": (50.0,)}])
def test_numbers_are_bit_equal_whatever_is_held_at_once(monkeypatch, window_s, hop_s, settings):
    recording, grid = stream(**settings), trial_grid(3.0, 69.0, 200.0, window_s, hop_s)
    expected = features(recording, grid, [(2000, 2050)])
    assert len(expected.good) == len(grid.starts)
    for block_s in (0.1, 2.7, 1000.0):
        monkeypatch.setattr(module, "_BLOCK_S", block_s)
        found = features(recording, grid, [(2000, 2050)])
        for kind in KINDS:
            np.testing.assert_array_equal(found.values[kind], expected.values[kind], kind)
        np.testing.assert_allclose(found.good, expected.good, atol=1e-12)
        np.testing.assert_array_equal(found.is_flat, expected.is_flat)


@settings(max_examples=40, deadline=None)
@given(
    onset=st.floats(0, 5), seconds=st.floats(0.01, 60), window_s=st.floats(0.2, 8),
    hop_s=st.floats(0.1, 9),
)  # fmt: skip
def test_every_window_of_the_grid_is_computed_exactly_once(onset, seconds, window_s, hop_s):
    grid = trial_grid(onset, onset + seconds, 200.0, window_s, hop_s)
    blocks = list(module._blocks(grid, 20.0))
    windows = np.arange(len(grid.starts))
    found = np.concatenate([windows[block] for block in blocks]) if blocks else windows[:0]
    np.testing.assert_array_equal(found, windows)
    stops = grid.starts + grid.n_window
    assert (stops <= grid.n_times).all()
    for block in blocks:
        span = stops[block][-1] - grid.starts[block][0]
        assert span <= max(20 * 200, grid.n_window)


def test_lost_samples_cost_their_windows_and_lower_good_by_their_share():
    recording, grid = stream(), trial_grid(10.0, 30.0, 200.0, 1.0, 1.0)
    found = features(recording, grid)  # lost: 18.0 to 18.2 s of channel 1, and the filter around
    for kind in KINDS:
        is_lost = np.isnan(found.values[kind])
        assert np.argwhere(is_lost.any(axis=2)).tolist() == [[7, 1], [8, 1]], kind
    reach = len(recording.how.taps) // 2 / recording.how.up / recording.samples.sfreq  # seconds
    n_before = int(reach * 200)
    assert found.good[7] == pytest.approx(1 - n_before / 200 / 5, abs=2e-3)
    assert found.good[8] == pytest.approx(1 - (40 + n_before) / 200 / 5, abs=2e-3)
    assert (found.good[[0, 5, 12]] == 1).all()


@pytest.mark.parametrize("window_s", [1.0, 4.0])
def test_windows_beyond_the_end_are_nan_and_good_by_what_was_recorded(window_s):
    recording = stream(seconds=69.5)
    found = features(recording, trial_grid(60.0, 80.0, 200.0, window_s, window_s))
    starts = 60 + window_s * np.arange(len(found.good))
    share = np.clip((69.5 - starts) / window_s, 0, 1)
    np.testing.assert_allclose(found.good, share)
    for kind in KINDS:
        is_lost = np.isnan(found.values[kind])
        assert is_lost.all(axis=(1, 2)).tolist() == (share < 1).tolist(), kind
        assert is_lost.any(axis=(1, 2)).tolist() == (share < 1).tolist(), kind


def test_a_trial_without_a_window_has_no_rows():
    found = features(stream(), trial_grid(1.0, 1.5, 200.0, 1.0, 1.0))
    assert found.good.shape == (0,)
    assert all(found.values[kind].shape == (0, 5, 5) for kind in KINDS)


def test_white_noise_of_a_recording_has_the_closed_form():
    """Variance v at 1000 Hz is a density of 2 v / 1000 per hertz, in any band of any width."""
    variance = 37.0
    x = np.sqrt(variance) * np.random.default_rng(0).standard_normal((8, 300_000))
    recording = Stream(in_memory(x, 1000.0), design(1000.0, EegSettings()))
    found = features(recording, trial_grid(0.0, 300.0, 200.0, 4.0, 4.0)).values
    width = np.array([3, 4, 6, 17, 20])
    band_variance = 2 * variance / 1000 * width
    for kind in ("entropy", "bandpass_entropy"):
        measured = np.exp(2 * found[kind]) / (2 * np.pi * np.e)
        # zero-phase filtering twice narrows a band a little, the lower the relatively more
        tolerance = 0.03 if kind == "entropy" else 0.12
        np.testing.assert_allclose(measured.mean(axis=(0, 1)), band_variance, rtol=tolerance)
    density = found["density"].mean(axis=(0, 1))
    np.testing.assert_allclose(density, 2 * variance / 1000, rtol=0.03)


@pytest.mark.parametrize("sfreq", [200.0, 250.0, 512.0, 1000.0])
@pytest.mark.parametrize("phase", [0.0, 1.0, 2.5])
def test_a_sine_of_a_recording_has_half_its_squared_amplitude(sfreq, phase):
    time = np.arange(round(20 * sfreq)) / sfreq
    hertz = np.array([[2.0], [6.0], [11.0], [20.0], [40.0]])
    x = 7.0 * np.sin(2 * np.pi * hertz * time + phase)
    recording = Stream(in_memory(x, sfreq), design(sfreq, EegSettings()))
    found = features(recording, trial_grid(5.0, 15.0, 200.0, 1.0, 0.5)).values
    expected = 0.5 * np.log(2 * np.pi * np.e * 49 / 2)
    own = np.arange(5)
    np.testing.assert_allclose(found["entropy"][:, own, own], expected, atol=1e-3)
    np.testing.assert_allclose(found["density"][:, own, own] * [3, 4, 6, 17, 20], 24.5, rtol=2e-3)
    inner = slice(4, -4)  # the padded edges of the trial are felt for two seconds
    np.testing.assert_allclose(found["bandpass_entropy"][inner, own, own], expected, atol=0.02)


def test_a_long_trial_is_band_passed_in_segments_like_a_whole_one(monkeypatch):
    recording, grid = stream(seconds=400), trial_grid(2.0, 398.0, 200.0, 1.0, 0.7)
    monkeypatch.setattr(module, "_WHOLE_S", 1000.0)
    expected = features(recording, grid).values["bandpass_entropy"]
    monkeypatch.setattr(module, "_WHOLE_S", 10.0)
    found = features(recording, grid).values["bandpass_entropy"]
    np.testing.assert_allclose(found, expected, atol=1e-11)
    assert np.isnan(found).sum() < 0.01 * found.size


@pytest.mark.parametrize("reference", [("average",), ("M1", "M2"), ("CZ",)])
@pytest.mark.parametrize("l_freq", [0.0, 0.1])
def test_a_dead_channel_stays_dead_whatever_is_done_to_it(reference, l_freq):
    names = ["CZ", "PZ", "OZ", "M1", "M2"]
    x = 10 * np.random.default_rng(0).standard_normal((5, 30_000))
    x[1] = 137.2
    x[1, 10_000:] = 4e5  # unplugged: it jumps to the rail
    spatial = plan(names, 3, reference=reference)
    how = design(500.0, EegSettings(l_freq=l_freq))
    found = features(Stream(in_memory(x, 500.0), how, spatial), trial_grid(25, 55, 200.0, 1.0, 1.0))
    for kind in KINDS:
        assert np.isnan(found.values[kind][:, 1]).all(), kind
        assert np.isfinite(found.values[kind][:, 2]).all(), kind
    assert found.is_flat.tolist() == [[False, True, False]] * 30  # CZ as reference is 0, not dead
    assert (found.good == 0).all()
