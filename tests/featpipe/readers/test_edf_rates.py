"""EDF and BDF of several rates: the recording has that of its EEG, and nothing is resampled."""

import logging

import mne
import numpy as np
import pytest
from naive_exports import edf_bytes

from featpipe.eeg.settings import EegSettings
from featpipe.errors import ReadError
from featpipe.readers import edf
from featpipe.reading import read_eeg, read_samples

COUNTS = np.random.default_rng(2).integers(-2000, 2000, (5, 6000))
"""Ten seconds at 600 Hz."""


def write(tmp_path, names, every, units=None, **options):
    path = tmp_path / "s1.edf"
    counts = COUNTS[: len(names)]
    units = units or [b"uV"] * len(names)
    path.write_bytes(edf_bytes(counts, sfreq=600, names=names, every=every, units=units, **options))
    return path


@pytest.mark.parametrize("label", ["ECG", "EMG submental\0\0", "POL E", "Ekg.|(x)"])
def test_eeg_beside_a_faster_signal_keeps_its_rate_and_numbers(tmp_path, label):
    marks = [(1.5, "start"), (3.25, "stop")]
    path = write(tmp_path, ["Fp1", label, "O1"], [6, 1, 6], annotations=marks)
    raw = read_eeg(path)
    assert (raw.ch_names, raw.info["sfreq"], raw.n_times) == (["Fp1", "O1"], 100.0, 1000)
    assert not raw.preload
    np.testing.assert_allclose(raw.get_data() * 1e6, COUNTS[[0, 2], ::6] * 0.1, atol=1e-6)
    assert raw.annotations.onset.tolist() == [1.5, 3.25]
    assert raw.annotations.description.tolist() == ["start", "stop"]


def test_slower_signals_are_left_out_as_well_and_stored_numbers_are_given(tmp_path):
    path = write(tmp_path, ["TEMP", "Fp1", "ECG", "O1"], [600, 2, 1, 2])
    raw = read_eeg(path)
    stored = read_samples(path, raw, ["O1", "Fp1"])
    assert stored is not None
    assert (stored.sfreq, stored.n_times) == (300.0, 3000)
    first, n = stored.first, stored.n_per_record
    found = [stored.read(2, 3)[0, i : i + n] for i in first]
    np.testing.assert_array_equal(found, COUNTS[[3, 1], 1200:1800:2])


def test_units_go_with_their_signals(tmp_path):
    path = write(tmp_path, ["ECG", "Fp1", "SpO2", "O1"], [1, 6, 6, 6], [b"V", b"mV", b"%", b"nV"])
    raw = read_eeg(path)
    np.testing.assert_allclose(raw.get_data(["Fp1"])[0], COUNTS[1, ::6] * 0.1e-3, atol=1e-9)
    np.testing.assert_allclose(raw.get_data(["O1"])[0], COUNTS[3, ::6] * 0.1e-9, atol=1e-15)


@pytest.mark.parametrize("label", ["Status", "status ", " TRIGGER"])
@pytest.mark.parametrize("every", [1, 6, 60])
@pytest.mark.parametrize("sfreq_of_eeg", [600, 100])
def test_triggers_of_any_rate_keep_their_times(tmp_path, sfreq_of_eeg, every, label):
    counts = COUNTS[:3].copy()
    counts[1] = 0
    counts[1, 900:960], counts[1, 2400:3000] = 70, 250  # tenths, as all channels here have
    content = edf_bytes(
        counts, sfreq=600, names=["Fp1", label, "O1"], annotations=[(2.0, "here")],
        every=[600 // sfreq_of_eeg, every, 600 // sfreq_of_eeg],
    )  # fmt: skip
    path = tmp_path / "s1.edf"
    path.write_bytes(content)
    raw = read_eeg(path)
    assert (raw.info["sfreq"], raw.n_times) == (sfreq_of_eeg, 10 * sfreq_of_eeg)
    assert raw.annotations.onset.tolist() == [1.5, 2.0, 4.0]
    assert raw.annotations.description[1] == "here"
    assert len(set(raw.annotations.description)) == 3


def test_a_recording_that_mne_would_stretch_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path, ["Fp1", "Status", "O1"], [6, 1, 6])
    monkeypatch.setattr(edf, "left_out", lambda *_: [])
    with pytest.raises(ReadError, match=r"finds 6000 samples where the file holds 1000"):
        read_eeg(path)


