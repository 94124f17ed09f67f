"""A search judges candidates on held-out training subjects, and is blind to the test side."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from featpipe.errors import ConfigError
from models import candidates as candidates_module
from models import tuning
from models.blindness import seen_of_test
from models.candidates import JUDGED_COLUMNS, choose, inner_folds, judge
from models.evaluate import fit_folds
from models.folds import loso, within
from models.methods import cscm
from models.registry import METHODS, make_config
from models.search import Choice
from models.train import TrainSettings
from models.tuning import tune
from models.types import Fold, Losses, Objective, Stage

QUICK = {"n_epochs": 2, "batch": 24}
N = 3


@pytest.fixture(scope="module")
def hard(make_windows):
    """Classes so close that candidates differ."""
    return make_windows(n_subjects=4, n_trials=6, n_windows=3, separation=0.3)


@pytest.fixture(scope="module")
def folds(hard):
    return list(loso(hard.keys))


def search(windows, folds, method="mlp", **about):
    return tune(windows, method, folds, N, seed=0, options=QUICK, **about)


@pytest.fixture(scope="module")
def found(hard, folds):
    return search(hard, folds)


def test_every_candidate_is_judged_in_every_fold_on_training_subjects(hard, folds, found):
    assert list(found.judged.groupby("candidate").size()) == [len(folds)] * N
    assert set(found.judged["reason"]) == {""}
    subject = hard.keys["subject"].to_numpy()
    for outer, inner in zip(folds, inner_folds(folds, hard, "mlp", 0), strict=True):
        sides = [set(subject[rows]) for rows in (outer.test, inner.train, inner.test)]
        assert list(map(len, sides)) == [1, 2, 1]
        assert len(set.union(*sides)) == 4
        np.testing.assert_array_equal(np.union1d(inner.train, inner.test), outer.train)
        assert inner.target is inner.test  # not that of the fold itself


def test_a_judgement_is_the_balanced_accuracy_of_what_is_predicted(hard, folds, found):
    """Counted by hand, of a training of the same inner fold."""
    inner = inner_folds(folds, hard, "mlp", 0)
    config = make_config("mlp", found.candidates[2])
    fitted = fit_folds(hard, "mlp", inner, 0, config=config)
    rows = found.judged[found.judged["candidate"] == 2].set_index("fold")
    for fold in inner:
        p, truth = fitted.probabilities[fold.name], hard.label[fold.test]
        recalls = [(p[truth == c].argmax(1) == c).mean() for c in range(3)]
        of_true = [-np.log(p[truth == c, c]).mean() for c in range(3)]
        assert rows.loc[fold.name, "balanced_accuracy"] == pytest.approx(np.mean(recalls))
        assert rows.loc[fold.name, "cross_entropy"] == pytest.approx(np.mean(of_true))


def rows_of(*rows):
    table = [(i, fold, 10, score, loss, reason) for i, fold, score, loss, reason in rows]
    return pd.DataFrame(table, columns=["candidate", *JUDGED_COLUMNS])


def test_the_choice_by_hand():
    nan = float("nan")
    rows = rows_of(
        (0, "a", 0.5, 1.0, ""), (1, "a", 0.7, 2.0, ""), (2, "a", 0.6, 0.1, ""),  # the highest
        (0, "b", 0.5, 1.0, ""), (1, "b", 0.5, 0.9, ""), (2, "b", 0.4, 0.1, ""),  # the lower loss
        (0, "c", 0.5, 1.0, ""), (1, "c", 0.5, 1.0, ""), (2, "c", 0.5, 1.0, ""),  # the first
        (0, "d", nan, nan, "no"), (1, "d", 0.1, 9.0, ""), (2, "d", nan, nan, "no"),  # all that is
    )  # fmt: skip
    expected = {"a": 1, "b": 1, "c": 0, "d": 1}
    assert choose(rows) == expected
    assert choose(rows.sample(frac=1, random_state=3)) == expected
    without = rows[(rows["fold"] != "d") | (rows["candidate"] != 1)]
    with pytest.raises(ConfigError, match="fold d: every candidate failed; the first: no"):
        choose(without)


def test_it_repeats_to_the_bit_and_more_candidates_leave_the_first_alone(hard, folds, found):
    again = search(hard, folds)
    pd.testing.assert_frame_equal(again.judged, found.judged, check_exact=True)
    assert again.chosen == found.chosen
    for name, p in found.fitted.probabilities.items():
        np.testing.assert_array_equal(again.fitted.probabilities[name], p)
    fewer = tune(hard, "mlp", folds, N - 1, seed=0, options=QUICK)
    first = found.judged[found.judged["candidate"] < N - 1].reset_index(drop=True)
    pd.testing.assert_frame_equal(fewer.judged, first, check_exact=True)


def test_what_is_chosen_is_trained_on_the_whole_training_side(hard, folds, found):
    for fold in folds[:2]:
        config = make_config("mlp", found.candidates[found.chosen[fold.name]])
        alone = fit_folds(hard, "mlp", [fold], 0, config=config)
        np.testing.assert_array_equal(
            alone.probabilities[fold.name], found.fitted.probabilities[fold.name]
        )


@pytest.mark.parametrize(("method", "policy"), [("cscm", "last"), ("mlp", "source-validation")])
def test_nothing_of_the_test_side_is_seen(hard, folds, method, policy):
    """Spoilt in all other folds' training sides, too, it changes no bit of its own fold."""
    kept = []

    def fit(windows):
        kept.append(search(windows, folds, method, policy=policy))
        return kept[-1].fitted

    assert seen_of_test(hard, folds[1], fit) == []
    clean, dirty = kept
    assert clean.chosen[folds[1].name] == dirty.chosen[folds[1].name]
    of_fold = [of.judged[of.judged["fold"] == folds[1].name] for of in kept]
    pd.testing.assert_frame_equal(*of_fold, check_exact=True)
    assert not clean.judged.equals(dirty.judged)  # others were trained on what is spoilt


