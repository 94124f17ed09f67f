import numpy as np
import pandas as pd
import pytest

from featpipe.eye.pupil import (
    TRACE_SFREQ,
    pupil_trace,
    slow_band_entropy,
)
from featpipe.eye.pupil_samples import filled_in, pupil_samples
from featpipe.recording import EyeRecording, empty_events, empty_messages, empty_samples
from featpipe.schema import PUPIL_BANDS


def from_samples(time, x, y=None, valid=True):
    samples = pd.DataFrame(
        {"time": time, "pupil_x_left": x, "valid_left": valid, "valid_right": False}
    )
    samples["pupil_y_left"] = x if y is None else y
    samples = samples.reindex(columns=empty_samples().columns)
    return EyeRecording(samples, empty_events(), empty_messages(), {}, None, "made by hand")


def from_fixations(onset, duration, x):
    events = pd.DataFrame({"onset": onset, "duration": duration, "pupil_x": x, "pupil_y": x})
    events = events.assign(kind="fixation", eye="left").reindex(columns=empty_events().columns)
    return EyeRecording(empty_samples(), events, empty_messages(), {}, None, "made by hand")


def closed_form(amplitude):
    return 0.5 * np.log(2 * np.pi * np.e * amplitude**2 / 2)


@pytest.mark.parametrize(("frequency", "band"), [(0.1, 0), (0.3, 1), (0.5, 2), (0.8, 3)])
def test_a_sine_lies_in_its_band(frequency, band):
    time = np.arange(0, 60, 1 / 120)
    x = 50 + 3 * np.sin(2 * np.pi * frequency * time + 1)
    grid, trace, _ = pupil_trace(from_samples(time, x), "left", 0, 60)
    entropy = slow_band_entropy(grid, trace, np.array([30.0, 37.5]), 20.0)
    np.testing.assert_allclose(entropy[:, band], closed_form(3.0), atol=0.01)
    assert np.nanmax(np.delete(entropy, band, axis=1)) < closed_form(3.0) - 4


def test_bands_are_half_open_and_sum_to_the_weighted_variance():
    rng = np.random.default_rng(0)
    time = np.arange(400) / TRACE_SFREQ
    spectrum = np.zeros(201, dtype=complex)
    spectrum[1:16] = rng.normal(size=15) + 1j * rng.normal(size=15)
    x = np.fft.irfft(spectrum, 400)
    variance = np.exp(2 * slow_band_entropy(time, x, np.array([10.0]), 20.0)) / (2 * np.pi * np.e)
    hann = np.sin(np.pi * np.arange(400) / 400) ** 2
    assert variance.sum() == pytest.approx(np.sum((hann * x) ** 2) / np.sum(hann**2))
    edge = np.cos(2 * np.pi * PUPIL_BANDS[2][0] * time)  # its power lies at 0.35, 0.4, 0.45 Hz
    entropy = slow_band_entropy(time, edge, np.array([10.0]), 20.0)[0]
    share = np.exp(2 * entropy - 2 * closed_form(1.0))
    np.testing.assert_allclose(share[1:3], [1 / 6, 5 / 6], rtol=1e-9)


def test_size_itself_does_not_count_and_scale_shifts():
    rng = np.random.default_rng(1)
    time = np.arange(0, 40, 1 / TRACE_SFREQ)
    x = np.cumsum(rng.normal(size=time.size))
    centre = np.array([12.0, 25.0])
    entropy = slow_band_entropy(time, x, centre, 20.0)
    np.testing.assert_allclose(slow_band_entropy(time, x + 500, centre, 20.0), entropy, atol=1e-9)
    scaled = slow_band_entropy(time, 2.5 * x, centre, 20.0)
    np.testing.assert_allclose(scaled, entropy + np.log(2.5), atol=1e-12)


def test_stretch_moves_inwards_at_the_ends_and_shrinks_with_the_trace():
    rng = np.random.default_rng(2)
    time, x = 7 + np.arange(0, 40, 1 / TRACE_SFREQ), rng.normal(size=800)
    ends = slow_band_entropy(time, x, np.array([0.0, 17.0, 37.0, 99.0]), 20.0)
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_array_equal(ends[2], ends[3])
    short = slow_band_entropy(time[:100], x[:100], np.array([9.0]), 20.0)
    np.testing.assert_array_equal(short, slow_band_entropy(time[:100], x[:100], time[:1], 5.0))
    assert np.isfinite(short).all()


