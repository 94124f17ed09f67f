"""Latency of saccades: never across a stretch in which the eye may have made others."""

import numpy as np
import pandas as pd
import pytest

from featpipe.eye.settings import EyeSettings
from featpipe.features.eye_statistics import eye_features
from featpipe.recording import EyeRecording, empty_events, empty_messages, empty_samples
from featpipe.schema import EYE_FEATURES
from featpipe.windows import trial_grid

ONSETS = np.arange(0.1, 10, 0.4)
"""Of saccades of 50 ms, 350 ms apart."""


def latencies(lost=None, paused=None, blink=None, has_samples=True):
    """Mean latency of each of five windows of two seconds, in which 5 saccades begin."""
    of_saccades = {"kind": "saccade", "onset": ONSETS, "duration": 0.05}
    tables = [of_saccades, {"kind": "fixation", "onset": ONSETS + 0.05, "duration": 0.35}]
    gone = lost or paused or (0, 0)
    tables = [pd.DataFrame(table) for table in tables]
    tables = [t[~t["onset"].between(gone[0] - 0.05, gone[1] - 0.001)] for t in tables]
    if blink:
        tables.append(pd.DataFrame({"kind": "blink", "onset": [blink[0]], "duration": blink[1]}))
    events = pd.concat(tables).assign(eye="left").sort_values("onset", ignore_index=True)
    time = np.arange(0, 10, 0.01)
    is_in = (time >= gone[0]) & (time < gone[1])
    samples = pd.DataFrame({"time": time, "valid_left": ~is_in, "valid_right": False})
    samples = samples[~is_in] if paused else samples
    eye = EyeRecording(
        samples.reindex(columns=empty_samples().columns) if has_samples else empty_samples(),
        events.reindex(columns=empty_events().columns),
        empty_messages(), {}, None, "made by hand",
    )  # fmt: skip
    values, _ = eye_features(eye, "left", trial_grid(0, 10, 200, 2, 2), EyeSettings())
    return values[:, EYE_FEATURES.index("eye_saccade_latency_average")].tolist()


@pytest.mark.parametrize("has_samples", [True, False])
def test_all_but_the_first_have_one(has_samples):
    whole = latencies(has_samples=has_samples)
    assert whole == pytest.approx([280, 350, 350, 350, 350])  # total / 5


@pytest.mark.parametrize("gone", [{"lost": (4.1, 5.3)}, {"paused": (4.1, 5.3)}])
def test_none_across_a_loss_or_a_pause(gone):
    assert latencies(**gone)[2] == pytest.approx(350 / 2)  # one of two that are left


def test_none_across_a_gap_of_the_events():
    assert latencies(lost=(4.1, 5.7), has_samples=False)[2] == pytest.approx(0)


def test_a_short_pause_is_one_and_a_blink_is_not():
    assert latencies(paused=(4.15, 4.45))[2] == pytest.approx(280)  # four of five
    assert latencies(lost=(4.15, 4.45))[2] == pytest.approx(350)


@pytest.mark.parametrize("has_samples", [True, False])
def test_a_long_blink_of_the_export_is_a_loss_where_there_are_no_samples(has_samples):
    across = latencies(blink=(4.15, 1.1), has_samples=has_samples)
    assert (across[2] < 350) != has_samples
