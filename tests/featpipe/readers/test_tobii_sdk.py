"""Gaze data of the Tobii Research SDK, by hand and as labs saved them."""

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.reading import check, read_eye, sniff

NAMES = (
    "left_gaze_point_on_display_area", "right_gaze_point_on_display_area", "system_time_stamp",
    "left_gaze_point_validity", "right_gaze_point_validity", "left_pupil_diameter",
    "right_pupil_diameter", "left_pupil_validity", "right_pupil_validity", "device_time_stamp",
)  # fmt: skip
ROWS = [
    ["(0.25, 0.5)", "(0.26, 0.51)", "9000000", "1", "1", "3.5", "3.25", "1", "1", "500000"],
    ["(nan, nan)", "(0.27, -1e-05)", "9010000", "0", "1.0", "nan", "3.25", "0.0", "0", "511100"],
    ["(0.3, 0.5)", "", "9020000", "1", "0", "3.75", "", "1", "0", "522200"],
    ["(0.31, 0.5)", "(0.28, 0.5)", "9030000", "0", "1", "3.75", "-1", "1", "1", "533300"],
]


def export(names=NAMES, rows=ROWS, separator="\t"):
    """Write the columns that are named, in the way of pandas."""
    places = [NAMES.index(name) for name in names]
    table = [NAMES, *rows]
    cells = [[f'"{row[i]}"' if separator in row[i] else row[i] for i in places] for row in table]
    return "\n".join(separator.join(row) for row in cells) + "\n"


def write(folder, text, encoding="utf-8"):
    path = folder / "gaze.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("separator", ["\t", ";", ","])
@pytest.mark.parametrize(("newline", "encoding"), [("\r\r\n", "utf-8-sig"), ("\n", "utf-16")])
def test_every_spelling_is_the_same_recording(tmp_path, separator, newline, encoding):
    path = write(tmp_path, export(separator=separator).replace("\n", newline), encoding)
    assert sniff(path) == "tobii_sdk"
    assert check(path) == ("ok", "")
    eye = read_eye(path)
    samples, nan = eye.samples, np.nan
    shift = np.median([8.5, 8.4989, 8.4978, 8.4967])
    np.testing.assert_allclose(samples["time"], np.array([0.5, 0.5111, 0.5222, 0.5333]) + shift)
    np.testing.assert_allclose(samples["gaze_x_left"], [0.25, nan, 0.3, nan])
    np.testing.assert_allclose(samples["gaze_y_right"], [0.51, -1e-5, nan, 0.5])
    np.testing.assert_allclose(samples["pupil_x_left"], [3.5, nan, 3.75, 3.75])
    np.testing.assert_allclose(samples["pupil_y_right"], [3.25, nan, nan, nan])
    assert samples["valid_right"].tolist() == [True, True, False, True]
    assert eye.units == {"gaze": "norm", "pupil": "mm", "dispersion": "norm"}
    assert eye.sfreq == pytest.approx(1 / 0.0111, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "first"), [("device_time_stamp", 0.5), ("system_time_stamp", 9.0)]
)
def test_either_clock_alone_is_enough(tmp_path, name, first):
    eye = read_eye(write(tmp_path, export([name, "left_gaze_point_on_display_area"])))
    assert eye.samples["time"][0] == first
    assert np.isnan(eye.samples["pupil_x_left"]).all()


@pytest.mark.parametrize(
    ("i_row", "i_column", "text", "message"),
    [
        (1, 0, "(0.1, abc)", r"gaze\.csv, line 3: .* is '\(0\.1, abc\)', not two numbers"),
        (2, 0, "(0.1, 0.2, 0.3)", r"line 4: .* not two numbers in brackets; repair"),
        (1, 5, "wide", r"gaze\.csv, line 3: field 6 is 'wide'"),
        (1, 9, "", r"line 3: field 10 is ''"),
        (3, 9, "53330", r"line 5: the time falls from 9\.02\d* to 8\.55"),
    ],
)
def test_a_defect_is_named_with_file_and_line(tmp_path, i_row, i_column, text, message):
    rows = [list(row) for row in ROWS]
    rows[i_row][i_column] = text
    with pytest.raises(ReadError, match=message):
        read_eye(write(tmp_path, export(rows=rows)))


