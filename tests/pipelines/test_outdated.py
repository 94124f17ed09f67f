"""What becomes of earlier tables when a recording fails."""

import pandas as pd

from featpipe.tables import read_features


def test_a_recording_that_fails_says_where_its_earlier_tables_are(lab, capsys):
    assert lab.extract() == 0
    lab.write_trials("1,20,24,a", "2,30,34,b")
    assert lab.extract() == 3
    moved = "outdated/features/de/sub-01_ses-1.parquet"
    assert (lab.out / moved).exists()
    assert not list(lab.out.glob("features/de/*"))
    assert not (lab.out / "qc/recordings.parquet").exists()
    reasons = pd.read_parquet(lab.out / "failures.parquet")["reason"]
    assert len(reasons) == 2
    assert "the first trial begins at 20.000 s, outside the recording of 12.000 s" in reasons[0]
    assert f"no longer fits and lies in {moved}" in reasons[0]
    assert moved in capsys.readouterr().err
    lab.write_trials("1,2,6,a", "2,30,34,b")  # of which one is there
    assert lab.extract() == 0
    made = read_features(lab.out / "features/de")
    assert made["good"].tolist() == 2 * ([1.0] * 4 + [0.0] * 4)
    quality = pd.read_parquet(lab.out / "qc/recordings.parquet")
    assert quality["trials_cut_short"].tolist() == ["2", "2"]


def test_a_recording_that_fails_as_it_is_keeps_its_tables_and_its_row(lab):
    assert lab.extract() == 0
    (lab.folder / "02.eeg").unlink()
    assert lab.extract() == 3
    assert len(list(lab.out.glob("features/de/*"))) == 2
    assert len(pd.read_parquet(lab.out / "qc/recordings.parquet")) == 2
