"""The vote for offset and drift, against a slow twin."""

import naive_eye
import numpy as np
import pytest

from featpipe.eye.alignment import count_pairs, equal_pairs, ordered_marks
from featpipe.eye.voting import crowded, may_agree, vote

LONG_UPTIME_S = 4e6


def marks(rng, n_marks, n_names, drift, begin):
    """Marks of both clocks: some lost, some of one clock alone, some stamped twice."""
    time = begin + np.cumsum(rng.choice([1.0, 2.0, 5.5], n_marks))
    name = rng.integers(0, n_names, n_marks)
    both = []
    for scale, late in ((1.0, 0.0), (1 + drift, -begin)):
        seen = rng.choice(n_marks, max(1, n_marks * 3 // 4), replace=False)
        seen = np.append(seen, rng.choice(seen, 2))
        stamps = scale * (time[seen] + rng.normal(0, 0.01, seen.size)) + late
        alone = stamps.min() + rng.uniform(0, np.ptp(stamps) + 1, n_marks // 4)
        names = np.append(name[seen], rng.integers(0, n_names, alone.size))
        both.append(ordered_marks(np.append(stamps, alone), names))
    return both


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("n_marks", "n_names"), [(1, 1), (4, 2), (20, 1), (30, 3), (30, 30)])
def test_the_vote_is_that_of_the_slow_twin(seed, n_marks, n_names):
    rng = np.random.default_rng(seed)
    drift = rng.uniform(-0.005, 0.005)
    eye, eeg = marks(rng, n_marks, n_names, drift, rng.choice([0.0, LONG_UPTIME_S]))
    pairs = equal_pairs(eye, eeg)
    if not pairs.size:
        return
    line = vote(pairs, 0.05, 0.005)
    assert (line.slope, line.intercept) == naive_eye.vote(pairs, 0.05, 0.005)


@pytest.mark.parametrize("seed", range(8))
def test_a_line_that_has_enough_pairs_is_never_ruled_out(seed):
    rng = np.random.default_rng(seed)
    eye, eeg = marks(rng, 30, 1 + seed % 3, rng.uniform(-0.005, 0.005), 0.0)
    pairs = equal_pairs(eye, eeg)
    most = naive_eye.most_near_a_line(pairs, 0.05, 0.005, 0.15)
    assert may_agree(pairs, 0.05, 0.005, 0.15, most)
    assert not may_agree(pairs, 0.05, 0.005, 0.15, 3 * most)
    assert count_pairs(eye, eeg) == pairs.shape[1]


def test_pairs_at_one_moment_and_a_tolerance_below_all_distances():
    pairs = np.array([[5.0, 5.0, 5.0], [7.0, 7.0, 9.0]])
    for tolerance in (1e-9, 0.5, 10.0):
        line = vote(pairs, tolerance, 1e-3)
        assert (line.slope, line.intercept) == naive_eye.vote(pairs, tolerance, 1e-3)


def test_of_many_differences_few_are_sorted_once_a_good_line_is_known():
    rng = np.random.default_rng(0)
    peak = 100.0 + rng.uniform(0, 0.1, 90)
    values = np.append(rng.uniform(-7000, 7000, 200_000), peak)
    assert crowded(values, 0.1, 95).size < 1000
    assert np.isin(peak, crowded(values, 0.1, 60)).all()
    assert crowded(values, 0.1, 60).size < 1000
    assert crowded(values, 0.1, 150).size == 0
