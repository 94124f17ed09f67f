"""Eight losses, one teacher and one start: what students of a fold and seed have in common."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from featpipe.errors import ConfigError
from models.ahead import ahead_of
from models.evaluate import fit_folds
from models.folds import loso
from models.job import shapes_of
from models.losses.distillers import DISTILLERS, weight_of
from models.manners import terms
from models.methods.distill import DISTILLED
from models.registry import METHODS, make_config
from models.say import networks_of
from models.train import TrainSettings, fit, fit_seeds
from models.types import Batch

ALONE = {"n_epochs": 3, "batch": 48}
QUICK = ALONE | {"teacher_epochs": 3, "teacher_batch": 48}
NAMES = [method.name for method in DISTILLED]
ALL_OFF = {"guidance": "none", "us_gate": False, "iew": "none"}


def fitted(windows, name, **options):
    folds = list(loso(windows.keys))
    config = make_config(name, (QUICK if name in NAMES else ALONE) | options)
    return fit_folds(windows, name, folds, 0, TrainSettings(), config)


def part(found, name):
    """State of one part of the networks of all folds."""
    return {
        (fold, key): tensor.numpy()
        for fold, weights in found.weights.items()
        for key, tensor in weights.items()
        if key.startswith(f"{name}.")
    }


def differ(one, other):
    mine, others = (part(found, "student") for found in (one, other))
    return any(not np.array_equal(array, others[key]) for key, array in mine.items())


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
def test_all_losses_have_the_same_teacher(student):
    """One network: the same method, options and seed, and so the same unit of work."""
    found = {
        (of.method.name, of.config)
        for loss in DISTILLERS
        for of in ahead_of(
            METHODS[f"{loss}_{student}"], make_config(f"{loss}_{student}", QUICK)
        ).values()
    }
    [(name, config)] = found
    assert name == {"eeg": "dnn_eye", "eye": "dnn_eeg"}[student]
    assert config.confusion == 0.1


@pytest.mark.parametrize("options", [{}, {"teacher_pred": "out-of-fold"}])
def test_a_teacher_that_is_given_is_the_one_that_would_be_trained(windows, options):
    """To the bit, though each speaks in a training of its own."""
    name, folds = "cmcrd_eeg", list(loso(windows.keys))
    config = make_config(name, QUICK | options)
    of = ahead_of(METHODS[name], config)["teacher"]
    given = {"teacher": networks_of(fit(of.method, of.config, windows, folds, 0))}
    with_it = fit(METHODS[name], config, windows, folds, 0, given=given)
    require_equal(part(with_it, "student"), part(fitted(windows, name, **options), "student"))


@pytest.mark.parametrize(
    "options",
    [{"drawn": True, "n_negatives": 9}, {"teacher_pred": "out-of-fold", "pairs": "shuffled"}],
)
@pytest.mark.parametrize("is_given", [True, False])
def test_every_seed_has_teachers_and_draws_of_its_own(windows, options, is_given):
    """What is said, who judges whom, which window is told of: all as in the seed alone."""
    name, folds, seeds = "cmcrd_eeg", list(loso(windows.keys)), (2, 0)
    config = make_config(name, QUICK | options)
    of = ahead_of(METHODS[name], config)["teacher"]
    given = {
        seed: {"teacher": networks_of(fit(of.method, of.config, windows, folds, seed))}
        for seed in seeds
        if is_given
    }
    together = fit_seeds(METHODS[name], config, windows, folds, seeds, given=given)
    for seed, found in together.items():
        alone = part(fit(METHODS[name], config, windows, folds, seed), "student")
        for key, array in part(found, "student").items():
            np.testing.assert_allclose(array, alone[key], atol=5e-5, rtol=1e-4)


def test_a_teacher_of_other_folds_is_refused(windows):
    name, folds = "kd_eeg", list(loso(windows.keys))
    config = make_config(name, QUICK)
    of = ahead_of(METHODS[name], config)["teacher"]
    given = {"teacher": networks_of(fit(of.method, of.config, windows, folds[1:], 0))}
    with pytest.raises(ConfigError, match=f"teacher, has no network of fold {folds[0].name}"):
        fit(METHODS[name], config, windows, folds, 0, given=given)
    with pytest.raises(ConfigError, match=f"has no network of fold {folds[0].name}, seed 0"):
        fit_seeds(METHODS[name], config, windows, folds, (0, 1), given={0: given, 1: given})


@pytest.mark.parametrize("backbone", ["dnn", "dgcnn", "bihdm"])
@pytest.mark.parametrize("name", DISTILLERS)
def test_a_teacher_tells_what_the_loss_reads_and_no_more(windows, name, backbone):
    """Each part of it makes a difference, and the whole would make none."""
    torch.manual_seed(0)
    config = make_config(f"{name}_eye", {"backbone": backbone})
    shapes = replace(shapes_of(windows, ("eeg", "eye"), 3), n_windows=36)
    of = ahead_of(METHODS[f"{name}_eye"], config)["teacher"]
    net = of.method.build(shapes, of.config).eval()
    student = METHODS[f"{name}_eye"].build(shapes, config).eval()
    rows, label = torch.arange(36), torch.from_numpy(windows.label[:36])
    x = {m: torch.from_numpy(windows.x[m][:36] - 10) for m in ("eeg", "eye")}
    batch = Batch(x, label, label, rows)
    with torch.no_grad():
        told, whole, own = of.of.says(net, batch), net.encode(batch), student.student(x["eye"])
    loss = student.distil
    if name in ("crd", "cmcrd"):
        loss.train()(own, whole, batch)  # there is something to compare with
        loss.eval()
    expected = loss(own, whole, batch)
    torch.testing.assert_close(loss(own, told, batch), expected, rtol=0, atol=0)
    for i, part in enumerate([told.embedding, *told.hidden]):
        parts = [told.embedding, *told.hidden]
        parts[i] = part + torch.randn(part.shape)
        other = told._replace(embedding=parts[0], hidden=tuple(parts[1:]))
        if part.shape[1]:
            assert not torch.equal(loss(own, other, batch), expected)


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
    with_it, without = (fitted(windows, "kd_eeg", confusion=c) for c in (0.1, 0.0))
    assert differ(with_it, without)


@pytest.mark.parametrize("option", [
    {"pairs": "shuffled"}, {"pairs": "same-label"}, {"teacher_pred": "out-of-fold"},
    {"confusion_on": "target-transductive"}, {"teacher_epochs": 2}, {"teacher_batch": 32},
])  # fmt: skip
def test_what_the_teacher_is_reaches_the_student(windows, option):
    assert differ(fitted(windows, "cmcrd_eye"), fitted(windows, "cmcrd_eye", **option))


@pytest.mark.parametrize("student", ["eeg", "eye"])
def test_eeg_that_is_standardised_by_band_is_so_for_teacher_or_student(windows, student):
    name, options = f"kd_{student}", {"backbone": "bihdm", "standardise": "band"}
    teacher = ahead_of(METHODS[name], make_config(name, options))["teacher"]
    assert getattr(teacher.config, "standardise", "") == ("band" if student == "eye" else "")
    by_channel, by_band = (
        fitted(windows, name, n_epochs=1, **(options | more))
        for more in ({"standardise": "channel"}, {})
    )
    assert differ(by_channel, by_band)
    if student == "eeg":
        mean = by_band.scaling["sub-1"]["eeg"].mean
        np.testing.assert_array_equal(mean, np.broadcast_to(mean[0], mean.shape))
    with pytest.raises(ConfigError, match="is of backbone bihdm, not of dnn"):
        fitted(windows, name, standardise="band")


def test_a_student_of_a_teacher_that_saw_test_windows_is_marked():
    method = METHODS["kd_eye"]
    config = make_config("kd_eye", {"confusion_on": "target-transductive"})
    with pytest.raises(ConfigError, match="learns from unlabelled test windows"):
        terms(method, "loso", config=config)
    assert terms(method, "loso", "marked", config=config).marks == "transductive"
    unconfused = replace(config, confusion=0.0)  # and so nothing of the target is read
    assert terms(method, "loso", config=unconfused).marks == ""


@pytest.mark.parametrize("backbone", ["dgcnn", "bihdm"])
@pytest.mark.parametrize("student", ["eeg", "eye"])
def test_every_backbone_serves(windows, backbone, student):
    for loss in DISTILLERS:
        found = fitted(windows, f"{loss}_{student}", backbone=backbone, n_epochs=1)
        assert all(np.isfinite(p).all() for p in found.probabilities.values())


def test_options_of_a_loss_reach_it(windows):
    name = "cmcrd_eye"
    known = asdict(METHODS[name].config)
    changed = {"n_negatives": 50, "n_features": 16, "tau": 0.5, "drawn": True, "every": 3}
    changed["guidance"] = "signed"
    assert changed.keys() < known.keys()
    default = part(fitted(windows, name), "student")
    for option, value in changed.items():
        found = part(fitted(windows, name, **{option: value}), "student")
        assert any(not np.array_equal(array, default[key]) for key, array in found.items()), option


@pytest.mark.parametrize("backbone", ["dgcnn", "bihdm"])
@pytest.mark.parametrize("student", ["eeg", "eye"])
def test_every_backbone_learns_from_its_teacher_alone(windows, backbone, student):
    """Labels are worth nothing here: what the student knows, the teacher told."""
    rng = np.random.default_rng(0)
    name, folds = f"kd_{student}", list(loso(windows.keys))
    options = {"backbone": backbone, "lr": 0.01, "n_epochs": 8, "batch": 48}
    config = make_config(name, QUICK | options | {"weight": 100.0, "teacher_epochs": 8})
    of = ahead_of(METHODS[name], config)["teacher"]
    teacher = networks_of(fit(of.method, replace(of.config, lr=0.01), windows, folds, 0))
    unlabelled = replace(windows, label=rng.permutation(windows.label))
    found = fit(METHODS[name], config, unlabelled, folds, 0, given={"teacher": teacher})
    right = [found.probabilities[f.name].argmax(1) == windows.label[f.test] for f in folds]
    assert np.concatenate(right).mean() > 0.8
