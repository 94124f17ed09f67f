"""Blinks in samples: which losses are one, and which are dropouts or pauses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featpipe.eye.detection import with_events
from featpipe.eye.fixations import lost_stretches
from featpipe.eye.settings import EyeSettings
from featpipe.readers.eye_frames import samples_frame
from featpipe.reading import read_eye
from featpipe.recording import EyeRecording, empty_events, empty_messages


def steady(sfreq, lost=(), kind="made by hand"):
    """Look at one place for 20 s; gaze and pupil are lost in some stretches."""
    time = np.arange(round(20 * sfreq)) / sfreq
    is_lost = np.zeros(time.size, bool)
    for begin, end in lost:
        is_lost[round(begin * sfreq) : round(end * sfreq)] = True
    x = np.where(is_lost, np.nan, 400.0)
    pupil = np.where(is_lost, np.nan, 3.0)
    eyes = {"left": np.stack([x, x, pupil, pupil]), "right": np.full((4, time.size), np.nan)}
    return EyeRecording(
        samples_frame(Path("made"), time, eyes), empty_events(), empty_messages(),
        {"gaze": "px", "pupil": "mm", "dispersion": "px"}, sfreq, kind,
    )  # fmt: skip


def blinks(eye, side="left", **options):
    events = with_events(eye, EyeSettings(**options)).events
    return events[(events["kind"] == "blink") & (events["eye"] == side)]


@pytest.mark.parametrize("sfreq", [60, 300, 1000])
def test_dropouts_are_no_blinks_of_a_tracker_of_any_rate(sfreq):
    true = [(second + 0.2, second + 0.35) for second in (2, 7, 12)]
    dropouts = [(second + 0.7, second + 0.76) for second in range(20)]
    eye = steady(sfreq, [*true, *dropouts])
    assert blinks(eye)["duration"].tolist() == pytest.approx([0.15] * 3, abs=1 / sfreq)
    assert len(blinks(eye, min_blink_s=0.01)) == 23


@pytest.mark.parametrize(("lost_s", "n"), [(0.012, 1), (0.006, 0)])
def test_eyelink_loses_the_pupil_in_blinks_only(lost_s, n):
    assert len(blinks(steady(500, [(10, 10 + lost_s)], "eyelink_asc"))) == n


@pytest.mark.parametrize(("lost_s", "n"), [(0.04, 0), (0.1, 1)])
def test_a_blink_lasts_eighty_milliseconds(lost_s, n):
    assert len(blinks(steady(60, [(10, 10 + lost_s)]))) == n


@pytest.mark.samples
def test_blinks_of_pupil_player_are_found_and_dropouts_are_not(samples):
    """Of 29 losses from 10 ms on 4 last; each is in one of its three blinks."""
    eye = read_eye(samples / "eye/pupil_labs/ex10_gaze_positions.csv")
    theirs = eye.events[(eye.events["kind"] == "blink") & (eye.events["eye"] == "left")]
    without = replace(eye, event_kinds=("fixation",))
    ours = blinks(without)
    assert len(blinks(without, min_blink_s=0.01)) > 25
    is_in = [
        (theirs["onset"] < end) & (theirs["onset"] + theirs["duration"] > onset)
        for onset, end in zip(ours["onset"], ours["onset"] + ours["duration"], strict=True)
    ]
    assert len(ours) == 4
    assert pd.concat(is_in, axis=1).any(axis=1).all()
    assert pd.concat(is_in, axis=1).any(axis=0).all()


@pytest.mark.parametrize("sfreq", [60, 500])
def test_what_is_lost_beside_a_pause_is_no_blink(sfreq):
    eye = steady(sfreq, [(2, 2.2), (3.8, 4), (7.4, 7.6), (11.8, 12), (12.4, 12.6)])
    time = eye.samples["time"]
    is_pause = time.between(4, 4.4) | time.between(7, 7.4) | time.between(12, 12.4)
    paused = replace(eye, samples=eye.samples[~is_pause].reset_index(drop=True))
    assert blinks(paused)["onset"].tolist() == pytest.approx([2.0])


def test_frames_dropped_in_a_blink_leave_it_whole():
    eye = steady(300, [(5, 5.2)])
    is_dropped = eye.samples["time"].between(5.05, 5.11)
    fewer = replace(eye, samples=eye.samples[~is_dropped].reset_index(drop=True))
    assert blinks(fewer)["duration"].tolist() == pytest.approx([0.2])


def test_a_blink_hides_the_pupil():
    eye = steady(250, [(5, 5.2)])
    assert len(blinks(eye)) == 1
    pupil_was_seen = replace(eye, samples=eye.samples.assign(pupil_x_left=3.0))
    assert not len(blinks(pupil_was_seen))
    unknown = replace(eye, samples=eye.samples.assign(pupil_x_left=np.nan, pupil_y_left=np.nan))
    assert len(blinks(unknown)) == 1


def test_short_losses_and_those_at_the_ends_are_no_blinks():
    time = np.arange(100) / 100
    is_lost = np.zeros(100, bool)
    for begin, end in ((0, 20), (30, 37), (50, 58), (90, 100)):
        is_lost[begin:end] = True
    onset, stop = lost_stretches(time, is_lost, 0.08)
    np.testing.assert_allclose(np.stack([onset, stop]), [[0.5], [0.58]])
    assert not lost_stretches(time, np.ones(100, bool), 0.08)[0].size
    assert not lost_stretches(time[:0], is_lost[:0], 0.08)[0].size
