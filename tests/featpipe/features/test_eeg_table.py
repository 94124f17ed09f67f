"""From a recording to table values: trials, baseline, quality, channels."""

import mne
import numpy as np
import pytest

from featpipe.eeg.resampling import EegSettings, resample
from featpipe.errors import ConfigError, ReadError
from featpipe.features.de import differential_entropy
from featpipe.features.eeg_table import eeg_table
from featpipe.features.smoothing import linear_dynamical_system
from featpipe.features.table import FeatureSettings
from featpipe.recording import Source, Trial
from featpipe.schema import KEYS

NAMES = ["Fp1", "Cz", "M1", "VEO"]


def recording(seconds=20, sfreq=500.0, seed=0):
    x = np.random.default_rng(seed).standard_normal((len(NAMES), round(seconds * sfreq)))
    return mne.io.RawArray(10e-6 * x, mne.create_info(NAMES, sfreq, "eeg"), verbose="ERROR")


def source(*trials):
    trials = trials or (Trial(1, 1.0, 6.0, 1), Trial(2, 7.25, 15.0, None))
    return Source("lab", "A", "1", None, None, None, trials, ("calm", "tense"))


def table(raw, src=None, families=("de",), eeg=None, **features):
    features = {"eeg": families, **features}
    return eeg_table(
        raw, src or source(), families, eeg or EegSettings(), FeatureSettings(**features)
    )


def test_values_are_de_of_the_resampled_recording():
    raw = recording()
    whole = resample(1e6 * raw.get_data(["Fp1", "Cz"]), 500.0)
    found = table(raw)
    expected = [
        differential_entropy(whole[:, start:stop], 200.0)
        for start, stop in ((200, 1200), (1450, 3000))
    ]
    np.testing.assert_allclose(
        found.values["de"], np.concatenate(expected).reshape(12, 10), atol=1e-9
    )
    assert found.columns[:6] == [
        *(f"de_{b}_FP1" for b in ("delta", "theta", "alpha", "beta", "gamma")),
        "de_delta_CZ",
    ]


def test_keys_are_the_contract():
    keys = table(recording()).keys
    assert list(keys.columns) == list(KEYS)
    assert keys["trial"].tolist() == [1] * 5 + [2] * 7
    assert keys["window"].tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6]
    assert keys["label_name"].isna().tolist() == [False] * 5 + [True] * 7
    assert keys["good"].tolist() == [1.0] * 12


def test_smoothed_families_never_cross_trials():
    found = table(recording(), families=("de", "de_lds"))
    de = found.values["de"]
    expected = [linear_dynamical_system(de[:5]), linear_dynamical_system(de[5:])]
    np.testing.assert_allclose(found.values["de_lds"], np.concatenate(expected))


def test_de_does_not_depend_on_the_baseline_but_the_seed_convention_does():
    raw = recording()
    raw._data += 50e-6 * np.arange(len(NAMES))[:, np.newaxis]
    by = {b: EegSettings(baseline=b) for b in ("trial", "pre", "none")}
    de = {b: table(raw, eeg=s).values["de"] for b, s in by.items()}
    seed = {b: table(raw, eeg=s, convention="seed").values["de"] for b, s in by.items()}
    np.testing.assert_allclose(de["trial"], de["none"], atol=1e-6)
    np.testing.assert_allclose(de["pre"], de["none"], atol=1e-6)
    assert np.abs(seed["trial"] - seed["none"]).max() > 1


def test_pre_baseline_needs_a_pause_before_the_trial():
    with pytest.raises(ReadError, match=r"baseline_s"):
        table(recording(), source(Trial(1, 0.5, 5.0, 0)), eeg=EegSettings(baseline="pre"))


def test_windows_after_the_end_keep_their_rows():
    found = table(recording(10), source(Trial(1, 6.0, 14.0, 0)))
    assert found.keys["good"].tolist() == [1.0] * 4 + [0.0] * 4
    assert np.isnan(found.values["de"][4:]).all()
    assert np.isfinite(found.values["de"][:4]).all()


