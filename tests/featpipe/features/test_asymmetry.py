"""Asymmetries against loops over pairs, and the pairs themselves."""

import naive_features
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featpipe.errors import ConfigError
from featpipe.features.asymmetry import (
    asm,
    dasm,
    dcau,
    front_back_pairs,
    left_out,
    left_right_pairs,
    rasm,
)
from featpipe.montage import CAP62, FRONT_BACK, LEFT_RIGHT


def entropies(n_channels, seed=0):
    """DE with everything that can happen: zeros, NaN, negative numbers."""
    de = np.random.default_rng(seed).standard_normal((6, n_channels, 5))
    de[0, :, 1] = 0.0
    de[1, ::3, 2] = np.nan
    return de


def difference(a, b):
    return a - b


def ratio(a, b):
    return a / b if b != 0 else None


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(CAP62), min_size=20, max_size=62, unique=True))
def test_equals_loops_for_any_channels_in_any_order(ch_names):
    ch_names = [*ch_names, "A1"]
    ch_names += [name for name in ("T7", "T8", "FZ", "PZ") if name not in ch_names]
    de = entropies(len(ch_names))
    expected = {
        dasm: naive_features.asymmetry(de, ch_names, LEFT_RIGHT, difference),
        rasm: naive_features.asymmetry(de, ch_names, LEFT_RIGHT, ratio),
        dcau: naive_features.asymmetry(de, ch_names, FRONT_BACK, difference),
    }
    for function, values in expected.items():
        np.testing.assert_array_equal(function(de, ch_names), values)
        assert not np.isinf(function(de, ch_names)).any()
    both = np.concatenate([expected[dasm], expected[rasm]], axis=1)
    np.testing.assert_array_equal(asm(de, ch_names), both)


def test_the_cap_gives_27_and_23_pairs():
    de = entropies(62)
    assert [f(de, CAP62).shape for f in (dasm, rasm, asm, dcau)] == [
        (6, 27, 5), (6, 27, 5), (6, 54, 5), (6, 23, 5)
    ]  # fmt: skip
    assert left_right_pairs(CAP62) == list(LEFT_RIGHT)
    assert front_back_pairs(CAP62) == list(FRONT_BACK)


def test_left_is_odd_and_right_the_next_even_of_the_same_row():
    for left, right in LEFT_RIGHT:
        assert left.rstrip("12345678") == right.rstrip("12345678")
        assert int(left[-1]) % 2 == 1
        assert int(right[-1]) == int(left[-1]) + 1
    midline = {name for name in CAP62 if name.endswith("Z")}
    assert {name for pair in LEFT_RIGHT for name in pair} == set(CAP62) - midline


def test_front_and_back_are_on_one_line_from_front_to_back():
    rows = {"FT": "TP", "FC": "CP", "F": "P", "FP": "O", "AF": "CB"}
    for front, back in FRONT_BACK:
        assert rows[front.rstrip("12345678Z")] == back.rstrip("12345678Z")
        if not front.startswith("AF"):
            assert front[-1] == back[-1]
    assert FRONT_BACK[-2:] == (("AF3", "CB1"), ("AF4", "CB2"))
    assert len({name for pair in FRONT_BACK for name in pair}) == 46


def test_mirroring_the_head_turns_the_sign():
    mirror = {**dict(LEFT_RIGHT), **{right: left for left, right in LEFT_RIGHT}}
    de = entropies(62)
    mirrored = [mirror.get(name, name) for name in CAP62]
    np.testing.assert_array_equal(dasm(de, mirrored), -dasm(de, CAP62))


@pytest.mark.parametrize("right", [0.0, -0.0, 1e-320, np.nan])
def test_a_ratio_is_never_infinite(right):
    assert np.isnan(rasm([[[1.0], [right]]], ["O1", "O2"])).all()


def test_incomplete_pairs_are_left_out():
    ch_names = ["O2", "FP1", "OZ", "O1", "FZ"]
    assert left_right_pairs(ch_names) == [("O1", "O2")]
    assert front_back_pairs(ch_names) == [("FP1", "O1")]
    missing = left_out(LEFT_RIGHT, ch_names)
    assert len(missing) == 26
    assert ("FP1", "FP2") in missing
    de = entropies(5)
    np.testing.assert_array_equal(dasm(de, ch_names)[:, 0], de[:, 3] - de[:, 0])


@pytest.mark.parametrize("function", [dasm, rasm, asm])
def test_no_left_right_pair_is_an_error(function):
    with pytest.raises(ConfigError, match=r"no left-right pair .* FZ, PZ: .* FP1 and FP2"):
        function(np.ones((1, 2, 5)), ["FZ", "PZ"])


def test_no_front_back_pair_is_an_error():
    with pytest.raises(ConfigError, match=r"no front-back pair .* O1, O2: .* FT7 and TP7"):
        dcau(np.ones((1, 2, 5)), ["O1", "O2"])


@pytest.mark.parametrize("shape", [(4, 5), (4, 3, 5)])
def test_a_wrong_shape_is_named(shape):
    with pytest.raises(ConfigError, match="2 channels"):
        dasm(np.ones(shape), ["O1", "O2"])


def test_names_of_a_cap_that_counts_its_own_way_are_no_pairs():
    own = [f"{row}{i}" for row in "ABCDEF" for i in range(1, 33)]  # C3 is not the C3 of 10-20
    with pytest.raises(ConfigError, match="no left-right pair"):
        left_right_pairs(own)
    assert ("C3", "C4") in left_right_pairs(["A1", "A2", "C3", "C4"])  # earlobes are no such cap
