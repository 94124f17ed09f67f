import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ConfigError, ReadError
from featpipe.eye.side import choose_side, events_of
from featpipe.recording import EyeRecording, empty_events, empty_messages, empty_samples


def recording(samples=None, events=()):
    frame = pd.DataFrame(events, columns=["kind", "eye", "onset", "duration"])
    frame = frame.reindex(columns=empty_events().columns)
    samples = empty_samples() if samples is None else samples
    return EyeRecording(samples, frame, empty_messages(), {}, None, "made by hand")


def samples_at(time, left, right):
    frame = pd.DataFrame({"time": time, "valid_left": left, "valid_right": right})
    return frame.reindex(columns=empty_samples().columns)


@pytest.mark.parametrize(
    ("left", "right", "side"), [(0.5, 0.6, "right"), (0.6, 0.5, "left"), (0.5, 0.5, "left")]
)
def test_auto_takes_the_eye_with_more_valid_samples(left, right, side):
    i = np.arange(100)
    eye = recording(samples_at(i / 100, i < 100 * left, i >= 100 - 100 * right))
    assert choose_side(eye, "auto") == side
    assert choose_side(eye, "right") == "right"


def test_auto_without_samples_sums_fixations_and_saccades():
    events = [
        ("fixation", "left", 0.0, 1.0),
        ("blink", "left", 1.0, 9.0),
        ("fixation", "right", 0.0, 0.8),
        ("saccade", "right", 0.8, 0.3),
    ]
    assert choose_side(recording(events=events), "auto") == "right"
    assert choose_side(recording(events=events[:2]), "auto") == "left"
    assert choose_side(recording(events=[("fixation", "both", 0.0, 1.0)]), "auto") == "left"


def test_auto_takes_the_eye_of_which_there_are_events():
    i = np.arange(100)
    samples = samples_at(i / 100, i < 100, i < 50)
    of_right, of_both = (
        recording(samples, [("fixation", name, 0.0, 0.3)]) for name in ("right", "both")
    )
    assert choose_side(of_right, "auto") == "right"
    assert choose_side(of_right, "left") == "left"
    assert choose_side(of_both, "auto") == "left"
    never_seen = samples_at(i / 100, i < 100, i < 0)
    assert choose_side(recording(never_seen, of_right.events), "auto") == "left"


def test_a_side_without_data_is_refused_and_the_other_named():
    eye = recording(events=[("fixation", "left", 0.0, 1.0)])
    with pytest.raises(ReadError, match=r"no valid data of the right eye; choose side = 'left'"):
        choose_side(eye, "right")
    with pytest.raises(ReadError, match="either eye"):
        choose_side(recording(), "auto")
    with pytest.raises(ConfigError, match="did you mean 'left'"):
        choose_side(eye, "lefft")


def test_events_of_one_eye_are_ordered_and_without_defects():
    events = [
        ("fixation", "left", 5.0, 1.0),
        ("fixation", "right", 2.0, 1.0),
        ("fixation", "both", 1.0, 0.0),
        ("fixation", "left", 3.0, -0.1),
        ("fixation", "left", np.nan, 1.0),
        ("saccade", "left", 4.0, 0.1),
    ]
    fixations = events_of(recording(events=events), "left", "fixation")
    assert fixations.onset.tolist() == [1.0, 5.0]
    assert fixations.stop.tolist() == [1.0, 6.0]
