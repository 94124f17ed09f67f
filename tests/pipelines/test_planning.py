"""What `show` and dry runs say of outputs, and what is refused before any work."""

import pytest

pytestmark = pytest.mark.usefixtures("in_this_process")


def test_what_failed_is_called_failed_until_it_is_made(lab, capsys):
    (lab.folder / "02.eeg").write_bytes(b"half a sample")
    assert lab.extract() == 3
    for verb, *options in (("show",), ("extract", "--dry-run")):
        found = lab.outputs(capsys, verb, *options)
        state, reason = found["features/de/sub-02_ses-1.parquet"]
        assert state == "failed"
        assert "02.eeg has 13 bytes, which is not a whole number of samples" in reason
        assert reason.endswith("; the next run tries it again") == (verb == "show")
        assert found["features/de/sub-01_ses-1.parquet"] == ("fresh", "")
    lab.record("02")
    assert lab.extract() == 0
    assert lab.outputs(capsys, "show")["features/de/sub-02_ses-1.parquet"] == ("fresh", "")


def test_outputs_of_training_are_listed_where_training_is_meant(lab, capsys):
    assert lab.extract() == 0
    found = lab.outputs(capsys, "show")
    assert len(found) == 3
    state, reason = found["predictions"]
    assert state == "optional"
    assert f"nothing is trained; `featpipe train {lab.folder}/study.toml` does" in reason
    # three seeds, but of baselines that draw nothing
    assert len(lab.outputs(capsys, "show", "--set", "train.methods=svm_eeg")) == 2 + 2 * (6 + 3)
    assert lab.run("show") == 0
    assert "2 fresh, 0 to make" in capsys.readouterr().out


def test_a_failure_is_told_of_what_it_concerns_while_nothing_has_changed(lab, capsys):
    families = ("--set", "features.eeg=de,dcau")  # two channels have no front-back pair
    de, dcau = (f"features/{family}/sub-01_ses-1.parquet" for family in ("de", "dcau"))
    assert lab.extract(*families) == 3
    shown = capsys.readouterr()
    assert "0 made, 0 kept, 2 failed, yet 2 outputs of the failed made" in shown.out
    assert f"(made: {de})" in shown.err
    assert lab.outputs(capsys, "show", *families)[dcau][0] == "failed"
    assert lab.outputs(capsys, "show", *families)[de] == ("fresh", "")
    shorter = (*families, "--set", "features.window_s=0.5")
    state, reason = lab.outputs(capsys, "show", *shorter)[de]
    assert (state, reason) == ("stale", "features.hop_s: 1.0 -> 0.5; features.window_s: 1.0 -> 0.5")
    assert lab.outputs(capsys, "show", *shorter)[dcau] == ("missing", "not made yet")
    lab.record("01", ("Fp1", "Oz"))
    assert lab.outputs(capsys, "show", *families)[dcau] == ("missing", "not made yet")


def test_a_study_that_asks_for_no_table_says_so(lab, capsys):
    for options in ((), ("--dry-run",)):
        assert lab.extract("--set", "features.eeg=[]", *options) == 1
        shown = capsys.readouterr().err
        assert "no table is asked for: [features] eeg = [], eye = true, and" in shown
        assert "recordings.csv names EEG files only" in shown


@pytest.mark.parametrize("protocol", ["loso", "loso-loto"])
def test_one_subject_is_refused_once_where_subjects_are_left_out(lab, capsys, protocol):
    path = lab.folder / "recordings.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:2]))
    for verb in ("run", "train", "tune"):
        assert lab.run(verb, "--method", "svm_eeg", "--protocol", protocol) == 1
        [told] = capsys.readouterr().err.splitlines()
        assert f"protocol '{protocol}' needs two subjects or more, found 1: add" in told
    assert not lab.out.exists()
    assert lab.run("run", "--method", "majority", "--protocol", "kfold-windows") == 0


def test_training_without_some_recordings_says_how_to_have_them_and_counts_the_others(lab, capsys):
    assert lab.extract() == 0
    (lab.out / "features/de/sub-02_ses-1.parquet").unlink()
    assert lab.run("train", "--method", "svm_eeg", "--seeds", "0", "--workers", "1") == 1
    advice = f"run `featpipe extract {lab.folder}/study.toml` first to train on them as well"
    told = capsys.readouterr().err
    assert f"left out 1 of 2 recordings: {advice}" in told
    assert told.count("needs two subjects or more, found 1") == 1
