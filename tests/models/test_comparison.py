"""Paired statistics against their definitions, written out."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from featpipe.errors import ConfigError
from models.comparison import (
    COMPARISON_COLUMNS,
    made_for_others,
    paired_differences,
    rank_biserial,
    why_no_interval,
)
from models.scores import calibration_error


def table(accuracy, **terms):
    """Scores of methods: name -> accuracy of each subject and seed, (n_subjects, n_seeds)."""
    usual = {"protocol": "loso", "manner": "strict", "policy": "last", "scaling": "train"}
    rows = [
        {"method": name, "variant": "default", "subject": str(i), "seed": j, "eeg": "de",
         "fold": f"sub-{i}", "accuracy": value, **usual, **terms}
        for name, values in accuracy.items()
        for (i, j), value in np.ndenumerate(np.asarray(values, float))
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def many():
    rng = np.random.default_rng(0)
    base = rng.uniform(0.4, 0.8, (9, 3))
    gains = {"svm": -0.05, "mlp_cross": 0.01, "cscm_sm": 0.04, "cscm": 0.06}
    others = {name: base + gain + rng.normal(0, 0.05, base.shape) for name, gain in gains.items()}
    return {"mlp": base, **others}


def test_each_test_equals_its_definition(many):
    found = paired_differences(table(many), "mlp").set_index("method")
    assert list(found.index) == ["svm", "mlp_cross", "cscm_sm", "cscm"]
    for name, row in found.iterrows():
        d = (many[name] - many["mlp"]).mean(1)
        n, error = len(d), d.std(ddof=1) / np.sqrt(len(d))
        assert row["n_subjects"] == n
        np.testing.assert_allclose(row["difference"], d.mean())
        half = stats.t.ppf(0.975, n - 1) * error
        np.testing.assert_allclose([row["low"], row["high"]], [d.mean() - half, d.mean() + half])
        np.testing.assert_allclose(row["p"], 2 * stats.t.sf(abs(d.mean()) / error, n - 1))
        np.testing.assert_allclose(row["d_z"], d.mean() / d.std(ddof=1))
        np.testing.assert_allclose(row["p_wilcoxon"], signed_rank_by_hand(d))


def test_what_was_made_for_others_is_in_no_test_and_moves_no_p_value(many):
    scores = table(many).assign(role="")
    teacher = table({"dnn_eye": many["cscm"]}).assign(variant="confusion=0.1", role="teacher")
    both = pd.concat([scores, teacher])
    pd.testing.assert_frame_equal(
        paired_differences(both, "mlp"), paired_differences(scores, "mlp")
    )
    reason = {("dnn_eye", "confusion=0.1"): "trained as teacher of others alone"}
    assert made_for_others(both, "mlp") == reason
    asked = paired_differences(both.assign(role=""), "mlp")
    assert list(asked["method"]) == [*list(many)[1:], "dnn_eye"]


def test_what_was_made_for_others_can_be_the_reference(many):
    scores = table(many).assign(role="")
    teacher = table({"dnn_eye": many["cscm"]}).assign(variant="confusion=0.1", role="teacher")
    both = pd.concat([scores, teacher])
    found = paired_differences(both, "dnn_eye")
    assert list(found["method"]) == list(many)
    own = teacher.assign(variant="n_epochs=5", role="")
    named = pd.concat([both, own])
    assert list(paired_differences(named, "dnn_eye")["method"]) == list(many)
    assert list(made_for_others(named, "dnn_eye")) == [("dnn_eye", "confusion=0.1")]


def test_a_run_of_the_reference_can_be_named(many):
    """Own pairs against shuffled ones: the control of a method is another run of it."""
    two = [table({"cscm": many[name]}).assign(variant=f"n_epochs={n}")
           for n, name in ((4, "mlp"), (5, "svm"))]  # fmt: skip
    scores = pd.concat([table({"mlp_cross": many["mlp_cross"]}), *two], ignore_index=True)
    assert paired_differences(scores, "cscm").empty  # which one is not said
    found = paired_differences(scores, "cscm (n_epochs=5)").set_index(["method", "variant"])
    assert set(found.index) == {("cscm", "n_epochs=4"), ("mlp_cross", "default")}
    gap = (many["mlp"] - many["svm"]).mean()
    assert found.loc[("cscm", "n_epochs=4"), "difference"] == pytest.approx(gap)
    assert paired_differences(scores, "cscm (n_epochs=6)").empty


def signed_rank_by_hand(d):
    """Go through all signs that the ranks could have had."""
    ranks = stats.rankdata(np.abs(d))
    sums = [sum(r for r, s in zip(ranks, signs, strict=True) if s)
            for signs in itertools.product((0, 1), repeat=len(d))]  # fmt: skip
    seen = ranks[d > 0].sum()
    below, above = np.mean(np.array(sums) <= seen), np.mean(np.array(sums) >= seen)
    return min(1.0, 2 * min(below, above))


def test_where_there_is_an_interval_nothing_has_to_be_said(many):
    rows = paired_differences(table(many), "mlp").to_dict("records")
    assert [why_no_interval(row) for row in rows] == [""] * 4


def test_p_values_are_adjusted_for_their_number(many):
    found = paired_differences(table(many), "mlp")
    p = found["p"].to_numpy()
    order = np.argsort(p)
    holm, bh = np.empty(4), np.empty(4)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (4 - rank) * p[i]))
        holm[i] = highest
    lowest = 1.0
    for rank, i in reversed(list(enumerate(order))):
        lowest = min(lowest, p[i] * 4 / (rank + 1))
        bh[i] = lowest
    np.testing.assert_allclose(found["p_holm"], holm)
    np.testing.assert_allclose(found["p_bh"], bh)


def test_subjects_and_seeds_that_only_one_has_do_not_count(many):
    scores = table(many)
    is_lost = (scores["method"] == "cscm") & ((scores["subject"] == "0") | (scores["seed"] == 2))
    found = paired_differences(scores[~is_lost], "mlp").set_index("method").loc["cscm"]
    d = (many["cscm"] - many["mlp"])[1:, :2].mean(1)
    assert (found["n_subjects"], found["n_left_out"]) == (8, 1)
    np.testing.assert_allclose(found["difference"], d.mean())
    assert set(paired_differences(scores, "mlp")["n_left_out"]) == {0}


def test_folds_of_a_subject_that_only_one_has_do_not_count(many):
    """One session of everybody could not be tested by cscm, and is harder."""
    first = table({name: many[name] for name in ("mlp", "cscm")})
    second = first.assign(fold="other " + first["fold"], accuracy=first["accuracy"] - 0.2)
    both = pd.concat([first, second[second["method"] == "mlp"]])
    [row] = paired_differences(both, "mlp").to_dict("records")
    assert (row["n_subjects"], row["n_left_out"]) == (9, 0)
    np.testing.assert_allclose(row["difference"], (many["cscm"] - many["mlp"]).mean())


def test_nothing_to_test():
    same = paired_differences(table({"mlp": [[0.5], [0.6]], "svm": [[0.6], [0.7]]}), "mlp")
    assert list(same.columns) == list(COMPARISON_COLUMNS)
    np.testing.assert_allclose(same["difference"], 0.1)
    alone = paired_differences(table({"mlp": [[0.5]], "svm": [[0.7]]}), "mlp")
    apart = table({"mlp": [[0.5]], "svm": [[0.7]]})
    apart.loc[1, "subject"] = "other"
    apart = paired_differences(apart, "mlp")
    for reason, frame in {
        "the same in every subject": same,
        "one subject": alone,
        "no subject and seed in common": apart,
    }.items():
        assert frame[["low", "high", "p", "p_holm", "p_bh", "d_z"]].isna().all(axis=None)
        assert why_no_interval(frame.iloc[0].to_dict()) == reason
    assert paired_differences(table({"svm": [[0.5]]}), "mlp").empty


def test_baselines_are_compared_only_where_they_are_asked_for(many):
    scores = table({**many, "majority": np.full((9, 1), 0.3)})
    assert "majority" not in set(paired_differences(scores, "mlp")["method"])
    against = paired_differences(scores, "majority")
    assert set(against["method"]) == set(many)
    assert (against["rank_biserial"] == 1).all()


def test_scores_on_several_terms_are_refused(many):
    both = pd.concat([table(many), table(many, policy="early-stopping")])
    with pytest.raises(ConfigError, match="several terms"):
        paired_differences(both, "mlp")


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_rank_biserial_is_better_pairs_minus_worse_ones(values):
    d = np.array(values, float)
    some = d[d != 0]
    if not len(some):
        assert np.isnan(rank_biserial(d))
        return
    ranks = [(np.abs(some) < abs(x)).sum() + ((np.abs(some) == abs(x)).sum() + 1) / 2 for x in some]
    better = sum(r for r, x in zip(ranks, some, strict=True) if x > 0)
    worse = sum(r for r, x in zip(ranks, some, strict=True) if x < 0)
    np.testing.assert_allclose(rank_biserial(d), (better - worse) / (better + worse))


@given(st.integers(1, 60), st.integers(2, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_calibration_error_is_the_gap_in_every_bin(n, n_classes, seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(n_classes, 0.5), n)
    truth = rng.integers(n_classes, size=n)
    total = 0.0
    for i in range(15):
        has = (p.max(1) > i / 15) & (p.max(1) <= (i + 1) / 15)
        if has.any():
            right = (p.argmax(1) == truth)[has].mean()
            total += has.mean() * abs(right - p.max(1)[has].mean())
    np.testing.assert_allclose(calibration_error(p, truth), total, atol=1e-9)
