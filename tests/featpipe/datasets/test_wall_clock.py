"""Clocks on the wall: a known offset is found, what is no time is refused."""

import numpy as np
import pytest

from featpipe.datasets.wall_clock import Trigger, eye_offset, offset_between, read_triggers, since
from featpipe.errors import ReadError
from featpipe.readers.tobii_start import seconds_of_day, start_of


def test_a_known_offset_is_found_through_delays_and_drift():
    random = np.random.default_rng(3)
    wall = 51000 + np.sort(random.uniform(0, 3600, 40))
    eeg = (wall - 50900.25) * (1 + 20e-6) + random.uniform(0, 0.01, 40)
    eeg[7] += 0.4  # one trigger that was late
    found = eye_offset(eeg.tolist(), wall.tolist(), 50950.0)
    assert found.seconds == pytest.approx(50950.0 - 50900.25 + 0.036 + 0.005, abs=0.02)
    assert found.typical < 0.03
    assert found.spread == pytest.approx(0.4, abs=0.05)


def test_eye_time_plus_offset_is_eeg_time():
    eye_start, eeg_start = 36000.0, 36012.5  # the EEG began 12.5 s after the eyes
    wall = [36100.0, 36200.0]
    found = eye_offset([time - eeg_start for time in wall], wall, eye_start)
    assert found == (-12.5, 0.0, 0.0)
    eye_time = 36150.0 - eye_start
    assert eye_time + found.seconds == 36150.0 - eeg_start


def test_midnight_is_no_step():
    assert since(10.0, 86390.0) == 20.0
    assert since(86390.0, 10.0) == -20.0
    assert eye_offset([5.0, 25.0], [86390.0, 10.0], 86380.0).seconds == -5.0
    assert offset_between([1.0], [0.25]) == (0.75, 0.0, 0.0)


def test_triggers_are_read(tmp_path):
    path = tmp_path / "1_20221001_1_trigger_info.csv"
    path.write_bytes(b"\xef\xbb\xbf1,2022-10-01 14:25:40.250000\r\n2,2022-10-01 14:27:00\r\n\r\n")
    assert read_triggers(path) == [Trigger("1", 51940.25), Trigger("2", 52020.0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("1;2022-10-01 14:25:40.1\n", "line 1"),
        ("1,2022-10-01 14:25:40.1\n2,soon\n", "line 2: '2,soon'"),
        ("1,2022-10-01 14:25:40.1\n2,2022-10-01 14:25:39.1\n", "line 2: time runs backwards"),
        ("1," + "9" * 140_000, r"line 1: it cannot be read as CSV \(field larger"),
        ('"' + "1,2022-10-01 14:25:40.1\n" * 7000, "it cannot be read as CSV"),
        ("," * 1000, r"line 1: ',{80}\.\.\. \(1000 characters\)': expected a code"),
        ("1,\x1b[2J", r"line 1: '1,\\x1b\[2J'"),
        ("1,2022-10-01 14:25:40.1\n" * 50_000, "more than 1048576 bytes"),
    ],
)
def test_what_is_no_trigger_is_named(tmp_path, text, message):
    path = tmp_path / "a_trigger_info.csv"
    path.write_text(text)
    with pytest.raises(ReadError, match=message) as caught:
        read_triggers(path)
    assert "a_trigger_info.csv" in str(caught.value)
    assert len(str(caught.value)) < 300 + len(str(path))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_start_stands_in_the_rows(tmp_path, encoding):
    names = [
        "Recording timestamp",
        "Recording start time UTC",
        "Recording start time",
        "Gaze point X",
    ]
    rows = [names, ["0", "", "", ""], ["4000", "06:25:30.5", "14:25:30.500", "1"]]
    path = tmp_path / "a.tsv"
    path.write_text("\n".join("\t".join(row) for row in rows), encoding)
    assert start_of(path) == 51930.5
    path.write_text("\n".join("\t".join(row[:2]) for row in rows), encoding)
    assert start_of(path) is None
    path.write_text("hello", encoding)
    assert start_of(path) is None


@pytest.mark.parametrize("text", ["", "25:34.1", "24:00:00", "12:60:00", "2 PM"])
def test_half_a_time_is_none(text):
    assert seconds_of_day(text) is None
