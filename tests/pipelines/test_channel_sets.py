"""Caps of different channels in one study are told once, with the line that makes them alike."""

import tomllib

import pytest

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture
def caps(lab):
    """Recordings of three and two channels, in different orders, with tables of both."""
    lab.record("01", ("Fp1", "Cz", "Oz"))
    lab.record("02", ("Oz", "Fp1"))
    return lab


def test_extract_tells_once_of_the_channels_that_all_have(caps, capsys):
    assert caps.extract("--set", "features.eeg=de,de_ma") == 0
    shown = capsys.readouterr().err
    assert shown.count("recordings have different EEG channels: 3 (sub-01_ses-1); 2 (") == 1
    [line] = [line for line in shown.splitlines() if line.startswith("channels = ")]
    assert tomllib.loads(line)["channels"] == ["FP1", "OZ"]
    study = caps.folder / "study.toml"
    study.write_text(f"{study.read_text()}[eeg]\n{line}\n")
    assert caps.extract() == 0
    assert "different EEG channels" not in capsys.readouterr().err


def test_training_refuses_them_once_whatever_the_seeds(caps, capsys):
    assert caps.extract() == 0
    capsys.readouterr()
    assert caps.run("train", "--workers", "1", "--method", "svm_eeg", "--seeds", "0,1,2") == 1
    shown = capsys.readouterr().err
    assert shown.count("nothing can be trained: recordings have different EEG channels") == 1
    assert 'channels = ["FP1", "OZ"]' in shown
    assert len(shown.splitlines()) < 5


def test_caps_without_a_common_channel_are_told_as_that(caps, capsys):
    caps.record("02", ("Pz", "O2"))
    assert caps.extract() == 0
    assert "They share none: make a study of each kind" in capsys.readouterr().err
