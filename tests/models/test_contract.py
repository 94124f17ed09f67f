"""What every registered method promises, whoever wrote it."""

import inspect
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from models.ahead import n_epochs_of
from models.batches import fold_facts, gather, scale_folds, to_device
from models.before import bring_before
from models.blindness import seen_of_test
from models.evaluate import cross_validate, fit_folds, parts_of
from models.folds import loso
from models.job import prepare, shapes_of
from models.kept import read_kept, write_kept
from models.lanes import lanes_of
from models.methods.distill import DISTILLED
from models.registry import BASELINES, METHODS, make_config, variant
from models.scores import scores
from models.selection import POLICIES
from models.stacked import FoldStack
from models.stages import adam, train_step
from models.train import TrainSettings, fit, fit_seeds
from models.trial_facts import TRIAL_FACTS
from models.types import Batch, Fold, Method

NETWORKS = [name for name, method in METHODS.items() if isinstance(method, Method)]
HONEST = [name for name, policy in POLICIES.items() if not policy.is_of_test]
LEARNERS = [name for name, method in METHODS.items() if name not in BASELINES and method.inputs]
FIRST_STUDENTS = ("kd_eeg", "cmcrd_eye")
MAX_LINES = 200


def under_policies(names):
    """Return each method with the first policy; those of two students, and others, with all."""
    students = {of.name for of in DISTILLED} - {*FIRST_STUDENTS}
    return [(name, of) for name in names for of in (HONEST[:1] if name in students else HONEST)]


DEAD = {"bihdm_eye": "w_hidden"}
"""What has no gradient in the network that was published: its sequences have one step."""
QUICK = {"n_epochs": 8, "batch": 48, "teacher_epochs": 8, "teacher_batch": 48}
SHORT = {"n_epochs": 3, "batch": 48, "teacher_epochs": 3, "teacher_batch": 48}
AFTER_WARM_UP = {"lr": 0.01}  # of the few steps some are spent on rising


def quick(name):
    """Return a config small enough for a test."""
    known = {field.name for field in fields(METHODS[name].config)}
    return with_options(name, QUICK | (AFTER_WARM_UP if "warm_up" in known else {}))


def with_options(name, options):
    """Return a config with those options that the method has."""
    known = {field.name for field in fields(METHODS[name].config)}
    return make_config(name, {k: v for k, v in options.items() if k in known})


def folds_of(windows):
    return list(loso(windows.keys))


def build_stack(name, windows, folds, vmapped=True):
    """Return the networks of some folds and one batch of all modalities."""
    method = METHODS[name]
    shapes = shapes_of(windows, windows.x, windows.keys["subject"].nunique() - 1)
    shapes = replace(shapes, n_windows=len(windows.keys))
    torch.manual_seed(0)
    stack = FoldStack([method.build(shapes, quick(name)) for _ in folds], vmapped=vmapped)
    data = to_device(windows, list(windows.x), "cpu")
    facts = fold_facts(data, scale_folds(windows, list(windows.x), folds), folds)
    facts = facts._replace(told=told_to(name, windows, folds))
    rows = torch.from_numpy(np.stack([fold.train[::4] for fold in folds]))
    return method, stack, gather(data, facts, rows, list(windows.x))


def told_to(name, windows, folds):
    """Return what is said to a method by networks that are trained before it."""

    def fit_earlier(_, of, lanes, n_done):
        inner = [Fold(lane.name, lane.train, lane.test, lane.target) for lane in lanes]
        return fit(of.method, of.config, windows, inner, 0)

    job = prepare(METHODS[name], quick(name), windows, folds, "cpu")
    return bring_before(job, windows, lanes_of(folds, [0]), fit_earlier, {}).told


@pytest.mark.parametrize("name", METHODS)
def test_card_is_complete(name, windows):
    method = METHODS[name]
    assert method.name == name
    assert method.describes
    assert method.reference
    assert method.version >= 1
    assert set(method.inputs) <= set(method.train_modalities)
    assert set(method.train_modalities) <= {*windows.x, *TRIAL_FACTS}
    assert variant(name, method.config) == "default"


