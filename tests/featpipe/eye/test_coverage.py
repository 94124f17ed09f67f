from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ReadError
from featpipe.eye.coverage import recorded_span, valid_share
from featpipe.reading import read_eye
from featpipe.recording import EyeRecording, empty_events, empty_messages, empty_samples

START, STOP = np.arange(5.0), np.arange(5.0) + 1


def recording(samples=None, events=()):
    frame = pd.DataFrame(events, columns=["kind", "eye", "onset", "duration"])
    frame = frame.reindex(columns=empty_events().columns)
    samples = empty_samples() if samples is None else samples
    return EyeRecording(samples, frame, empty_messages(), {}, None, "made by hand")


def samples_at(time, left, right):
    frame = pd.DataFrame({"time": time, "valid_left": left, "valid_right": right})
    return frame.reindex(columns=empty_samples().columns)


def test_share_of_samples():
    time = np.arange(0, 5, 0.01)
    valid = (time < 1.0) | (time >= 1.25)
    eye = recording(samples_at(time, valid, ~valid))
    np.testing.assert_allclose(valid_share(eye, "left", START, STOP), [1, 0.75, 1, 1, 1])
    np.testing.assert_allclose(valid_share(eye, "right", START, STOP), [0, 0.25, 0, 0, 0])


def test_pauses_and_what_lies_outside_the_recording_count_as_lost():
    time = np.arange(50, 450) / 100
    time = time[(time < 2.0) | (time >= 2.4)]
    eye = recording(samples_at(time, True, False))
    share = valid_share(eye, "left", START, STOP)
    np.testing.assert_allclose(share, [0.5, 1, 0.6, 1, 0.5], atol=1e-9)
    assert valid_share(eye, "left", START + 9, STOP + 9).tolist() == [0] * 5


def test_jitter_and_a_dropped_frame():
    rng = np.random.default_rng(0)
    time = np.arange(300) / 60 + rng.uniform(-0.002, 0.002, 300)
    share = valid_share(recording(samples_at(time, True, True)), "left", START, STOP)
    np.testing.assert_array_equal(share[1:4], 1)
    fewer = np.delete(time, 90)
    share = valid_share(recording(samples_at(fewer, True, True)), "left", START, STOP)
    np.testing.assert_allclose(share, [1, 59 / 60, 1, 1, 1], atol=0.004)


@pytest.mark.parametrize("sfreq", [120, 250, 300, 1000])
@pytest.mark.parametrize(("gap_ms", "every_ms"), [(24, 100), (24, 200), (24, 60)])
def test_samples_that_were_never_written_are_lost_at_any_rate(sfreq, gap_ms, every_ms):
    time = np.arange(5 * sfreq) / sfreq
    written = np.round(1000 * time, 6) % every_ms >= gap_ms
    share = valid_share(recording(samples_at(time[written], True, True)), "left", START, STOP)
    expected = [written[(time >= a) & (time < a + 1)].mean() for a in START]
    np.testing.assert_allclose(share[1:4], expected[1:4], atol=0.02)


@pytest.mark.parametrize("sfreq", [30, 60, 120, 200, 500, 1000, 2000])
@pytest.mark.parametrize("share", [0.1, 0.3])
def test_samples_that_are_missing_here_and_there_are_lost_at_any_rate(sfreq, share):
    time = np.arange(40 * sfreq) / sfreq
    written = np.random.default_rng(0).random(time.size) >= share
    stamps = np.round(1000 * time[written]) / 1000 if sfreq < 250 else time[written]
    start = np.array([1.0, 20.0])
    found = valid_share(recording(samples_at(stamps, True, True)), "left", start, start + 19)
    expected = [written[(time >= a) & (time < a + 19)].mean() for a in start]
    np.testing.assert_allclose(found, expected, atol=0.02)


@pytest.mark.parametrize("rate_after", [250, 2000])
def test_the_rate_may_change_between_trials(rate_after):
    time = np.concatenate([np.arange(0, 60, 0.001), 70 + np.arange(0, 20, 1 / rate_after)])
    eye = recording(samples_at(time, True, True))
    for onset in (10.0, 70.0):
        np.testing.assert_allclose(valid_share(eye, "left", onset + START, onset + STOP), 1)


@pytest.mark.parametrize("sfreq", [800, 1200, 2000])
def test_stamps_in_whole_milliseconds_are_no_losses_and_half_a_pause_is_half(sfreq):
    time = np.arange(5 * sfreq) / sfreq
    time = time[(time < 2) | (time >= 2.5)]
    stamps = np.floor(time * 1000) / 1000
    share = valid_share(recording(samples_at(stamps, True, True)), "left", START, STOP)
    np.testing.assert_allclose(share, [1, 1, 0.5, 1, 1], atol=0.005)


@pytest.mark.samples
@pytest.mark.parametrize("name", ["gaze_positions.csv", "ex10_gaze_positions.csv"])
def test_matched_frames_of_two_eyes_are_irregular_and_not_lost(samples, name):
    time = read_eye(samples / "eye/pupil_labs" / name).samples["time"].to_numpy()
    eye = recording(samples_at(time, True, True))
    start = np.arange(time[0], time[-1] - 1)
    assert valid_share(eye, "left", start, start + 1).min() > 0.92


def test_share_of_time_without_samples():
    events = [
        ("fixation", "right", 0.0, 0.5),
        ("fixation", "left", 0.5, 0.3),
        ("saccade", "left", 0.8, 0.05),
        ("fixation", "left", 0.9, 1.0),  # 50 ms behind the saccade
        ("blink", "left", 1.9, 0.2),
        ("blink", "left", 2.0, 0.5),
        ("blink", "right", 1.0, 1.0),
        ("fixation", "left", 2.5, 0.3),
        ("fixation", "left", 4.0, 0.25),
    ]
    share = valid_share(recording(events=events), "left", START, STOP)
    np.testing.assert_allclose(share, [0.5, 0.9, 0.3, 0, 0.25])
    blinks = replace(recording(events=events[4:7]), event_kinds=("blink",))
    np.testing.assert_allclose(valid_share(blinks, "left", START, STOP), [0, 0.9, 0, 0, 0])
    assert valid_share(recording(), "left", START, STOP).tolist() == [0] * 5
    assert valid_share(recording(), "left", START[:0], STOP[:0]).size == 0


def test_a_tracker_that_is_never_regular_lost_nothing():
    step = np.where(np.random.default_rng(1).random(1250) < 0.3, 0.008, 0.0025)
    share = valid_share(recording(samples_at(np.cumsum(step), True, True)), "left", START, STOP)
    np.testing.assert_array_equal(share[1:4], 1)


def test_span_of_samples_and_events():
    samples = samples_at([3.0, 4.0, 5.5], [False, True, False], False)
    assert recorded_span(recording(samples)) == (3.0, 5.5)
    events = [("blink", "right", 2.5, 9.0), ("fixation", "left", 6.0, np.nan)]
    assert recorded_span(recording(events=events)) == (2.5, 11.5)
    assert recorded_span(recording(samples, events[1:])) == (3.0, 6.0)


def test_a_recording_of_nothing_has_no_span():
    with pytest.raises(ReadError, match=r"made by hand: .* neither samples nor events"):
        recorded_span(recording())
    with pytest.raises(ReadError, match="leave out"):
        recorded_span(recording(samples_at([np.nan], False, False)))
