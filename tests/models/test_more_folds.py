"""Protocols beyond `loso` and `within`: who is on which side, told by going through the rows."""

import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ConfigError
from models.folds import FoldSettings
from models.leaks import check_folds
from models.protocols import DIVIDED, PROTOCOLS, divide
from models.types import Fold


@pytest.fixture
def keys(key_table) -> pd.DataFrame:
    """Three subjects, two sessions of seven trials, four windows each, in random order."""
    return key_table(3, 2, 7, 4).sample(frac=1, random_state=0).reset_index(drop=True)


def made(name, keys, **options):
    protocol = PROTOCOLS[name]
    found = list(protocol.folds(keys, FoldSettings(**options)))
    check_folds(found, keys, protocol.split)
    return found


def of(keys, rows, *columns):
    return set(keys.iloc[rows][list(columns)].itertuples(index=False, name=None))


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_every_window_is_tested_at_most_once_and_never_trained_on_beside(keys, name):
    folds = made(name, keys)
    for fold in folds:
        assert not set(fold.train) & set(fold.test)
        np.testing.assert_array_equal(fold.target, fold.test)
    tested = np.concatenate([fold.test for fold in folds])
    assert len(set(tested)) == len(tested)
    if not name.startswith("within"):
        assert len(tested) == len(keys)


def test_within_pooled_is_within_with_sessions_put_together(keys):
    pooled = {fold.name: fold for fold in made("within-pooled", keys)}
    apart = made("within", keys)
    assert set(pooled) == {f"sub-{i}" for i in keys["subject"].unique()}
    for name, fold in pooled.items():
        parts = [one for one in apart if one.name.startswith(f"{name}_")]
        assert len(parts) == 2
        for side in ("train", "test"):
            joined = np.concatenate([getattr(one, side) for one in parts])
            assert set(getattr(fold, side)) == set(joined)


def test_cross_session_trains_on_the_other_sessions_of_the_subject(keys):
    folds = made("cross-session", keys)
    assert len(folds) == 6
    for fold in folds:
        [(subject, session)] = of(keys, fold.test, "subject", "session")
        others = keys[(keys["subject"] == subject) & (keys["session"] != session)]
        assert set(fold.train) == set(others.index)


def test_who_has_one_session_takes_no_part_and_is_named(keys, caplog):
    first = keys["session"].iloc[0]
    some = keys[(keys["subject"] != "2") | (keys["session"] == first)].reset_index(drop=True)
    assert {fold.name[:5] for fold in made("cross-session", some)} == {"sub-1", "sub-3"}
    assert "sub-2 have one session" in caplog.text
    with pytest.raises(ConfigError, match="two sessions or more"):
        made("cross-session", keys[keys["session"] == first].reset_index(drop=True))


def test_kfold_leaves_out_neighbours_the_same_for_everybody(keys):
    folds = made("kfold", keys, n_folds=3)
    assert len(folds) == 9
    for fold in folds:
        trials = {trial for (trial,) in of(keys, fold.test, "trial")}
        expected = {"1": {1, 2, 3}, "2": {4, 5}, "3": {6, 7}}[fold.name[-1]]
        assert trials == expected
        assert of(keys, fold.test, "subject") == of(keys, fold.train, "subject")
        assert {trial for (trial,) in of(keys, fold.train, "trial")} == set(range(1, 8)) - expected
        assert len(of(keys, fold.test, "session")) == 2


def test_a_lost_trial_moves_no_group(keys):
    is_lost = (keys["subject"] == "1") & (keys["trial"] == 1)
    folds = made("kfold", keys[~is_lost].reset_index(drop=True), n_folds=7)
    assert "sub-1_fold-1" not in {fold.name for fold in folds}
    assert len(folds) == 3 * 7 - 1


def test_fifteen_trials_of_seed_v_make_the_published_groups(key_table):
    keys = key_table(1, 3, 15, 2)
    groups = [of(keys, fold.test, "trial") for fold in made("kfold", keys)]
    assert groups == [{(t,) for t in range(first, first + 5)} for first in (1, 6, 11)]


@pytest.mark.parametrize("n_folds", [2, 3, 7])
def test_loso_loto_never_trains_on_the_subject_or_a_clip_of_it(keys, n_folds):
    folds = made("loso-loto", keys, n_folds=n_folds)
    assert len(folds) == 3 * n_folds
    for fold in folds:
        [(subject,)] = of(keys, fold.test, "subject")
        clips = {clip for (clip,) in of(keys, fold.test, "trial")}
        is_trained = (keys["subject"] != subject) & ~keys["trial"].isin(clips)
        assert set(fold.train) == set(keys.index[is_trained])


def test_divided_trials_are_marked_and_pass_only_by_that_name(keys):
    folds = made("kfold-windows", keys)
    assert PROTOCOLS["kfold-windows"].mark == DIVIDED
    assert all(protocol.mark == "" for name, protocol in PROTOCOLS.items() if "windows" not in name)
    trials = "subject", "session", "trial"
    assert all(of(keys, fold.test, *trials) & of(keys, fold.train, *trials) for fold in folds)
    with pytest.raises(ConfigError, match="is in training and test"):
        check_folds(folds, keys, "trial")


@pytest.mark.parametrize("name", ["kfold", "loso-loto", "kfold-windows"])
@pytest.mark.parametrize("n_folds", [1, 1000])
def test_groups_that_cannot_be_made_are_refused_with_what_can(keys, name, n_folds):
    with pytest.raises(ConfigError, match=rf"'{name}'.*into {n_folds} groups.*from 2 to"):
        made(name, keys, n_folds=n_folds)


@pytest.mark.parametrize(("both", "other"), [("subject", "trial"), ("trial", "subject")])
def test_subject_and_clip_are_both_looked_at(keys, both, other):
    """A fold whose sides share only one of the two is refused."""
    here, there = keys[other].unique()[:2]
    is_shared = keys[both] == keys[both].iloc[0]
    sides = [np.flatnonzero(is_shared & (keys[other] == value)) for value in (there, here)]
    with pytest.raises(ConfigError, match="is in training and test"):
        check_folds([Fold("leaky", *sides)], keys, "subject+clip")


def test_poor_windows_are_tested_and_not_trained_on(keys):
    poor = keys.assign(good=np.where(keys["window"] == 0, 0.4, 0.9).astype("f4"))
    for name, protocol in PROTOCOLS.items():
        whole = divide(protocol, poor, FoldSettings())
        some = divide(protocol, poor, FoldSettings(min_good=0.5))
        for one, other in zip(whole, some, strict=True):
            np.testing.assert_array_equal(one.test, other.test)
            expected = [row for row in one.train if poor["window"][row] != 0]
            np.testing.assert_array_equal(other.train, expected, err_msg=name)
    with pytest.raises(ConfigError, match=r"fold sub-\d is as good: the best has 0\.90"):
        divide(PROTOCOLS["loso"], poor, FoldSettings(min_good=0.95))
