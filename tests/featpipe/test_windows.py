"""The window grid: exact counts, whole windows only."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featpipe.errors import ConfigError
from featpipe.windows import trial_grid, window_starts


@given(st.integers(0, 5000), st.integers(1, 900), st.integers(1, 900))
def test_starts_equal_counting_by_hand(n_times, n_window, hop):
    by_hand = [start for start in range(0, n_times, hop) if start + n_window <= n_times]
    np.testing.assert_array_equal(window_starts(n_times, n_window, hop), by_hand)


@given(st.integers(0, 2000), st.integers(1, 300), st.floats(0.3, 300))
def test_fractional_hops_stay_inside_and_in_order(n_times, n_window, hop):
    starts = window_starts(n_times, n_window, hop)
    assert (np.diff(starts) >= 0).all()
    assert len(starts) == 0 or starts[-1] + n_window <= n_times + 1


def test_published_window_counts():
    """SEED has 3394 one-second and 842 four-second windows per recording."""
    seconds = [235, 233, 206, 238, 185, 195, 237, 216, 265, 237, 235, 233, 235, 238, 206]
    count = {w: sum(len(trial_grid(0, s, 200.0, w, w).starts) for s in seconds) for w in (1, 4)}
    assert count == {1: 3394, 4: 842}


def test_a_trial_is_its_rounded_samples():
    grid = trial_grid(1.0024, 3.0026, 200.0, 1.0, 1.0)
    assert (grid.start, grid.n_times) == (200, 401)
    np.testing.assert_array_equal(grid.start_s, [0.0, 1.0])
    np.testing.assert_array_equal(grid.stop_s, [1.0, 2.0])


@pytest.mark.parametrize(("n_window", "hop"), [(0, 1), (10, 0), (10, -1)])
def test_impossible_windows_are_refused(n_window, hop):
    with pytest.raises(ConfigError):
        window_starts(100, n_window, hop)
