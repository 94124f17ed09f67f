"""A recording as a stream: second filter, end of the recording, cleaning matrix."""

import numpy as np
import pytest

from featpipe.eeg.filtering import design
from featpipe.eeg.resampling import resample
from featpipe.eeg.settings import EegSettings
from featpipe.eeg.spatial import plan
from featpipe.eeg.stream import Stream, in_memory, read_both, read_stream


def stream(x, sfreq=500.0, spatial=None, **settings):
    return Stream(in_memory(x, sfreq), design(sfreq, EegSettings(**settings)), spatial)


SPOILED = {
    "clean": lambda x: None,
    "lost": lambda x: x.__setitem__((1, slice(4000, 4010)), np.nan),
    "paused": lambda x: x.__setitem__((0, slice(5000, 9500)), np.nan),
    "spike": lambda x: x.__setitem__((2, 7001), 3e5),
    "drift": lambda x: x.__iadd__(5000 * np.arange(x.shape[1]) / 500),
}


@pytest.mark.parametrize("defect", SPOILED)
@pytest.mark.parametrize("settings", [{"l_freq": 2.0, "notch": (50.0,)}, {"l_freq": 0.2}, {}])
def test_pieces_equal_the_whole_bit_by_bit(defect, settings):
    x = np.random.default_rng(0).standard_normal((3, 12_000))
    SPOILED[defect](x)
    recording = stream(x, **settings)
    whole = read_stream(recording, 0, recording.n_times)
    bounds = [(0, 7), (5, 6), (1001, 2222), (3990, 4000), (4790, 4800), (300, 300)]
    bounds += [(start, start + 200) for start in range(0, 4600, 200)]
    for start, stop in bounds:
        np.testing.assert_array_equal(read_stream(recording, start, stop), whole[:, start:stop])


@pytest.mark.parametrize("settings", [{"l_freq": 0.1}, {"l_freq": 2.0}, {"notch": (50.0,)}])
@pytest.mark.parametrize("n_lost", [1, 4000])
def test_a_lost_sample_costs_what_the_first_filter_covers(settings, n_lost):
    """A high-pass of 0.1 Hz reaches 25 s: one lost sample would cost a minute."""
    x = 20 * np.random.default_rng(0).standard_normal((2, 30_000)) + 300
    complete = read_stream(stream(x, **settings), 0, 12_000)
    x[1, 15_000 : 15_000 + n_lost] = np.nan
    y = read_stream(stream(x, **settings), 0, 12_000)
    alone = read_stream(stream(x), 0, 12_000)
    np.testing.assert_array_equal(np.isnan(y), np.isnan(alone))
    assert np.isnan(y[1]).sum() < n_lost * 0.4 + 45
    np.testing.assert_array_equal(y[0], complete[0])
    error = (y - complete)[1][np.isfinite(y[1])]
    assert np.abs(error).max() < (20 if n_lost == 1 else 40)
    assert np.sqrt(np.mean(error**2)) < (0.3 if n_lost == 1 else 3)


@pytest.mark.parametrize("l_freq", [0.1, 0.5, 2.0])
def test_a_high_pass_is_exact_on_drifts_and_jumps(l_freq):
    time = np.arange(30_000) / 500
    x = np.random.default_rng(0).standard_normal((2, 30_000))
    x[0] += 5000 * time  # 5 mV/s
    x[1, 15_000:] += 4e5
    how = design(500.0, EegSettings(l_freq=l_freq))
    first = resample(x, 500.0)
    y = resample(x, 500.0, EegSettings(l_freq=l_freq))
    half = len(how.second) // 2
    for found, source in zip(y, first, strict=True):
        expected = np.convolve(source, how.second, mode="valid")
        inner = found[half : len(found) - half]
        assert np.abs(inner - expected).max() < 1e-8
        assert len(inner) > 200


def test_nothing_asked_for_is_nothing_read():
    y = resample(np.empty((2, 0)), 1000.0, EegSettings(l_freq=0.5))
    assert y.shape == (2, 0)


@pytest.mark.parametrize("stop", [800, 1400])
def test_what_only_the_first_filter_touched_is_one_array(stop):
    """Band power of the same numbers would be computed twice."""
    x = np.random.default_rng(0).standard_normal((3, 2500))  # 1000 output samples
    before, after = read_both(stream(x), 600, stop)
    assert before is after
    before, after = read_both(stream(x, l_freq=1.0), 600, stop)
    assert before.shape == after.shape == (3, stop - 600)
    assert before is not after


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
