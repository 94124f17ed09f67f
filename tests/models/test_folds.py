from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from featpipe.errors import ConfigError
from models.folds import FoldSettings, loso, within
from models.leaks import check_folds
from models.protocols import PROTOCOLS, get_protocol
from models.types import Fold
from models.units import subject_codes, trial_codes


@st.composite
def studies(draw):
    """Draw key tables with gaps: some recordings and some windows are missing, rows shuffled."""
    rows = []
    for subject in range(draw(st.integers(2, 5))):
        for session in range(draw(st.integers(1, 3))):
            for trial in range(1, draw(st.integers(2, 5)) + 1):
                windows = draw(st.sets(st.integers(0, 5), min_size=1, max_size=4))
                rows += [("set", f"{subject}", f"{session}", trial, w) for w in sorted(windows)]
    keys = pd.DataFrame(rows, columns=["dataset", "subject", "session", "trial", "window"])
    order = draw(st.permutations(range(len(keys))))
    return keys.iloc[list(order)].reset_index(drop=True)


def test_trials_that_are_no_clips_are_not_split():
    trials = "stretches of one label; several clips may be in one"
    assert get_protocol("loso", trials) == get_protocol("loso")
    with pytest.raises(ConfigError, match=r"'within' goes by the numbers.*stretches.*time\.txt"):
        get_protocol("within", trials)


@given(studies())
@settings(max_examples=40, deadline=None)
def test_loso_leaves_each_subject_out_once(keys):
    folds = list(loso(keys))
    assert len(folds) == keys["subject"].nunique()
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested) == list(range(len(keys)))
    for fold in folds:
        assert keys["subject"].iloc[fold.test].nunique() == 1
        assert not set(keys["subject"].iloc[fold.test]) & set(keys["subject"].iloc[fold.train])
        assert len(fold.train) + len(fold.test) == len(keys)
    check_folds(folds, keys, "subject")


@given(studies(), st.floats(0.05, 0.95))
@settings(max_examples=40, deadline=None)
def test_within_trains_on_the_first_trials(keys, share):
    try:
        folds = list(within(keys, FoldSettings(share)))
    except ConfigError:
        reject()  # somebody has no trial on one side
    assert len(folds) == len(keys[["subject", "session"]].drop_duplicates())
    check_folds(folds, keys, "trial")
    for fold in folds:
        train, test = keys.iloc[fold.train], keys.iloc[fold.test]
        assert len(train[["subject", "session"]].drop_duplicates()) == 1
        assert set(train["session"]) == set(test["session"])
        assert train["trial"].max() < test["trial"].min()
        session = keys[keys["session"] == train["session"].iloc[0]]
        trials = np.unique(session["trial"])
        n_train = min(max(round(share * len(trials)), 1), len(trials) - 1)
        assert set(train["trial"]) <= set(trials[:n_train])
        assert set(test["trial"]) <= set(trials[n_train:])


def test_a_lost_trial_moves_no_border(key_table):
    keys = key_table(2, 1, 15, 2)
    is_lost = (keys["subject"] == keys["subject"].iloc[0]) & keys["trial"].isin([2, 12])
    lost, whole = within(keys[~is_lost].reset_index(drop=True))
    kept = keys[~is_lost]["trial"].to_numpy()
    assert sorted({*kept[lost.train]}) == [1, 3, 4, 5, 6, 7, 8, 9]
    assert sorted({*kept[lost.test]}) == [10, 11, 13, 14, 15]
    assert sorted({*kept[whole.train]}) == list(range(1, 10))


def test_within_by_default_is_nine_of_fifteen(key_table):
    keys = key_table(1, 1, 15, 2)
    (fold,) = within(keys)
    assert sorted(keys["trial"].iloc[fold.train].unique()) == list(range(1, 10))
    assert sorted(keys["trial"].iloc[fold.test].unique()) == list(range(10, 16))


def test_names_tell_subject_session_and_dataset(key_table):
    keys = key_table(2, 2, 2, 1)
    assert [fold.name for fold in loso(keys)] == ["sub-1", "sub-2"]
    assert [f.name for f in within(keys)][:2] == ["sub-1_ses-1", "sub-1_ses-2"]
    both = pd.concat([keys, key_table(1, 1, 2, 1, dataset="other")], ignore_index=True)
    assert [fold.name for fold in loso(both)] == ["sim_sub-1", "sim_sub-2", "other_sub-1"]


def test_codes_number_units_in_order_of_appearance(key_table):
    keys = key_table(2, 1, 3, 2)
    np.testing.assert_array_equal(subject_codes(keys), np.repeat([0, 1], 6))
    np.testing.assert_array_equal(trial_codes(keys), np.repeat(np.arange(6), 2))


def test_a_divided_trial_is_refused(key_table):
    keys = key_table(2, 1, 2, 4)
    rows = np.arange(len(keys))
    with pytest.raises(ConfigError, match=r"sub-1_ses-1_trial-1 is in training and test"):
        check_folds([Fold("half", rows[1:], rows[:1])], keys, "trial")
    with pytest.raises(ConfigError, match=r"fold half: sub-1 is in training and test"):
        check_folds([Fold("half", rows[4:], rows[:4])], keys, "subject")


def test_validation_is_kept_apart_from_both_sides(key_table):
    keys = key_table(3, 1, 2, 4)
    rows = np.arange(len(keys))
    whole = Fold("a", rows[:8], rows[16:], validate=rows[8:16])
    check_folds([whole], keys, "subject")
    with pytest.raises(ConfigError, match="sub-1_ses-1_trial-2 is in training and validation"):
        check_folds([replace(whole, train=rows[:6], validate=rows[6:16])], keys, "subject")
    with pytest.raises(ConfigError, match="sub-3 is in validation and test"):
        check_folds([replace(whole, validate=rows[8:20], test=rows[20:])], keys, "subject")


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        pytest.param(
            [Fold("a", np.arange(8), np.arange(0))], "test side has no window", id="no test"
        ),
        pytest.param(
            [Fold("a", np.arange(0), np.arange(8))], "training side has no window", id="no train"
        ),
        pytest.param(
            [Fold("a", np.arange(8), np.arange(8, 16), validate=np.arange(0))],
            "validation side has no window",
            id="no validation",
        ),
        pytest.param([Fold("a", np.arange(8), np.arange(8, 16))] * 2, "two folds", id="names"),
        pytest.param(
            [Fold(name, np.arange(8), np.arange(8, 16)) for name in "ab"],
            "more than once",
            id="twice",
        ),
    ],
)
def test_unusable_folds_are_refused(key_table, folds, message):
    with pytest.raises(ConfigError, match=message):
        check_folds(folds, key_table(2, 1, 2, 4), "subject")


def test_studies_that_do_not_suit_the_protocol(key_table):
    with pytest.raises(ConfigError, match="two subjects or more, found 1"):
        list(loso(key_table(1, 2, 3, 2)))
    with pytest.raises(ConfigError, match=r"sub-1_ses-1 has no trial .* behind trial 1"):
        list(within(key_table(1, 1, 1, 2)))
    with pytest.raises(ConfigError, match=r"train_share is 1\.0"):
        list(within(key_table(1, 1, 3, 2), FoldSettings(1.0)))


def test_protocols_say_what_they_do():
    for name, protocol in PROTOCOLS.items():
        assert get_protocol(name) is protocol
        assert protocol.name == name
        assert "±" in protocol.describes
    with pytest.raises(ConfigError, match="did you mean 'loso'"):
        get_protocol("losso")
