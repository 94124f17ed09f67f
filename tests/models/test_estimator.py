"""scikit-learn's own checks, and what two modalities make of its interface."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from featpipe.errors import ConfigError
from models.estimator import CrossModalClassifier

QUICK = {"n_epochs": 25, "batch": 16, "lr": 0.02}


@parametrize_with_checks([CrossModalClassifier("mlp", options=QUICK)])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@pytest.fixture
def study(make_windows):
    """Rows of both modalities side by side, labels by name, subjects."""
    windows = make_windows(n_subjects=4)
    n = len(windows.keys)
    x = np.concatenate([windows.x[name].reshape(n, -1) for name in ("eeg", "eye")], axis=1)
    names = np.array(["sad", "calm", "happy"])
    return x, names[windows.label], windows.keys["subject"].to_numpy()


def classifier(method="cscm", **more):
    options = {"n_epochs": 12, "batch": 48}
    return CrossModalClassifier(method, {"eeg": 20, "eye": 6}, options, **more)


@pytest.mark.parametrize("method", ["mlp", "mlp_cross", "cscm_sm", "cscm"])
def test_every_network_learns_and_gives_labels_back(study, method):
    x, y, subject = study
    fitted = classifier(method).fit(x, y, groups=subject)
    assert fitted.score(x, y) > 0.9
    assert list(fitted.classes_) == ["calm", "happy", "sad"]
    np.testing.assert_allclose(fitted.predict_proba(x).sum(1), 1)


def test_eeg_is_not_read_at_test(study):
    x, y, subject = study
    fitted = classifier().fit(x, y, groups=subject)
    blind = x.copy()
    blind[:, :20] = np.nan
    np.testing.assert_array_equal(fitted.predict_proba(blind), fitted.predict_proba(x))


def test_subjects_are_left_out_in_cross_val_score(study):
    x, y, subject = study
    with config_context(enable_metadata_routing=True):
        estimator = classifier().set_fit_request(groups=True)
        found = cross_val_score(
            estimator, x, y, cv=GroupKFold(4), params={"groups": subject}, error_score="raise"
        )
    assert found.mean() > 0.8
    alone = cross_val_score(classifier("mlp"), x, y, groups=subject, cv=LeaveOneGroupOut())
    assert alone.mean() > 0.8


@pytest.mark.parametrize("told", [{}, {"groups": None}])
@pytest.mark.parametrize("method", ["cscm_sm", "cscm"])
def test_a_fit_against_the_subject_without_groups_warns_once(study, method, told):
    x, y, _ = study
    with pytest.warns(UserWarning, match=rf"'{method}' .* no groups: all rows .*set_fit_") as said:
        classifier(method).fit(x, y, **told)
    assert len(said) == 1
    assert said[0].filename == __file__


def test_groups_of_the_splitter_alone_are_told_and_params_hand_them_on(study):
    x, y, subject = study
    split = {"groups": subject, "cv": GroupKFold(2), "error_score": "raise"}
    with pytest.warns(UserWarning, match="in cross_val_score params={'groups': subject}") as said:
        cross_val_score(classifier(), x, y, **split)
    assert len(said) == 2  # one per fit
    cross_val_score(classifier(), x, y, **split, params={"groups": subject})


def test_methods_that_do_not_read_the_subject_need_no_groups(study):
    x, y, _ = study
    classifier("mlp_cross").fit(x, y)
    options = {"n_epochs": 1, "subject_weight": 0.0}
    CrossModalClassifier("cscm", {"eeg": 20, "eye": 6}, options).fit(x, y)


def test_clones_train_to_the_same_bits(study):
    x, y, subject = study
    one = classifier(seed=3).fit(x, y, groups=subject)
    two = clone(one).fit(x, y, groups=subject)
    np.testing.assert_array_equal(one.predict_proba(x), two.predict_proba(x))
    other = classifier(seed=4).fit(x, y, groups=subject)
    assert (one.predict_proba(x) != other.predict_proba(x)).any()


@pytest.mark.parametrize(
    ("estimator", "told"),
    [
        (CrossModalClassifier("cscm"), "modalities is missing: cscm learns from eeg, eye"),
        (CrossModalClassifier("mlp", {"eye": 7}), "that is 7 columns, X has 26"),
        (CrossModalClassifier("svm"), "expected a network"),
        (CrossModalClassifier("mpl"), "did you mean 'mlp'"),
        (CrossModalClassifier("mlp", {"eye": 26}, {"epochs": 3}), "epochs"),
    ],
)
def test_what_cannot_be_is_refused(study, estimator, told):
    x, y, _ = study
    with pytest.raises(ConfigError, match=told):
        estimator.fit(x, y)


def test_groups_of_another_length_are_refused(study):
    x, y, subject = study
    with pytest.raises(ValueError, match="groups has 3 entries"):
        classifier().fit(x, y, groups=subject[:3])
