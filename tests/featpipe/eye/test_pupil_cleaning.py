import numpy as np
import pandas as pd
import pytest

from featpipe.eye.pupil_cleaning import MAX_CHANGE, NEAR_S, clean_pupil, is_outlier
from featpipe.recording import EyeRecording, empty_events, empty_messages, empty_samples

SFREQ = 120.0
TIME = np.arange(2400) / SFREQ
SIZE = 3.5 + 0.4 * np.sin(2 * np.pi * 0.3 * TIME)


def recording(left, right):
    samples = pd.DataFrame({"time": TIME})
    for side, size in (("left", left), ("right", right)):
        samples[f"valid_{side}"] = np.isfinite(size)
        samples[f"pupil_x_{side}"] = samples[f"pupil_y_{side}"] = size
    samples = samples.reindex(columns=empty_samples().columns)
    return EyeRecording(samples, empty_events(), empty_messages(), {}, SFREQ, "made by hand")


def slowly(time, size):
    known = np.flatnonzero(np.isfinite(size))
    n_half = round(NEAR_S / np.median(np.diff(time[known])))
    found = np.zeros(size.size, dtype=bool)
    for i, k in enumerate(known):
        padded = np.clip(np.arange(i - n_half, i + n_half + 1), 0, known.size - 1)
        median = np.median(size[known[padded]])
        found[k] = abs(size[k] - median) > MAX_CHANGE * median
    return found


def test_outliers_are_those_of_the_definition():
    rng = np.random.default_rng(3)
    size = SIZE * (1 + 0.02 * rng.standard_normal(SIZE.size))
    size[rng.integers(0, SIZE.size, 60)] *= rng.uniform(0.3, 1.8, 60)
    size[rng.integers(0, SIZE.size, 200)] = np.nan
    found = is_outlier(TIME, size)
    np.testing.assert_array_equal(found, slowly(TIME, size))
    assert 20 < found.sum() < 70


def test_no_pupil_is_an_outlier():
    """The fastest constriction, 5 mm/s for 0.3 s, and a step of lights, stay."""
    size = np.where(TIME < 10, 4.5, np.maximum(3.0, 4.5 - 5 * (TIME - 10)))
    assert not is_outlier(TIME, size).any()
    assert not is_outlier(TIME, SIZE).any()
    assert not is_outlier(TIME[:2], SIZE[:2]).any()
    assert not is_outlier(TIME, np.full(TIME.size, np.nan)).any()


def test_an_outlier_is_lost_in_x_and_y_and_nowhere_else():
    eye = recording(SIZE, SIZE + 0.5)
    eye.samples.loc[500, "pupil_y_left"] = 1.0
    cleaned = clean_pupil(eye, both=False).samples
    lost = cleaned[["pupil_x_left", "pupil_y_left"]].isna()
    assert lost.to_numpy().sum() == 2
    assert lost.loc[500].all()
    assert cleaned["valid_left"].all()  # the gaze was there
    np.testing.assert_array_equal(cleaned["pupil_x_right"], SIZE + 0.5)


def test_both_eyes_become_their_mean_without_a_step_where_one_is_lost():
    left, right = SIZE.copy(), SIZE + 0.6
    left[300:600], right[900:1000], left[1500:1520], right[1500:1520] = [np.nan] * 4
    cleaned = clean_pupil(recording(left, right), both=True).samples
    for side in ("left", "right"):
        size = cleaned[f"pupil_x_{side}"].to_numpy()
        assert np.flatnonzero(np.isnan(size)).tolist() == list(range(1500, 1520))
        known = np.isfinite(size)
        np.testing.assert_allclose(size[known], (SIZE + 0.3)[known], atol=1e-12)
        assert cleaned[f"valid_{side}"].sum() == SIZE.size - 20


def test_eyes_never_seen_at_one_moment_stay_as_they_are():
    left, right = np.where(TIME < 10, SIZE, np.nan), np.where(TIME < 10, np.nan, SIZE)
    eye = recording(left, right)
    pd.testing.assert_frame_equal(
        clean_pupil(eye, both=True).samples, eye.samples, check_column_type=False
    )


@pytest.mark.parametrize("both", [False, True])
def test_one_eye_stays_as_it_is(both):
    eye = recording(SIZE, np.full(SIZE.size, np.nan))
    pd.testing.assert_frame_equal(
        clean_pupil(eye, both).samples, eye.samples, check_column_type=False
    )
