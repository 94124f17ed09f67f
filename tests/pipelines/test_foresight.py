"""Dry runs tell what would fail without reading any signal."""

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


def test_a_dry_run_looks_at_what_it_would_make_only(lab, capsys):
    assert lab.extract() == 0
    (lab.folder / "01.eeg").unlink()
    found = lab.outputs(capsys, "extract", "--dry-run")
    state, reason = found["sub-01_ses-1"]
    assert state == "waiting"
    assert "01.eeg" in reason
    assert found["features/de/sub-02_ses-1.parquet"] == ("fresh", "")


def test_an_eye_file_costs_the_eye_table_only(study, capsys):
    (study / "raw/sub-02_ses-1_Samples.txt").write_text("")
    capsys.readouterr()
    assert run(["extract", str(study / "study.toml"), "--dry-run"]) == 0
    text = capsys.readouterr().out
    assert "fresh    features/de/sub-2_ses-1.parquet" in text
    assert "unusable features/eye/sub-2_ses-1.parquet" in text
