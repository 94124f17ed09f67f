"""Tables that hold nothing are told of, with the reason where it is known."""

import numpy as np
import pandas as pd
import pytest

from pipelines.__main__ import run

pytestmark = pytest.mark.usefixtures("in_this_process")

HEAD = "gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y,base_data"
PUPIL = "pupil_timestamp,eye_id,confidence,diameter,method,diameter_3d"


@pytest.fixture
def eyes(tmp_path):
    """A study of one Pupil Labs recording of 12 s without its pupils."""
    path = tmp_path / "study.toml"
    path.write_text('[study]\nname = "lab"\nclasses = ["a", "b"]\n')
    (tmp_path / "recordings.csv").write_text("subject,eye\n1,gaze_positions.csv\n")
    (tmp_path / "trials.csv").write_text("trial,onset,offset,label\n1,1,6,a\n2,6,12,b\n")
    write_gaze(tmp_path, n_seen=1200)
    return tmp_path


def write_gaze(folder, n_seen):
    x = np.where(np.arange(1200) // 40 % 2, 0.4, 0.6)
    rows = [f"{i / 100},1,{0.9 * (i < n_seen)},{value},0.5," for i, value in enumerate(x)]
    (folder / "gaze_positions.csv").write_text("\n".join([HEAD, *rows, ""]))


def extract(folder, capfd):
    assert run(["extract", str(folder / "study.toml"), "--workers", "1"]) == 0
    return capfd.readouterr().err


def test_columns_that_an_export_has_nothing_for_are_named_with_the_reason(eyes, capfd):
    shown = extract(eyes, capfd)
    assert "sub-1_ses-1: the pupil columns hold nothing, NaN throughout" in shown
    assert "no pupil sizes; Pupil Player writes them into pupil_positions.csv" in shown
    assert "the fixation columns" not in shown
    assert "windows hold nothing" not in shown
    rows = [f"{i / 100},{eye},0.9,40,pye3d,3.5" for i in range(1200) for eye in (0, 1)]
    (eyes / "pupil_positions.csv").write_text("\n".join([PUPIL, *rows, ""]))
    assert "hold nothing" not in extract(eyes, capfd)


def test_an_eye_that_was_never_seen_is_told(eyes, capfd):
    write_gaze(eyes, n_seen=50)
    shown = extract(eyes, capfd)
    assert "sub-1_ses-1: 11 of 11 windows hold nothing: good is 0 in all of eye" in shown


@pytest.mark.parametrize(("n_seen", "is_told"), [(300, True), (800, False)])
def test_an_eye_that_was_seldom_seen_is_told(eyes, capfd, n_seen, is_told):
    write_gaze(eyes, n_seen=n_seen)
    shown = extract(eyes, capfd)
    text = "sub-1_ses-1: 9 of 11 windows hold nothing: good is 0 in these of eye"
    assert (text in shown) is is_told


def test_eeg_without_a_signal_is_told(lab, capfd):
    lab.record("01", x=np.zeros((2, 6000)))
    lab.record("02", x=20 * np.random.default_rng(0).standard_normal((2, 6000)) * [[1], [0]])
    shown = extract(lab.folder, capfd)
    assert "sub-01_ses-1: 9 of 9 windows hold nothing: good is 0 in all of de" in shown
    assert "sub-02_ses-1: FP2 of 2 channels hold nothing, NaN in every window of de" in shown
    good = pd.read_parquet(lab.out / "features/de/sub-01_ses-1.parquet")["good"]
    assert (good == 0).all()