def test_a_trial_outside_the_recording_is_an_error():
    with pytest.raises(ReadError, match=r"30\.000 to 40\.000 s lies outside the recording of 10"):
        table(recording(10), source(Trial(1, 30.0, 40.0, 0)))


def test_a_flat_channel_lowers_good_to_zero_and_is_named():
    raw = recording()
    raw._data[1, 1400:2200] = 1e-3  # Cz: window 2 of trial 1 and the filter around it
    found = table(raw)
    assert found.keys["good"][2] == 0.0
    assert np.isnan(found.values["de"][2, 5:]).all()
    assert np.isfinite(found.values["de"][2, :5]).all()
    assert found.qc["flat_channels"] == "CZ"


@pytest.mark.parametrize("sfreq", [200.0, 250.0, 256.0, 500.0, 512.0, 1000.0, 2048.0])
@pytest.mark.parametrize("baseline", ["trial", "pre", "none"])
def test_a_dead_channel_is_dead_at_every_rate_and_baseline(sfreq, baseline):
    raw = recording(sfreq=sfreq)
    raw._data[1] = 137.2e-6
    found = table(raw, eeg=EegSettings(baseline=baseline))
    assert (found.keys["good"] == 0).all()
    assert np.isnan(found.values["de"][:, 5:]).all()
    assert found.qc["flat_channels"] == "CZ"


@pytest.mark.parametrize("meas_date", [None, 1_700_000_000])
def test_flags_of_a_cropped_recording_count_from_its_first_sample(meas_date):
    raw = recording(40)
    raw.set_meas_date(meas_date)
    raw.set_annotations(mne.Annotations([21.5], [0.25], ["BAD_jump"], raw.info["meas_date"]))
    raw.crop(20.0)
    assert table(raw).keys["good"].tolist() == pytest.approx([0.75] + [1.0] * 11)


def test_lost_samples_stay_local_under_a_high_pass():
    raw = recording(40)
    src = source(Trial(1, 5.0, 35.0, 0))
    clean = table(raw, src, eeg=EegSettings(l_freq=2.0)).values["de"]
    raw._data[0, 10_000] = np.nan  # at 20 s, window 15
    found = table(raw, src, eeg=EegSettings(l_freq=2.0)).values["de"]
    is_lost = np.isnan(found[:, :5]).all(axis=1)
    assert is_lost.tolist() == [i in (13, 14, 15, 16) for i in range(30)]  # 1.4 s
    np.testing.assert_allclose(found[~is_lost], clean[~is_lost], atol=1e-6)


def test_a_band_above_the_pass_band_is_refused():
    with pytest.raises(ConfigError, match=r"nothing of gamma .* below 30 Hz"):
        table(recording(), eeg=EegSettings(h_freq=30.0))


def test_flagged_spans_lower_good_by_their_share():
    raw = recording()
    raw.set_annotations(mne.Annotations([1.5, 8.25], [0.25, 2.0], ["BAD_jump", "bad electrode"]))
    good = table(raw).keys["good"].to_numpy()
    np.testing.assert_allclose(good, [0.75, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1], atol=1e-6)


def test_named_channels_come_in_the_order_named():
    found = table(recording(), eeg=EegSettings(channels=("VEO", "fp1")))
    assert found.facts["channels"] == ["VEO", "FP1"]


def test_a_window_too_short_for_a_band_is_refused():
    with pytest.raises(ConfigError, match=r"window_s = 0\.2.*delta"):
        table(recording(), window_s=0.2)


def test_a_window_longer_than_every_trial_is_refused():
    with pytest.raises(ConfigError, match=r"window_s = 9: the longest trial has 7.75 s"):
        table(recording(), window_s=9.0)


def test_a_trial_without_a_whole_window_has_no_rows():
    found = table(recording(), window_s=6.0)
    assert found.keys["trial"].tolist() == [2]
    assert found.values["de"].shape == (1, 10)
