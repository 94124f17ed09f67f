from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featpipe.errors import ConfigError
from models.sampling import draw_epochs, seed_for, steps_per_epoch


def epochs(strata, n_steps, batch, n_epochs, seed=0):
    return list(
        islice(draw_epochs(np.asarray(strata), n_steps, batch, seed_for(seed, "a")), n_epochs)
    )


@given(
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=5),
    n_steps=st.integers(1, 4),
    batch=st.integers(1, 30),
)
@settings(max_examples=60, deadline=None)
def test_draws_are_balanced(sizes, n_steps, batch):
    strata = np.repeat(np.arange(len(sizes)) * 7, sizes)  # codes need not be 0, 1, 2
    plans = epochs(strata, n_steps, batch, 3)
    for plan in plans:
        assert plan.shape == (n_steps, batch)
        for step in plan:
            counts = [np.sum(strata[step] == s) for s in np.unique(strata)]
            assert max(counts) - min(counts) <= 1
    drawn = np.concatenate([plan.ravel() for plan in plans])
    used = np.bincount(drawn, minlength=len(strata))
    per_stratum = [np.sum(strata[drawn] == s) for s in np.unique(strata)]
    assert max(per_stratum) - min(per_stratum) <= 1
    for stratum in np.unique(strata):  # whole shuffles: no item is drawn twice before all were once
        assert np.ptp(used[strata == stratum]) <= 1


def test_streams_are_reshuffled():
    first, second = epochs(np.zeros(40), 1, 40, 2)
    assert sorted(first[0]) == sorted(second[0]) == list(range(40))
    assert not np.array_equal(first, second)


def test_draws_depend_on_seed_and_name_only():
    one = next(draw_epochs(np.zeros(30), 2, 10, seed_for(3, "sub-1", "source")))
    again = next(draw_epochs(np.zeros(30), 2, 10, seed_for(3, "sub-1", "source")))
    np.testing.assert_array_equal(one, again)
    for other in (seed_for(4, "sub-1", "source"), seed_for(3, "sub-2", "source")):
        assert not np.array_equal(one, next(draw_epochs(np.zeros(30), 2, 10, other)))


def test_steps_cover_the_largest_fold():
    assert [steps_per_epoch(n, 64) for n in (5, 64, 65, 129)] == [1, 1, 2, 3]
    for n_steps in range(1, 3000):
        found = steps_per_epoch(64 * n_steps, 64)
        assert abs(found - n_steps) <= n_steps / 32
        assert found == n_steps or n_steps >= 32


def test_negative_seed():
    with pytest.raises(ConfigError, match="seed is -1"):
        seed_for(-1, "a")
