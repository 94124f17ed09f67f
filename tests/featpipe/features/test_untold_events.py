"""Kinds of events that an export is silent on: their columns are NaN, where others are 0."""

import numpy as np
import pandas as pd
import pytest

from featpipe.eye.detection import with_events
from featpipe.eye.settings import EyeSettings
from featpipe.eye.side import choose_side
from featpipe.features.eye_statistics import eye_features
from featpipe.reading import read_eye
from featpipe.recording import EyeRecording, empty_events, empty_messages, empty_samples
from featpipe.schema import EYE_EVENT_KINDS, EYE_FEATURES
from featpipe.windows import trial_grid

KIND_OF = {  # of the columns of events
    name: next(k for k in (*EYE_EVENT_KINDS, "dispersion") if f"eye_{k}" in name)
    for name in EYE_FEATURES
    if "pupil" not in name
}


def made(kinds, events_of=EYE_EVENT_KINDS, samples=None, duration=0.2):
    """A recording of 4 s with an event per kind and second."""
    rows = [(kind, t + i / 4, duration) for t in range(4) for i, kind in enumerate(events_of)]
    events = pd.DataFrame(rows, columns=["kind", "onset", "duration"]).assign(
        eye="left", dispersion_x=3.0, dispersion_y=4.0, amplitude=5.0
    )
    events = events.reindex(columns=empty_events().columns)
    samples = empty_samples() if samples is None else samples
    units = {"gaze": "px", "pupil": "mm", "dispersion": "px"}
    return EyeRecording(
        samples, events, empty_messages(), units, None, "made by hand", event_kinds=kinds
    )


def table(eye):
    side = choose_side(eye, "auto")
    values, _ = eye_features(eye, side, trial_grid(0, 4, 200, 1, 1), EyeSettings())
    return pd.DataFrame(values, columns=list(EYE_FEATURES))


@pytest.mark.parametrize(
    "kinds", [("fixation",), ("saccade",), ("blink",), ("fixation", "blink"), EYE_EVENT_KINDS]
)
def test_columns_of_untold_kinds_are_nan_and_all_others_known(kinds):
    values = table(made(kinds, kinds))
    for name, kind in KIND_OF.items():
        is_told = ("fixation" if kind == "dispersion" else kind) in kinds
        known = values[name].iloc[:3]
        assert known.notna().all() == is_told, name
        assert known.isna().all() != is_told, name


def test_a_kind_that_is_told_and_did_not_happen_is_0():
    values = table(made(EYE_EVENT_KINDS, ("fixation",)))
    for name, kind in KIND_OF.items():
        if kind in ("saccade", "blink"):
            assert (values[name].iloc[:3] == 0).all(), name


def test_samples_tell_what_the_export_does_not():
    time = np.arange(0, 4, 0.02)
    gaze = 100.0 * np.floor(time)
    gaze[(time > 2.7) & (time < 2.9)] = np.nan
    samples = pd.DataFrame({"time": time, "gaze_x_left": gaze, "gaze_y_left": gaze})
    samples = samples.reindex(columns=empty_samples().columns)
    samples["valid_left"], samples["valid_right"] = np.isfinite(gaze), False
    eye = made(("fixation",), ("fixation",), samples, duration=0.6)
    assert table(eye)["eye_blink_frequency"].isna().all()
    found = with_events(eye, EyeSettings())
    assert found.event_kinds == EYE_EVENT_KINDS
    assert found.events_from == "export, saccades and blinks between its fixations"
    values = table(found)
    assert values["eye_blink_frequency"].tolist() == [0, 0, 1, 0]
    assert values["eye_saccade_frequency"].tolist() == [1, 1, 0, 0]  # the lid was in the third
    assert with_events(eye, EyeSettings(events="export")) is eye


@pytest.mark.samples
def test_real_fixations_alone_say_nothing_of_saccades_and_blinks(samples):
    eye = read_eye(samples / "eye/tobii_emdat/P61-Fixation-Data.tsv")
    values = table(with_events(eye, EyeSettings()))
    for name, kind in KIND_OF.items():
        if kind in ("saccade", "blink"):
            assert values[name].isna().all(), name
    assert values["eye_fixation_frequency"].sum() > 0
    eye = read_eye(samples / "eye/smi_hbn/NDARAA075AMK_Video1_Events.txt")
    assert eye.event_kinds == EYE_EVENT_KINDS
    eye = read_eye(samples / "eye/tobii_emdat/4Ctest_fixation.csv")
    assert eye.event_kinds == ("fixation", "saccade")