@pytest.mark.parametrize("name", METHODS)
def test_file_is_short(name):
    source = inspect.getsourcefile(METHODS[name].predict)
    assert source is not None
    assert len(Path(source).read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize(("name", "policy"), under_policies(METHODS))
def test_predictions_are_probabilities(name, policy, windows):
    predictions = cross_validate(windows, name, "loso", 0, config=quick(name), policy=policy)
    p = predictions[[f"p_{i}" for i in range(3)]].to_numpy()
    assert len(predictions) == len(windows.keys)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(("name", "policy"), under_policies(LEARNERS))
def test_beats_chance_where_classes_are_separate(name, policy, windows):
    table = scores(cross_validate(windows, name, "loso", 0, config=quick(name), policy=policy))
    assert table["accuracy"].mean() > 0.9


@pytest.mark.parametrize(("name", "policy"), under_policies(LEARNERS))
def test_is_at_chance_where_labels_are_random(name, policy, make_windows, shuffle_labels):
    shuffled = shuffle_labels(make_windows(n_subjects=6, n_trials=12, n_windows=3))
    table = scores(cross_validate(shuffled, name, "loso", 0, config=quick(name), policy=policy))
    assert abs(table["accuracy"].mean() - 1 / 3) < 0.15


@pytest.mark.parametrize(("name", "policy"), under_policies(METHODS))
def test_repeats_bit_by_bit(name, policy, windows):
    first, second, other = (
        fit_folds(windows, name, folds_of(windows), seed, config=quick(name), policy=policy)
        for seed in (1, 1, 2)
    )
    assert first.epochs == second.epochs
    for fold, probability in first.probabilities.items():
        np.testing.assert_array_equal(probability, second.probabilities[fold])
    if name in NETWORKS:
        differ = [
            not np.array_equal(p, other.probabilities[f]) for f, p in first.probabilities.items()
        ]
        assert all(differ)


@pytest.mark.parametrize(("name", "policy"), under_policies(METHODS))
def test_training_does_not_see_the_test_side(name, policy, windows):
    fold = folds_of(windows)[1]

    def fit(of):
        return fit_folds(of, name, [fold], 0, config=quick(name), policy=policy)

    assert seen_of_test(windows, fold, fit) == []


@pytest.mark.parametrize("name", NETWORKS)
def test_terms_are_finite_scalars(name, windows):
    method, stack, batch = build_stack(name, windows, folds_of(windows))
    for stage in method.stages(quick(name)):
        for objective in stage.objectives:
            losses = stack.each(objective.loss, batch, torch.tensor(0.5))
            assert losses.terms
            for value in {**losses.terms, **losses.diagnostics}.values():
                assert value.shape == (len(folds_of(windows)),)
                assert torch.isfinite(value).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_loss_that_reads_the_subject_says_so(name, windows):
    method, stack, batch = build_stack(name, windows, folds_of(windows))
    stack.base.eval()
    others = batch._replace(subject=(batch.subject + 1) % (batch.subject.max() + 1))
    reads = False
    for stage in method.stages(quick(name)):
        for objective in stage.objectives:
            one, two = (stack.each(objective.loss, b, torch.tensor(0.5)) for b in (batch, others))
            reads |= any(not torch.equal(x, two.terms[term]) for term, x in one.terms.items())
    assert reads == bool(method.uses_subject and method.uses_subject(quick(name)))


@pytest.mark.parametrize("name", NETWORKS)
def test_an_objective_moves_exactly_what_it_trains(name, windows):
    method, stack, batch = build_stack(name, windows, folds_of(windows))
    for stage in method.stages(quick(name)):
        stack.train_only([module for o in stage.objectives for module in o.trains])
        for objective in stage.objectives:
            before = {key: tensor.detach().clone() for key, tensor in stack.params.items()}
            bare = replace(objective, weight_decay=0.0)  # which moves what has no gradient, too
            optimiser = adam(stack, bare)
            for _ in range(2):  # what windows are compared with before has none in the first
                train_step(stack, bare, optimiser, batch, torch.tensor(0.5))
            trained = stack.named(objective.trains)
            for key, tensor in stack.params.items():
                moves = key in trained and not (name in DEAD and DEAD[name] in key)
                per_fold = (tensor != before[key]).flatten(1).any(1)
                assert per_fold.all() if moves else not per_fold.any(), key


@pytest.mark.parametrize("name", NETWORKS)
def test_predict_ignores_what_is_absent_at_test(name, windows):
    method, stack, batch = build_stack(name, windows, folds_of(windows))
    stack.base.eval()
    unknown = torch.full_like(batch.label, -1)
    nan = {
        m: x if m in method.inputs else torch.full_like(x, torch.nan) for m, x in batch.x.items()
    }
    only = {m: batch.x[m] for m in method.inputs}
    with torch.no_grad():
        full, blind, bare = (
            stack.each(method.predict, Batch(x, label, subject, batch.index))
            for x, label, subject in (
                (batch.x, batch.label, batch.subject),
                (nan, unknown, unknown),
                (only, unknown, unknown),
            )
        )
    assert torch.isfinite(blind).all()
    assert torch.equal(full, blind)
    assert torch.equal(blind, bare)


@pytest.mark.parametrize(("name", "policy"), under_policies(NETWORKS))
def test_stacked_folds_equal_folds_one_by_one(name, policy, windows):
    folds = folds_of(windows)
    config = with_options(name, SHORT)  # slow steps spread less rounding
    stacked, looped, alone = (
        fit_folds(windows, name, folds, 0, settings, config, policy=policy)
        for settings in (
            TrainSettings(),
            TrainSettings(stacked=False),
            TrainSettings(fold_chunk=1),
        )
    )
    for other in (looped, alone):
        assert_equal_but_for_rounding(stacked, other)


def assert_equal_but_for_rounding(one, other):
    """Compare two trainings of the same folds with the same seed."""
    assert one.epochs == other.epochs
    at = ["fold", "stage", "epoch", "term", "kind"]
    curves = (of.curves.sort_values(at, ignore_index=True) for of in (one, other))
    pd.testing.assert_frame_equal(*curves, atol=1e-4)
    for fold, probability in other.probabilities.items():
        np.testing.assert_allclose(one.probabilities[fold], probability, atol=1e-5)
        for key, tensor in other.weights[fold].items():
            # Adam divides by the gradient's size, and blows the rounding of small ones up
            torch.testing.assert_close(one.weights[fold][key], tensor, atol=5e-5, rtol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_seeds_at_once_equal_each_alone(name, windows):
    folds, seeds = folds_of(windows)[:2], (3, 0)
    how = METHODS[name], with_options(name, SHORT), windows, folds
    one_part, two_parts = (
        fit_seeds(*how, seeds, TrainSettings(fold_chunk=n), policy="source-validation")
        for n in (4, 3)
    )
    assert list(one_part) == list(two_parts) == list(seeds)
    for seed in seeds:
        alone = fit(*how, seed, policy="source-validation")
        assert_equal_but_for_rounding(one_part[seed], alone)
        assert_equal_but_for_rounding(two_parts[seed], alone)


def assert_equal_bit_by_bit(one, other):
    """Compare two trainings of the same folds with the same seed."""
    assert one.epochs == other.epochs
    pd.testing.assert_frame_equal(one.curves, other.curves, check_exact=True)
    for fold, probability in other.probabilities.items():
        np.testing.assert_array_equal(one.probabilities[fold], probability)
        for key, tensor in other.weights[fold].items():
            assert torch.equal(one.weights[fold][key], tensor), key


@pytest.mark.parametrize(("name", "policy"), under_policies(NETWORKS))
def test_goes_on_where_it_stood(name, policy, windows, tmp_path):
    config = with_options(name, SHORT)  # with dropout, if it has any
    seeds = [1, 0] if policy == "last" else [1]
    [part] = parts_of(windows, name, folds_of(windows), seeds, config=config, policy=policy)
    kept = []
    whole = part.fit(keep=lambda stands: kept.append(stands()))
    states = [of for of in kept if "epoch" in of.facts]  # others are of what is trained before
    assert bool(states) == bool(METHODS[name].stages(config))  # else nothing is left to go on with
    for n_done in {2, len(states) - 1} if states else ():  # in the first stage, and in the last
        write_kept(states[n_done - 1], tmp_path / "half.parquet", {}, tmp_path)
        reports = []
        rest = part.fit(reports.append, read_kept(tmp_path / "half.parquet", {}))
        own = sum(stage.n_epochs for stage in METHODS[name].stages(config))
        n_before = n_epochs_of(METHODS[name], config) - own  # of what is trained before
        first, last = n_before + n_done + 1, n_before + len(states)
        assert [report.epoch for report in reports] == list(range(first, last + 1))
        assert_equal_bit_by_bit(rest, whole)


@pytest.mark.parametrize("name", NETWORKS)
def test_state_dict_round_trip(name, windows):
    folds, config = folds_of(windows), replace(quick(name), n_epochs=2)
    fitted = fit_folds(windows, name, folds, 0, config=config)
    method, _, _ = build_stack(name, windows, folds)
    net = method.build(shapes_of(windows, windows.x, 3), config)
    fold = folds[2]
    net.load_state_dict(fitted.weights[fold.name])
    x = {}
    for modality in method.inputs:
        scaling = fitted.scaling[fold.name][modality]
        x[modality] = torch.from_numpy(
            (windows.x[modality][fold.test] - scaling.mean) / scaling.scale
        )
    hidden = torch.full((len(fold.test),), -1)
    with torch.no_grad():
        logits = method.predict(net.eval(), Batch(x, hidden, hidden, torch.from_numpy(fold.test)))
    np.testing.assert_allclose(logits.softmax(-1), fitted.probabilities[fold.name], atol=1e-6)
