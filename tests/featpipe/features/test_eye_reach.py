"""What is said of a trial that an export of single trials does not hold."""

from featpipe.features.eye_reach import tell_trials_outside
from featpipe.features.table import FeatureSettings, lay_grids
from featpipe.recording import (
    EyeRecording,
    Source,
    Trial,
    TrialSpan,
    empty_events,
    empty_messages,
    empty_samples,
)


def test_a_trial_without_a_sheet_is_said_to_be_missing_and_no_offset_is_blamed(caplog):
    trials = (Trial(1, 0.0, 4.0, 0), Trial(2, 10.0, 14.0, 1))
    source = Source("mine", "2", "1", None, None, None, trials, ("a", "b"))
    spans = (TrialSpan(1, 0.0, 4.0),)
    eye = EyeRecording(
        empty_samples(), empty_events(), empty_messages(), {}, None, "smi_workbook", trials=spans
    )
    grids = lay_grids(trials, 200.0, FeatureSettings())
    assert tell_trials_outside(eye, source, grids) == "2"
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith("sub-2_ses-1 trial 2 is not in the eye recording")
    assert "sheet" in said
    assert "eye_offset" not in said