@pytest.mark.parametrize(
    ("names", "units", "kept"),
    [
        (["EEG C3-A2", "THOR RES", "C4"], [b"uV"] * 3, ["EEG C3-A2", "C4"]),
        (["EEG(sec)", "THOR RES", "EEG"], [b"uV"] * 3, ["EEG(sec)", "EEG"]),
        (["E5", "Flow", "E6"], [b"uV", b"L/min", b"uV"], ["E5", "E6"]),
        (["ECG", "Resp", "EMG"], [b"uV"] * 3, ["ECG", "EMG"]),
    ],
)
def test_what_may_be_anything_does_not_decide(tmp_path, names, units, kept):
    assert read_eeg(write(tmp_path, names, [6, 60, 6], units)).ch_names == kept


@pytest.mark.parametrize(
    "names", [["Fp1", "O1", "O2"], ["A1", "A7", "C3"], ["E5", "E6", "E7"], ["EEG 1", "EEG 2", "Cz"]]
)
def test_eeg_of_several_rates_is_refused_unless_channels_of_one_are_named(tmp_path, names):
    path = write(tmp_path, names, [6, 1, 6])
    with pytest.raises(
        ReadError, match=rf"s1\.edf: its EEG .*{names[0]}, .* 100 Hz; .* 600 Hz; na"
    ):
        read_eeg(path)
    for channels, sfreq in ((names[::2], 100.0), (names[1:2], 600.0), (["ECG", names[1]], 600.0)):
        raw = read_eeg(path, EegSettings(channels=tuple(channels)))
        assert raw.info["sfreq"] == sfreq
    with pytest.raises(ReadError, match=r"the signals of \[eeg\] channels have several"):
        read_eeg(path, EegSettings(channels=tuple(names)))


@pytest.mark.samples
def test_channels_of_one_rate_are_read_from_a_real_file_of_ten(samples):
    path = samples / "eeg/edf_bdf_mne/test_reduced.edf"
    raw = read_eeg(path, EegSettings(channels=("A8", "A11", "A13")))
    assert (raw.ch_names, raw.info["sfreq"]) == (["A8", "A11", "A13"], 128.0)
    theirs = mne.io.read_raw_edf(path, include=["A8", "A11", "A13"], verbose="ERROR")
    np.testing.assert_array_equal(raw.get_data(theirs.ch_names), theirs.get_data())


def test_two_signals_of_one_name_and_different_rates_are_refused(tmp_path):
    path = write(tmp_path, ["Fp1", "O2", "O2"], [6, 6, 600], [b"uV", b"uV", b"%"])
    with pytest.raises(ReadError, match=r"same name as EEG have another rate: O2 1 Hz; rename"):
        read_eeg(path)
    assert read_eeg(write(tmp_path, ["Fp1", "ECG", "ECG"], [6, 6, 1])).ch_names == ["Fp1"]


@pytest.mark.parametrize("option", ["eog", "reference"])
def test_a_channel_named_for_cleaning_has_to_have_the_rate(tmp_path, option):
    path = write(tmp_path, ["Fp1", "VEO", "M1"], [6, 1, 6])
    with pytest.raises(ReadError, match=rf"\[eeg\] {option}: the EEG has 100 Hz, and VEO 600 Hz"):
        read_eeg(path, EegSettings(**{option: ("veo",)}))
    assert read_eeg(path, EegSettings(**{option: ("M1",)})).ch_names == ["Fp1", "M1"]


def test_what_is_left_out_is_told_and_lost_eog_with_a_warning(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    read_eeg(write(tmp_path, ["Fp1", "ECG", "O1"], [6, 1, 6]))
    read_eeg(write(tmp_path, ["Fp1", "VEO", "ECG"], [6, 1, 2]), EegSettings(eog=("auto",)))
    told = [(r.levelname, r.message) for r in caplog.records if "not read" in r.message]
    assert told == [
        ("INFO", "s1.edf: not read, because the EEG has 100 Hz: ECG 600 Hz"),
        ("WARNING", "s1.edf: not read, because the EEG has 100 Hz: VEO 600 Hz; ECG 300 Hz"),
    ]
