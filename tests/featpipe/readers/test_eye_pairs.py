"""Two files of one recording: finding the other one, and putting them together."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featpipe.readers import eye_pairs
from featpipe.readers.eye_frames import events_frame, messages_frame, samples_frame
from featpipe.readers.eye_pairs import join, sibling
from featpipe.recording import EyeRecording, empty_events, empty_samples

UNITS = {"gaze": "px", "pupil": "px", "dispersion": "px"}


@pytest.fixture
def samples() -> EyeRecording:
    eyes = {side: np.ones((4, 5)) * 20 for side in ("left", "right")}
    frame = samples_frame(Path("x"), np.arange(5) / 5, eyes)
    messages = messages_frame([1.0, 2.0], ["81", "101"])
    return EyeRecording(frame, empty_events(), messages, UNITS, None, "smi_samples")


@pytest.fixture
def events() -> EyeRecording:
    one = np.ones(2)
    table = {"kind": "fixation", "eye": "left", "onset": one, "duration": one, "pupil_x": one * 21}
    messages = messages_frame([2.0, 3.0], ["101", "9999"])
    return EyeRecording(empty_samples(), events_frame([table]), messages, UNITS, 60.0, "smi_events")


def test_both_halves_are_there_and_shared_messages_once(samples, events):
    eye = join(samples, events, "both")
    pd.testing.assert_frame_equal(eye.samples, samples.samples)
    assert eye.events["pupil_x"].tolist() == [21, 21]
    assert eye.messages["text"].tolist() == ["81", "101", "9999"]
    assert (eye.sfreq, eye.format) == (60, "both")


def test_pupils_in_another_unit_are_left_out_and_said(samples, events, caplog):
    eye = join(samples, replace(events, units=UNITS | {"pupil": "mm"}), "both")
    assert eye.events["pupil_x"].isna().all()
    assert eye.units["pupil"] == "px"
    assert "in px in the samples and in mm in the events" in caplog.text


def test_what_the_unit_of_the_tracker_is_one_half_may_tell(samples, events, caplog):
    units = [replace(half, units=UNITS | {"pupil": unit})
             for half, unit in ((samples, "au"), (events, "au (area)"))]  # fmt: skip
    eye = join(*units, "both")
    assert eye.units["pupil"] == "au (area)"
    assert eye.events["pupil_x"].tolist() == [21, 21]
    assert not caplog.records
    for other in ("px", "au (diameter)"):
        eye = join(replace(samples, units=UNITS | {"pupil": other}), units[1], "both")
        assert eye.units["pupil"] == other
    assert len(caplog.records) == 2


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("S1_Samples.txt", "S1_Events.txt"),
        ("S1_EVENTS.TXT", "s1_samples.txt"),
        ("002_samples_short.asc", "002_events_short.asc"),
        ("events_of_S1_samples.txt", "events_of_S1_events.txt"),
    ],
)
def test_the_sibling_is_found(tmp_path, name, other):
    (tmp_path / name).touch()
    (tmp_path / "S2_Events.txt").touch()
    assert sibling(tmp_path / name) is None
    (tmp_path / other).touch()
    assert sibling(tmp_path / name) == tmp_path / other


def test_a_folder_is_listed_once_until_it_changes(tmp_path):
    names = [f"S{i}_{what}.txt" for i in range(50) for what in ("Samples", "Events")]
    for name in names:
        (tmp_path / name).touch()
    os.utime(tmp_path, (1e9, 1e9))
    before = eye_pairs._names.cache_info()
    found = [sibling(tmp_path / name) for name in names]
    assert [path.name for path in found] == [
        f"S{i}_{what}.txt" for i in range(50) for what in ("Events", "Samples")
    ]
    after = eye_pairs._names.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (1, 99)
    (tmp_path / "S7_Events.txt").unlink()
    assert sibling(tmp_path / "S7_Samples.txt") is None
    assert eye_pairs._names.cache_info() == after  # changed just now: not to be relied on


def test_of_two_that_differ_in_case_the_first_is_taken(tmp_path):
    for name in ("s1_events.txt", "S1_events.txt", "S1_Events.txt"):
        (tmp_path / name).touch()
    first = min(file.name for file in tmp_path.iterdir())
    assert sibling(tmp_path / "S1_Samples.txt") == tmp_path / first


def test_a_name_without_the_words_has_no_sibling(tmp_path):
    assert sibling(tmp_path / "S1.txt") is None
