"""What a run leaves as it was is told."""

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("in_this_process")


def test_a_folder_of_two_kinds_of_options_is_told_with_the_command_that_mends_it(lab, capsys):
    assert lab.extract() == 0
    assert lab.extract("--only", "subject=01") == 0
    assert "two kinds" not in capsys.readouterr().err
    assert lab.extract("--only", "subject=01", "--set", "features.window_s=2") == 0
    (line,) = [x for x in capsys.readouterr().err.splitlines() if "two kinds" in x]
    assert "features/de/sub-02_ses-1.parquet of recordings that --only left out" in line
    assert "features.window_s: 1.0 -> 2.0" in line
    assert line.endswith(f"`featpipe extract {lab.folder}/study.toml --set features.window_s=2`")
    assert lab.extract("--set", "features.window_s=2") == 0
    assert "two kinds" not in capsys.readouterr().err


def test_tables_of_a_family_not_asked_for_are_told(lab, capsys):
    assert lab.extract("--set", "features.eeg=de,psd") == 0
    assert "not asked for" not in capsys.readouterr().err
    assert lab.extract() == 0
    told = "features/psd is not asked for any more and stays as it was (tables: 2)"
    assert told in capsys.readouterr().err
    state, reason = lab.outputs(capsys, "show")["features/psd"]
    assert state == "unasked"
    assert reason.startswith("[features] does not ask for it")
    assert "features/psd" in lab.outputs(capsys, "extract", "--dry-run")


def test_what_other_options_replace_is_told_before(lab, capsys):
    assert lab.extract() == 0
    assert "made anew" not in capsys.readouterr().err
    assert lab.extract("--set", "features.window_s=2", "--only", "subject=01") == 0
    told = capsys.readouterr().err
    (line,) = [line for line in told.splitlines() if "made anew" in line]
    assert line.startswith("1 table of ")
    assert "was made with other options (features.hop_s: 1.0 -> 2.0; features.window_s: 1.0" in line
    assert told.index(line) < told.index("extract 1/1")
    assert lab.extract("--set", "features.window_s=2") == 0
    lab.record("01", x=np.ones((2, 6000)))
    assert lab.extract("--set", "features.window_s=2") == 0
    assert capsys.readouterr().err.count("made anew") == 1  # new data are no other options
