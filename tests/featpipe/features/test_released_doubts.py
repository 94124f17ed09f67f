"""Released features of right shapes and wrong content are told; what nobody computed is lost."""

import logging

import numpy as np
import pytest
from lookalikes.released_signals import CHANNELS, SMOOTHERS, de_of

from featpipe.datasets.pair_order import stored_pairs
from featpipe.errors import ReadError
from featpipe.features.asymmetry import dasm, left_right_pairs
from featpipe.features.released_doubts import (
    tell_ambiguous_axes,
    tell_foreign_pairs,
    tell_smoother_order,
    tell_standardised,
    without_zero_trials,
)
from featpipe.features.released_labels import _one
from featpipe.readers.feature_files import cut

PAIRS = left_right_pairs(CHANNELS)


@pytest.fixture
def de():
    return {k: de_of(np.random.default_rng(k), 20) for k in (1, 2, 3)}


def test_exchanged_smoothers_are_told_and_right_ones_not(de, caplog):
    lds, average = ({k: smooth(x) for k, x in de.items()}
                    for smooth in (SMOOTHERS["LDS"], SMOOTHERS["movingAve"]))  # fmt: skip
    told = tell_smoother_order("sub-1", {"de_lds": lds, "de_ma": average})
    assert "LDS 0.0" in told["smoothness"]
    assert not caplog.records
    tell_smoother_order("sub-1", {"de_lds": average, "de_ma": lds})
    assert "their names may be exchanged" in caplog.text
    assert tell_smoother_order("sub-1", {"de_lds": lds}) == {}


def test_channels_of_de_out_of_order_are_told_by_the_pairs(de, caplog):
    x = np.concatenate(list(de.values()))
    found = stored_pairs("dasm", dasm(x, CHANNELS), x[:, ::-1], CHANNELS, PAIRS)
    told = tell_foreign_pairs("sub-1", "dasm_lds", found.pairs, PAIRS)
    assert told["channels"].startswith("doubtful: 27 of 27 pairs of dasm_lds")
    assert "channels of DE in this file are probably in another order" in caplog.text


def test_another_sign_and_a_few_other_pairs_are_no_doubt(caplog):
    swapped = [pair[::-1] for pair in PAIRS]
    assert tell_foreign_pairs("sub-1", "dasm_lds", swapped, PAIRS) == {}
    assert tell_foreign_pairs("sub-1", "dasm_lds", [("FP1", "OZ"), *PAIRS[1:]], PAIRS) == {}
    assert not caplog.records


def test_trials_of_zeros_are_lost_with_a_warning(de, caplog):
    de[2] = np.zeros_like(de[2])
    kept = without_zero_trials("sub-1", {"de": de})["de"]
    assert np.isnan(kept[2]).all()
    np.testing.assert_array_equal(kept[1], de[1])
    assert "all numbers are 0, taken as lost: trial 2 of de" in caplog.text


def test_axes_that_shapes_do_not_tell_are_told(caplog):
    with caplog.at_level(logging.WARNING):
        tell_ambiguous_axes("sub-1", ["channel, window, band (shape)"])
        assert not caplog.records
        tell_ambiguous_axes("sub-1", ["channel, window, band (documented)"])
    assert "shapes allow several orders of axes" in caplog.text


def test_training_has_to_end_with_the_trial_that_is_published(tmp_path):
    arrays, counts = [np.zeros((5, 1)), np.zeros((4, 1))], {1: 2, 2: 3, 3: 4}
    assert len(cut(tmp_path, arrays, counts, 2)[3]) == 4
    with pytest.raises(ReadError, match="training ends with trial 2, expected trial 1"):
        cut(tmp_path, arrays, counts, 1)


def test_a_label_next_to_an_integer_is_that_integer(tmp_path):
    assert _one(tmp_path, 1, np.array([2 - 1e-9, 2 + 1e-9, 2])) == 2
    with pytest.raises(ReadError, match="expected one"):
        _one(tmp_path, 1, np.array([2, 2.01]))


def scored(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def ranged(x):
    return (x - x.min(axis=0)) / np.ptp(x, axis=0)


@pytest.mark.parametrize(
    ("scale", "how"), [(scored, "mean 0, deviation 1"), (ranged, "from 0 to 1")]
)
def test_what_was_standardised_over_the_recording_is_told(de, caplog, scale, how):
    whole = scale(np.concatenate(list(de.values())))
    whole[3, 5], whole[4, 6] = np.nan, np.inf
    stored = {"de": dict(zip(de, np.split(whole, 3), strict=True)), "psd": de}
    told = tell_standardised("sub-1", stored)["standardised"]
    assert told == f"de ({how}): over the recording, test windows included"
    assert "features are standardised already, de" in caplog.text


def test_what_is_scaled_otherwise_is_not_called_standardised(de, caplog):
    by_trial = {k: x / x.std(axis=0) for k, x in de.items()}
    by_window = {k: scored(x.T).T for k, x in de.items()}
    lost = {k: np.full_like(x, np.nan) for k, x in de.items()}
    assert tell_standardised("sub-1", {"a": de, "b": by_trial, "c": by_window, "d": lost}) == {}
    assert not caplog.records
