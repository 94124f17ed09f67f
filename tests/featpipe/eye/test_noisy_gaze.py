"""Gaze that is noisier than the limits of the detectors: told, and no saccade of a second."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from featpipe.eye.detection import with_events
from featpipe.eye.settings import EyeSettings
from featpipe.readers.eye_frames import samples_frame
from featpipe.readers.plausible_saccades import MAX_DURATION_S
from featpipe.recording import EyeRecording, empty_events, empty_messages


def noisy(sd_px):
    """Look at another place every 300 ms for a minute, at 250 Hz."""
    rng = np.random.default_rng(0)
    time = np.arange(60 * 250) / 250
    place = rng.uniform(200, 800, (2, 201))[:, (time / 0.3).astype(int)]
    gaze = place + sd_px * rng.standard_normal(place.shape)
    eye = np.concatenate([gaze, np.full_like(gaze, 3.0)])
    return EyeRecording(
        samples_frame(Path("made"), time, {"left": eye, "right": np.full_like(eye, np.nan)}),
        empty_events(), empty_messages(),
        {"gaze": "px", "pupil": "mm", "dispersion": "px"}, 250.0, "made by hand",
    )  # fmt: skip


def saccades(eye):
    return eye.events[eye.events["kind"] == "saccade"]


@pytest.mark.parametrize("sd_px", [9.0, 10.0, 11.0])
def test_no_detected_saccade_lasts_longer_than_eyes_allow(sd_px, caplog):
    found = saccades(with_events(noisy(sd_px), EyeSettings()))
    assert len(found)
    assert found["duration"].max() <= MAX_DURATION_S
    assert "of the gaze of the left eye are in fixations found by idt" in caplog.text
    assert "raise [eye] max_dispersion" in caplog.text


def test_the_limit_that_is_named_helps(caplog):
    events = with_events(noisy(10.0), EyeSettings(max_dispersion=130.0)).events
    assert 180 <= (events["kind"] == "fixation").sum() <= 210
    with_events(noisy(1.0), EyeSettings())
    assert not caplog.text


def test_without_a_few_seconds_of_gaze_nothing_is_told(caplog):
    eye = noisy(20.0)
    blind = eye.samples.assign(gaze_x_left=np.nan, gaze_y_left=np.nan)
    with_events(replace(eye, samples=blind), EyeSettings())
    with_events(replace(eye, samples=eye.samples[:1000]), EyeSettings())
    assert not caplog.text


def test_by_velocity_the_limit_is_another(caplog):
    settings = EyeSettings(detector="ivt", px_per_degree=35.0, max_fixation_velocity=5.0)
    with_events(noisy(3.0), settings)
    assert "raise [eye] max_fixation_velocity" in caplog.text
