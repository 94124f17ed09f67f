"""Dry runs tell what would fail without reading any signal."""

import pytest

from pipelines.__main__ import run


def test_a_dry_run_tells_what_would_fail(lab, capsys):
    (lab.folder / "01.eeg").write_bytes(b"half a sample")
    found = lab.outputs(capsys, "extract", "--dry-run", "--set", "features.eeg=de,psd")
    for family in ("de", "psd"):
        state, reason = found[f"features/{family}/sub-01_ses-1.parquet"]
        assert state == "unusable"
        assert "01.eeg has 13 bytes, which is not a whole number of samples" in reason
        missing = ("missing", "not made yet")
        assert found[f"features/{family}/sub-02_ses-1.parquet"] == missing
    assert not lab.out.exists()
    assert lab.run("extract", "--dry-run") == 0
    assert "0 fresh, 2 to make, 1 of them would fail" in capsys.readouterr().out


def test_options_and_trials_that_a_recording_does_not_allow_are_foreseen(lab, capsys):
    for option, family, words in (
        ("features.eeg=de,dcau", "dcau", "02_ses-1: dcau: no front-back pair is complete"),
        ("eeg.reference=M1", "de", "[eeg] reference: unknown channel 'M1'"),
        ("eeg.channels=Oz", "de", "[eeg] channels: unknown channel 'OZ'"),
        ("features.window_s=60", "de", "the longest trial has 5 s"),
    ):
        found = lab.outputs(capsys, "extract", "--dry-run", "--set", option)
        state, reason = found[f"features/{family}/sub-02_ses-1.parquet"]
        assert state == "unusable", option
        assert words in reason
        others = {s for name, (s, _) in found.items() if family not in name}
        assert others <= {"missing"}
    lab.write_trials("1,20,24,a")
    found = lab.outputs(capsys, "extract", "--dry-run")
    assert {state for state, _ in found.values()} == {"unusable"}


@pytest.mark.parametrize(
    ("factor", "unit"),
    [(1000, "they look like ms (divide by 1000)"),
     (500, "they look like ms (divide by 1000) or samples at 500 Hz (divide by 500)"),
     (5e4, "correct them")],  # a trial of over a week is refused with its line
)  # fmt: skip
def test_times_of_trials_in_another_unit_are_named(lab, capsys, factor, unit):
    rows = [(2, 6, "a"), (6, 11, "b")]
    lab.write_trials(*[f"{i},{a * factor:.0f},{b * factor:.0f},{c}" for i, (a, b, c) in
                       enumerate(rows, start=1)])  # fmt: skip
    found = lab.outputs(capsys, "extract", "--dry-run")
    state, reason = found["features/de/sub-02_ses-1.parquet"]
    assert state == "unusable"
    told = f"trials.csv: trial 2 of sub-02_ses-1 ends at {11 * factor:g}, and the recording is 12.0"
    assert reason.startswith(told)
    assert f"seconds from the first sample of the EEG; {unit}" in reason
    assert lab.extract() == 3
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("late_s", [60, 400, 3600])
def test_a_trial_behind_a_recording_that_was_broken_off_is_in_seconds(lab, capsys, late_s):
    """As samples at 500 Hz all would lie inside, of 8 ms each; the first is wholly recorded."""
    lab.write_trials("1,2,6,a", f"2,{late_s},{late_s + 40},b")
    assert {state for state, _ in lab.outputs(capsys, "extract", "--dry-run").values()} == {
        "missing"
    }


def test_a_dry_run_looks_at_what_it_would_make_only(lab, capsys):
    assert lab.extract() == 0
    (lab.folder / "01.eeg").unlink()
    found = lab.outputs(capsys, "extract", "--dry-run")
    state, reason = found["sub-01_ses-1"]
    assert state == "waiting"
    assert "01.eeg" in reason
    assert found["features/de/sub-02_ses-1.parquet"] == ("fresh", "")
    assert lab.run("extract", "--dry-run") == 0
    told = "1 fresh, 0 to make; files of 1 more are not there"
    assert told in capsys.readouterr().out


def test_a_long_reason_is_told_once(lab, capsys):
    (lab.folder / "01.eeg").write_bytes(b"half a sample")
    assert lab.run("extract", "--dry-run", "--set", "features.eeg=de,psd") == 0
    shown = capsys.readouterr().out
    assert shown.count("which is not a whole number of samples") == 1
    assert "unusable features/psd/sub-01_ses-1.parquet  (as above)" in shown


def test_a_trial_shorter_than_a_window_is_foreseen_of_eyes_alone(lab, capsys):
    (lab.folder / "eye.asc").write_text("** CONVERTED FROM a.edf\nMSG\t1 a\n")
    (lab.folder / "recordings.csv").write_text("subject,eye\n1,eye.asc\n")
    lab.write_trials("1,0,0.9,a")
    [(state, reason)] = lab.outputs(capsys, "extract", "--dry-run").values()
    assert state == "unusable"
    assert "[features] window_s = 1: the longest trial has 0.9 s" in reason


def test_an_eye_file_costs_the_eye_table_only(study, capsys):
    (study / "raw/sub-02_ses-1_Samples.txt").write_text("")
    capsys.readouterr()
    assert run(["extract", str(study / "study.toml"), "--dry-run"]) == 0
    text = capsys.readouterr().out
    assert "fresh    features/de/sub-2_ses-1.parquet" in text
    assert "unusable features/eye/sub-2_ses-1.parquet" in text
    samples = study / "raw/sub-03_ses-1_Samples.txt"
    text = samples.read_text()
    samples.write_text(text.replace("POR X", "P X").replace("POR Y", "P Y").replace("Dia", "D"))
    assert run(["extract", str(study / "study.toml"), "--dry-run"]) == 0
    assert "no point of regard and no pupil among its columns" in capsys.readouterr().out
