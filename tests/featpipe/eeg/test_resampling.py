"""The filter's promises, on its frequency response, on tones and against a slow twin."""

import mne
import naive
import numpy as np
import pytest
from scipy import signal

from featpipe.eeg.resampling import EegSettings, design, n_output, read_span, resample
from featpipe.errors import ConfigError

RATES = [160.0, 200.0, 250.0, 256.0, 500.0, 512.0, 1000.0, 1024.0, 2048.0, 5000.0]


@pytest.mark.parametrize("sfreq", RATES)
def test_flat_to_h_freq_and_80_db_down_from_nyquist(sfreq):
    how = design(sfreq, EegSettings())
    frequency, response = signal.freqz(
        how.taps / how.up, worN=1 << 18, fs=sfreq * how.up, include_nyquist=True
    )
    decibel = 20 * np.log10(np.abs(response) + 1e-15)
    assert np.abs(decibel[frequency <= how.h_freq]).max() < 0.005
    assert decibel[frequency >= how.sfreq / 2].max() < -80
    np.testing.assert_allclose(how.taps, how.taps[::-1], rtol=1e-9)  # zero delay


@pytest.mark.parametrize("sfreq", [250.0, 500.0, 512.0, 1000.0, 2048.0])
def test_a_tone_in_the_band_comes_out_where_it_was(sfreq):
    time = np.arange(round(4 * sfreq)) / sfreq
    y = resample(np.sin(2 * np.pi * 30 * time + 0.3)[np.newaxis], sfreq)
    expected = np.sin(2 * np.pi * 30 * np.arange(y.shape[1]) / 200 + 0.3)
    assert y.shape == (1, 800)
    np.testing.assert_allclose(y[0, 100:-100], expected[100:-100], atol=6e-4)


def test_a_190_hz_tone_does_not_show_up_at_10_hz():
    time = np.arange(4000) / 1000
    y = resample(np.sin(2 * np.pi * 190 * time)[np.newaxis], 1000.0)
    assert np.abs(y[0, 100:-100]).max() < 1e-4


def test_dc_is_kept_to_the_very_edge_and_removed_by_a_high_pass():
    x = np.full((1, 3000), 5.0)
    np.testing.assert_allclose(resample(x, 1000.0), 5.0, rtol=1e-4)
    assert np.abs(resample(x, 1000.0, EegSettings(l_freq=1.0))).max() < 1e-9


@pytest.mark.parametrize("sfreq", [160.0, 250.0, 512.0, 1000.0])
def test_equals_the_slow_twin_also_at_the_edges(sfreq):
    x = np.random.default_rng(0).standard_normal(300)
    how = design(sfreq, EegSettings())
    y = resample(x[np.newaxis], sfreq)[0]
    for m in [0, 1, 7, len(y) // 2, len(y) - 2, len(y) - 1]:
        assert y[m] == pytest.approx(naive.fir_at(x, how.taps, how.up, how.down, m), abs=1e-10)


@pytest.mark.parametrize("sfreq", [160.0, 250.0, 512.0, 1000.0])
def test_pieces_equal_the_whole_bit_by_bit(sfreq):
    x = np.random.default_rng(0).standard_normal((2, round(sfreq * 50)))
    raw = mne.io.RawArray(x, mne.create_info(2, sfreq, "misc"), verbose="ERROR")
    how = design(sfreq, EegSettings())
    whole = resample(x, sfreq)
    for start, stop in [(0, 10), (3, 4), (999, 1503), (whole.shape[1] - 5, whole.shape[1])]:
        piece = read_span(raw, raw.ch_names, how, start, stop)
        np.testing.assert_array_equal(piece, whole[:, start:stop])


def test_a_slow_recording_keeps_its_rate():
    how = design(128.0, EegSettings())
    assert (how.sfreq, how.up, how.down) == (128.0, 1, 1)
    assert how.h_freq == pytest.approx(51.2)


@pytest.mark.parametrize(("n_times", "expected"), [(1000, 200), (1001, 201), (1, 1)])
def test_output_samples_lie_inside_the_recording(n_times, expected):
    assert n_output(n_times, design(1000.0, EegSettings())) == expected


@pytest.mark.parametrize(
    "settings", [{"h_freq": 100.0}, {"l_freq": -1.0}, {"l_freq": 80.0}, {"baseline_s": 0.0}]
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ConfigError, match=r"\[eeg\]"):
        EegSettings(**settings)


def test_an_odd_rate_is_refused_with_the_ratio():
    with pytest.raises(ConfigError, match=r"resampled by"):
        design(1000.0, EegSettings(sfreq=199.99))
