from dataclasses import replace

import numpy as np
import pytest

from featpipe.errors import ConfigError
from models.folds import loso, within
from models.leaks import check_folds
from models.selection import POLICIES, get_policy, hold_out
from models.types import Fold


def subjects(keys, rows):
    return set(keys["subject"].iloc[rows])


def trials(keys, rows):
    return set(keys["trial"].iloc[rows])


def test_policies_say_what_they_do():
    for name, policy in POLICIES.items():
        assert get_policy(name) is policy
        assert policy.name == name
        assert policy.describes
    with pytest.raises(ConfigError, match="unknown policy 'best'"):
        get_policy("best")


@pytest.mark.parametrize(
    ("n_subjects", "n_held"), [(3, 1), (6, 1), (8, 2), (9, 2), (15, 3), (36, 7), (81, 16)]
)
def test_whole_subjects_of_the_training_side_are_held_out(key_table, n_subjects, n_held):
    keys = key_table(n_subjects, 2, 2, 2)
    for fold in list(loso(keys))[:3]:
        split = hold_out(fold, keys, seed=0)
        assert split.validate is not None
        np.testing.assert_array_equal(np.union1d(split.train, split.validate), fold.train)
        sides = [subjects(keys, rows) for rows in (split.train, split.validate, split.test)]
        assert list(map(len, sides)) == [n_subjects - 1 - n_held, n_held, 1]
        assert len(set.union(*sides)) == n_subjects  # nobody on two sides
        assert split.test is fold.test
        assert split.target is fold.target
        check_folds([split], keys, "subject")


def test_whole_trials_of_every_class_where_there_is_one_subject(key_table):
    keys = key_table(2, 2, 15, 4)
    for fold in within(keys):
        split = hold_out(fold, keys, seed=0)
        assert split.validate is not None
        held = trials(keys, split.validate)
        assert len(held) == 3  # one of three trials per class: 3 of 9
        assert {trial % 3 for trial in held} == {0, 1, 2}
        assert not held & trials(keys, split.train)
        np.testing.assert_array_equal(np.union1d(split.train, split.validate), fold.train)
        check_folds([split], keys, "trial")


def test_a_class_with_one_trial_keeps_it_for_training(key_table):
    keys = key_table(1, 1, 4, 2)
    rows = np.arange(len(keys))
    fold = Fold("a", rows[:-2], rows[-2:])  # trials 1 to 3, one per class
    some = hold_out(fold, keys, seed=0)
    assert some.validate is not None
    assert len(trials(keys, some.validate)) == 1  # no class can spare one, yet one must go
    labels = keys.assign(label=np.array([0, 1, 1, 1], np.int8)[keys["trial"] - 1])
    for seed in range(5):
        split = hold_out(fold, labels, seed)
        assert split.validate is not None
        assert trials(keys, split.validate) < {2, 3}
        assert 1 in trials(keys, split.train)


def test_who_is_held_out_depends_on_seed_and_name_only(key_table):
    keys = key_table(8, 1, 2, 2)
    folds = list(loso(keys))

    def held(fold, seed):
        validate = hold_out(fold, keys, seed).validate
        assert validate is not None
        return frozenset(subjects(keys, validate))

    assert held(folds[0], 0) == held(folds[0], 0)
    assert held(folds[0], 0) == held(replace(folds[0], test=folds[0].test[:1]), 0)
    by_seed = [held(folds[0], seed) for seed in range(12)]
    assert set.union(*map(set, by_seed)) == set("2345678")  # each gets its turn
    assert len({held(replace(folds[0], name=name), 0) for name in "abcdefgh"}) > 1


def test_the_test_side_has_no_say(key_table):
    keys = key_table(5, 1, 3, 2)
    (fold, *_) = loso(keys)
    spoiled = keys.copy()
    spoiled.loc[fold.test, "label"] = np.int8(2)
    one, two = (hold_out(fold, table, 1).validate for table in (keys, spoiled))
    np.testing.assert_array_equal(one, two)  # type: ignore[arg-type]


def test_what_cannot_be_held_out(key_table):
    keys = key_table(1, 1, 2, 4)
    (fold,) = within(keys)
    with pytest.raises(ConfigError, match="fold sub-1_ses-1 has one training trial"):
        hold_out(fold, keys, 0)
    with pytest.raises(ConfigError, match=r"share held out is 1\.0"):
        hold_out(fold, keys, 0, share=1.0)
