"""What becomes of earlier tables when a recording fails."""

import pandas as pd
import pytest

from featpipe.tables import read_features

pytestmark = pytest.mark.usefixtures("in_this_process")


def write_trials(lab, of_first, of_second):
    rows = [("01", trial) for trial in of_first] + [("02", trial) for trial in of_second]
    text = ["subject,trial,onset,offset,label", *(f"{name},{trial}" for name, trial in rows)]
    (lab.folder / "trials.csv").write_text("\n".join(text))


BEYOND = ("1,20,24,a", "2,30,34,b")


def test_a_recording_that_fails_says_where_its_earlier_tables_are(lab, capsys):
    assert lab.extract() == 0
    write_trials(lab, BEYOND, ("1,2,5,a", "2,6,10,b"))
    assert lab.extract() == 3
    moved = "outdated/features/de/sub-01_ses-1.parquet"
    assert (lab.out / moved).exists()
    assert [path.name for path in lab.out.glob("features/de/*")] == ["sub-02_ses-1.parquet"]
    assert len(pd.read_parquet(lab.out / "qc/recordings.parquet")) == 1
    [reason] = pd.read_parquet(lab.out / "failures.parquet")["reason"]
    assert "the first trial begins at 20.000 s, outside the recording of 12.000 s" in reason
    assert f"no longer fits and lies in {moved}" in reason
    assert moved in capsys.readouterr().err
    write_trials(lab, ("1,2,6,a", "2,30,34,b"), ("1,2,6,a", "2,30,34,b"))  # of which one is there
    assert lab.extract() == 0
    made = read_features(lab.out / "features/de")
    assert made["good"].tolist() == 2 * ([1.0] * 4 + [0.0] * 4)
    quality = pd.read_parquet(lab.out / "qc/recordings.parquet")
    assert quality["trials_cut_short"].tolist() == ["2", "2"]


def test_what_every_recording_fails_with_moves_nothing(lab, capsys):
    """Good tables are worth more than the folder's being of the newest kind."""
    assert lab.extract("--set", "features.eeg=de,psd") == 0
    before = {path: path.read_bytes() for path in lab.out.glob("features/*/*")}
    lab.write_trials(*BEYOND)
    assert lab.extract() == 3
    assert {path: path.read_bytes() for path in lab.out.glob("features/*/*")} == before
    assert len(before) == 4
    assert not (lab.out / "outdated").exists()
    reasons = pd.read_parquet(lab.out / "failures.parquet")["reason"]
    assert all("stays, as nothing took its place: features/de/sub-0" in one for one in reasons)


def test_windows_that_no_trial_holds_are_refused_before_any_work(lab, capsys):
    assert lab.extract() == 0
    before = {path: path.read_bytes() for path in lab.out.rglob("*") if path.is_file()}
    capsys.readouterr()
    for verb in (["extract"], ["run", "--method", "majority"]):
        assert lab.run(*verb, "--set", "features.window_s=40") == 1
        err = capsys.readouterr().err
        assert err == (
            "featpipe: [features] window_s = 40: no trial holds a window: the longest, trial 2 of "
            "sub-01_ses-1, has 5 s; choose shorter windows\n"
        )
    assert {path: path.read_bytes() for path in lab.out.rglob("*") if path.is_file()} == before
    assert lab.extract("--set", "features.window_s=5") == 0  # which the longest trial just holds


def test_a_folder_that_is_not_mounted_is_one_line(lab, capsys):
    (lab.folder / "raw").mkdir()
    for file in lab.folder.glob("0*"):
        file.rename(lab.folder / "raw" / file.name)
    options = ("--set", "study.root=raw")
    assert lab.extract(*options) == 0
    (lab.folder / "raw").rename(lab.folder / "elsewhere")
    capsys.readouterr()
    told = f"none of the 2 recordings is below {lab.folder / 'raw'}: is it mounted?"
    assert lab.extract(*options) == 2
    assert capsys.readouterr().err == f"featpipe: {told}\n"
    assert len(list(lab.out.glob("features/de/*"))) == 2
    for verb, before in ((["extract", "--dry-run"], ""), (["show"], "# ")):
        assert lab.run(*verb, *options) == 0
        lines = [line for line in capsys.readouterr().out.splitlines() if "waiting" in line]
        assert lines == [f"{before}waiting  {told}"]


def test_a_recording_that_fails_as_it_is_keeps_its_tables_and_its_row(lab):
    assert lab.extract() == 0
    (lab.folder / "02.eeg").unlink()
    assert lab.extract() == 3
    assert len(list(lab.out.glob("features/de/*"))) == 2
    assert len(pd.read_parquet(lab.out / "qc/recordings.parquet")) == 2
