"""Baselines that read no feature, on data sets whose trial times are public."""

import numpy as np
import pandas as pd
import pytest

from featpipe.datasets.facts import facts_of
from featpipe.schema import KEYS
from models.evaluate import cross_validate
from models.loading import Windows
from models.methods.trivial import Lookup
from models.registry import BASELINES


def published(name, window_s, n_subjects=3):
    """Windows of everybody on the published trial times, features without any meaning."""
    rows = []
    for of in facts_of(name).sessions:
        for session in of.sessions:
            for trial, (label, seconds) in enumerate(zip(of.labels, of.seconds, strict=True), 1):
                rows += [
                    (session, trial, i, i * window_s, (i + 1) * window_s, label)
                    for i in range(int(seconds // window_s))
                ]
    one = pd.DataFrame(rows, columns=["session", "trial", "window", "start_s", "stop_s", "label"])
    keys = pd.concat([one.assign(subject=str(i)) for i in range(1, n_subjects + 1)])
    keys = keys.assign(dataset=name, label_name="", good=np.float32(1))[list(KEYS)]
    keys = keys.reset_index(drop=True)
    classes = facts_of(name).classes
    x = {"eye": np.zeros((len(keys), 2), np.float32)}
    return Windows(keys, x, keys["label"].to_numpy(np.int64), classes, (), {}, {}, {})


def right_trials(windows, method, protocol="loso"):
    """Share of the trials of each test subject that are told right."""
    frame = cross_validate(windows, method, protocol, 0)
    p = frame.filter(regex=r"^p_\d").to_numpy()
    frame = frame.assign(is_right=p.argmax(1) == frame["label"])
    trials = frame.groupby(["subject", "session", "trial"])["is_right"].first()
    return trials.groupby("subject").mean().to_numpy()


def test_lengths_of_seed_v_tell_thirty_six_of_forty_five_trials():
    """The figure of the literature: 34 different lengths of 45 trials in windows of 4 s."""
    windows = published("seed-v", 4.0)
    lengths = windows.keys.groupby(["session", "trial"])["stop_s"].max()
    assert (len(lengths), lengths.nunique()) == (45, 34)
    np.testing.assert_allclose(right_trials(windows, "duration_only"), 36 / 45)


def test_lengths_of_seed_tell_eleven_of_fifteen_clips():
    np.testing.assert_allclose(right_trials(published("seed", 1.0), "duration_only"), 11 / 15)


@pytest.mark.parametrize("name", ["seed", "seed-v"])
def test_clips_tell_everything_until_they_are_left_out(name):
    windows = published(name, 4.0)
    np.testing.assert_array_equal(right_trials(windows, "stimulus_only"), 1.0)
    left_out = right_trials(windows, "stimulus_only", "loso-loto")
    assert left_out.max() < 0.6


def test_the_prior_is_drawn_as_often_as_it_is(make_windows):
    windows = make_windows(n_trials=30, n_windows=40)
    frame = cross_validate(windows, "prior", "loso", 0)
    p = frame.filter(regex=r"^p_\d").to_numpy()
    assert set(p.ravel()) == {0.0, 1.0}
    np.testing.assert_allclose(p.mean(0), 1 / 3, atol=0.02)
    assert abs((p.argmax(1) == frame["label"]).mean() - 1 / 3) < 0.02
    other = cross_validate(windows, "prior", "loso", 1).filter(regex=r"^p_\d").to_numpy()
    assert (other != p).any()


def test_a_lookup_is_counting():
    x, label = np.array([[3.0], [3.0], [3.0], [7.0]]), np.array([2, 2, 5, 5])
    for is_near_enough, unseen in ((True, [2 / 3, 1 / 3]), (False, [0.5, 0.5])):
        table = Lookup(x, label, is_near_enough=is_near_enough)
        np.testing.assert_array_equal(table.classes_, [2, 5])
        found = table.predict(np.array([[3.0], [7.0], [4.0]]))
        np.testing.assert_allclose(found, [[2 / 3, 1 / 3], [0, 1], unseen])


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_read_no_feature(make_windows, name):
    windows = make_windows()
    frames = []
    for _ in range(2):
        frames.append(cross_validate(windows, name, "loso", 0))
        for x in windows.x.values():
            x[:] = np.nan
    pd.testing.assert_frame_equal(*frames)
