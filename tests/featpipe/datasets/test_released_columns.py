"""Columns of released pairs and eyes are those that the numbers bear out."""

import numpy as np
import pytest
from lookalikes.released_signals import CHANNELS, de_of, smi_eyes, tobii_eyes

from featpipe.datasets.eye_columns import ORDERS, eye_columns
from featpipe.datasets.pair_order import asm_is_dasm_then_rasm, stored_pairs
from featpipe.errors import ReadError
from featpipe.features.asymmetry import dasm, dcau, front_back_pairs, left_right_pairs, rasm
from featpipe.features.smoothing import linear_dynamical_system
from featpipe.schema import EYE_FEATURES

LEFT_RIGHT, FRONT_BACK = left_right_pairs(CHANNELS), front_back_pairs(CHANNELS)


@pytest.fixture(scope="module")
def de():
    return de_of(np.random.default_rng(1), 60)


@pytest.mark.parametrize(
    ("kind", "derive", "pairs"),
    [("dasm", dasm, LEFT_RIGHT), ("rasm", rasm, LEFT_RIGHT), ("dcau", dcau, FRONT_BACK)],
)
def test_pairs_are_confirmed_behind_the_smoother_too(de, kind, derive, pairs):
    stored = linear_dynamical_system(derive(de, CHANNELS))
    found = stored_pairs(kind, stored, linear_dynamical_system(de), CHANNELS, pairs)
    assert found == (pairs, "confirmed")


def test_other_pairs_than_expected_are_named_as_they_are(de):
    """AF3 and AF4 may go with PO3 and PO4: nobody here has seen the files."""
    at = CHANNELS.index
    stored = dcau(de, CHANNELS)
    stored[:, 21:] = de[:, [at("AF3"), at("AF4")]] - de[:, [at("PO3"), at("PO4")]]
    found = stored_pairs("dcau", stored, de, CHANNELS, FRONT_BACK)
    assert found.pairs[:21] == FRONT_BACK[:21]
    assert found.pairs[21:] == [("AF3", "PO3"), ("AF4", "PO4")]
    assert found.basis == "AF3-PO3 for AF3-CB1, AF4-PO4 for AF4-CB2"


def test_right_minus_left_is_seen(de):
    pairs = stored_pairs("dasm", -dasm(de, CHANNELS), de, CHANNELS, LEFT_RIGHT).pairs
    assert pairs[0] == ("FP2", "FP1")


def test_what_is_of_no_two_channels_is_refused(de):
    stored = np.random.default_rng(2).normal(0, 3, (60, 27, 5))
    with pytest.raises(ReadError, match="column 1 of dasm is that of no two channels"):
        stored_pairs("dasm", stored, de, CHANNELS, LEFT_RIGHT)


def test_lost_columns_keep_their_names(de):
    stored = dasm(de, CHANNELS)
    stored[:, 4] = np.nan
    assert stored_pairs("dasm", stored, de, CHANNELS, LEFT_RIGHT).pairs == LEFT_RIGHT


def test_asm_is_compared_with_its_parts(de):
    parts = dasm(de, CHANNELS), rasm(de, CHANNELS)
    assert asm_is_dasm_then_rasm(np.concatenate(parts, axis=1), *parts)
    assert not asm_is_dasm_then_rasm(np.concatenate(parts[::-1], axis=1), *parts)
    assert not asm_is_dasm_then_rasm(np.stack(parts, axis=2).reshape(60, 54, 5), *parts)


def eyes(of, n_trials=15):
    rng = np.random.default_rng(3)
    return [of(rng, 20, k % 3) for k in range(n_trials)]


@pytest.mark.parametrize(("of", "order"), [(smi_eyes, "smi"), (tobii_eyes, "tobii")])
def test_each_order_is_borne_out_by_its_own_numbers(of, order):
    found = eye_columns(eyes(of), order)
    assert found.is_confirmed
    assert found.constant == 1
    assert set(found.names) == set(EYE_FEATURES)
    other = {"smi": "tobii", "tobii": "smi"}[order]
    with pytest.raises(ReadError, match=f"not in the order of {other}.*those of {order}"):
        eye_columns(eyes(of), other)


def of_negative(x):
    return x - 1000 * (np.arange(33) == 25)  # a standard deviation


@pytest.mark.parametrize(
    "spoil",
    [
        lambda x: np.random.default_rng(4).standard_normal(x.shape),
        lambda x: x[:, np.random.default_rng(3).permutation(33)],
        lambda x: (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-9),
        lambda x: np.full(x.shape, np.nan),
        of_negative,
    ],
)
def test_eyes_that_bear_out_no_order_are_not_confirmed(spoil):
    found = eye_columns([spoil(x) for x in eyes(smi_eyes)], "smi")
    assert not found.is_confirmed
    assert "not confirmed" in found.text()


def ranged(x):
    return (x - x.min(axis=0)) / (np.ptp(x, axis=0) + 1e-12)


def over_all(scale):
    whole = scale(np.concatenate(eyes(smi_eyes)))
    return np.split(whole, 15)


@pytest.mark.parametrize(
    ("spoiled", "why"),
    [
        (over_all(lambda x: x / 1000), "fixation duration mean would be 0.21 ms, expected 50 to"),
        (over_all(lambda x: x / (x.std(axis=0) + 1e-9)), "fixation duration mean would be 9.4 ms"),
        (over_all(ranged), "standardised (from 0 to 1)"),
        (over_all(lambda x: x * (1 + 9 * (np.arange(33) == 20))), "saccade duration mean would be"),
    ],
)
def test_scaled_eyes_have_no_units_and_are_not_called_confirmed(spoiled, why):
    found = eye_columns(spoiled, "smi")
    assert not found.has_units
    assert "not confirmed" in found.text()
    assert why in found.text()


def test_units_are_borne_out_by_durations():
    for of, order in ((smi_eyes, "smi"), (tobii_eyes, "tobii")):
        assert eye_columns(eyes(of), order).has_units
    in_ms = [x * np.where(np.char.find(ORDERS["tobii"], "duration") > 0, 1000, 1)
             for x in eyes(tobii_eyes)]  # fmt: skip
    assert "would be 2.1e+05 ms" in eye_columns(in_ms, "tobii").scaled


def test_statistics_that_change_within_trials_are_counted():
    trials = eyes(smi_eyes)
    rng = np.random.default_rng(5)
    for x in trials[:6]:
        x[:, 24:] *= rng.uniform(0.9, 1.1, (len(x), 9))
    trials[8][:, 24:] *= 1 + 1e-9  # rounding
    trials[9][0, 24] *= 1 + 1e-9
    trials[10][3, 30] = np.nan
    assert eye_columns(trials, "smi").constant == pytest.approx(9 / 15)


def test_the_number_of_columns_has_to_be_that_of_the_data_set():
    with pytest.raises(ReadError, match="33 columns, expected the 31"):
        eye_columns(eyes(smi_eyes), "smi without blinks")
    assert len(ORDERS["smi without blinks"]) == 31


def test_lost_numbers_do_not_hide_the_order():
    trials = eyes(smi_eyes)
    for x in trials:
        x[::3, :24] = np.nan
    assert eye_columns(trials, "smi").is_confirmed
