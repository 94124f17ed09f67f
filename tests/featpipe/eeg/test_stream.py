"""A recording as a stream: second filter, end of the recording, cleaning matrix."""

import numpy as np
import pytest

from featpipe.eeg.filtering import design
from featpipe.eeg.resampling import resample
from featpipe.eeg.settings import EegSettings
from featpipe.eeg.spatial import plan
from featpipe.eeg.stream import Stream, in_memory, read_stream


def stream(x, sfreq=500.0, spatial=None, **settings):
    return Stream(in_memory(x, sfreq), design(sfreq, EegSettings(**settings)), spatial)


def test_pieces_equal_the_whole_bit_by_bit_behind_a_high_pass_and_a_notch():
    x = np.random.default_rng(0).standard_normal((3, 10_000))
    recording = stream(x, l_freq=2.0, notch=(50.0,))
    whole = read_stream(recording, 0, recording.n_times)
    for start, stop in [(0, 7), (5, 6), (1001, 2222), (3990, 4000)]:
        np.testing.assert_array_equal(read_stream(recording, start, stop), whole[:, start:stop])


def test_behind_the_end_nothing_is_known():
    x = np.random.default_rng(0).standard_normal((2, 5000))
    y = read_stream(stream(x), 1990, 2010)
    assert y.shape == (2, 20)
    assert np.isfinite(y[:, :10]).all()
    assert np.isnan(y[:, 10:]).all()
    assert np.isnan(read_stream(stream(x), 2500, 2510)).all()


def test_a_notch_takes_a_tone_out_and_leaves_its_neighbour():
    time = np.arange(20_000) / 1000
    x = np.stack([np.sin(2 * np.pi * hertz * time) for hertz in (50.0, 53.0)])
    y = resample(x, 1000.0, EegSettings(notch=(50.0,)))[:, 1000:-1000]
    assert np.abs(y[0]).max() < 2e-3
    assert np.std(y[1]) == pytest.approx(np.sqrt(0.5), rel=2e-3)


def test_a_high_pass_takes_dc_and_a_dead_channel_stays_dead():
    x = np.stack([np.full(5000, 137.2), 137.2 + np.sin(np.arange(5000) / 10)])
    y = resample(x, 500.0, EegSettings(l_freq=1.0))
    assert not y[0].any()
    assert np.abs(y[1].mean()) < 0.1
    assert y[1].std() > 0.5


def test_cleaning_is_one_matrix_over_the_inputs():
    x = np.random.default_rng(0).standard_normal((4, 5000))
    spatial = plan(["CZ", "PZ", "M1", "M2"], 2, reference=["M1", "M2"])
    plain = read_stream(stream(x), 100, 200)
    y = read_stream(stream(x, spatial=spatial), 100, 200)
    np.testing.assert_allclose(y, plain[:2] - plain[2:].mean(axis=0), atol=1e-12)
