"""Tobii data exports made by hand, in the spellings of Pro Lab and Studio 3."""

import re

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.eye.detection import with_events
from featpipe.eye.settings import EyeSettings
from featpipe.reading import check, read_eye, sniff

PRO = [
    "Recording timestamp [{t}]", "Sensor", "Participant name", "Event", "Event value",
    "Gaze point left X [DACS px]", "Gaze point left Y [DACS px]", "Gaze point right X [DACS px]",
    "Gaze point right Y [DACS px]", "Pupil diameter left [mm]", "Pupil diameter right [mm]",
    "Validity left", "Validity right", "Eye movement type", "Gaze event duration [ms]",
    "Eye movement type index", "Gaze point left X [MCS norm]",
]  # fmt: skip
STUDIO = [
    "RecordingTimestamp", None, "ParticipantName", "StudioEvent", "StudioEventData",
    "GazePointLeftX (ADCSpx)", "GazePointLeftY (ADCSpx)", "GazePointRightX (ADCSpx)",
    "GazePointRightY (ADCSpx)", "PupilLeft", "PupilRight", "ValidityLeft", "ValidityRight",
    "GazeEventType", "GazeEventDuration", None, None,
]  # fmt: skip
TRACKER = "Eye Tracker"
NOTHING = [""] * 8
LOST = ["Invalid", "Invalid"]
GOOD = ["Valid", "Valid"]
ROWS = [
    [1000, TRACKER, "P1", "", "", 100, 200, 101, 201, 3.25, 3.5, *GOOD, "Fixation", 20, 1],
    [1005, "Mouse", "P1", "MouseEvent", "", *NOTHING, "", "", ""],
    [1010, TRACKER, "P1", "", "", 110, 205, "", "", "", "", "Valid", "Invalid", "Fixation", 20, 1],
    [1015, "", "P1", "KeyboardEvent", "81", *NOTHING, "", "", ""],
    [1020, TRACKER, "P1", "", "", 300, 400, 301, 401, 3.75, "", *GOOD, "Saccade", 10, 1],
    [1030, TRACKER, "P1", "", "", *NOTHING[:6], *LOST, "EyesNotFound", 20, 1],
    [1040, TRACKER, "P1", "", "", *NOTHING[:6], *LOST, "EyesNotFound", 20, 1],
    [1050, TRACKER, "P1", "", "", 300, 400, 301, 401, 3.0, 3.0, *GOOD, "Unclassified", 10, 1],
]


def export(names, factor=1, decimal=".", separator="\t", unit="ms", rows=ROWS):
    """Write the rows under these names; Studio's validities are numbers."""
    keep = [i for i, name in enumerate(names) if name]
    lines = [separator.join(names[i].format(t=unit) for i in keep)]
    for row in rows:
        row = [row[0] * factor, *row[1:], *[0.5] * (17 - len(row))]
        if names is STUDIO:
            row = ["0" if x == "Valid" else "4" if x == "Invalid" else x for x in row]
        texts = [str(row[i]) for i in keep]
        lines.append(separator.join(x.replace(".", decimal) for x in texts))
    return "\n".join(lines) + "\n"