@pytest.mark.parametrize("text", ["1" * 900_000, "0.1, 0." + "2" * 900_000, "((" * 400_000])
def test_a_cell_that_is_nearly_a_megabyte_long_is_told_at_once(tmp_path, text):
    rows = [ROWS[0], [f"({text}", *ROWS[1][1:]]]
    with pytest.raises(ReadError, match=r"gaze\.csv, line 3: .*not two numbers in brackets"):
        read_eye(write(tmp_path, export(rows=rows)))


def test_names_alone_are_truncated_and_repeated_stamps_kept(tmp_path):
    assert check(write(tmp_path, export(rows=[]))).status == "truncated"
    eye = read_eye(write(tmp_path, export(rows=[ROWS[0], ROWS[0], ROWS[1]])))
    np.testing.assert_allclose(np.diff(eye.samples["time"]), [0, 0.0111], atol=1e-9)


def test_labels_that_are_no_kind_of_event_are_left_out_and_told(tmp_path, caplog):
    text = "label,x,y,start,end,duration\nfixation,1,2,1000000,1200000,200.0\n"
    text += "pursuit,1,2,1200000.0,1300000.0,100\nblink,,,1300000,1400000,100\n"
    eye = read_eye(write(tmp_path, text))
    left = eye.events[eye.events["eye"] == "left"]
    assert left[["kind", "onset"]].to_numpy().tolist() == [["fixation", 1.0], ["blink", 1.3]]
    np.testing.assert_allclose(left["duration"], [0.2, 0.1])
    assert "gaze.csv: events called pursuit are left out" in caplog.text


@pytest.mark.samples
@pytest.mark.parametrize(("name", "n"), [("4Ctest.csv", 453), ("P123456_Data_Export.tsv", 3974)])
def test_real_gaze_data_have_the_exact_clock_of_the_device(samples, name, n):
    eye = read_eye(samples / "eye/tobii_emdat" / name)
    assert len(eye.samples) == n
    assert eye.sfreq == pytest.approx(90.06, abs=0.01)
    step = np.diff(eye.samples["time"])  # those of the system's clock were rounded to 10 ms
    assert np.mean(np.abs(step - 0.0111035) < 2e-6) > 0.99
    assert step.min() > 0.0111
    pupil = eye.samples[["pupil_x_left", "pupil_x_right"]]
    assert pupil.min().min() > 1
    assert pupil.max().max() < 7


@pytest.mark.samples
def test_the_real_events_and_samples_share_a_clock(samples):
    folder = samples / "eye/tobii_emdat"
    gaze = read_eye(folder / "4Ctest.csv").samples
    events = read_eye(folder / "4Ctest_fixation.csv").events
    fixations = events[(events["kind"] == "fixation") & (events["eye"] == "left")]
    text = (folder / "4Ctest_fixation.csv").read_text().splitlines()
    places = [row.split(",")[1:3] for row in text if row.startswith("fixation")]
    assert len(fixations) == len(places) == 14
    for onset, length, place in zip(fixations["onset"], fixations["duration"], places, strict=True):
        within = gaze[gaze["time"].between(onset, onset + length)]
        for axis, percent in zip("xy", place, strict=True):
            seen = within[[f"gaze_{axis}_left", f"gaze_{axis}_right"]].to_numpy()
            assert np.nanmean(seen) == pytest.approx(float(percent) / 100, rel=0.01)
    n_events = len(read_eye(folder / "P123456_Data_Fixations.tsv").events)
    assert n_events == 2 * (2646 - 25)  # saccades of more than half a second are left out
