"""Gazepoint exports made by hand, as Gazepoint Analysis and the Open Gaze API write them."""

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.reading import check, read_eye, sniff

ANALYSIS = (
    "MEDIA_ID,MEDIA_NAME,CNT,TIME(2019/11/18 23:50:04.582),TIMETICK(f=10000000),"
    "FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV,BPOGX,BPOGY,BPOGV,USER,LPD,LPV,RPD,RPV,"
    "BKID,BKDUR,LPMM,LPMMV,RPMM,RPMMV,TTL0,TTL1,TTLV,"
)
TICK = 696216388878
# media, TIME, ticks in ms, start, duration and number of the fixation, its flag, gaze flag, USER,
# pupil flag, blink number and duration, TTL0
ROWS = [
    (0, 0.50, 0, 0.48, 0.02, 7, 1, 1, "0", 1, 0, 0.0, 0),
    (0, 0.51, 10, 0.48, 0.03, 7, 1, 1, "0", 1, 0, 0.0, 0),
    (0, 0.52, 20, 0.48, 0.03, 7, 0, 0, "GO 5", 0, 1, 0.0, 1),
    (0, 0.53, 30, 0.53, 0.00, 8, 1, 1, "GO 5", 1, 0, 0.01, 1),
    (1, 0.00, 40, -0.01, 0.01, 1, 1, 1, "0", 1, 0, 0.0, 0),
    (1, 0.01, 50, -0.01, 0.02, 1, 1, 1, "6", 1, 0, 0.0, 0),
]


def analysis(rows=ROWS):
    lines = [ANALYSIS]
    for i, row in enumerate(rows):
        media, time, ticks, start, duration, fixation, is_fixation, is_gaze, user = row[:9]
        is_pupil, blink, blinked, ttl = row[9:]
        values = [media, f"clip {media}.png", i, f"{time:.5f}", TICK + 10000 * ticks, 0.5, 0.5,
                  start, duration, fixation, is_fixation, 0.5 + i / 100, 0.25, is_gaze, user,
                  18 + i, is_pupil, 19 + i, 1, blink, blinked, 3.5,
                  is_pupil, 3.75, 1, ttl, 0, 1]  # fmt: skip
        lines.append(",".join(map(str, values)) + ",")
    return "\n".join(lines) + "\n"


API = "CNT,TIME,TIME_TICK,FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV,LPOGX,LPOGY,LPOGV,RPOGX,RPOGY,RPOGV,"
API += "BPOGX,BPOGY,BPOGV,LPD,LPS,LPV,RPD,RPS,RPV,LPUPILD,LPUPILV,RPUPILD,RPUPILV,USER\n"
API += "".join(
    f"{i},{5 + i / 100},{9000 + i},0.5,0.5,5,{i / 100},1,1,0.{i}1,0.2,1,0.{i}2,0.3,{int(i != 2)},"
    f"0.9,0.9,1,18,1.0,1,19,1.0,1,0.0035,1,0.00375,{int(i != 1)},{'start' if i > 1 else 0}\n"
    for i in range(5)
)


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "User 1_all_gaze.csv"
    path.write_bytes(text.encode(encoding))
    return path


def spelled(text, how):
    if how == "decimal comma":
        return text.replace(",", ";").replace(".", ",").replace("clip 0,", "clip 0.")
    if how == "tabs":
        return text.replace(",", "\t")
    return text.replace("\n", "\r\n") if how == "CRLF" else text


DIALECTS = [
    ("plain", "utf-8"), ("CRLF", "utf-8-sig"), ("plain", "utf-16"), ("tabs", "cp1252"),
    ("decimal comma", "utf-8"),
]  # fmt: skip


@pytest.mark.parametrize(("how", "encoding"), DIALECTS)
def test_every_spelling_of_an_analysis_export_is_the_same_recording(tmp_path, how, encoding):
    path = write(tmp_path, spelled(analysis(), how), encoding)
    assert sniff(path) == "gazepoint"
    assert check(path) == ("ok", "")
    eye = read_eye(path)
    samples = eye.samples
    np.testing.assert_allclose(samples["time"], [0.5, 0.51, 0.52, 0.53, 0.54, 0.55], atol=1e-9)
    expected = [0.5, 0.51, np.nan, 0.53, 0.54, 0.55]
    np.testing.assert_allclose(samples["gaze_x_left"], expected)
    np.testing.assert_allclose(samples["gaze_x_right"], expected)
    np.testing.assert_allclose(samples["pupil_x_left"], [3.5, 3.5, np.nan, 3.5, 3.5, 3.5])
    assert (samples["pupil_y_right"] == 3.75).all()
    assert samples["valid_left"].tolist() == [True, True, False, True, True, True]
    assert eye.units == {"gaze": "norm", "pupil": "mm", "dispersion": "norm"}
    assert eye.sfreq == pytest.approx(100.0)
    left = eye.events[eye.events["eye"] == "left"]
    assert left["kind"].tolist() == ["fixation", "blink", "fixation", "fixation"]
    np.testing.assert_allclose(left["onset"], [0.48, 0.52, 0.53, 0.53], atol=1e-9)
    np.testing.assert_allclose(left["duration"], [0.03, 0.01, 0.0, 0.02])
    assert len(eye.events) == 8
    np.testing.assert_allclose(eye.messages["time"], [0.52, 0.52, 0.55], atol=1e-9)
    assert eye.messages["text"].tolist() == ["GO 5", "1", "6"]  # of two at once USER comes first


