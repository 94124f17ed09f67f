"""Eight losses, one teacher and one start: what students of a fold and seed have in common."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from models.evaluate import fit_folds
from models.folds import loso
from models.losses.distillers import DISTILLERS, weight_of
from models.methods.distill import DISTILLED
from models.registry import METHODS, make_config
from models.train import TrainSettings, fit

QUICK = {"n_epochs": 3, "batch": 48}
ALL_OFF = {"guidance": "none", "us_gate": False, "iew": "none"}


def fitted(windows, name, **options):
    folds = list(loso(windows.keys))
    config = make_config(name, QUICK | options)
    return fit_folds(windows, name, folds, 0, TrainSettings(), config)


def part(found, name):
    """State of one part of the networks of all folds."""
    return {
        (fold, key): tensor.numpy()
        for fold, weights in found.weights.items()
        for key, tensor in weights.items()
        if key.startswith(f"{name}.")
    }


def require_equal(one, other):
    assert one.keys() == other.keys()
    for key, array in one.items():
        np.testing.assert_array_equal(array, other[key], str(key))


def test_every_loss_in_both_directions():
    names = [f"{loss}_{student}" for student in ("eeg", "eye") for loss in DISTILLERS]
    assert [method.name for method in DISTILLED] == names
    for method in DISTILLED:
        loss, _, student = method.name.rpartition("_")
        assert method.inputs == (student,)
        assert METHODS[method.name].config.weight == weight_of(loss)


@pytest.mark.parametrize("student", ["eeg", "eye"])
def test_all_losses_have_the_same_teacher(windows, student):
    first, *others = [fitted(windows, f"{loss}_{student}") for loss in DISTILLERS]
    teachers = part(first, "teacher")
    assert teachers
    for other in others:
        require_equal(part(other, "teacher"), teachers)


@pytest.mark.parametrize("student", ["eeg", "eye"])
def test_students_differ_in_the_loss_alone(windows, student):
    """Without it, all are one: equal weights to begin with, equal batches, equal steps."""
    first, *others = [fitted(windows, f"{loss}_{student}", weight=0.0) for loss in DISTILLERS]
    with_loss = fitted(windows, f"kd_{student}")
    for other in others:
        require_equal(part(other, "student"), part(first, "student"))
    taught = part(with_loss, "student")
    assert any(not np.array_equal(a, taught[key]) for key, a in part(first, "student").items())


@pytest.mark.parametrize("student", ["eeg", "eye"])
@pytest.mark.parametrize("backbone", ["dnn", "dgcnn"])
def test_a_student_that_is_taught_nothing_is_its_yardstick(windows, student, backbone):
    taught_nothing = fitted(windows, f"kd_{student}", weight=0.0, backbone=backbone)
    alone = fitted(windows, f"{backbone}_{student}")
    for fold, found in alone.probabilities.items():
        np.testing.assert_array_equal(found, taught_nothing.probabilities[fold])


@pytest.mark.parametrize("backbone", ["dnn", "dgcnn"])
def test_a_teacher_rests_while_its_student_learns(windows, backbone):
    """Weights, and what its batch normalisation has seen."""
    [method] = [method for method in DISTILLED if method.name == "cmcrd_eeg"]
    config = make_config(method.name, QUICK | {"backbone": backbone})
    of_teacher = replace(method, stages=lambda config: method.stages(config)[:1])
    before, after = (fit(m, config, windows, list(loso(windows.keys)), 0)
                     for m in (of_teacher, method))  # fmt: skip
    assert any("running_mean" in key for _, key in part(before, "teacher"))
    require_equal(part(after, "teacher"), part(before, "teacher"))


def test_cmcrd_with_all_switches_off_is_crd(windows):
    crd, off = fitted(windows, "crd_eeg"), fitted(windows, "cmcrd_eeg", **ALL_OFF)
    require_equal(part(off, "student"), part(crd, "student"))
    for fold, found in crd.probabilities.items():
        np.testing.assert_array_equal(found, off.probabilities[fold])


@pytest.mark.parametrize("switch", [{"guidance": "relabel"}, {"us_gate": True}, {"iew": "loss"}])
def test_each_switch_of_cmcrd_does_something(windows, switch):
    off, on = (fitted(windows, "cmcrd_eeg", **options) for options in (ALL_OFF, ALL_OFF | switch))
    assert any(
        not np.array_equal(array, part(off, "student")[key])
        for key, array in part(on, "student").items()
    )


def test_confusion_is_the_teachers_alone(windows):
    with_it, without = (fitted(windows, "kd_eeg", weight=0.0, confusion=c) for c in (0.1, 0.0))
    require_equal(part(without, "student"), part(with_it, "student"))
    terms = [set(found.curves["term"]) for found in (with_it, without)]
    assert terms[0] - terms[1] == {"confusion"}


@pytest.mark.parametrize("backbone", ["dgcnn", "bihdm"])
@pytest.mark.parametrize("student", ["eeg", "eye"])
def test_every_backbone_serves(windows, backbone, student):
    for loss in DISTILLERS:
        found = fitted(windows, f"{loss}_{student}", backbone=backbone, n_epochs=1)
        assert all(np.isfinite(p).all() for p in found.probabilities.values())


def test_options_of_a_loss_reach_it(windows):
    name = "cmcrd_eye"
    known = asdict(METHODS[name].config)
    changed = {"n_negatives": 50, "n_features": 16, "tau": 0.5, "drawn": True, "guidance": "signed"}
    assert changed.keys() < known.keys()
    default = part(fitted(windows, name), "student")
    for option, value in changed.items():
        found = part(fitted(windows, name, **{option: value}), "student")
        assert any(not np.array_equal(array, default[key]) for key, array in found.items()), option
