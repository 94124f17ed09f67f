"""Pieces are found under other names, in closed form, and nothing is found in noise."""

import numpy as np
import pytest

from featpipe.features.correspondence import exchanged, lay_pieces, resemblance, shifted_pairs


def test_resemblance_is_the_correlation_over_what_both_have():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 3))
    piece, place = np.array([0, 0, 0, 1, 1]), np.array([0, 1, 2, 0, 1])
    laid = lay_pieces(x, piece, place)
    assert laid.shape == (2, 9)
    r = resemblance(laid, laid)
    one, two = x[:2].ravel(), x[3:].ravel()
    assert np.diag(r) == pytest.approx([1, 1])
    assert r[0, 1] == pytest.approx(one @ two / np.sqrt((one @ one) * (two @ two)), abs=1e-6)


@pytest.mark.parametrize("n", [2, 15, 45])
def test_noise_holds_no_exchange(n):
    rng = np.random.default_rng(n)
    for _ in range(20):
        assert exchanged(0.15 * rng.standard_normal((n, n))) == {}


def test_a_permutation_is_found_and_namesakes_stay():
    r = 0.02 * np.random.default_rng(1).standard_normal((6, 6))
    for i, j in enumerate([1, 2, 0, 3, 4, 5]):
        r[i, j] = 0.3
    assert exchanged(r) == {0: 1, 1: 2, 2: 0}


def test_shifts_never_cross_trials():
    is_next = np.array([False, True, True, False, True])
    early, late = shifted_pairs(is_next, -1)
    assert (early.tolist(), late.tolist()) == ([1, 2, 4], [0, 1, 3])
    assert [x.tolist() for x in shifted_pairs(is_next, 2)] == [[0], [2]]
    assert [x.tolist() for x in shifted_pairs(is_next, 0)] == [[0, 1, 2, 3, 4]] * 2