def test_no_change_has_no_entropy():
    time = np.arange(0, 30, 1 / 60)
    grid, trace, _ = pupil_trace(from_samples(time, 3.7), "left", 0, 30)
    assert np.isnan(slow_band_entropy(grid, trace, np.array([15.0]), 20.0)).all()
    nothing = slow_band_entropy(np.zeros(0), np.zeros(0), np.array([15.0]), 20.0)
    assert np.isnan(nothing).all()


def test_blinks_are_bridged_with_a_margin():
    time = np.arange(0, 10, 0.01)
    x = 10 + time
    lost = (time > 3.995) & (time < 4.195)
    dent = (np.abs(time - 3.97) < 0.026) | (np.abs(time - 4.22) < 0.026)
    x[dent], x[lost] = 5.0, 0.0
    grid, trace, _ = pupil_trace(from_samples(time, x, valid=~lost), "left", 0, 10)
    np.testing.assert_allclose(trace[1:-1], 10 + grid[1:-1], atol=1e-9)
    samples = pupil_samples(from_samples(time, x, valid=~lost), "left")
    assert samples.time.size == time.size - lost.sum()
    assert (samples.x[samples.is_clear] > 5).all()
    edge = samples.time[~samples.is_clear]
    assert 3.94 - 1e-9 <= edge.min() < 3.96
    assert 4.23 < edge.max() <= 4.25 + 1e-9


def test_single_lost_samples_have_no_margin():
    time = np.arange(0, 5, 1 / 60)
    valid = np.arange(time.size) % 10 != 0
    assert pupil_samples(from_samples(time, time, valid=valid), "left").is_clear.all()


def test_pupils_on_every_fourth_row_only():
    time = np.arange(0, 30, 1 / 120)
    x = np.where(np.arange(time.size) % 4 == 0, 4 + np.sin(2 * np.pi * 0.3 * time), np.nan)
    grid, trace, _ = pupil_trace(from_samples(time, x), "left", 0, 30)
    np.testing.assert_allclose(trace[2:-2], 4 + np.sin(2 * np.pi * 0.3 * grid[2:-2]), atol=0.005)


def test_noise_does_not_fold_into_the_slow_bands():
    rng = np.random.default_rng(3)
    time = np.arange(0, 400, 1 / 500)
    eye = from_samples(time, rng.normal(size=time.size))
    grid, trace, _ = pupil_trace(eye, "left", 0, 400)
    entropy = slow_band_entropy(grid, trace, np.arange(20, 380, 10.0), 20.0)
    variance = np.exp(2 * entropy[:, 3]) / (2 * np.pi * np.e)
    assert variance.mean() == pytest.approx(0.4 / 250, rel=0.2)  # its share of 0-250 Hz


def test_axes_are_separate_and_may_be_missing():
    time = np.arange(0, 10, 0.02)
    _, x, y = pupil_trace(from_samples(time, 2 * time, np.full(time.size, np.nan)), "left", 0, 10)
    assert np.isfinite(x).all()
    assert np.isnan(y).all()
    grid, x, y = pupil_trace(from_samples(time, 2.0, valid=False), "left", 0, 10)
    assert (grid.size, x.size, y.size) == (0, 0, 0)


def test_without_samples_fixations_stand_at_their_midpoints():
    eye = from_fixations([4.0, 1.0, 2.0], [2.0, 1.0, 0.5], [10.0, 3.0, np.nan])
    grid, x, _ = pupil_trace(eye, "left", 0.0, 6.0)
    assert (grid[0], grid[-1]) == (0.0, 5.95)
    np.testing.assert_allclose(x, np.clip(3 + 2 * (grid - 1.5), 3, 10))
    grid, x, _ = pupil_trace(eye, "left", 0.5, 5.0)  # the midpoint of the last is 5.0
    np.testing.assert_array_equal(x, 3.0)


