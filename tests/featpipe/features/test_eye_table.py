"""The eye table shares the EEG's grid, and no window knows what happens in another trial."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ReadError
from featpipe.eye.settings import EyeSettings
from featpipe.features.eye_table import eye_table
from featpipe.features.table import FeatureSettings
from featpipe.recording import EyeRecording, Source, Trial, empty_messages
from featpipe.schema import EYE_EVENTS, EYE_FEATURES, EYE_SAMPLES


def recording(level_after=3.0):
    """60 s at 60 Hz; the pupil of the second half may be another."""
    rng = np.random.default_rng(0)
    time = np.arange(3600) / 60
    pupil = 4 + 0.2 * np.sin(2 * np.pi * 0.3 * time) + 0.01 * rng.standard_normal(time.size)
    pupil[time >= 30] *= level_after
    samples = pd.DataFrame({name: pupil if "pupil" in name else 0.0 for name in EYE_SAMPLES})
    samples = samples.assign(time=time, valid_left=True, valid_right=True)
    onsets = np.arange(0.2, 59, 0.4)
    events = pd.DataFrame(dict.fromkeys(EYE_EVENTS, 1.0), index=range(len(onsets)))
    events = events.assign(kind="fixation", eye="left", onset=onsets, duration=0.25)
    return EyeRecording(samples, events, empty_messages(), {"pupil": "mm"}, 60.0, "test")


def table(eye, event_scope="window"):
    trials = (Trial(1, 2.0, 29.0, 0), Trial(2, 31.0, 58.0, 1))
    source = Source("lab", "A", "1", None, None, 0.0, trials, ("calm", "tense"))
    return eye_table(
        eye, source, 200.0, EyeSettings(event_scope=event_scope), FeatureSettings(window_s=4.0)
    )


def test_columns_and_rows():
    found = table(recording())
    assert found.columns["eye"] == list(EYE_FEATURES)
    assert found.values["eye"].shape == (12, 33)
    assert found.keys["window"].tolist() == [0, 1, 2, 3, 4, 5] * 2
    assert found.qc["eye_side"] == "left"


def test_another_trial_changes_nothing_in_this_one():
    one, other = (table(recording(level)).values["eye"] for level in (3.0, 0.2))
    np.testing.assert_array_equal(one[:6], other[:6])
    assert (one[6:, 0] != other[6:, 0]).all()


def test_metadata_say_which_scope_the_event_statistics_have():
    assert table(recording(), "trial").facts["eye"]["event_scope"] == "trial"


def test_qc_counts_the_events_that_the_columns_count():
    """Losses of the track are no blinks, defects no events, those of both eyes are of either."""
    eye = recording()
    more = eye.events.iloc[:4].assign(kind="blink", onset=[5.0, 10.0, 15.0, 20.0])
    more = more.assign(duration=[0.2, 16.7, 0.3, -1.0], eye=["left", "left", "both", "left"])
    events = pd.concat([eye.events, more]).sort_values("onset", ignore_index=True)
    found = table(replace(eye, events=events))
    in_windows = found.values["eye"][:, found.columns["eye"].index("eye_blink_frequency")]
    assert found.qc["n_blinks"] == round(4 * in_windows.sum()) == 2
    assert found.qc["n_fixations"] == len(eye.events)


@pytest.mark.parametrize(
    ("eeg", "offset", "proposed"),
    [(None, None, "0.000 if both"), (Path("a.cnt"), -7.0, "-7.000 if both"), ("a.cnt", None, "")],
)
def test_trials_elsewhere_are_refused(eeg, offset, proposed):
    """An offset is proposed where one was used, not where marks have made the clock."""
    source = Source("lab", "A", "1", eeg, None, offset, (Trial(1, 200.0, 230.0, 0),), ("calm",))
    with pytest.raises(ReadError, match=r"lies at 0.000 to 59.983 s, the trials at 200") as error:
        eye_table(recording(), source, 200.0, EyeSettings(), FeatureSettings(window_s=4.0))
    assert proposed in str(error.value)
    assert ("eye_offset" in str(error.value)) == bool(proposed)
