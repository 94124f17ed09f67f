"""The probe finds what is there, tells leaks from results, and stays at chance on noise."""

import numpy as np
import pytest

from models.probe import balanced_accuracy, probe


def windows(n_subjects=4, n_trials=12, n_windows=20, n_features=6, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    trial = np.repeat(np.arange(n_subjects * n_trials), n_windows)
    subject = trial // n_trials
    return (
        rng,
        rng.standard_normal((len(trial), n_features)),
        (trial % n_trials) % n_classes,
        subject,
        trial,
    )


def test_noise_is_at_chance():
    _, x, label, subject, trial = windows()
    found = probe(x, label, subject, subject, trial)
    assert found[:4] == pytest.approx([1 / 3] * 4, abs=0.09)
    assert found.trial_identity == pytest.approx(1 / 12, abs=0.05)
    assert found[5:8] == pytest.approx([1 / 3] * 3)
    assert found.chance_trial == pytest.approx(1 / 12)
    assert np.mean(found.subjects) == pytest.approx(found.loso)


def test_a_class_that_all_subjects_share_is_found_and_votes_help():
    _, x, label, subject, trial = windows(n_windows=30)
    x[:, 0] += 0.8 * label
    found = probe(x, label, subject, subject, trial)
    assert 0.45 < found.loso < 0.75
    assert found.loso_votes > 0.95
    assert found.later_trials > 0.4


def test_trials_of_their_own_level_give_the_label_away_to_mixed_windows_only():
    rng, x, label, subject, trial = windows(n_features=30)
    x += 3 * rng.standard_normal((trial.max() + 1, 30))[trial]
    found = probe(x, label, subject, subject, trial)
    assert found.mixed_windows > 0.95
    assert found.trial_identity > 0.95
    assert found.loso < 0.5
    assert found.later_trials < 0.6


def test_it_is_linear_discriminant_analysis():
    sklearn = pytest.importorskip("sklearn.discriminant_analysis")
    rng, x, label, subject, trial = windows(n_subjects=2, n_windows=100)
    x = (x + 0.6 * np.eye(3, 6)[label]) @ rng.standard_normal((6, 6))
    found = probe(x, label, subject, subject, trial)
    scores = []
    for one in (0, 1):
        is_train = subject != one
        model = sklearn.LinearDiscriminantAnalysis(solver="lsqr").fit(x[is_train], label[is_train])
        scores.append(balanced_accuracy(label[~is_train], model.predict(x[~is_train])))
    assert found.loso == pytest.approx(np.mean(scores), abs=0.02)  # the ridge is all that differs


def test_missing_values_and_dead_features_are_no_obstacle():
    _, x, label, subject, trial = windows()
    x[:, 0] += 4 * label
    x[::7, 1] = np.nan
    x[:, 2] = np.nan
    x[:, 3] = 1e6
    assert probe(x, label, subject, subject, trial).loso > 0.9


def test_what_cannot_be_measured_is_nan():
    _, x, label, subject, trial = windows(n_subjects=1)
    found = probe(x, label, subject, subject, trial)
    assert np.isnan(found.loso)
    assert np.isnan(found.loso_votes)
    assert np.isfinite(found.mixed_windows)


def test_missing_values_are_the_means_of_the_training_rows_only():
    rng, x, label, subject, trial = windows(n_subjects=3, n_windows=10)
    x[:, 0] += 2 * label
    x[rng.random(x.shape) < 0.2] = np.nan
    found = probe(x, label, subject, subject, trial)
    for one in range(3):
        is_train = subject != one
        filled = np.where(np.isnan(x), np.nanmean(x[is_train], axis=0), x)
        assert found.subjects[one] == probe(filled, label, subject, subject, trial).subjects[one]


def test_chance_counts_the_classes_that_can_be_answered():
    _, x, label, subject, trial = windows(n_subjects=3, n_classes=3)
    label = (trial % 2 + subject) % 3  # two of three classes in each subject
    found = probe(x, label, subject, subject, trial)
    assert found.chance_loso == pytest.approx(1 / 3)
    assert (found.chance_later, found.chance_mixed) == (0.5, 0.5)
    label = np.where(subject == 0, trial % 3, trial % 2)  # only subject 0 has a third
    found = probe(x, label, subject, subject, trial)
    assert found.chance_loso == pytest.approx((1 / 2 + 1 / 3 + 1 / 3) / 3)


def test_a_trial_of_one_window_cannot_be_recognised():
    _, x, label, subject, trial = windows(n_windows=1)
    assert np.isnan(probe(x, label, subject, subject, trial).trial_identity)
