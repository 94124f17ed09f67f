"""Trials that have no common clock come to lie where the study has them."""

import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ReadError
from featpipe.eye.settings import EyeSettings
from featpipe.eye.trial_clock import on_trial_clock
from featpipe.features.eye_table import eye_table
from featpipe.features.table import FeatureSettings
from featpipe.readers.trial_tables import TrialTable, trial_recording
from featpipe.recording import Source, Trial, empty_events
from featpipe.schema import EYE_EVENT_KINDS, EYE_FEATURES

STUDY = (Trial(1, 10.0, 14.0, 0), Trial(2, 20.0, 24.0, 1), Trial(3, 30.0, 34.0, 0))
UNITS = {"gaze": "px", "pupil": "px", "dispersion": "px"}


def table(trial, durations, onsets=np.nan, length_s=np.nan, kinds="fixation"):
    numbers = {"duration": durations, "onset": onsets, "pupil_x": 15.0, "pupil_y": 14.0}
    rows = pd.DataFrame({"kind": kinds, "eye": "left", **numbers})
    events = pd.concat([rows, empty_events()])[list(empty_events().columns)]
    return TrialTable(trial, events, length_s)


def recording(*tables):
    return trial_recording(tables, UNITS, "tables", EYE_EVENT_KINDS)


def test_estimated_onsets_alternate_and_fill_the_trial():
    kinds = ["fixation", "fixation", "fixation", "saccade", "saccade", "blink"]
    eye = recording(table(1, [0.3, 0.3, 0.3, 0.05, 0.05, 0.1], length_s=2.2, kinds=kinds))
    order = ["fixation", "saccade", "fixation", "blink", "saccade", "fixation"]
    assert eye.events["kind"].tolist() == order
    np.testing.assert_allclose(eye.events["onset"], [0, 0.6, 0.7, 1.3, 1.5, 1.6])
    assert eye.onsets == "estimated"


def test_estimated_onsets_take_the_length_of_the_study():
    eye = on_trial_clock(recording(table(2, [0.5, 0.5]), table(1, [1.0])), STUDY)
    np.testing.assert_allclose(eye.events["onset"], [10.0, 20.0, 22.0])
    assert [tuple(span) for span in eye.trials] == [(1, 10.0, 14.0), (2, 20.0, 24.0)]


def test_recorded_onsets_keep_their_pace_and_end_with_their_trial():
    eye = recording(table(1, [0.5, 0.5], [0.0, 1.5]), table(2, [0.5, 0.5], [0.25, 4.5]))
    eye = on_trial_clock(eye, STUDY)
    np.testing.assert_allclose(eye.events["onset"], [10.0, 11.5, 20.25])
    assert [tuple(span) for span in eye.trials] == [(1, 10.0, 12.0), (2, 20.0, 24.0)]


def test_a_trial_that_the_export_lacks_is_unknown_and_one_without_blinks_has_none():
    eye = on_trial_clock(recording(table(1, [0.5] * 8), table(3, [0.5] * 8)), STUDY)
    source = Source("lab", "1", "1", None, None, None, STUDY, ("a", "b"))
    made = eye_table(eye, source, 200.0, EyeSettings(), FeatureSettings(window_s=2.0))
    values = pd.DataFrame(made.values["eye"], columns=list(EYE_FEATURES))
    assert made.keys["good"].tolist() == [1, 1, 0, 0, 1, 1]
    assert values.iloc[2:4].isna().all(axis=None)
    assert values["eye_fixation_frequency"].dropna().tolist() == [2.0] * 4
    assert values["eye_blink_frequency"].dropna().tolist() == [0.0] * 4
    assert made.qc["eye_onsets"] == "estimated"
    assert made.facts["eye"]["onsets"] == "estimated"


def test_strangers_are_named():
    with pytest.raises(ReadError, match=r"holds trials 7, the study has 1, 2, 3"):
        on_trial_clock(recording(table(7, [0.5])), STUDY)


def test_an_offset_has_no_clock_to_move():
    with pytest.raises(ReadError, match=r"eye_offset = 0, and no clock goes through its trials"):
        on_trial_clock(recording(table(1, [0.5])), STUDY, 0.0)


def test_a_study_without_the_eye_recordings_order_is_served():
    swapped = (replace_onset(STUDY[0], 40.0), *STUDY[1:])
    eye = on_trial_clock(recording(table(1, [1.0]), table(2, [1.0])), swapped)
    assert [span.trial for span in eye.trials] == [2, 1]
    np.testing.assert_allclose(eye.events["onset"], [20.0, 40.0])


def replace_onset(trial, onset):
    return trial._replace(onset=onset, offset=onset + 4.0)
