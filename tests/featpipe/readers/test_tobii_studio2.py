"""Tables of Tobii Studio 2: All-Data made by hand, Fixation-Data and Event-Data as they are."""

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.reading import check, read_eye, sniff, source_files

PREAMBLE = "System Properties:\nOperating System:\t Windows\n\nRecording date:\t 27/09/2011\n\n"
NAMES = (
    "Timestamp\tDateTimeStamp\tNumber\tGazePointXLeft\tGazePointYLeft\tDistanceLeft\tPupilLeft\t"
    "ValidityLeft\tGazePointXRight\tGazePointYRight\tDistanceRight\tPupilRight\tValidityRight\t"
    "FixationIndex\tGazePointX\tGazePointY\tEvent\tEventKey\tData1\tData2\tDescriptor\t"
    "FixationDuration\t"
)


def row(time, left=(100, 200, 3.5, 0), right=(101, 201, 3.25, 1), index="", duration=""):
    eyes = [f"{x}\t{y}\t650.5\t{size}\t{code}" for x, y, size, code in (left, right)]
    return f"{time}\t13:13:39.9\t7\t" + "\t".join(eyes) + f"\t{index}\t\t\t\t\t\t\t\t{duration}\t"


def event(time, name, key=0, data1="", data2="", descriptor=""):
    return f"{time}" + "\t" * 16 + f"{name}\t{key}\t{data1}\t{data2}\t{descriptor}\t\t"


LOST = (-1280, -1024, -1, 4)
ROWS = [
    row(20, index=3, duration=33),
    row(37, left=(112, 204, 3.5, 0), right=LOST, index=3, duration=33),
    event(40, "LeftMouseClick", 1, 666, 443),
    row(53, left=LOST, right=LOST),
    event(60, "LogData", data1="Trial 5"),
    row(70, left=(300, -1, 3.75, 0), index=5, duration=50),
    event(80, "KeyPress", 2, 65, 0, "A"),
    row(87, left=(302, 400, -1, 1), right=(303, 401, 3.0, 2), index=5, duration=50),
]
FIXATIONS = "FixationIndex\tTimestamp\tFixationDuration\tMappedFixationPointX\t\n"
FIXATIONS += "3\t20\t33\t100\t\n5\t70\t50\t-1\t\n"
EVENTS = "Timestamp\tEvent\tEventKey\tData1\tData2\tDescriptor\t\n60\tLogData\t0\tTrial 5\t \t\t\n"


