"""Channel names and the choice of EEG channels."""

import pytest

from featpipe.errors import ConfigError
from featpipe.montage import CAP62, pick_channels, standard_name


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


def test_only_eeg_types_are_taken_unless_named():
    names, types = ["Cz", "Pz"], ["eeg", "misc"]
    assert list(pick_channels(names, types)) == ["CZ"]
    assert list(pick_channels(names, types, ["pz"])) == ["PZ"]


def test_two_electrodes_of_one_name_are_both_kept():
    assert pick(["T3", "T7", "Cz"]) == {"T7": "T3", "T7-1": "T7", "CZ": "Cz"}


def test_a_missing_channel_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match=r"unknown channel 'FPX': did you mean 'FP1'"):
        pick(["FP1", "OZ"], ["FPX"])


def test_a_file_without_eeg_is_refused():
    with pytest.raises(ConfigError, match="no EEG channel"):
        pick(["ECG", "Status"])
