"""Pupil Labs: exports made by hand, and real ones."""

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.reading import check, read_eye, sniff, source_files

GAZE = """gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y,base_data
10.00,1,0.99,0.50,0.40,1-0 1-1
10.02,1,0.59,0.51,0.41,1-0 1-1
10.01,1,0.95,0.52,0.42,1-0 1-1
10.03,1,0.60,0.53,0.43,
"""
PUPIL = """pupil_timestamp,world_index,eye_id,confidence,diameter,method,diameter_3d
10.000,1,0,0.9,40.0,2d c++,
10.000,1,0,0.9,40.0,pye3d 0.3.0 real-time,3.5
10.011,1,1,0.9,41.0,pye3d 0.3.0 real-time,4.5
10.029,1,1,0.1,41.0,pye3d 0.3.0 real-time,9.9
"""
FIXATIONS = "id,start_timestamp,duration,dispersion\n1,10.0,30.0,0.5\n"
BLINKS = "id,start_timestamp,duration,end_timestamp\n1,10.02,0.25,10.27\n"
ANNOTATIONS = "index,timestamp,label,duration\n5,10.005,trial 1,0\n"


@pytest.fixture
def folder(tmp_path):
    for name, text in (
        ("gaze_positions", GAZE), ("pupil_positions", PUPIL), ("fixations", FIXATIONS),
        ("blinks", BLINKS), ("annotations", ANNOTATIONS),
    ):  # fmt: skip
        (tmp_path / f"s1_{name}.csv").write_text(text)
    return tmp_path


def test_what_lies_side_by_side_is_one_recording(folder):
    path = folder / "s1_gaze_positions.csv"
    assert sniff(path) == "pupil_labs"
    assert len(source_files(path)) == 5
    eye = read_eye(path)
    samples = eye.samples
    np.testing.assert_allclose(samples["time"], [10.0, 10.01, 10.02, 10.03])
    np.testing.assert_allclose(samples["gaze_x_left"], [0.5, 0.52, np.nan, 0.53])
    np.testing.assert_allclose(samples["gaze_y_right"], [0.4, 0.42, np.nan, 0.43])
    np.testing.assert_allclose(samples["pupil_x_right"], [3.5, 3.5, 3.5, np.nan])  # eye 0
    np.testing.assert_allclose(samples["pupil_y_left"], [4.5, 4.5, 4.5, 4.5])
    assert eye.units == {"gaze": "norm", "pupil": "mm", "dispersion": "norm"}
    left = eye.events[eye.events["eye"] == "left"].set_index("kind")
    assert left.loc["fixation", "duration"] == pytest.approx(0.03)  # ms in the file
    assert left.loc["blink", "duration"] == pytest.approx(0.25)  # s in the file
    assert left.loc["fixation", "dispersion_x"] == pytest.approx(0.03)  # with its last sample
    assert len(eye.events) == 4
    assert eye.messages.to_numpy().tolist() == [[10.005, "trial 1"]]


def test_without_the_3d_model_pupils_are_in_pixels(folder):
    rows = [line for line in PUPIL.splitlines() if not line.endswith(("3.5", "4.5", "9.9"))]
    (folder / "s1_pupil_positions.csv").write_text("\n".join(rows))
    eye = read_eye(folder / "s1_gaze_positions.csv")
    assert eye.units["pupil"] == "px"
    assert eye.samples["pupil_x_right"].tolist()[:2] == [40.0, 40.0]


def test_gaze_alone_is_enough(tmp_path):
    path = tmp_path / "gaze_positions.csv"
    path.write_text(GAZE.replace("gaze_timestamp,world_index", "timestamp,index"))  # older exports
    eye = read_eye(path)
    assert len(eye.samples) == 4
    assert eye.samples["pupil_x_left"].isna().all()
    assert not len(eye.events)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("0.50,", "half,", "line 2: field 4 is 'half'"),
        ("norm_pos_y", "norm_pos_z", "no column 'norm_pos_y'"),
        ("10.02,1", ",1", "line 3: field 1 is ''"),
    ],
)
def test_a_defect_is_named(folder, old, new, reason):
    path = folder / "s1_gaze_positions.csv"
    path.write_text(GAZE.replace(old, new, 1))
    with pytest.raises(ReadError, match=reason):
        read_eye(path)


def test_labels_may_hold_commas(folder):
    text = 'index,timestamp,label,duration\n1,10.0,"start, block 1",0\n2,10.05,trigger 7,0\n'
    (folder / "s1_annotations.csv").write_text(text)
    messages = read_eye(folder / "s1_gaze_positions.csv").messages
    assert messages["text"].tolist() == ["start, block 1", "trigger 7"]


def test_a_defect_beside_it_is_named_with_its_file(folder):
    (folder / "s1_blinks.csv").write_text("id,start_timestamp\n1,10\n")
    with pytest.raises(ReadError, match=r"s1_blinks.csv: no column 'duration'"):
        read_eye(folder / "s1_gaze_positions.csv")


def test_a_header_alone_is_truncated(tmp_path):
    path = tmp_path / "gaze_positions.csv"
    path.write_text(GAZE.splitlines()[0] + "\n")
    assert check(path).status == "truncated"


def test_real_exports(samples):
    """Rows, rates and shares that were counted in the files beforehand."""
    eye = read_eye(samples / "eye/pupil_labs/gaze_positions.csv")
    assert len(eye.samples) == 9302
    assert eye.samples["time"].iloc[[0, -1]].diff().iloc[-1] == pytest.approx(39.2, abs=0.1)
    eye = read_eye(samples / "eye/pupil_labs/ex10_gaze_positions.csv")
    assert eye.events["kind"].value_counts().to_dict() == {"fixation": 72, "blink": 6}
    fixations = eye.events[eye.events["kind"] == "fixation"]
    assert fixations["duration"].max() == pytest.approx(0.2128, abs=1e-3)


@pytest.mark.parametrize("end", ["10.0", "10.04,1", "10.04,1,0.9,0.5"])
def test_a_last_row_that_is_cut_is_left_out(tmp_path, end, caplog):
    path = tmp_path / "gaze_positions.csv"
    path.write_text(GAZE.replace("0.43,\n", "0.43,1-0\n") + end)
    assert read_eye(path).samples["time"].tolist() == [10.0, 10.01, 10.02, 10.03]
    assert "its last line is cut and left out" in caplog.text
