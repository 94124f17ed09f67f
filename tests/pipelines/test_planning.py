"""What `show` and dry runs say of outputs."""


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
    assert f"none of 18 runs is trained; `featpipe train {lab.folder}/study.toml` does" in reason
    assert len(lab.outputs(capsys, "show", "--set", "train.methods=svm_eeg")) == 2 + 2 * 2 * 3
    assert lab.run("show") == 0
    assert "2 fresh, 0 to make" in capsys.readouterr().out
