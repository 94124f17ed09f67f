"""Channel names and the choice of EEG channels."""

import mne
import pytest

from featpipe.errors import ConfigError
from featpipe.montage import (
    CAP62,
    is_eeg_name,
    is_eog_name,
    is_place_name,
    pick_channels,
    standard_name,
    unknown_channel,
)


def pick(names, wanted=None):
    return pick_channels(names, ["eeg"] * len(names), wanted)


def test_the_cap_has_62_names():
    assert len(set(CAP62)) == 62
    assert (CAP62[57], CAP62[61]) == ("CB1", "CB2")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Fc5.", "FC5"), ("Cz..", "CZ"), ("EEG Fp1-Ref", "FP1"), ("T3", "T7"), ("EEG T6", "P8"),
     ("cb1", "CB1"), ("POL E", "POLE"), ("FPZ", "FPZ")],
)  # fmt: skip
def test_standard_names(name, expected):
    assert standard_name(name) == expected


def test_the_cap_comes_in_canonical_order_whatever_the_file_order():
    names = [*reversed([name.capitalize() for name in CAP62]), "M1", "M2", "HEO", "VEO", "AF7"]
    found = pick(names)
    assert tuple(found) == CAP62
    assert found["FPZ"] == "Fpz"


def test_part_of_the_cap_comes_in_file_order_without_anything_else():
    names = ["Oz", "M1", "ECG", "VEOG", "HEO", "Status", "EMG1", "Fp1", "EOG2", "AF7", "BIP3"]
    assert pick(names) == {"OZ": "Oz", "FP1": "Fp1", "AF7": "AF7"}


def test_namesakes_of_what_is_no_eeg_are_no_eeg():
    names = ["Fp1", "M1-0", "M1-1", "REF-2", "A1-0", "A1-1", "Cz-0", "Cz-1", "E1-M2-1"]
    assert list(pick(names)) == ["FP1", "CZ-0", "CZ-1"]
    assert is_eog_name("E1-M2-1")


@pytest.mark.parametrize("prefix", ["LM", "RE", "LO", "HR", "AH"])
def test_contacts_of_depth_electrodes_are_no_namesakes_of_mastoids_and_eyes(prefix):
    contacts = [f"{prefix}-{i}" for i in range(1, 12)]
    assert list(pick([*contacts, "Cz"])) == [*contacts, "CZ"]
    assert not any(is_eog_name(name, contacts) for name in contacts)
    for first in (prefix, f"{prefix}-0"):
        is_other = prefix != "AH"
        assert is_eeg_name(contacts[0], [first, *contacts]) != is_other


@pytest.mark.parametrize(
    "names",
    [
        "EXG1 EXG8 ERG1 GSR1 Resp Plet Temp Erg2",
        "LEOG REOG HEOGL VEOGU vEOG EOG_left ROC LOC ROC-A1 HEO VEO LO1",
        "REF ref GND CMS DRL",
        "EAR Ears EAR_L EARLEFT Ear-R EarLobeL L-Ear LEFT_EAR RightEarlobe LEAR earR ear1 LE RE",
        "A1-A2 A1A2 A1+A2 Mast_L MASTL L_Mastoid LeftMastoid Mastoid RMAST MASTOID_R M1-REF LM",
        "IO SO1 IO2 IOL E1-M2 E2-M1 E2-M2 E1-A2 E2:M1",
        "DIN DIN1 DTRIG Marker MARKER_HARDWARE MarkerIndex ANNOTATION Annotations",
        "COUNTER INTERPOLATED BATTERY BATTERY_PERCENT TIMESTAMP TIME_STAMP_s OR_TIME_STAMP_ms",
        "RAW_CQ CQ_AF3 CQ_Overall EQ_OVERALL SampleCounter",
        "ACC_X Acc-Y ACC x_dir y_dir Z_DIR GYRO gyro_x",
        "CHIN Chin1-Chin2 CHIN1-CHIN2 LLEG RLEG RLEG- LEG1 HR HeartRate Snore Audio Packet Photic",
        "ECG EKG2 EMG1 SpO2 SaO2 EDA STI014 Status DC01 BIP3 AUX",
    ],
)
def test_what_amplifiers_record_besides_eeg_is_no_eeg(names):
    assert [
        name
        for name in [*names.split(), "Left Ear", "EEG LE-REF", "EOG LOC-A2"]
        if is_eeg_name(name)
    ] == []