DIALECTS = {
    "Pro Lab, ms, UTF-8 with mark": (export(PRO), "utf-8-sig"),
    "Pro Lab, microseconds, UTF-16": (export(PRO, 1000, unit="μs"), "utf-16"),
    "Pro Lab, microseconds that no name tells": (
        export(PRO, 1000).replace("timestamp [ms]", "timestamp"),
        "utf-8",
    ),
    "Pro Lab, decimal comma": (export(PRO, decimal=","), "utf-8"),
    "Studio 3": (export(STUDIO), "utf-8-sig"),
    "Studio 3, semicolons": (export(STUDIO, separator=";"), "utf-8"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_is_the_same_recording(tmp_path, dialect):
    text, encoding = DIALECTS[dialect]
    path = tmp_path / "export.tsv"
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert sniff(path) == "tobii_tsv"
    eye = read_eye(path)
    samples = eye.samples
    np.testing.assert_allclose(samples["time"], [1.0, 1.01, 1.02, 1.03, 1.04, 1.05])
    np.testing.assert_allclose(samples["gaze_x_left"], [100, 110, 300, np.nan, np.nan, 300])
    np.testing.assert_allclose(samples["gaze_y_right"], [201, np.nan, 401, np.nan, np.nan, 401])
    np.testing.assert_allclose(samples["pupil_x_left"], [3.25, np.nan, 3.75, np.nan, np.nan, 3])
    np.testing.assert_allclose(samples["pupil_y_right"], [3.5, *[np.nan] * 4, 3])
    assert samples["valid_right"].tolist() == [True, False, True, False, False, True]
    left = eye.events[eye.events["eye"] == "left"]
    assert left["kind"].tolist() == ["fixation", "saccade"]
    np.testing.assert_allclose(left["onset"], [1.0, 1.02])
    np.testing.assert_allclose(left["duration"], [0.02, 0.01])
    assert left["dispersion_x"].iloc[0] == 10.0
    assert len(eye.events) == 4
    if "Studio" not in dialect:
        assert eye.messages["text"].tolist() == ["MouseEvent", "81"]
    assert eye.messages["time"].iloc[-1] == pytest.approx(1.015)
    assert eye.units == {"gaze": "px", "pupil": "mm", "dispersion": "px"}
    assert eye.sfreq == pytest.approx(100.0)


def write(tmp_path, text):
    path = tmp_path / "export.tsv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_loss_is_a_blink_from_the_shortest_blink_on(tmp_path):
    lost = next(row for row in ROWS if "EyesNotFound" in row)
    rows = [lost if i == 20 or 40 <= i < 55 else ROWS[0] for i in range(80)]
    rows[10] = ROWS[4]
    rows = [[1000 + 8 * i, *row[1:]] for i, row in enumerate(rows)]
    eye = read_eye(write(tmp_path, export(PRO, rows=rows)))
    assert eye.event_kinds == ("fixation", "saccade")
    for shortest, onsets in ((None, [1.32]), (0.008, [1.16, 1.32]), (0.2, [])):
        found = with_events(eye, EyeSettings(min_blink_s=shortest))
        blinks = found.events[(found.events["kind"] == "blink") & (found.events["eye"] == "left")]
        np.testing.assert_allclose(blinks["onset"], onsets)
        assert found.events_from == "export, blinks where it lost the eye"


def test_several_recordings_in_one_file_are_refused(tmp_path):
    rows = [*ROWS, [5000, TRACKER, "P2", *ROWS[0][3:]]]
    with pytest.raises(ReadError, match=r"2 recordings \(P1, P2\); export one file per recording"):
        read_eye(write(tmp_path, export(PRO, rows=rows)))


def test_a_clock_that_was_set_back_is_refused_and_rows_in_another_order_are_sorted(tmp_path):
    rows = [ROWS[0], ROWS[4], ROWS[2]]
    eye = read_eye(write(tmp_path, export(PRO, rows=rows)))
    np.testing.assert_allclose(eye.samples["time"], [1.0, 1.01, 1.02])
    rows = [*ROWS, [500, *ROWS[0][1:]]]
    with pytest.raises(ReadError, match=r"line 10: the time falls from 1\.05 to 0\.5 s"):
        read_eye(write(tmp_path, export(PRO, rows=rows)))


def test_microseconds_that_are_called_ms_are_refused(tmp_path):
    text = export(PRO, 1000)
    with pytest.raises(ReadError, match=r'"ms", gives 0\.1 samples .*: "us" \(100 Hz\)'):
        read_eye(write(tmp_path, text))


def test_durations_of_events_have_a_unit_of_their_own(tmp_path):
    text = export(PRO).replace("Gaze event duration [ms]", "Gaze event duration [μs]")
    text = text.replace("Fixation\t20\t", "Fixation\t20000\t")
    assert read_eye(write(tmp_path, text)).events["duration"].iloc[0] == pytest.approx(0.02)


def of_left(eye):
    return eye.events.loc[eye.events["eye"] == "left", "duration"]


def test_durations_have_a_newer_name(tmp_path):
    text = export(PRO).replace("Gaze event duration", "Eye movement event duration")
    text = text.replace("Fixation\t20\t", "Fixation\t35\t")  # the rows would say 20
    np.testing.assert_allclose(of_left(read_eye(write(tmp_path, text))), [0.035, 0.01])


def test_a_duration_in_whole_milliseconds_does_not_reach_the_next_event(tmp_path):
    """Rounded up by half a ms at 120 Hz: the first row of a leap or loss is none of its own."""
    lost = next(row for row in ROWS if "EyesNotFound" in row)
    rows = [ROWS[0]] * 17 + [ROWS[4]] * 5 + [lost] * 8
    rows = [[round(1e6 * i / 120), *row[1:]] for i, row in enumerate(rows)]
    text = export(PRO, rows=rows, unit="μs")
    text = text.replace("Fixation\t20\t", "Fixation\t142\t")
    text = text.replace("Saccade\t10\t", "Saccade\t42\t")
    eye = read_eye(write(tmp_path, text))
    np.testing.assert_allclose(of_left(eye), [17 / 120, 5 / 120], atol=2e-6)
    assert (eye.events["dispersion_x"].dropna() == 0).all()


@pytest.mark.parametrize("name", ["Gaze event duration [ms]", "Eye movement event duration [ms]"])
@pytest.mark.parametrize("of_clock", [True, False])
def test_durations_without_a_unit_are_in_the_one_that_the_rows_have(tmp_path, name, of_clock):
    text = export(PRO, 1000, unit="μs").replace("Gaze event duration [ms]", name[:-5])
    if of_clock:
        text = text.replace("\t20\t", "\t20000\t").replace("Saccade\t10\t", "Saccade\t10000\t")
    np.testing.assert_allclose(of_left(read_eye(write(tmp_path, text))), [0.02, 0.01])


def test_an_event_ends_with_its_last_row_where_the_export_has_no_durations(tmp_path):
    rows = [*ROWS[:3], *([row[0] + 60_000, *row[1:]] for row in ROWS[3:])]
    rows += [[62_000 + 10 * i, *ROWS[0][1:]] for i in range(50)]
    text = export(
        [name and name.replace("Gaze event duration", "Other") for name in PRO], rows=rows
    )
    np.testing.assert_allclose(of_left(read_eye(write(tmp_path, text))), [0.02, 0.01, 0.5])


def test_a_pause_ends_an_event_that_neither_duration_nor_index_tells(tmp_path):
    rows = [[1000 + 10 * i + 60_000 * (i >= 30), *ROWS[0][1:]] for i in range(50)]
    names = [n and re.sub("Gaze event duration|Eye movement type index", "Other", n) for n in PRO]
    eye = read_eye(write(tmp_path, export(names, rows=rows)))
    np.testing.assert_allclose(of_left(eye), [0.3, 0.2])


def test_text_among_the_numbers_is_named_with_its_line(tmp_path):
    with pytest.raises(ReadError, match=r"line 6: field 6 is 'x300', not a number"):
        read_eye(write(tmp_path, export(PRO).replace("\t300\t", "\tx300\t", 1)))


def test_an_export_that_measures_nothing_is_refused(tmp_path):
    text = "Recording timestamp\tSensor\tGaze point\n1\tEye Tracker\t5\n"
    with pytest.raises(ReadError, match="no gaze point, no pupil diameter"):
        read_eye(write(tmp_path, text))


def test_a_header_alone_is_truncated(tmp_path):
    assert check(write(tmp_path, export(PRO, rows=[]))).status == "truncated"


def test_the_real_export_without_a_time_column_is_refused_for_that(samples):
    path = samples / "eye/tobii_emdat/MSNV_Study_1_Data_Export.tsv"
    with pytest.raises(ReadError, match="no column 'Recording timestamp' among ParticipantName"):
        read_eye(path)
