"""The decimation kernel against its slow twin, tones, layouts and lost samples."""

from dataclasses import replace

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from featpipe.eeg import decimation
from featpipe.eeg.decimation import decimate
from featpipe.eeg.filtering import design, n_output
from featpipe.eeg.polyphase import TOGETHER
from featpipe.eeg.resampling import resample
from featpipe.eeg.samples import LOST_UV, Samples, microvolt
from featpipe.eeg.settings import EegSettings
from featpipe.eeg.stream import in_memory

RATES = [160.0, 200.0, 250.0, 500.0, 512.0, 1000.0, 1024.0, 2048.0]


def stored(x, sfreq=1000.0, n_per_record=1, dtype=np.float64, before=0, behind=0):
    """Samples of x (n_channels, n_times) in records, with other numbers around in each record."""
    n_channels, n_times = x.shape
    n_records = -(-n_times // n_per_record)
    padded = np.pad(x, ((0, 0), (0, n_records * n_per_record - n_times)), mode="edge")
    records = padded.reshape(n_channels, n_records, n_per_record).swapaxes(0, 1)
    records = records.reshape(n_records, n_channels * n_per_record).astype(dtype)
    records = np.pad(records, ((0, 0), (before, behind)), constant_values=77)
    return Samples(
        sfreq, n_times, n_per_record, before + np.arange(n_channels) * n_per_record,
        np.zeros(n_channels), np.ones(n_channels),
        lambda start, stop: np.ascontiguousarray(records[start:stop]),
    )  # fmt: skip


def whole(samples):
    how = design(samples.sfreq, EegSettings())
    return decimate(samples, how, 0, n_output(samples.n_times, how))


@pytest.mark.parametrize("sfreq", RATES)
def test_equals_the_slow_twin_also_at_the_edges(sfreq):
    x = np.random.default_rng(0).standard_normal(300)
    how = design(sfreq, EegSettings())
    y = whole(in_memory(x[np.newaxis], sfreq))[:, 0]
    for m in [0, 1, 7, len(y) // 2, len(y) - 2, len(y) - 1]:
        assert y[m] == pytest.approx(naive.fir_at(x, how.taps, how.up, how.down, m), abs=1e-6)


@pytest.mark.parametrize("sfreq", RATES[2:])
@pytest.mark.parametrize(("hertz", "phase"), [(1.0, 0.0), (30.0, 0.3), (74.9, 2.0)])
def test_a_tone_in_the_band_comes_out_where_it_was(sfreq, hertz, phase):
    time = np.arange(round(4 * sfreq)) / sfreq
    y = resample(np.sin(2 * np.pi * hertz * time + phase)[np.newaxis], sfreq)
    expected = np.sin(2 * np.pi * hertz * np.arange(y.shape[1]) / 200 + phase)
    assert y.shape == (1, 800)
    np.testing.assert_allclose(y[0, 100:-100], expected[100:-100], atol=6e-4)  # 0.005 dB


@pytest.mark.parametrize("sfreq", [500.0, 512.0, 1000.0, 1024.0, 2048.0])
@pytest.mark.parametrize("hertz", [101.0, 190.0, 210.0, 249.0])
def test_a_tone_above_nyquist_does_not_show_up(sfreq, hertz):
    if hertz >= sfreq / 2:
        pytest.skip("the recording cannot hold it")
    time = np.arange(round(4 * sfreq)) / sfreq
    y = resample(np.sin(2 * np.pi * hertz * time)[np.newaxis], sfreq)
    assert np.abs(y[0, 100:-100]).max() < 1e-4  # 80 dB


@pytest.mark.parametrize("sfreq", RATES)
def test_pieces_equal_the_whole_bit_by_bit(sfreq):
    x = np.random.default_rng(0).standard_normal((2, round(sfreq * 50)))
    samples, how = stored(x, sfreq, n_per_record=7), design(sfreq, EegSettings())
    y = whole(samples)
    before = decimate(samples, how, -300, 40)  # what lies outside repeats the first sample
    np.testing.assert_array_equal(before[300:], y[:40])
    np.testing.assert_allclose(before[:150], np.tile(x[:, 0], (150, 1)), rtol=1e-12)
    for start, stop in [(0, 10), (3, 4), (999, 1503), (len(y) - 5, len(y)), (7, 7)]:
        np.testing.assert_array_equal(decimate(samples, how, start, stop), y[start:stop])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 700), st.integers(0, 300), st.integers(0, 300), st.sampled_from(RATES))
def test_any_piece_of_any_recording_is_finite_and_bit_equal(n_times, start, n_out, sfreq):
    x = np.random.default_rng(n_times).standard_normal((3, n_times))
    samples, how = in_memory(x, sfreq), design(sfreq, EegSettings())
    y = decimate(samples, how, start, start + n_out)
    assert np.isfinite(y).all()
    long = decimate(samples, how, 0, start + n_out + 9)
    np.testing.assert_array_equal(y, long[start : start + n_out])


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("n_per_record", [1, 6, 256])
@pytest.mark.parametrize("around", [(0, 0), (3, 5)])
def test_type_and_layout_of_the_numbers_do_not_matter(dtype, n_per_record, around):
    x = np.random.default_rng(0).integers(-3000, 3000, (11, 5000)).astype(np.float64)
    expected = whole(in_memory(x, 1000.0))
    found = whole(stored(x, 1000.0, n_per_record, dtype, *around))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("n_per_record", [1, 50])
