"""`good` says which share of a window the eye was seen in, and what is not seen is unknown."""

import numpy as np
import pandas as pd
import pytest

from featpipe.eye.settings import EyeSettings
from featpipe.features.eye_statistics import eye_features
from featpipe.recording import EyeRecording, empty_events, empty_messages, empty_samples
from featpipe.schema import EYE_FEATURES
from featpipe.windows import trial_grid

TIME = np.arange(0, 200, 1 / 120)


def table(samples, grid, events=(), **options):
    """Rows of events: kind, onset, duration, of the left eye."""
    rows = pd.DataFrame(events, columns=["kind", "onset", "duration"]).assign(eye="left")
    eye = EyeRecording(
        samples.reindex(columns=empty_samples().columns),
        rows.reindex(columns=empty_events().columns),
        empty_messages(), {}, None, "made by hand",
    )  # fmt: skip
    values, good = eye_features(eye, "left", grid, EyeSettings(**options))
    return pd.DataFrame(values, columns=list(EYE_FEATURES)), good


def seen(time, size):
    """Samples of which the gaze is valid throughout."""
    frame = pd.DataFrame({"time": time, "pupil_x_left": size, "pupil_y_left": size})
    return frame.assign(valid_left=True, valid_right=False)


@pytest.mark.parametrize("every", [1, 2, 3, 4])
def test_a_pupil_in_every_kth_row_is_whole(every):
    size = np.where(np.arange(TIME.size) % every == 0, 4.0, np.nan)
    values, good = table(seen(TIME, size), trial_grid(5, 25, 200, 1, 1), min_good=0.9)
    assert good.tolist() == [1] * 20
    assert values["eye_pupil_x_mean"].tolist() == [4] * 20


def test_a_window_whose_pupil_is_lost_is_not_good_though_the_gaze_is_there():
    size = np.where((TIME >= 10) & (TIME < 11) | (TIME >= 12) & (TIME < 12.9), np.nan, 4.0)
    values, good = table(seen(TIME, size), trial_grid(9, 14, 200, 1, 1))
    assert values["eye_pupil_x_mean"].isna().tolist() == [False, True, False, False, False]
    np.testing.assert_allclose(good, [0.95, 0, 0.89, 0.05, 1], atol=0.01)


def test_only_edges_are_used_and_count_a_tenth():
    size = np.where((TIME >= 10) & (TIME < 10.96), np.nan, 4.0)
    values, good = table(seen(TIME, size), trial_grid(10, 11, 200, 1, 1))
    assert values["eye_pupil_x_mean"].tolist() == [4]
    assert good == pytest.approx(0.004, abs=0.001)


def test_a_little_more_data_makes_no_jump_and_is_never_worse():
    """Losses of 60 ms so near each other that all sizes are edges, but for a growing stretch."""
    good, mean = [], []
    for clear_s in np.arange(0, 0.8, 1 / 120):
        is_lost = (TIME % 0.12 < 0.0599) & ~((TIME > 10.9) & (TIME - clear_s < 11.0))
        size = np.where(is_lost, np.nan, np.where((TIME > 11.05) & (TIME < 11.9), 5.0, 4.0))
        values, share = table(seen(TIME, size), trial_grid(10, 14, 200, 4, 4))
        good.append(share[0])
        mean.append(values["eye_pupil_x_mean"][0])
    step = np.diff(good)
    assert -0.001 < step.min() < step.max() < 0.02
    assert good[0] < 0.06 < good[-1]
    assert np.abs(np.diff(mean)).max() < 0.25  # the mean over clear ones alone leaps by 0.85
    assert mean[0] < 4.3 < 4.8 < mean[-1]


def test_a_pupil_lost_far_beyond_its_trial_is_lost_all_the_same():
    size = np.where((TIME > 60) & (TIME < 160), np.nan, 4.0)
    fixations = [("fixation", onset, 0.4) for onset in np.arange(0, 200, 0.5)]
    values, good = table(seen(TIME, size), trial_grid(100, 110, 200, 1, 1), fixations)
    assert good.tolist() == [0] * 10
    assert values.filter(like="pupil").isna().all(axis=None)
    assert values["eye_fixation_frequency"].tolist() == [2] * 10  # the gaze is known
    _, good = table(seen(TIME, np.nan), trial_grid(100, 110, 200, 1, 1), fixations)
    assert good.tolist() == [1] * 10  # a tracker without pupils saw the eye


def test_a_lone_sample_before_a_pause_is_no_whole_second():
    time = np.array([99.98, 99.99, 100.0, 200.0, 200.01])
    _, good = table(seen(time, 4.0), trial_grid(100, 103, 200, 1, 1))
    np.testing.assert_allclose(good, [0.01, 0, 0], atol=1e-9)


@pytest.mark.parametrize("scope", ["window", "trial"])
def test_a_pause_of_the_tracker_is_unknown_and_a_lost_eye_is_not(scope):
    time = TIME[(TIME < 50) | (TIME >= 150)]
    samples = seen(time, 4.0).assign(valid_left=(time < 20) | (time > 30))
    fixations = [("fixation", onset, 0.4) for onset in np.arange(0, 20, 0.5)]
    events = [*fixations, ("fixation", 160.0, 0.4)]
    for first, is_unknown in ((22, False), (70, True), (152, False)):
        grid = trial_grid(first, first + 4, 200, 1, 1)
        values, _ = table(samples, grid, events, event_scope=scope)
        of_events = values[["eye_fixation_duration_mean", "eye_blink_frequency"]]
        assert of_events.isna().to_numpy().tolist() == [[is_unknown] * 2] * 4
        assert (of_events.fillna(0) == 0).all(axis=None)
