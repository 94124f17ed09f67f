from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ConfigError
from featpipe.schema import PREDICTION_KEYS, WINDOW_KEYS
from models.comparison import paired_differences
from models.evaluate import cross_validate, train_and_test
from models.folds import FoldSettings
from models.methods.classical import Config
from models.protocols import PROTOCOLS, Protocol
from models.registry import make_config
from models.scores import scores
from models.selection import POLICIES
from models.types import Fold

HONEST = [name for name, policy in POLICIES.items() if not policy.is_of_test]
P = ["p_0", "p_1", "p_2"]


def test_frame_has_the_columns_of_the_contract(windows):
    config = make_config("mlp", {"n_epochs": 2})
    frame = cross_validate(windows, "mlp", "loso", 3, config=config)
    assert list(frame.columns) == [*WINDOW_KEYS, "label", "good", *PREDICTION_KEYS, *P]
    facts = frame[list(PREDICTION_KEYS)].drop(columns="fold").drop_duplicates()
    assert facts.to_dict("records") == [
        {"method": "mlp", "variant": "n_epochs=2", "seed": 3, "protocol": "loso",
         "split": "subject", "policy": "last", "manner": "strict", "scaling": "train", "marks": "",
         "eeg": ""}
    ]  # fmt: skip
    assert (frame["fold"] == "sub-" + frame["subject"]).all()


def test_every_window_is_predicted_once_under_its_own_keys(windows):
    frame = cross_validate(windows, "svm", "loso", 0)
    joined = frame.merge(windows.keys, on=list(WINDOW_KEYS), validate="1:1", suffixes=("", "_true"))
    assert len(joined) == len(windows.keys)
    assert (joined["label"] == joined["label_true"]).all()
    assert (joined[P].to_numpy().argmax(1) == joined["label"]).mean() > 0.9


def test_within_tests_the_last_trials(windows):
    frame = cross_validate(windows, "svm", "within", 0, fold_settings=FoldSettings(0.5))
    assert set(frame["trial"]) == {4, 5, 6}
    assert set(frame["split"]) == {"trial"}
    assert frame["fold"].nunique() == 4


def test_a_study_of_more_subjects_is_tested_on_another(make_windows):
    train = make_windows(n_subjects=6, seed=1, dataset="large")
    test = make_windows(n_subjects=2, seed=2)
    config = make_config("cscm", {"n_epochs": 6, "batch": 48})
    frame = train_and_test(train, test, "cscm", 0, config=config)
    assert set(frame["dataset"]) == {"sim"}
    assert set(frame["protocol"]) == {"holdout"}
    assert len(frame) == len(test.keys)
    assert scores(frame)["accuracy"].mean() > 0.8
    assert len(scores(frame)) == 2


def test_a_subject_on_both_sides_is_refused(make_windows):
    train, test = make_windows(), make_windows(n_subjects=1, n_trials=8)
    later = test.keys["trial"].to_numpy() > 6
    fresh = replace(
        test,
        keys=test.keys[later].reset_index(drop=True),
        x={name: x[later] for name, x in test.x.items()},
        label=test.label[later],
    )
    with pytest.raises(ConfigError, match="fold holdout: sub-1 is in training and test"):
        train_and_test(train, fresh, "svm", 0)
    with pytest.raises(ConfigError, match="give one of them another dataset name"):
        train_and_test(train, test, "svm", 0)


def test_a_protocol_that_leaks_is_refused(windows, monkeypatch):
    def leaky(keys, settings):
        rows = np.arange(len(keys))
        yield Fold("half", rows[::2], rows[1::2])

    protocol = Protocol("leaky", "trial", "every other window", "", "", leaky)
    monkeypatch.setitem(PROTOCOLS, "leaky", protocol)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="fold half: sub-1_ses-1_trial-1 is in training and test"):
        cross_validate(windows, "svm", "leaky", 0)


def test_names_and_configs_are_checked(windows):
    with pytest.raises(ConfigError, match="unknown method"):
        cross_validate(windows, "resnet", "loso", 0)
    with pytest.raises(ConfigError, match="unknown protocol"):
        cross_validate(windows, "svm", "k-fold", 0)
    with pytest.raises(ConfigError, match=r"make_config\('cscm', \.\.\.\)"):
        cross_validate(windows, "cscm", "loso", 0, config=Config())


@pytest.mark.parametrize("policy", HONEST)
@pytest.mark.parametrize("name", ["mlp", "svm"])
def test_the_frame_says_how_the_epoch_was_chosen(make_windows, name, policy):
    windows = make_windows(n_subjects=3, n_trials=3)
    config = make_config(name, {"n_epochs": 2} if name == "mlp" else {})
    frames = [
        cross_validate(windows, name, "within", 0, config=config, policy=policy),
        train_and_test(
            windows, make_windows(dataset="other"), name, 0, config=config, policy=policy
        ),
    ]
    for frame in frames:
        assert set(frame["policy"]) == {policy}
        assert list(frame.columns) == [*WINDOW_KEYS, "label", "good", *PREDICTION_KEYS, *P]


def test_a_method_without_epochs_gives_the_same_under_either_policy(windows):
    last, *chosen = (
        cross_validate(windows, "svm", "loso", 0, policy=policy).drop(columns="policy")
        for policy in HONEST
    )
    for frame in chosen:
        pd.testing.assert_frame_equal(last, frame, check_exact=True)


@pytest.mark.parametrize("policy", HONEST)
def test_methods_with_and_without_epochs_can_be_compared(windows, policy):
    config = make_config("mlp", {"n_epochs": 2})
    runs = [
        cross_validate(windows, name, "loso", 0, config=c, policy=policy)
        for name, c in (("mlp", config), ("svm", None))
    ]
    table = paired_differences(scores(pd.concat(runs)), reference="svm")
    assert table["method"].to_list() == ["mlp"]
    assert table["n_subjects"].to_list() == [4]


@pytest.mark.parametrize("name", ["mlp", "svm"])
def test_a_misspelt_policy_is_refused(windows, name):
    with pytest.raises(ConfigError, match=r"unknown policy 'source-validaton'.*did you mean"):
        cross_validate(windows, name, "loso", 0, policy="source-validaton")
