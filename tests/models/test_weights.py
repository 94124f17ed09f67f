"""Weighted windows: drawn as often as their weight says, by networks; counted so by estimators."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featpipe.errors import ConfigError
from models.batches import draw_rows, to_device
from models.evaluate import cross_validate
from models.folds import loso
from models.methods import classical, trivial
from models.registry import make_config
from models.runs import find_items
from models.sampling import draw_epochs, seed_for, shuffled
from models.weights import weighted


def rated(windows, good):
    return replace(windows, keys=windows.keys.assign(good=np.float32(good)))


@given(weight=st.lists(st.floats(0.01, 1) | st.just(0.0), min_size=1, max_size=12),
       seed=st.integers(0, 999))  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_every_pass_draws_an_item_as_often_as_its_share_rounded_up_or_down(weight, seed):
    if not sum(weight):
        return
    weight, items = np.array(weight), np.arange(len(weight)) + 3
    drawn = shuffled(np.random.default_rng(seed), items, np.r_[0.5, 0.5, 0.5, weight])
    assert len(drawn) == len(items)
    counts = np.bincount(drawn, minlength=len(weight) + 3)[3:]
    share = len(items) * weight / weight.sum()
    assert (np.abs(counts - share) < 1 + 1e-9).all()
    assert not counts[weight == 0].any()


def test_the_expectation_is_exact():
    rng, weight = np.random.default_rng(1), np.array([0.1, 0.2, 0.9, 0.5, 1.0])
    drawn = [shuffled(rng, np.arange(5), weight) for _ in range(4000)]
    counts = np.bincount(np.concatenate(drawn)) / 4000
    np.testing.assert_allclose(counts, 5 * weight / weight.sum(), atol=0.03)


def test_without_weights_the_draws_are_those_of_whole_shuffles():
    rng = np.random.default_rng(seed_for(0, "a"))
    expected = np.concatenate([rng.permutation(7) for _ in range(3)])[:20]
    first = next(draw_epochs(np.zeros(7), 2, 10, seed_for(0, "a")))
    np.testing.assert_array_equal(first.ravel(), expected)


def test_subjects_are_drawn_equally_and_their_windows_by_good(windows):
    good = np.where(windows.keys["window"] == 0, 0.2, 0.8)
    good[windows.keys["subject"] == "2"] = 0.1  # poor throughout: as much as all others' together
    weighing = weighted(rated(windows, good), "good")
    folds = list(loso(windows.keys))[:2]
    data = to_device(windows, ("eye",), "cpu")
    items = find_items(windows.keys)._replace(weight=weighing.weight)
    sides, seeds = [f.train for f in folds], [seed_for(0, f.name) for f in folds]
    rows = [part.numpy() for part in islice(draw_rows(data, items, sides, 9, 12, seeds), 40)]
    drawn = np.stack(rows)  # (n_epochs, n_steps, n_folds, batch)
    alone = next(draw_rows(data, items, sides[1:], 9, 12, seeds[1:])).numpy()
    np.testing.assert_array_equal(alone[:, 0], rows[0][:, 1])  # a fold knows nothing of others
    of = windows.keys.iloc[drawn[:, :, 0].ravel()]
    assert of["subject"].value_counts().to_dict() == dict.fromkeys("234", 40 * 9 * 4)
    first = (of["window"] == 0).groupby(of["subject"]).mean()
    expected = 0.2 / (0.2 + 5 * 0.8)
    np.testing.assert_allclose(first[["2", "3", "4"]], [1 / 6, expected, expected], atol=0.01)


def test_runs_and_trials_weigh_the_mean_of_their_windows(key_table):
    keys = key_table(1, 1, 2, 3).drop(index=5).reset_index(drop=True)  # the second trial has two
    weight = np.array([0.0, 0.5, 1.0, 0.2, 0.4])
    for options, items, expected in (
        ({"run_length": 2}, [[0, 1], [1, 2], [3, 4]], [0.25, 0.75, 0.3]),
        ({"whole_trials": True}, [[0, 1, 2], [3, 4, -1]], [0.5, 0.3]),
        ({}, [0, 1, 2, 3, 4], weight),
    ):
        found = find_items(keys, **options)._replace(weight=weight)
        np.testing.assert_array_equal(found.train, items)
        np.testing.assert_allclose(found.weigh(found.train), expected)
    assert find_items(keys).weigh(np.arange(3)) is None


@pytest.mark.parametrize("name", ["svm", "mlp", "stimulus_only"])
def test_windows_of_weight_zero_teach_nothing(windows, name):
    """Half of the windows are labelled wrongly, and bad; what is learnt is as without them."""
    is_bad = windows.keys["window"].to_numpy() % 2 == 0
    label = np.where(is_bad, (windows.label + 1) % 3, windows.label)
    spoilt = replace(
        rated(windows, ~is_bad), label=label, keys=windows.keys.assign(
            label=label.astype(np.int8), good=np.float32(~is_bad))
    )  # fmt: skip
    config = make_config(name, {"n_epochs": 25}) if name == "mlp" else None
    right = []
    for weight in ("none", "good"):
        found = cross_validate(weighted(spoilt, weight), name, "loso", 0, config=config)
        chosen = found[found["good"] == 1]
        guess = chosen[["p_0", "p_1", "p_2"]].to_numpy().argmax(1)
        right.append((guess == chosen["label"]).mean())
    assert right[1] > 0.95
    assert right[0] < right[1]


def test_estimators_count_rows_by_weight():
    label, weight = np.array([0, 0, 1, 1]), np.array([0.5, 0.5, 2.0, 1.0])
    x, group = np.array([[1.0], [2.0], [1.0], [2.0]]), np.zeros(4)
    counted = trivial.count(x, label, group, trivial.Config(), 0, weight)
    np.testing.assert_allclose(counted.class_prior_, [0.25, 0.75])
    seen = trivial.Lookup(x, label, weight, is_near_enough=True)
    np.testing.assert_allclose(seen.share, [[0.2, 0.8], [1 / 3, 2 / 3]])
    alike = classical.fit(x, label, group, classical.Config(), 0, np.ones(4))
    plain = classical.fit(x, label, group, classical.Config(), 0)
    np.testing.assert_array_equal(alike[-1].coef_, plain[-1].coef_)
    heavy = classical.fit(x, label, group, classical.Config((6,)), 0, weight)
    assert heavy.predict(x).tolist() == [1, 1, 1, 1]


def test_what_cannot_be_weighed_is_refused_by_name(windows):
    with pytest.raises(ConfigError, match="unknown weight 'god': did you mean 'good'"):
        weighted(windows, "god")
    good = np.ones(len(windows.keys))
    good[7] = np.nan
    with pytest.raises(ConfigError, match="window 1 of trial 2, subject 1, has a `good` of nan"):
        weighted(rated(windows, good), "good")
    good = (windows.keys["subject"] != "3").to_numpy()
    with pytest.raises(ConfigError, match="fold sub-1: all training windows of sub-3 have the wei"):
        cross_validate(weighted(rated(windows, good), "good"), "mlp", "loso", 0)