def test_sizes_outside_the_bounds_do_not_count_but_a_blink_across_them_is_one():
    time = np.arange(0, 30, 0.01)
    x = np.where((time >= 10) & (time < 20), 10 + np.sin(time), 1e6)
    lost = (time > 9.005) & (time < 10.995) | (time > 19.005) & (time < 19.995)
    x[(time > 10.995) & (time < 11.045)] = 5.0  # the lid is not all the way up
    grid, trace, _ = pupil_trace(from_samples(time, x, valid=~lost), "left", 10.0, 20.0)
    assert (grid.size, grid[0], grid[-1]) == (200, 10.0, 19.95)
    seen = (grid > 11.1) & (grid < 18.9)
    np.testing.assert_allclose(trace[seen], 10 + np.sin(grid[seen]), atol=1e-3)
    np.testing.assert_allclose(trace[grid < 11], 10 + np.sin(11.05), atol=0.02)
    np.testing.assert_allclose(trace[grid > 19.05], 10 + np.sin(18.95), atol=0.02)
    nothing = pupil_trace(from_samples(time, x, valid=~lost), "left", 9.1, 10.9)
    assert [part.size for part in nothing] == [0, 0, 0]


@pytest.mark.parametrize(
    ("length_s", "held"), [(5, [1, 1, 1, 1]), (4.95, [0, 1, 1, 1]), (3, [0, 1, 0, 1]), (1, [0] * 4)]
)
def test_a_short_stretch_cannot_hold_every_band(length_s, held):
    time = np.arange(round(length_s * TRACE_SFREQ)) / TRACE_SFREQ
    x = np.random.default_rng(5).normal(size=time.size)
    entropy = slow_band_entropy(time, x, np.array([1.0]), 20.0)[0]
    np.testing.assert_array_equal(np.isfinite(entropy), np.array(held, dtype=bool))


def test_a_gap_beyond_the_limit_stays_and_costs_the_stretches_that_hold_it():
    time = np.arange(0, 100, 0.01)
    lost = (time >= 40) & (time < 46)
    eye = from_samples(time, 50 + np.sin(time), valid=~lost)
    grid, trace, _ = pupil_trace(eye, "left", 0, 100, max_gap_s=5.0)
    assert grid[np.isnan(trace)].min() == pytest.approx(40.0, abs=0.15)
    assert grid[np.isnan(trace)].max() == pytest.approx(46.0, abs=0.15)
    centre = np.array([20.0, 35.0, 43.0, 52.0, 70.0])
    entropy = slow_band_entropy(grid, trace, centre, 20.0)
    assert np.isnan(entropy).all(axis=1).tolist() == [False, True, True, True, False]
    _, bridged, _ = pupil_trace(eye, "left", 0, 100, max_gap_s=6.5)
    assert np.isfinite(bridged).all()
    known = np.isfinite(trace)
    np.testing.assert_array_equal(bridged[known], trace[known])


def test_the_ends_of_a_trace_are_gaps_too():
    time = np.arange(7, 30, 0.01)
    _, trace, _ = pupil_trace(from_samples(time, time), "left", 0, 32, max_gap_s=5.0)
    assert np.isnan(trace).sum() == pytest.approx(2 * TRACE_SFREQ, abs=2)
    assert np.isnan(trace[: int(1.9 * TRACE_SFREQ)]).all()
    assert trace[-1] == pytest.approx(29.99, abs=0.05)


def test_what_is_filled_in_is_valid_without_a_clear_size():
    time = np.arange(0, 10, 0.01)
    x = np.full(time.size, 3.0)
    x[[200, 201]] = np.nan  # a size lost while the gaze was not
    lost = (time > 4.995) & (time < 5.195)
    lacks, is_edge = filled_in(from_samples(time, x, valid=~lost), "left")
    near = (np.abs(time - 4.97) < 0.031) | (np.abs(time - 5.225) < 0.031)
    assert np.flatnonzero(lacks).tolist() == [200, 201]
    np.testing.assert_array_equal(is_edge, near & ~lost)
    assert not np.any(filled_in(from_samples(time, np.nan), "left"))