def test_order_and_neighbours_of_a_channel_change_nothing(n_per_record):
    x = np.random.default_rng(0).standard_normal((13, 4000))
    samples = stored(x, n_per_record=n_per_record)
    every = whole(samples)
    for picks in ([4], [12, 0, 7, 8, 9, 3], list(range(12, -1, -1))):
        few = replace(
            samples, first=samples.first[picks], offset=np.zeros(len(picks)),
            scale=np.ones(len(picks)),
        )  # fmt: skip
        np.testing.assert_array_equal(whole(few), every[:, picks])


def test_the_kernel_has_the_numbers_of_its_neighbours():
    """They stand in its file a second time, because its machine code is known by that file."""
    assert decimation._LOST_UV == LOST_UV
    assert decimation._TOGETHER == TOGETHER


def test_offset_and_scale_make_microvolt():
    x = np.random.default_rng(0).integers(-100, 100, (3, 2000)).astype(np.float64)
    offset, scale = np.array([0.0, 5.0, -7.0]), np.array([1.0, 0.1, -0.5])
    samples = replace(stored(x, dtype=np.int16), offset=offset, scale=scale)
    expected = whole(in_memory((x - offset[:, None]) * scale[:, None], 1000.0))
    np.testing.assert_allclose(whole(samples), expected, atol=1e-4)
    np.testing.assert_allclose(
        microvolt(samples, 17, 300), ((x - offset[:, None]) * scale[:, None])[:, 17:300]
    )


@pytest.mark.parametrize("sfreq", [500.0, 512.0, 1000.0])
@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf, 3.4e38, -1e8])
@pytest.mark.parametrize("i", [1500, 1920, 1280])  # among them first samples of stretches
def test_a_lost_sample_costs_what_the_filter_covers_in_its_channel(sfreq, lost, i):
    x = np.random.default_rng(0).standard_normal((3, 3000))
    how = design(sfreq, EegSettings())
    clean = whole(in_memory(x, sfreq))
    x[1, i] = lost
    y = whole(in_memory(x, sfreq))
    distance = np.abs(np.arange(len(y)) * how.down - i * how.up)
    is_covered = distance <= len(how.taps) // 2
    np.testing.assert_array_equal(np.isnan(y[:, 1]), is_covered)
    np.testing.assert_array_equal(y[:, [0, 2]], clean[:, [0, 2]])
    np.testing.assert_allclose(y[~is_covered], clean[~is_covered], atol=1e-5)


def test_a_constant_stays_constant_to_the_very_edge():
    for sfreq in RATES:
        y = resample(np.full((1, 3000), 137.2), sfreq)
        np.testing.assert_allclose(y, 137.2, rtol=1e-13)


def in_double(x, sfreq):
    """The same filter by SciPy in double precision, x (n_times,), far from the ends."""
    how = design(sfreq, EegSettings())
    half = len(how.taps) // 2
    shift = -half % how.down  # zeros in front bring the middle of the filter to a kept sample
    y = signal.upfirdn(np.concatenate([np.zeros(shift), how.taps]), x, how.up, how.down)
    return y[(half + shift) // how.down :]


@pytest.mark.parametrize("sfreq", [250.0, 512.0, 1000.0])
@pytest.mark.parametrize(("offset", "drift"), [(0.0, 0.0), (3e5, 0.0), (-2e5, 500.0)])
def test_single_precision_costs_a_nanovolt_at_most(sfreq, offset, drift):
    n_times = round(20 * sfreq)
    time = np.arange(n_times) / sfreq
    x = offset + drift * time + 30 * np.random.default_rng(0).standard_normal(n_times)
    y = whole(in_memory(x[np.newaxis], sfreq))[:, 0]
    assert np.abs(y - in_double(x, sfreq)[: len(y)])[100:-100].max() < 1e-3


@pytest.mark.parametrize("sfreq", [500.0, 1000.0])
def test_what_jumps_is_computed_in_double_precision(sfreq):
    x = 10 * np.random.default_rng(0).standard_normal((2, round(20 * sfreq)))
    clean = whole(in_memory(x, sfreq))
    x[1, 4000:4300] += 4e5  # 400 mV, a loose electrode
    y = whole(in_memory(x, sfreq))
    expected = in_double(x[1], sfreq)[: len(y)]
    is_near = np.abs(np.arange(len(y)) - 4150 * 200 / sfreq) < 100
    assert np.abs(y[:, 1] - expected)[is_near].max() < 1e-5  # of 400,000
    np.testing.assert_array_equal(y[:, 0], clean[:, 0])


def test_what_the_filter_takes_out_is_still_noticed_where_it_is_large():
    """Nothing of a tone above the pass band shows in the output but the rounding it brings."""
    x = 1e5 * np.cos(2 * np.pi * 250 * np.arange(20_000) / 1000)
    y = whole(in_memory(x[np.newaxis], 1000.0))[:, 0]
    assert np.abs(y - in_double(x, 1000.0)[: len(y)])[100:-100].max() < 1e-8