def test_a_log_of_the_api_has_each_eye_and_pupils_in_metres(tmp_path):
    path = write(tmp_path, API)
    assert sniff(path) == "gazepoint"
    eye = read_eye(path)
    np.testing.assert_allclose(eye.samples["time"], [5.0, 5.01, 5.02, 5.03, 5.04])
    np.testing.assert_allclose(eye.samples["gaze_x_left"], [0.01, 0.11, 0.21, 0.31, 0.41])
    np.testing.assert_allclose(eye.samples["gaze_x_right"], [0.02, 0.12, np.nan, 0.32, 0.42])
    np.testing.assert_allclose(eye.samples["pupil_x_right"], [3.75, np.nan, 3.75, 3.75, 3.75])
    assert eye.units["pupil"] == "mm"
    assert eye.messages.to_numpy().tolist() == [[5.02, "start"]]
    assert not len(eye.events)  # it counts no blinks, so all events are to be detected


def test_without_valid_millimetres_pupils_are_in_pixels(tmp_path):
    eye = read_eye(
        write(tmp_path, analysis().replace(",3.75,1,", ",0,0,").replace(",3.5,1,", ",0,0,"))
    )
    assert eye.units["pupil"] == "px"
    np.testing.assert_allclose(eye.samples["pupil_x_left"], [18, 19, np.nan, 21, 22, 23])


def test_the_dispersion_of_a_fixation_counts_its_last_sample(tmp_path):
    """Of 60 Hz, whose times of five decimals are off by up to 10 µs; each ends with a leap."""
    text = "CNT,TIME,FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV,BPOGX,BPOGY,BPOGV,BKID,BKDUR\n"
    for i in range(240):
        start, x = (i - i % 8) / 60, 0.75 if i % 8 == 7 else 0.5
        text += f"{i},{i / 60:.5f},0.5,0.5,{start:.5f},{i % 8 / 60:.5f},{i // 8},1,{x},0.5,1,0,0\n"
    events = read_eye(write(tmp_path, text)).events
    assert events["dispersion_x"].tolist() == [0.25] * 60


BLINKS = {  # BKID and BKDUR of ten rows, 10 ms apart -> onsets in rows, durations
    "told once, after it": ("0 0 1 1 0 0 2 0 0 0", "0 0 0 0 .02 0 0 .01 0 0", [2, 6], [2, 1]),
    "number kept": ("0 0 1 1 1 1 2 2 2 2", "0 0 0 0 .02 .02 .02 .01 .01 .01", [2, 6], [2, 1]),
    "equal, kept": ("0 1 1 1 1 1 2 2 2 2", "0 0 0 .02 .02 .02 .02 .02 .02 .02", [1, 6], [2, 2]),
    "equal, at the end": ("0 0 1 0 0 0 2 0 0 0", "0 0 .02 .02 .02 .02 .02 .02 .02 .02", [0, 4],
                          [2, 2]),
    "equal, without numbers": ("", "0 0 .02 .02 .02 .02 .02 .02 .02 .02", [0], [2]),
    "no duration yet": ("0 0 1 1 0 0 0 0 2 2", "0 0 0 0 .02 0 0 0 0 0", [2], [2]),
    "of before the file": ("0 0 0 0 1 1 0 0 0 0", ".3 .3 .3 .3 .3 .3 .02 .02 .02 .02", [4], [2]),
    "one after another": ("0 1 1 2 2 3 3 0 0 0", "0 0 0 .02 0 .01 0 .02 0 0", [1, 4, 5], [2, 1, 2]),
    "running at the end": ("0 1 1 0 0 0 0 0 2 2", "0 0 0 .02 .02 .02 .02 .02 .02 .02", [1], [2]),
    "a number flickers": ("0 1 1 1 0 1 2 2 0 0", "0 0 .02 .02 .02 .02 .02 .02 .03 .03", [0, 5],
                          [2, 3]),
    "it grows": ("0 0 1 1 1 0 0 0 0 0", "0 0 .01 .02 .03 0 0 0 0 0", [1], [3]),
}  # fmt: skip


