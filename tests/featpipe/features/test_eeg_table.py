"""From a recording to table values: trials, baseline, quality, channels."""

import mne
import numpy as np
import pytest

from featpipe.eeg.resampling import resample
from featpipe.eeg.settings import EegSettings
from featpipe.errors import ConfigError, ReadError
from featpipe.features.de import differential_entropy
from featpipe.features.eeg_table import eeg_table
from featpipe.features.measures import MEASURES
from featpipe.features.psd import power_density
from featpipe.features.smoothing import linear_dynamical_system, moving_average
from featpipe.features.table import FeatureSettings
from featpipe.montage import CAP62
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
        found.values["de"], np.concatenate(expected).reshape(12, 10), atol=1e-5
    )
    assert found.columns["de"][:6] == [
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
        table(
            recording(), source(Trial(1, 0.5, 5.0, 0)), eeg=EegSettings(baseline="pre"),
            convention="seed",
        )  # fmt: skip


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
    assert is_lost.tolist() == [i in (14, 15) for i in range(30)]  # 0.1 s to each side
    is_near = np.isin(np.arange(30), (13, 16))  # through the high-pass they see the bridge
    np.testing.assert_array_equal(found[~is_lost & ~is_near], clean[~is_lost & ~is_near])
    np.testing.assert_allclose(found[is_near], clean[is_near], atol=0.02)


def test_a_band_above_the_pass_band_is_refused():
    with pytest.raises(ConfigError, match=r"nothing of gamma .* below 30 Hz"):
        table(recording(), eeg=EegSettings(h_freq=30.0))


def slow(sfreq, seconds=20):
    return recording(seconds, sfreq)


def test_density_of_a_band_that_is_cut_off_is_that_of_what_is_left():
    raw = slow(110.0, 200)  # 10 microvolt of white noise
    found = table(raw, source(Trial(1, 0.0, 200.0, 0)), families=("psd",))
    gamma = found.values["psd"].reshape(-1, 2, 5)[:, :, 4].mean()
    assert gamma == pytest.approx(100 * 2 / 110, rel=0.03)


def test_a_band_that_is_cut_off_is_said_of_the_recording(caplog):
    found = table(slow(100.0), families=("de", "psd", "de_lds"))
    assert "sub-A_ses-1: gamma (31-51 Hz) is cut off at 40 Hz" in caplog.text
    assert {tuple(facts["bands"]["gamma"]) for facts in found.facts.values()} == {(31.0, 40.0)}
    assert found.facts["psd"]["bands"]["beta"] == [14.0, 31.0]
    whole = table(recording(), families=("psd",))
    assert whole.facts["psd"]["bands"]["gamma"] == [31.0, 51.0]


def test_a_high_pass_inside_a_band_is_said(caplog):
    table(recording(), eeg=EegSettings(l_freq=1.0))
    assert "cut off" not in caplog.text  # flat from l_freq up
    table(recording(), eeg=EegSettings(l_freq=2.0))
    assert "sub-A_ses-1: delta (1-4 Hz) is cut off below 2 Hz, the beginning" in caplog.text
    with pytest.raises(ConfigError, match=r"A_ses-1: nothing of delta .* above 4 Hz.* lower \[eeg"):
        table(recording(), eeg=EegSettings(l_freq=4.0))


def test_notches_that_were_applied_are_in_the_quality_table(caplog):
    eeg = EegSettings(notch=(50.0, 60.5))
    assert table(recording(), eeg=eeg).qc["notch"] == "50 60.5"
    assert "notch" not in caplog.text
    found = table(slow(120.0), eeg=eeg)
    assert found.qc["notch"] == "50"
    assert "sub-A_ses-1: the notch at 60.5 Hz is left out: it needs a rate of 125 Hz" in caplog.text
    assert table(recording()).qc["notch"] == ""


def nothing_is_read(ch_names):
    raise AssertionError("a family that is impossible is found before the recording is read")


@pytest.mark.parametrize(
    ("families", "match"),
    [
        (
            ("de", "de_bandpass", "de_bandpass_ma"),
            r"sub-A_ses-1: de_bandpass, de_bandpass_ma: a band-pass of gamma \(31-51 Hz\) needs a "
            r"rate above 102 Hz, and here it is 100 Hz: take the family out of "
            r"\[features\] eeg, or leave this recording out",
        ),
        (
            ("de", "dasm", "rasm_lds"),
            r"sub-A_ses-1: dasm, rasm_lds: no left-right pair .*family out of \[features\] eeg, or "
            r"leave this recording out",
        ),
        (("de", "dcau"), r"sub-A_ses-1: dcau: no front-back pair .* leave this recording out"),
    ],
)
def test_a_family_that_cannot_be_made_is_named_before_anything_is_read(families, match):
    (possible, *impossible), raw, eeg = families, slow(100.0), EegSettings()
    with pytest.raises(ConfigError, match=match):
        eeg_table(raw, source(), impossible, eeg, FeatureSettings(eeg=families), nothing_is_read)
    found = table(raw, families=families)
    assert list(found.impossible) == impossible
    assert list(found.values) == list(found.columns) == list(found.facts) == [possible]
    np.testing.assert_array_equal(found.values[possible], table(raw).values[possible])


def test_the_advice_about_a_rate_is_one_that_helps():
    with pytest.raises(ConfigError, match=r"A_ses-1: nothing of gamma .* ends: leave this record"):
        table(slow(75.0))
    with pytest.raises(ConfigError, match=r"raise \[eeg\] sfreq, or leave"):
        table(recording(), families=("de_bandpass",), eeg=EegSettings(sfreq=100.0, h_freq=45.0))


def test_flagged_spans_lower_good_by_their_share():
    raw = recording()
    raw.set_annotations(mne.Annotations([1.5, 8.25], [0.25, 2.0], ["BAD_jump", "bad electrode"]))
    good = table(raw).keys["good"].to_numpy()
    np.testing.assert_allclose(good, [0.75, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1], atol=1e-6)


def test_named_channels_come_in_the_order_named():
    found = table(recording(), eeg=EegSettings(channels=("VEO", "fp1")))
    assert found.facts["de"]["channels"] == ["VEO", "FP1"]


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


def head(seconds=20, sfreq=500.0):
    """62 channels that share sources, as on a head, with mastoids and EOG."""
    rng = np.random.default_rng(0)
    names = [*CAP62, "M1", "M2", "HEO", "VEO"]
    sources = np.cumsum(rng.standard_normal((6, round(seconds * sfreq))), axis=1)
    sources -= sources.mean(axis=1, keepdims=True)
    x = rng.standard_normal((len(names), 6)) @ sources
    x += 0.02 * x.std() * rng.standard_normal(x.shape)
    return mne.io.RawArray(
        1e-6 * x * 20 / x.std(), mne.create_info(names, sfreq, "eeg"), verbose="ERROR"
    )


def expected_of(measure, x):
    """The measure by its array function, of one trial (n_channels, n_times)."""
    if measure == "psd":
        return power_density(x, 200.0)
    de = differential_entropy(x, 200.0, method="bandpass" if "bandpass" in measure else "stft")
    derive = MEASURES[measure].derive
    return de if derive is None else derive(de, CAP62)


@pytest.mark.parametrize("measure", MEASURES)
def test_every_family_is_its_array_function_smoothed_per_trial(measure):
    raw = head()
    names = [measure, f"{measure}_ma", f"{measure}_lds"]
    found = table(raw, families=tuple(names))
    whole = resample(1e6 * raw.get_data(list(CAP62)), 500.0)
    trials = [expected_of(measure, whole[:, a:b]) for a, b in ((200, 1200), (1450, 3000))]
    for name, smooth in zip(
        names, (np.asarray, moving_average, linear_dynamical_system), strict=True
    ):
        expected = np.concatenate([smooth(x).reshape(len(x), -1) for x in trials])
        np.testing.assert_allclose(found.values[name], expected, rtol=1e-3, atol=1e-4)
        assert len(found.columns[name]) == len(set(found.columns[name])) == expected.shape[1]


def test_columns_of_pairs_are_the_contract():
    found = table(head(), families=("dasm", "rasm", "asm", "dcau", "psd", "de_bandpass"))
    first = {name: columns[0] for name, columns in found.columns.items()}
    assert first == {
        "dasm": "dasm_delta_FP1_FP2", "rasm": "rasm_delta_FP1_FP2", "asm": "dasm_delta_FP1_FP2",
        "dcau": "dcau_delta_FT7_TP7", "psd": "psd_delta_FP1",
        "de_bandpass": "de_bandpass_delta_FP1",
    }  # fmt: skip
    counts = {name: len(columns) for name, columns in found.columns.items()}
    assert counts == {
        "dasm": 135,
        "rasm": 135,
        "asm": 270,
        "dcau": 115,
        "psd": 310,
        "de_bandpass": 310,
    }
    assert found.facts["psd"]["units"]["psd"] == "microvolt^2/Hz"


def test_pairs_need_their_channels():
    with pytest.raises(ConfigError, match=r"no left-right pair is complete"):
        table(recording(), families=("dasm",))


def test_a_reference_is_subtracted_and_named():
    raw = head()
    x = 1e6 * raw.get_data()
    average = x[:62] - x[:62].mean(axis=0)
    mastoids = x[:62] - x[62:64].mean(axis=0)
    for reference, expected in ((("average",), average), (("m1", "M2"), mastoids)):
        found = table(raw, eeg=EegSettings(reference=reference))
        de = differential_entropy(resample(expected, 500.0)[:, 200:1200], 200.0)
        np.testing.assert_allclose(found.values["de"][:5], de.reshape(5, -1), atol=1e-5)
        assert found.qc["reference"] == " ".join(reference).replace("m1", "M1")


def test_an_electrode_that_is_the_reference_has_no_columns(caplog):
    """It would be a column of NaN in windows that call themselves good."""
    found = table(head(), eeg=EegSettings(reference=("Cz",)))
    assert len(found.columns["de"]) == 5 * 61
    assert not any(name.endswith("_CZ") for name in found.columns["de"])
    assert "CZ is the reference" in caplog.text
    assert np.isfinite(found.values["de"]).all()
    both = table(head(), eeg=EegSettings(reference=("TP7", "TP8")))
    assert len(both.columns["de"]) == 5 * 62
    assert np.isfinite(both.values["de"]).all()


def test_a_reference_that_is_the_only_channel_is_refused():
    with pytest.raises(ConfigError, match="the only channel is the reference"):
        table(head(), eeg=EegSettings(reference=("CZ",), channels=("Cz",)))


def test_an_average_of_some_channels_is_told(caplog):
    table(head(), eeg=EegSettings(reference=("average",), channels=("FP1", "FP2", "OZ")))
    assert "that of the 3 channels" in caplog.text


def test_bad_channels_are_found_marked_and_interpolated():
    raw = head()
    raw._data[CAP62.index("C3")] = 5e-6
    raw._data[CAP62.index("PO4")] = 3e-4 * np.random.default_rng(1).standard_normal(raw.n_times)
    by = {how: table(raw, eeg=EegSettings(bad_channels=how)) for how in ("mark", "interpolate")}
    for found in by.values():
        assert found.qc["bad_channels"].startswith("C3:flat PO4:")
    assert by["mark"].qc["interpolated_channels"] == ""
    assert (by["mark"].keys["good"] == 0).all()  # C3 is flat, that spoils every window
    assert by["interpolate"].qc["interpolated_channels"] == "C3 PO4"
    assert by["interpolate"].qc["flat_channels"] == ""
    assert by["interpolate"].keys["good"].tolist() == pytest.approx([60 / 62] * 12)
    assert np.isfinite(by["interpolate"].values["de"]).all()


def test_eyes_are_regressed_out_of_the_eeg():
    raw = head()
    blinks = np.zeros(raw.n_times)
    blinks[::700] = 1.0
    blinks = np.convolve(blinks, np.hanning(200), "same") * 300e-6
    clean = table(raw, eeg=EegSettings(eog=("auto",))).values["de"]
    raw._data[:62] += np.linspace(0, 1, 62)[:, None] * blinks
    raw._data[65] += blinks
    found = table(raw, eeg=EegSettings(eog=("auto",)))
    spoiled = table(raw)
    assert found.qc["eog_channels"] == "HEO VEO"
    weights = dict(part.split(":") for part in found.qc["eog_weights"].split())
    assert len(weights) == 62
    vertical = [float(weights[name].split(",")[1]) for name in CAP62]
    assert vertical == pytest.approx(np.linspace(0, 1, 62), abs=0.1)
    gain = np.abs(spoiled.values["de"] - clean)[:, 200:].mean()
    # without blinks nothing is taken out, with them what HEO shares with the brain as well
    assert np.abs(found.values["de"] - clean)[:, 200:].mean() < 0.4 * gain


def test_a_channel_named_for_cleaning_must_be_there():
    with pytest.raises(ConfigError, match=r"\[eeg\] reference.*M3"):
        table(head(), eeg=EegSettings(reference=("M3",)))


def test_auto_takes_the_eog_channels_there_are(caplog):
    raw = head().drop_channels(["HEO", "VEO"])
    found = table(raw, eeg=EegSettings(eog=("auto",)))
    np.testing.assert_array_equal(found.values["de"], table(raw).values["de"])
    assert found.qc["eog_channels"] == ""
    assert 'sub-A_ses-1: [eeg] eog = "auto" finds no EOG channel among FP1, FPZ' in caplog.text
    assert "(64 in all), so none is regressed out; name them in [eeg] eog" in caplog.text
