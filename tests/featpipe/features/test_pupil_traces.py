"""Light that others share is taken out of the pupil as it is used: cleaned, and of both eyes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ReadError
from featpipe.eye.pupil_cleaning import clean_pupil
from featpipe.eye.settings import EyeSettings
from featpipe.features.eye_table import eye_table
from featpipe.features.pupil_traces import pupil_traces, without_light
from featpipe.features.table import FeatureSettings
from featpipe.recording import EyeRecording, Source, Trial, empty_events, empty_messages
from featpipe.schema import EYE_SAMPLES

TIME = np.arange(0, 80, 1 / 60)
LIGHT = 0.5 * np.sin(2 * np.pi * 0.05 * (TIME - 10))
SOURCE = Source("lab", "A", "1", None, None, None, (Trial(1, 10.0, 70.0, 0),), ("calm",))


def watching(seed):
    """Someone who sees the light, with a slow wave of their own; the eyes differ in size."""
    rng = np.random.default_rng(seed)
    own = 0.1 * np.sin(2 * np.pi * rng.uniform(0.1, 0.3) * TIME + rng.uniform(0, 6))
    samples = pd.DataFrame(5.0, index=range(TIME.size), columns=list(EYE_SAMPLES))
    samples = samples.assign(time=TIME, valid_left=True, valid_right=True)
    for axis in "xy":
        samples[f"pupil_{axis}_left"] = 4 + LIGHT + own
        samples[f"pupil_{axis}_right"] = 4.4 + LIGHT + own
    return EyeRecording(samples, empty_events(), empty_messages(), {}, 60.0, "made by hand")


def share_of_light(size, light):
    known = np.isfinite(size)
    size, light = size[known] - size[known].mean(), light[known] - light[known].mean()
    return (light @ size) / (light @ light)


@pytest.mark.parametrize("pupil", ["side", "both"])
def test_nothing_of_the_light_is_left_whichever_eyes_are_taken(pupil):
    settings = EyeSettings(light="remove", pupil=pupil)
    others = {f"sub-{seed}": pupil_traces(watching(seed), SOURCE, settings) for seed in range(6)}
    eye = watching(99)
    left = pupil_traces(without_light(eye, SOURCE, settings, others), SOURCE, settings)["x"]
    light = np.interp(10 + np.arange(len(left)) / 20, TIME, LIGHT)
    assert abs(share_of_light(left.to_numpy(), light)) < 0.02
    made = eye_table(eye, SOURCE, 200.0, settings, FeatureSettings(), others)
    mean = made.values["eye"][:, made.columns["eye"].index("eye_pupil_x_mean")]
    window_light = np.interp(10.5 + np.arange(len(mean)), TIME, LIGHT)
    assert abs(share_of_light(mean, window_light)) < 0.02


@pytest.mark.parametrize("pupil", ["side", "both"])
def test_a_leap_is_lost_before_the_light_is_taken_out_and_cleaning_again_changes_nothing(pupil):
    settings = EyeSettings(light="remove", pupil=pupil)
    others = {f"sub-{seed}": pupil_traces(watching(seed), SOURCE, settings) for seed in range(6)}
    eye = watching(99)
    for side in ("left", "right"):
        eye.samples.loc[1200:1203, [f"pupil_x_{side}", f"pupil_y_{side}"]] = 1.0
    found = without_light(eye, SOURCE, settings, others)
    assert np.flatnonzero(found.samples["pupil_x_left"].isna()).tolist() == [1200, 1201, 1202, 1203]
    again = clean_pupil(found, pupil == "both").samples
    pd.testing.assert_frame_equal(again, found.samples, check_column_type=False, rtol=1e-12)


def test_another_clip_under_the_same_number_is_refused():
    settings = EyeSettings(light="remove")
    others = {f"sub-{seed}": pupil_traces(watching(seed), SOURCE, settings) for seed in range(6)}
    assert others["sub-0"]["label"].unique().tolist() == [0]
    (trial,) = SOURCE.trials
    tense = replace(SOURCE, trials=(trial._replace(label=1),))
    with pytest.raises(ReadError, match=r"trial 1 has another label here than in sub-0.*stimulus"):
        without_light(watching(9), tense, settings, others)
    unknown = replace(SOURCE, trials=(trial._replace(label=None),))
    without_light(watching(9), unknown, settings, others)
    others["sub-0"] = pupil_traces(watching(0), unknown, settings)
    without_light(watching(9), SOURCE, settings, others)


def named(stimulus, number=1, label=0, seed=None):
    (trial,) = SOURCE.trials
    trials = (trial._replace(trial=number, label=label, stimulus=stimulus),)
    source = replace(SOURCE, trials=trials)
    return source if seed is None else pupil_traces(watching(seed), source, EyeSettings())


def test_clips_with_names_may_have_any_number_and_label():
    settings = EyeSettings(light="remove")
    plain = {f"sub-{seed}": pupil_traces(watching(seed), SOURCE, settings) for seed in range(6)}
    rated = {f"sub-{seed}": named("storm", 1 + seed, seed % 2, seed) for seed in range(6)}
    expected = without_light(watching(9), SOURCE, settings, plain).samples
    found = without_light(watching(9), named("storm", 8, 1), settings, rated).samples
    pd.testing.assert_frame_equal(found, expected)
    with pytest.raises(ReadError, match=r"trial 8 \(sun\): .* needs 5 different subjects"):
        without_light(watching(9), named("sun", 8, 1), settings, rated)
    with pytest.raises(ReadError, match="needs 5 different subjects"):  # named in others only
        without_light(watching(9), SOURCE, settings, rated)


def test_of_a_clip_seen_twice_the_first_time_counts():
    settings = EyeSettings(light="remove")
    once = {f"sub-{seed}": named("storm", 2, 0, seed) for seed in range(6)}
    twice = {
        subject: pd.concat([traces, traces.assign(trial=5, x=1.0 * np.arange(len(traces)))])
        for subject, traces in once.items()
    }
    expected = without_light(watching(9), named("storm"), settings, once).samples
    found = without_light(watching(9), named("storm"), settings, twice).samples
    pd.testing.assert_frame_equal(found, expected)
