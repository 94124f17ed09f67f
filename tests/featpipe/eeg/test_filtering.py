"""The filters' promises, on their frequency responses."""

import re

import numpy as np
import pytest
from scipy import signal

from featpipe.eeg.filtering import design, n_output, output_band
from featpipe.eeg.settings import EegSettings
from featpipe.errors import ConfigError

RATES = [160.0, 200.0, 250.0, 256.0, 500.0, 512.0, 1000.0, 1024.0, 2048.0, 5000.0]


def decibel(taps, sfreq):
    frequency, response = signal.freqz(taps, worN=1 << 18, fs=sfreq, include_nyquist=True)
    return frequency, 20 * np.log10(np.abs(response) + 1e-15)


@pytest.mark.parametrize("sfreq", RATES)
def test_flat_to_h_freq_and_80_db_down_from_nyquist(sfreq):
    how = design(sfreq, EegSettings())
    frequency, response = decibel(how.taps / how.up, sfreq * how.up)
    assert np.abs(response[frequency <= how.h_freq]).max() < 0.005
    assert response[frequency >= how.sfreq / 2].max() < -80
    np.testing.assert_allclose(how.taps, how.taps[::-1], rtol=1e-9)  # zero delay


def test_notches_take_out_their_hertz_and_leave_the_rest():
    how = design(1000.0, EegSettings(notch=(50.0, 98.0)))
    frequency, response = decibel(how.second, how.sfreq)
    for notch in (50.0, 98.0):
        assert response[np.abs(frequency - notch) <= 0.5].max() < -59
    is_far = np.min(np.abs(frequency - np.array([[50.0], [98.0]])), axis=0) >= 2
    assert np.abs(response[is_far]).max() < 0.005
    np.testing.assert_allclose(how.second, how.second[::-1], atol=1e-12)


def test_a_high_pass_takes_dc_out_and_ends_where_it_should():
    how = design(1000.0, EegSettings(l_freq=1.0, notch=(50.0,)))
    frequency, response = decibel(how.second, how.sfreq)
    assert abs(how.second.sum()) < 1e-12
    assert np.abs(response[(frequency >= 1) & (frequency <= 48)]).max() < 0.005


def test_a_slow_recording_keeps_its_rate_and_loses_notches_beyond_its_band():
    how = design(128.0, EegSettings(notch=(50.0, 80.0)))
    assert (how.sfreq, how.up, how.down) == (128.0, 1, 1)
    assert how.h_freq == pytest.approx(51.2)
    np.testing.assert_array_equal(how.second, design(128.0, EegSettings(notch=(50.0,))).second)
    assert how.notch == (50.0,)
    assert design(1000.0, EegSettings(notch=(50.0, 80.0))).notch == (50.0, 80.0)
    assert design(100.0, EegSettings(notch=(50.0,))).notch == ()


@pytest.mark.parametrize(
    ("sfreq", "seconds"),
    [(100.0, 0.28), (128.0, 0.22), (160.0, 0.18), (200.0, 0.1), (250.0, 0.1), (2048.0, 0.1)],
)
def test_a_lost_sample_costs_what_the_readme_says(sfreq, seconds):
    how = design(sfreq, EegSettings())
    assert len(how.taps) // 2 / (how.up * sfreq) == pytest.approx(seconds, abs=0.02)


@pytest.mark.parametrize("sfreq", [*RATES, 100.0])
def test_the_band_is_known_without_a_design(sfreq):
    how = design(sfreq, EegSettings())
    assert output_band(sfreq, EegSettings()) == (how.sfreq, how.h_freq)


def test_keywords_are_keywords_in_any_case():
    settings = EegSettings(reference=("AVERAGE",), eog=("Auto",))
    assert settings == EegSettings(reference=("average",), eog=("auto",))
    assert EegSettings(reference=("Avg", "M1")).reference == ("Avg", "M1")
    with pytest.raises(ConfigError, match=r"either \"average\" or names"):
        EegSettings(reference=("Average", "M1"))


@pytest.mark.parametrize(("n_times", "expected"), [(1000, 200), (1001, 201), (1, 1)])
def test_output_samples_lie_inside_the_recording(n_times, expected):
    assert n_output(n_times, design(1000.0, EegSettings())) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"h_freq": 100.0}, {"l_freq": -1.0}, {"l_freq": 80.0}, {"baseline_s": 0.0},
        {"notch": (99.0,)}, {"notch": (50.0, 0.0)}, {"eog": ("auto", "HEO")},
        {"reference": ("average", "M1")},
    ],
)  # fmt: skip
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ConfigError, match=rf"\[eeg\].*{next(iter(settings))}"):
        EegSettings(**settings)


@pytest.mark.parametrize(
    ("sfreq", "up", "down"),
    [(499.9999, 2, 5), (200.00001, 1, 1), (1e6 / 3333.333, 2, 3), (1000.0000001, 1, 5),
     (600.614990234375, 976, 2931)],
)  # fmt: skip
def test_a_rate_that_was_rounded_has_the_ratio_that_is_meant(sfreq, up, down):
    n_times = round(3600 * sfreq)
    how = design(sfreq, EegSettings(), n_times)
    assert (how.up, how.down) == (up, down)
    assert abs(n_times * how.up / how.down / 200.0 - n_times / sfreq) < 0.5 / 200


@pytest.mark.parametrize(
    ("sfreq_in", "sfreq", "n_times"), [(1000.0, 199.99, 0), (499.9999, 200.0, 500 * 86_400)]
)
def test_an_odd_rate_is_refused_and_a_near_one_named(sfreq_in, sfreq, n_times):
    with pytest.raises(ConfigError, match=r"resampled by") as error:
        design(sfreq_in, EegSettings(sfreq=sfreq), n_times)
    named = float(re.search(r"set \[eeg\] sfreq = (\S+),", str(error.value))[1])
    assert named == pytest.approx(sfreq, rel=1e-4)
    design(sfreq_in, EegSettings(sfreq=named), n_times)
