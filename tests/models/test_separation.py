"""How well emotions lie apart: against closed forms, and in what it must not count."""

import numpy as np
import pytest

from featpipe.errors import ConfigError
from models.separation import N_LEAST, place, separation

N_TRIALS, N_WINDOWS = 12, 8


@pytest.fixture
def clouds():
    """Windows of three emotions far apart, with their trials."""
    rng = np.random.default_rng(0)
    trial = np.repeat(np.arange(N_TRIALS), N_WINDOWS)
    label = trial % 3
    features = rng.normal(size=(len(trial), 6))
    features[:, 0] += 20 * label
    return features, label, trial


def test_emotions_far_apart_are_pure_and_have_a_silhouette_near_1(clouds):
    found = separation(*clouds)
    assert found.purity == 1
    assert 0.7 < found.silhouette < 1


def test_chance_is_the_share_of_the_emotion_in_other_trials(clouds):
    # 3 other trials of a window's emotion, of 11 others
    assert separation(*clouds).chance == pytest.approx(3 / 11)


def test_features_without_emotion_are_as_pure_as_chance(clouds):
    _, label, trial = clouds
    features = np.random.default_rng(1).normal(size=(len(label), 6))
    found = separation(features, label, trial)
    assert found.purity == pytest.approx(found.chance, abs=0.06)
    assert found.silhouette == pytest.approx(0, abs=0.05)


def test_windows_of_the_same_trial_are_no_neighbours(clouds):
    _, label, trial = clouds
    features = 20.0 * np.eye(N_TRIALS)[trial] + 0.01 * np.random.default_rng(2).normal(
        size=(len(trial), N_TRIALS)
    )  # trials lie apart, emotions mean nothing
    found = separation(features, label, trial)
    assert found.purity < 0.6
    assert separation(features, label, np.arange(len(trial))).purity > 0.6


def test_one_trial_or_one_emotion_have_no_number():
    features = np.arange(12.0).reshape(6, 2)
    alone = separation(features, np.zeros(6), np.zeros(6))
    assert np.isnan(alone).all()
    two_trials = separation(features, np.zeros(6), np.repeat([0, 1], 3))
    assert np.isnan(two_trials.silhouette)
    assert two_trials.purity == 1


def test_a_map_is_the_same_each_time_and_keeps_neighbours(clouds):
    features, label, trial = clouds
    found = place(features)
    assert found.shape == (len(label), 2)
    np.testing.assert_array_equal(found, place(features))
    assert separation(found, label, trial).purity > 0.9


def test_too_few_windows_are_refused_for_a_map():
    assert place(np.eye(N_LEAST)).shape == (N_LEAST, 2)
    with pytest.raises(ConfigError, match=f"{N_LEAST} or more"):
        place(np.eye(N_LEAST - 1))