def test_candidates_judged_on_the_test_side_are_caught(hard, folds, monkeypatch):
    def planted(folds, windows, method_name, seed):
        return [Fold(fold.name, fold.train, fold.test, fold.target) for fold in folds]

    monkeypatch.setattr(tuning, "inner_folds", planted)
    found = []

    def fit(windows):
        found.append(search(windows, folds))
        return found[-1].fitted

    assert "weights" in seen_of_test(hard, folds[1], fit)
    scores = [of.judged[of.judged["fold"] == folds[1].name]["balanced_accuracy"] for of in found]
    assert not np.array_equal(*scores)


def test_a_policy_of_the_test_side_is_refused(hard, folds):
    for call in (
        lambda: search(hard, folds, policy="test-selected"),
        lambda: judge(hard, "cscm", folds, 0, TrainSettings(), None, "test-selected"),
    ):
        with pytest.raises(ConfigError, match="'test-selected' looks at the test side"):
            call()


def test_a_candidate_that_diverges_is_a_row_with_a_reason(hard, folds, monkeypatch):
    wild = replace(METHODS["mlp"], search={"lr": Choice((1e-3, 1e30))})
    monkeypatch.setattr(
        candidates_module, "get_method", lambda name: wild if name == "mlp" else METHODS[name]
    )
    found = tune(hard, "mlp", folds, 2, seed=0, options={"n_epochs": 2, "batch": 48})
    assert found.candidates[1]["lr"] == 1e30
    failed = found.judged[found.judged["candidate"] == 1]
    assert failed["reason"].str.fullmatch(r"emotion became (nan|inf) in epoch \d").all()
    assert failed[["balanced_accuracy", "cross_entropy"]].isna().all(axis=None)
    assert set(found.chosen.values()) == {0}


def test_a_fold_that_diverges_costs_no_other(hard, folds, monkeypatch):
    inner = inner_folds(folds, hard, "mlp", 0)
    config, settings = make_config("mlp", QUICK), TrainSettings()
    sound = judge(hard, "mlp", inner, 0, settings, config)
    bad = torch.from_numpy(folds[0].test)

    def loss(net, batch, progress):
        found = cscm.loss(net, batch, progress)
        is_bad = (batch.index[:, None] == bad).any()
        return Losses({"emotion": found.terms["emotion"] * torch.where(is_bad, torch.nan, 1.0)})

    stages = (Stage("train", (Objective(loss, weight_decay=1e-4),), 2, 24),)
    changed = replace(METHODS["mlp"], stages=lambda config: stages)
    monkeypatch.setitem(METHODS, "mlp", changed)
    spoiled = judge(hard, "mlp", inner, 0, settings, config)
    is_hit = np.array([np.isin(folds[0].test, fold.train).any() for fold in inner])
    assert 0 < is_hit.sum() < len(inner)
    assert (spoiled["reason"][is_hit] == "emotion became nan in epoch 1").all()
    pd.testing.assert_frame_equal(spoiled[~is_hit], sound[~is_hit], check_exact=True)


def test_what_cannot_be_trained_at_all_is_a_row_too(hard, folds):
    inner = inner_folds(folds, hard, "mlp", 0)
    config = replace(make_config("mlp", {}), batch=1)
    found = judge(hard, "mlp", inner, 0, TrainSettings(), config)
    assert list(found.columns) == list(JUDGED_COLUMNS)
    assert found["reason"].str.contains("batches of 1").all()


def test_an_estimator_is_searched_and_one_subject_holds_out_trials(hard):
    folds = list(within(hard.keys))[:2]
    found = tune(hard, "svm_eeg", folds, 3, seed=0)
    assert set(found.fitted.probabilities) == {fold.name for fold in folds}
    trial = hard.keys["trial"].to_numpy()
    for outer, inner in zip(folds, inner_folds(folds, hard, "mlp", 0), strict=True):
        assert not set(trial[inner.test]) & (set(trial[inner.train]) | set(trial[outer.test]))


def test_progress_counts_the_epochs_of_all_folds(hard, folds, found):
    told = []
    of_fold = {name: make_config("mlp", found.candidates[i]) for name, i in found.chosen.items()}
    for part in tuning.refit_parts(hard, "mlp", folds, of_fold, 0):
        part.fit(lambda report: told.append((report.epoch, report.n_epochs)))
    assert told == [(i + 1, 8) for i in range(8)]
    assert torch.get_num_threads() == 1
