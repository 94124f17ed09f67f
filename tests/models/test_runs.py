import numpy as np
import pytest

from featpipe.errors import ConfigError
from models.runs import find_items, runs, runs_ending_at, trials


@pytest.fixture
def keys(key_table):
    """Two trials of five windows each; the first lacks its window 2."""
    keys = key_table(1, 1, 2, 5)
    return keys.drop(index=2).reset_index(drop=True)


def test_runs_stay_inside_a_trial_and_its_gaps(keys):
    np.testing.assert_array_equal(runs(keys, 2), [[0, 1], [2, 3], [4, 5], [5, 6], [6, 7], [7, 8]])
    np.testing.assert_array_equal(runs(keys, 4), [[4, 5, 6, 7], [5, 6, 7, 8]])
    np.testing.assert_array_equal(runs(keys, 1)[:, 0], np.arange(9))
    assert runs(keys, 6).shape == (0, 6)


def test_every_window_ends_one_run_that_does_not_look_ahead(keys):
    ending = runs_ending_at(keys, 3)
    np.testing.assert_array_equal(ending[:, -1], np.arange(9))
    np.testing.assert_array_equal(
        ending[:5], [[0, 0, 0], [0, 0, 1], [2, 2, 2], [2, 2, 3], [4, 4, 4]]
    )


def test_neighbouring_subjects_are_not_one_run(key_table):
    keys = key_table(3, 2, 1, 2)  # all trials are number 1, windows 0 and 1
    assert len(runs(keys, 2)) == 6
    assert len(runs(keys, 3)) == 0


def test_items_of_a_fold_lie_wholly_inside_it(keys):
    rows = np.array([4, 5, 6, 8])
    np.testing.assert_array_equal(find_items(keys, 2).inside(rows), [[4, 5], [5, 6]])
    np.testing.assert_array_equal(find_items(keys, None).inside(rows), rows)


def test_a_run_of_nothing(keys):
    with pytest.raises(ConfigError, match="run of 0 windows"):
        runs(keys, 0)


def test_trials_are_padded_behind_their_end(key_table):
    keys = key_table(2, 1, 2, 3)
    keys = keys[(keys["trial"] == 1) | (keys["window"] < 2)].reset_index(drop=True)
    np.testing.assert_array_equal(trials(keys), [[0, 1, 2], [3, 4, -1], [5, 6, 7], [8, 9, -1]])
    items = find_items(keys, whole_trials=True)
    np.testing.assert_array_equal(items.read, [0, 0, 0, 1, 1, 2, 2, 2, 3, 3])
    np.testing.assert_array_equal(items.inside(np.array([0, 1, 2, 3, 8, 9])), items.train[[0, 3]])
