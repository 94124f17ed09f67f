"""Exports that tell events of one eye and samples of both."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from featpipe.eye.detection import with_events
from featpipe.eye.settings import EyeSettings
from featpipe.eye.side import choose_side, events_of
from featpipe.readers.eye_frames import samples_frame
from featpipe.recording import EyeRecording, empty_events, empty_messages


@pytest.fixture
def of_right():
    """Both eyes look here and there for 10 s; the left one has more samples, and no events."""
    time = np.arange(1000) / 100
    x = 300 + 400 * (time % 2 > 1)
    eyes = {side: np.stack([x, x / 2, 0 * x + 3, 0 * x + 3]) for side in ("left", "right")}
    eyes["right"][:, 500:550] = np.nan
    eye = EyeRecording(
        samples_frame(Path("made"), time, eyes), empty_events(), empty_messages(),
        {"gaze": "px", "pupil": "mm", "dispersion": "px"}, 100.0, "made by hand",
    )  # fmt: skip
    events = with_events(eye, EyeSettings()).events
    return replace(eye, events=events[events["eye"] == "right"].reset_index(drop=True))


def test_auto_takes_the_eye_of_the_events_and_says_so(of_right, caplog):
    eye = with_events(of_right, EyeSettings())
    assert eye is of_right
    assert choose_side(eye, "auto") == "right"
    assert "events of the right eye only: the right one is taken, whatever" in caplog.text


@pytest.mark.parametrize("kinds", [("fixation", "saccade"), ("fixation",), ("blink",)])
def test_what_is_detected_beside_told_events_is_of_their_eye(of_right, kinds):
    """Else auto would see events of both, and take the left eye with its larger share."""
    events = of_right.events[of_right.events["kind"].isin(kinds)].reset_index(drop=True)
    eye = with_events(replace(of_right, events=events, event_kinds=kinds), EyeSettings())
    assert eye.events_from.startswith("export, ")
    assert choose_side(eye, "auto") == "right"
    for kind, n_events in (("fixation", 10), ("blink", 1)):
        assert len(events_of(eye, "right", kind).onset) == n_events
        assert not len(events_of(eye, "left", kind).onset)


def test_the_other_eye_when_asked_for_has_detected_events(of_right, caplog):
    eye = with_events(of_right, EyeSettings(side="left"))
    assert eye.events_from == "idt"
    assert len(events_of(eye, "left", "fixation").onset) == 10
    assert "events of the right eye only: both are detected" in caplog.text


def test_where_nothing_is_detected_it_is_told(of_right, caplog):
    eye = with_events(of_right, EyeSettings(side="left", events="export"))
    assert not len(events_of(eye, "left", "fixation").onset)
    assert "they are NaN for the left one" in caplog.text


def test_an_eye_asked_for_that_has_events_is_nothing_to_tell(of_right, caplog):
    with_events(of_right, EyeSettings(side="right"))
    with_events(of_right, EyeSettings(side="left", events="detect"))
    assert not caplog.text