@pytest.mark.parametrize("how", BLINKS)
def test_blinks_are_found_however_long_their_duration_stands_there(tmp_path, how):
    numbers, durations, onsets, lengths = BLINKS[how]
    column = "BKID" if numbers else "OTHER"
    rows = zip(numbers.split() or "0" * 10, durations.split(), strict=True)
    text = f"CNT,TIME,BPOGX,BPOGY,BPOGV,{column},BKDUR\n" + "".join(
        f"{i},{i / 100},0.5,0.5,1,{number},{duration}\n"
        for i, (number, duration) in enumerate(rows)
    )
    events = read_eye(write(tmp_path, text)).events
    left = events[events["eye"] == "left"]
    np.testing.assert_allclose(left["onset"], np.array(onsets) / 100, atol=1e-9)
    np.testing.assert_allclose(left["duration"], np.array(lengths) / 100)


def test_blinks_that_are_counted_without_a_duration_are_to_be_detected(tmp_path):
    eye = read_eye(write(tmp_path, analysis().replace(",0,0.01,3.5,", ",0,0.0,3.5,")))
    assert eye.event_kinds == ("fixation",)
    assert set(eye.events["kind"]) == {"fixation"}
    assert read_eye(write(tmp_path, analysis())).event_kinds == ("fixation", "blink")


def test_numbers_of_blinks_begin_anew_with_each_media_item(tmp_path):
    rows = [
        (i // 8, (i % 8) / 100, 10 * i, 0, 0.01, 1, 1, 1, "0", 1, int(2 <= i % 8 < 4),
         0.02 if i % 8 == 4 else 0.0, 0)
        for i in range(16)
    ]  # fmt: skip
    events = read_eye(write(tmp_path, analysis(rows))).events
    blinks = events[(events["kind"] == "blink") & (events["eye"] == "left")]
    np.testing.assert_allclose(blinks["onset"], [0.02, 0.10], atol=1e-9)


def test_a_time_that_begins_anew_needs_ticks(tmp_path):
    for old, new in (("TIMETICK(f=10000000)", "TIMETICK"), ("TIMETICK", "CPUTICK")):
        with pytest.raises(ReadError, match=r"line 6: the time falls from 0.53 to 0 s.*TIMETICK"):
            read_eye(write(tmp_path, analysis().replace(old, new)))
    back = [(*row[:2], row[2] - 1000 * (i > 2), *row[3:]) for i, row in enumerate(ROWS)]
    with pytest.raises(ReadError, match=r"line 5: the time falls from 0.52 to -0.47 s"):
        read_eye(write(tmp_path, analysis(back)))


def test_rows_in_another_order_are_sorted_and_repeated_stamps_kept(tmp_path, caplog):
    rows = [ROWS[0], ROWS[1], ROWS[3], ROWS[2], ROWS[2]]
    eye = read_eye(write(tmp_path, analysis(rows)))
    np.testing.assert_allclose(eye.samples["time"], [0.5, 0.51, 0.52, 0.52, 0.53], atol=1e-9)
    assert "time runs backwards 1 times; rows were sorted" in caplog.text


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (",0.25,1,GO 5,", ",high,1,GO 5,", r"all_gaze\.csv, line 5: field 13 is 'high'"),
        ("clip 1.png", "clip 1, again.png", r"line 6: it has 29 fields, the row of names 28"),
        (",0.51000,", ",,", "line 3: field 4 is ''"),
        ("TIME(2019", "TIMES(2019", "known formats"),
        ("BPOGX", "BPOG", "known formats"),
    ],
)
def test_a_defect_is_named(tmp_path, old, new, reason):
    text = analysis()
    if new == "BPOG":
        text = text.replace("FPOGX", "F").replace("LPMM", "L").replace("RPMM", "R")
    with pytest.raises(ReadError, match=reason):
        read_eye(write(tmp_path, text.replace(old, new, 1)))


def test_a_last_line_that_is_cut_is_left_out_and_told(tmp_path, caplog):
    eye = read_eye(write(tmp_path, analysis()[:-60]))
    assert len(eye.samples) == 5
    assert "its last line is cut" in caplog.text


def test_the_fixations_beside_it_are_not_taken_for_samples(tmp_path):
    rows = [(*row[:5], i, *row[6:]) for i, row in enumerate(ROWS)]
    with pytest.raises(ReadError, match=r"one row per fixation; give the \*_all_gaze.csv"):
        read_eye(write(tmp_path, analysis(rows)))


def test_a_table_that_measures_nothing_is_told_by_its_header(tmp_path):
    text = "CNT,TIME,FPOGX,FPOGY,LPCX,LPCY\n1,0.5,0.1,0.2,0.3,0.4\n"
    status, reason = check(write(tmp_path, text))
    assert status == "corrupt"
    assert "it holds neither gaze nor pupils" in reason


def test_a_header_alone_is_truncated(tmp_path):
    assert check(write(tmp_path, ANALYSIS + "\n")).status == "truncated"
    with pytest.raises(ReadError, match="is empty"):
        read_eye(write(tmp_path, ""))