def test_earlobes_are_references_unless_the_cap_counts_its_own_way():
    names = ["EEG A1-Ref", "Cz", "A2", "LEFT_EAR", "Oz"]
    assert list(pick(names)) == ["CZ", "OZ"]
    assert list(pick(names, ["A1", "left_ear"])) == ["A1", "LEFT_EAR"]
    own = [f"A{i}" for i in range(1, 33)]
    assert list(pick(own)) == own
    for lost in own[2:]:
        left = [name for name in own if name != lost]
        assert list(pick(left)) == left


CAPS = [name for name in mne.channels.get_builtin_montages() if not name.startswith("artinis")]


@pytest.mark.filterwarnings("ignore:Montage name:FutureWarning")
@pytest.mark.parametrize("cap", CAPS)
def test_no_electrode_of_a_known_cap_is_lost(cap):
    names = mne.channels.make_standard_montage(cap).ch_names
    assert {name for name in names if not is_eeg_name(name)} <= {"M1", "M2", "REF", "Ref"}


def test_the_eyes_of_sleep_recordings_are_eog_and_electrodes_counted_from_1_are_not():
    names = ["E1-M2", "E2-M2", "IO", "SO1", "LO2"]
    assert all(map(is_eog_name, names))
    assert not any(map(is_eog_name, ["E1", "E2", "E1-REF", "E11-M2", "O1", "O1-M2", "OI1"]))


def test_places_of_the_1005_system_and_of_the_cap_are_places():
    full = next(name for name in mne.channels.get_builtin_montages() if name.endswith("_1005"))
    names = [*mne.channels.make_standard_montage(full).ch_names, *CAP62]
    assert {name for name in names if not is_place_name(name)} <= {"M1", "M2", "A1", "A2"}
    others = ["C29", "T1", "E7", "A9", "Fp", "Temp", "GSR", "X1", "C3-A2", "HEOG"]
    assert not any(map(is_place_name, others))


@pytest.mark.parametrize(
    "name", ["A1", "A2", "T9", "T10", "CB1", "EEG A1-Ref", "Fp1-REF", "Fp1 ref"]
)
def test_ears_and_referenced_names_are_eeg(name):
    assert is_eeg_name(name)


def test_only_eeg_types_are_taken_unless_named():
    names, types = ["Cz", "Pz"], ["eeg", "misc"]
    assert list(pick_channels(names, types)) == ["CZ"]
    assert list(pick_channels(names, types, ["pz"])) == ["PZ"]


def test_two_electrodes_of_one_name_are_both_kept():
    assert pick(["T3", "T7", "Cz"]) == {"T7": "T3", "T7-1": "T7", "CZ": "Cz"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["C3-A2", "c3-a2", "C3-a2"], ["C3-A2", "C3-A2-1", "C3-A2-2"]),
        (["FP1-1", "FP1", "Fp1."], ["FP1-1", "FP1", "FP1-2"]),
        (["FP1", "Fp1.", "FP1-1"], ["FP1", "FP1-2", "FP1-1"]),
        (["T3", "T7", "T7-1"], ["T7", "T7-2", "T7-1"]),
    ],
)
def test_names_are_counted_up_until_one_is_free(names, expected):
    assert pick(names) == dict(zip(expected, names, strict=True))


def test_a_missing_channel_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match=r"unknown channel 'FPX': did you mean 'FP1'"):
        pick(["FP1", "OZ"], ["FPX"])


def test_no_scalp_electrode_is_near_to_a_mastoid():
    known = [*CAP62, "HEO"]
    told = unknown_channel("M1", known)
    assert "did you mean" not in told
    assert told.startswith("unknown channel 'M1': the recording has none like it. Known: FP1, FPZ")
    assert "did you mean 'M2'?" in unknown_channel("M1", [*known, "M2"])
    assert "did you mean 'PZ'?" in unknown_channel("PI", known)


def test_a_file_without_eeg_is_refused():
    with pytest.raises(ConfigError, match="no EEG channel"):
        pick(["ECG", "Status"])