def write(folder, text, name="P1-All-Data.tsv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    return path


def all_data(rows=ROWS):
    return PREAMBLE + "\n".join([NAMES, *rows, ""])


def test_without_validities_a_pupil_of_minus_one_is_a_lost_eye(tmp_path):
    text = all_data().replace("Validity", "Camera")
    samples = read_eye(write(tmp_path, text)).samples
    assert samples["gaze_x_left"].min() == 100
    assert samples["gaze_x_right"].min() == 101


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_all_data_hold_samples_fixations_and_messages(tmp_path, encoding, decimal):
    path = write(tmp_path, all_data().replace(".", decimal), encoding=encoding)
    assert sniff(path) == "tobii_studio2"
    assert check(path) == ("ok", "")
    eye = read_eye(path)
    samples, nan = eye.samples, np.nan
    np.testing.assert_allclose(samples["time"], [0.02, 0.037, 0.053, 0.07, 0.087])
    np.testing.assert_allclose(samples["gaze_x_left"], [100, 112, nan, nan, 302])
    np.testing.assert_allclose(samples["gaze_y_left"], [200, 204, nan, nan, 400])
    np.testing.assert_allclose(samples["pupil_x_left"], [3.5, 3.5, nan, 3.75, nan])
    np.testing.assert_allclose(samples["gaze_x_right"], [101, nan, nan, 101, nan])
    np.testing.assert_allclose(samples["pupil_y_right"], [3.25, nan, nan, 3.25, nan])
    assert samples["valid_right"].tolist() == [True, False, False, True, False]
    left = eye.events[eye.events["eye"] == "left"]
    assert left["kind"].tolist() == ["fixation", "fixation"]
    np.testing.assert_allclose(left["onset"], [0.02, 0.07])
    np.testing.assert_allclose(left["duration"], [0.033, 0.05])
    assert left["dispersion_x"].iloc[0] == 12
    assert len(eye.events) == 4
    assert eye.messages["text"].tolist() == ["LeftMouseClick", "Trial 5", "A"]
    np.testing.assert_allclose(eye.messages["time"], [0.04, 0.06, 0.08])
    assert eye.units == {"gaze": "px", "pupil": "mm", "dispersion": "px"}
    assert eye.sfreq == pytest.approx(1 / 0.0165, rel=0.05)


@pytest.mark.parametrize("word", ["All-Data", "Fixation-Data", "Event-Data"])
def test_naming_any_table_reads_all_of_its_recording(tmp_path, word):
    plain_rows = [line.replace("\t3\t", "\t\t") for line in ROWS if "LogData" not in line]
    files = {
        "All-Data": write(tmp_path, "\n".join([NAMES, *plain_rows])),
        "Fixation-Data": write(tmp_path, FIXATIONS, "P1-Fixation-Data.tsv"),
        "Event-Data": write(tmp_path, EVENTS, "P1-Event-Data.tsv"),
    }
    assert source_files(files[word])[0] == files[word]
    assert set(source_files(files[word])) == set(files.values())
    assert len(read_eye(files[word]).samples) == 5
    files["All-Data"].unlink()
    if word != "All-Data":
        eye = read_eye(files[word])
        assert (len(eye.samples), len(eye.events)) == (0, 4)
        assert eye.messages.to_numpy().tolist() == [[0.06, "Trial 5"]]


def test_what_happened_on_the_screen_is_no_eye_recording(tmp_path):
    path = write(tmp_path, PREAMBLE + EVENTS, "P1-Event-Data.tsv")
    with pytest.raises(ReadError, match="neither samples nor fixations; put the All-Data"):
        read_eye(path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ([ROWS[0], ROWS[5], ROWS[1]], r"P1-All-Data\.tsv, line 9: the time falls from .* 0\.037"),
        ([ROWS[0].replace("650.5", "x", 1).replace("3.5", "wide")], "line 7: field 7 is 'wide'"),
        ([ROWS[0], ROWS[1].replace("37", "", 1)], "line 8: field 1 is ''"),
        ([ROWS[0] + ROWS[1]], r"line 7: it has 4\d fields, the row of names 22"),
        ([], "truncated: the column row is followed by no rows"),
    ],
)
def test_a_defect_is_named_with_file_and_line(tmp_path, changed, message):
    rows = [line.replace("70\t", "370\t", 1) for line in changed]
    with pytest.raises(ReadError, match=message):
        read_eye(write(tmp_path, all_data(rows)))


def test_repeated_stamps_are_kept_and_a_cut_last_line_is_told(tmp_path, caplog):
    path = write(tmp_path, all_data([ROWS[0], ROWS[0], ROWS[1]]).rstrip()[:-20])
    np.testing.assert_allclose(read_eye(path).samples["time"], [0.02, 0.02])
    assert "P1-All-Data.tsv: its last line is cut and left out" in caplog.text


@pytest.mark.samples
@pytest.mark.parametrize("word", ["Fixation", "Event"])
def test_the_real_tables_are_one_recording(samples, word):
    eye = read_eye(samples / f"eye/tobii_emdat/P61-{word}-Data.tsv")
    assert (len(eye.samples), len(eye.events), len(eye.messages)) == (0, 2 * 4664, 1285)
    left = eye.events[eye.events["eye"] == "left"]
    assert left[["onset", "duration"]].iloc[[0, -1]].to_numpy().tolist() == [
        [0.026, 0.633],
        [1840.173, 0.65],
    ]
    onset, stop = left["onset"].to_numpy(), (left["onset"] + left["duration"]).to_numpy()
    assert (onset[1:] - stop[:-1] > -1.5e-3).all()  # whole ms
    texts = eye.messages["text"].value_counts()
    assert texts["LeftMouseClick"] == 1236
    assert texts["Load 1st Problem"] == 1
