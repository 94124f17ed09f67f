"""Windows that lack a modality: loaded with what they have, learnt from, never guessed at."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from featpipe.errors import ConfigError
from featpipe.schema import KEYS, WINDOW_KEYS
from models.ahead import ahead_of
from models.candidates import inner_folds
from models.evaluate import cross_validate, fit_folds
from models.folds import loso
from models.joining import join, join_any
from models.layers.row_counts import BatchNorm
from models.methods.cscm import build, loss
from models.presence import has, judged, own_sides, usable
from models.registry import get_method, make_config
from models.say import networks_of
from models.selection import get_policy
from models.train import TrainSettings, fit
from models.types import Batch, Fold, Shapes
from models.units import subject_codes

BOTH = ("eeg", "eye")


@pytest.fixture(scope="module")
def partial(windows):
    """Subject 1 has no eyes; others lack the eyes or the EEG of some windows."""
    number = np.arange(len(windows.keys))
    subject = windows.keys["subject"].to_numpy()
    present = {"eeg": number % 7 != 0, "eye": (number % 5 != 0) & (subject != "1")}
    present["eeg"] |= ~present["eye"]  # none lacks both
    x = {name: values.copy() for name, values in windows.x.items()}
    for name, values in x.items():
        values[~present[name]] = np.nan
    return replace(windows, x=x, present=present)


def test_windows_of_any_modality_are_found_by_a_slow_twin(key_table):
    keys = key_table(2, 1, 3, 4)
    rng = np.random.default_rng(0)
    frames = {}
    for name, lost in (("eeg", [1, 5, 23]), ("eye", [0, 1, 7, 8])):
        frame = keys.drop(index=lost).sample(frac=1, random_state=len(lost))
        frames[name] = frame.assign(good=rng.random(len(frame)).astype("f4")).reset_index(drop=True)
    frames["eye"].loc[frames["eye"]["trial"] == 3, ["label", "label_name"]] = None
    found, rows = join_any(frames)
    assert list(found.columns) == list(KEYS)
    tuples = list(found[list(WINDOW_KEYS)].itertuples(index=False, name=None))
    of = {m: list(f[list(WINDOW_KEYS)].itertuples(index=False, name=None)) for m, f in
          frames.items()}  # fmt: skip
    assert tuples == sorted({*of["eeg"], *of["eye"]})
    for name in BOTH:
        expected = [of[name].index(key) if key in of[name] else -1 for key in tuples]
        assert rows[name].tolist() == expected
    truth = keys.set_index(list(WINDOW_KEYS))["label"]
    both_lack = [key for key in tuples if key not in of["eeg"] and key[3] == 3]
    for key, label in zip(tuples, found["label"], strict=True):
        assert label == truth[key] or (key in both_lack and pd.isna(label))
    whole, inner = join(frames)
    assert set(whole[list(WINDOW_KEYS)].itertuples(index=False, name=None)) == {
        key for key in tuples if all(key in of[name] for name in BOTH)
    }
    assert all((inner[name] >= 0).all() for name in BOTH)
    frames["eye"]["label"] = (frames["eye"]["label"].fillna(0) + 1) % 3
    with pytest.raises(ConfigError, match="another label in eeg than in eye"):
        join_any(frames)


def test_the_loss_is_that_of_the_rows_that_are_there():
    """Term by term, gradient by gradient and buffer by buffer, with the other rows taken out."""
    torch.manual_seed(0)
    shapes = Shapes({"eeg": (4, 5), "eye": (6,)}, n_classes=3, n_subjects=4)
    nets = [build(BOTH, shapes, make_config("cscm", {"dropout": 0.0})) for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    n = 40
    label, subject = torch.randint(3, (n,)), torch.randint(4, (n,))
    x = {"eeg": torch.randn(n, 4, 5), "eye": torch.randn(n, 6)}
    there = {"eeg": torch.rand(n) < 0.8, "eye": torch.rand(n) < 0.6}
    spoilt = {m: torch.where(there[m].view(-1, *[1] * (x[m].ndim - 1)), x[m], 9.0) for m in BOTH}
    batch = Batch(spoilt, label, subject, torch.arange(n), present=there)
    ours = loss(nets[0], batch, torch.tensor(0.3))
    theirs = naive_loss(nets[1], x, there, label, subject, 0.3)
    for name, (term, accuracy) in theirs.items():
        torch.testing.assert_close(ours.terms[name], term)
        torch.testing.assert_close(ours.diagnostics[f"{name}_accuracy"], accuracy)
    sum(ours.terms.values()).backward()
    sum(term for term, _ in theirs.values()).backward()
    for one, other in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6)
    for one, other in zip(nets[0].buffers(), nets[1].buffers(), strict=True):
        torch.testing.assert_close(one, other)


def naive_loss(net, x, there, label, subject, progress):
    """The CSCM loss on batches of unequal length."""
    rows = {m: there[m].nonzero().ravel() for m in BOTH}
    common = torch.cat([net.transform[m](x[m][rows[m]].flatten(1)) for m in BOTH])
    shallow = net.shallow(common)
    deep = net.deep(shallow)
    strength = 2 / (1 + np.exp(-10 * progress)) - 1
    kept = torch.cat([rows[m] for m in BOTH])
    modality = torch.cat([torch.full_like(rows[m], i) for i, m in enumerate(BOTH)])

    def of(head, z, truth, weight=1.0, reverse=0.0):
        logits = head((1 + reverse) * z.detach() - reverse * z if reverse else z)
        value = torch.nn.functional.cross_entropy(logits, truth)
        return weight * value, (logits.argmax(1) == truth).float().mean()

    return {
        "emotion": of(net.emotion, deep, label[kept]),
        "modality": of(net.modality, shallow, modality, 0.1, strength),
        "subject": of(net.subject, deep, subject[kept], 0.1, strength),
    }


@pytest.mark.parametrize("n_there", [0, 1])
def test_a_batch_without_a_modality_moves_no_statistics_and_stays_finite(n_there):
    norm = BatchNorm(3)
    out = norm(torch.randn(5, 3), torch.arange(5) < n_there)
    assert out.isfinite().all()
    assert (norm.get_buffer("running_mean") == 0).all()
    assert (norm.get_buffer("running_var") == 1).all()


def test_who_learns_from_what_and_what_is_tested(partial):
    folds = list(loso(partial.keys))
    for name, learns, reads in (
        ("cscm", ("eeg", "eye"), "eye"),
        ("cscm_sm", ("eye",), "eye"),
        ("svm_eeg", ("eeg",), "eeg"),
        ("majority", (), None),
    ):
        found = {fold.name: fold for fold in usable(get_method(name), partial, folds)}
        assert ("sub-1" in found) == (reads != "eye")  # nobody can be tested on eyes he has not
        for whole in folds:
            if whole.name in found:
                any_of = [partial.present[m] for m in learns] or [np.ones(len(partial.keys), bool)]
                trained = [r for r in whole.train if any(of[r] for of in any_of)]
                assert found[whole.name].train.tolist() == trained
                tested = [r for r in whole.test if reads is None or partial.present[reads][r]]
                assert found[whole.name].test.tolist() == tested
    without = replace(get_method("cscm"), takes_missing=False)
    both = partial.present["eeg"] & partial.present["eye"]
    for fold in usable(without, partial, folds):
        assert both[fold.train].all()
    assert has(partial, ("duration",)).all()
    nobody = replace(partial, present={**partial.present, "eye": np.zeros(len(both), bool)})
    with pytest.raises(ConfigError, match="cscm: no window has eye to be predicted from"):
        usable(get_method("cscm"), nobody, folds)


@pytest.mark.parametrize("policy", ["last", "source-validation"])
def test_training_with_missing_windows_stacked_as_one_by_one(partial, policy):
    options = {"n_epochs": 3, "dropout": 0.0}
    found = []
    for is_stacked in (True, False):
        settings = TrainSettings(stacked=is_stacked)
        found.append(cross_validate(
            partial, "cscm", "loso", 0, settings, make_config("cscm", options), policy=policy
        ))  # fmt: skip
    columns = ["p_0", "p_1", "p_2"]
    np.testing.assert_allclose(found[0][columns], found[1][columns], atol=1e-4)
    assert set(found[0]["subject"]) == {"2", "3", "4"}
    assert len(found[0]) == partial.present["eye"].sum()


def test_what_a_lacking_window_holds_is_not_looked_at(partial):
    """Scaling, weights and predictions are the same whatever would stand in the gaps."""
    folds = usable(get_method("mlp_cross"), partial, list(loso(partial.keys)))
    config = make_config("mlp_cross", {"n_epochs": 2})
    one = fit_folds(partial, "mlp_cross", folds, 0, config=config)
    for name, scaling in one.scaling["sub-2"].items():
        rows = folds[0].train[partial.present[name][folds[0].train]]
        np.testing.assert_allclose(scaling.mean, partial.x[name][rows].mean(0), rtol=1e-5)
        np.testing.assert_allclose(scaling.scale, partial.x[name][rows].std(0), rtol=1e-4)
    assert all(np.isfinite(p).all() for p in one.probabilities.values())


def test_where_nothing_is_lacking_all_is_as_without(windows):
    whole = replace(windows, present={m: np.ones(len(windows.keys), bool) for m in BOTH})
    config = make_config("cscm", {"n_epochs": 2})
    one, other = (cross_validate(w, "cscm", "loso", 0, config=config) for w in (windows, whole))
    pd.testing.assert_frame_equal(one, other, rtol=0, atol=1e-5)  # statistics are summed otherwise


def test_a_fold_that_never_saw_what_is_predicted_from_is_refused(windows):
    subject = windows.keys["subject"].to_numpy()
    present = {"eeg": np.ones(len(subject), bool), "eye": subject == "1"}
    with pytest.raises(ConfigError, match="no training window of fold sub-1 has eye"):
        usable(get_method("cscm"), replace(windows, present=present), list(loso(windows.keys)))


def test_who_cannot_be_judged_is_not_held_out(partial):
    folds = usable(get_method("cscm"), partial, list(loso(partial.keys)))
    subject = partial.keys["subject"].to_numpy()
    for seed in range(8):
        for whole, fold in zip(
            folds,
            judged(get_policy("source-validation"), get_method("cscm"), partial, folds, seed),
            strict=True,
        ):
            assert "1" in subject[fold.train]
            [held] = set(subject[fold.validate])
            assert held not in subject[fold.train]
            assert partial.present["eye"][fold.validate].all()
            assert set(fold.train) < set(whole.train)


@pytest.fixture(scope="module")
def lacking_eeg(make_windows):
    """Six subjects; the second has eyes alone, others lack the EEG of some trials."""
    windows = make_windows(n_subjects=6)
    subject, trial = (windows.keys[name].to_numpy() for name in ("subject", "trial"))
    there = {"eeg": (subject != "2") & (trial != 4), "eye": np.ones(len(subject), bool)}
    return replace(windows, present=there)


def sides(windows, name, folds, seed):
    """Folds of a method with the side that its epochs are judged on, by name."""
    method = get_method(name)
    own = usable(method, windows, folds)
    return {of.name: of for of in judged(VALIDATION, method, windows, own, seed)}


VALIDATION = get_policy("source-validation")


@pytest.mark.parametrize("seed", range(3))
def test_nobody_who_chooses_the_epoch_of_a_student_taught_its_teacher(lacking_eeg, seed):
    folds = list(loso(lacking_eeg.keys))
    code = subject_codes(lacking_eeg.keys)
    teachers = sides(lacking_eeg, "dnn_eye", folds, seed)
    for name, student in sides(lacking_eeg, "kd_eeg", folds, seed).items():
        teacher = teachers[name]
        assert not np.intersect1d(code[student.validate], code[teacher.train]).size
        assert np.isin(student.validate, teacher.validate).all()
        assert len(teacher.train) + len(teacher.validate) > len(student.train) + len(
            student.validate
        )


@pytest.mark.parametrize("n_complete", [1, 2, 3])
def test_of_one_person_no_trial_is_on_both_sides(make_windows, n_complete):
    """A person alone, of whose trials few have EEG: classes with one or two such trials."""
    windows = make_windows(n_subjects=1, n_trials=3 * 4 + 1)
    trial, rows = windows.keys["trial"].to_numpy(), np.arange(len(windows.keys))
    there = {"eeg": (trial <= 3 * n_complete) | (trial == 13), "eye": np.ones(len(rows), bool)}
    lacking = replace(windows, present=there)
    folds = [Fold("one", rows[trial < 13], rows[trial == 13])]
    for seed in range(5):
        [student] = sides(lacking, "kd_eeg", folds, seed).values()
        [teacher] = sides(lacking, "dnn_eye", folds, seed).values()
        assert not np.intersect1d(trial[student.validate], trial[teacher.train]).size


def test_who_is_held_out_is_as_ever_where_nothing_is_lacking(make_windows):
    windows = make_windows(n_subjects=8)
    whole = replace(windows, present={m: np.ones(len(windows.keys), bool) for m in BOTH})
    folds = list(loso(windows.keys))
    for seed in range(4):
        found, expected = (sides(of, "kd_eeg", folds, seed) for of in (whole, windows))
        for name, fold in expected.items():
            assert found[name].validate.tolist() == fold.validate.tolist()


QUICK = {"n_epochs": 2, "teacher_epochs": 2, "teacher_batch": 48, "batch": 48}


def teacher_of(windows, folds, config, policy="last"):
    """The teacher of `kd_eeg` as it is trained by itself, and all that came of it."""
    of = ahead_of(get_method("kd_eeg"), config)["teacher"]
    own = usable(of.method, windows, folds, get_policy(policy))
    return fit(of.method, of.config, windows, own, 0, policy=policy)


def test_who_has_eeg_alone_is_tested_on_it_though_teachers_read_eyes(make_windows):
    """What distillation is for: at test there are no eyes."""
    windows = make_windows()
    there = windows.keys["subject"].to_numpy() != "1"
    lacking = replace(windows, present={"eeg": np.ones(len(there), bool), "eye": there})
    folds, config = list(loso(windows.keys)), make_config("kd_eeg", QUICK)
    teacher = teacher_of(lacking, folds, config)
    assert teacher.probabilities["sub-1"].shape == (0, 3)
    own = usable(get_method("kd_eeg"), lacking, folds)
    for given in ({}, {"teacher": networks_of(teacher)}):
        found = fit(get_method("kd_eeg"), config, lacking, own, 0, given=given)
        assert [len(of) for of in found.probabilities.values()] == [36] * 4
        assert all(np.isfinite(of).all() for of in found.probabilities.values())
    found = cross_validate(lacking, "kd_eeg", "loso", 0, config=config)
    assert found["subject"].nunique() == 4
    alone = cross_validate(lacking, "dnn_eye", "loso", 0, config=make_config("dnn_eye", {}))
    assert set(alone["subject"]) == {"2", "3", "4"}


def test_a_fold_that_nobody_is_tested_in_cannot_choose_its_epoch_by_the_test(lacking_eeg):
    there = lacking_eeg.keys["subject"].to_numpy() != "2"
    windows = replace(lacking_eeg, present={"eeg": np.ones(len(there), bool), "eye": there})
    folds, method = list(loso(windows.keys)), get_method("dnn_eye")
    names = [of.name for of in usable(method, windows, folds, get_policy("test-selected"))]
    assert "sub-2" not in names
    assert "sub-2" in [of.name for of in usable(method, windows, folds, VALIDATION)]


@pytest.mark.parametrize("policy", ["last", "source-validation"])
def test_a_teacher_that_is_trained_inside_is_the_one_that_is_given(lacking_eeg, policy):
    """Both learn from all that have eyes, the student from those that have EEG, too."""
    folds, config = list(loso(lacking_eeg.keys)), make_config("kd_eeg", QUICK)
    own = usable(get_method("kd_eeg"), lacking_eeg, folds)
    assert len(own) == 5
    teacher = teacher_of(lacking_eeg, [fold.whole for fold in own], config, policy)
    given = {"teacher": networks_of(teacher)}
    student = (get_method("kd_eeg"), config, lacking_eeg, own, 0)
    inside, outside = (fit(*student, policy=policy, given=of) for of in ({}, given))
    for name, probabilities in outside.probabilities.items():
        np.testing.assert_array_equal(inside.probabilities[name], probabilities)


def test_who_is_judged_in_a_search_taught_no_teacher(lacking_eeg):
    folds = list(loso(lacking_eeg.keys))
    own = usable(get_method("kd_eeg"), lacking_eeg, folds)
    code = subject_codes(lacking_eeg.keys)
    for fold in inner_folds(own, lacking_eeg, "kd_eeg", 0):
        [teacher] = own_sides(get_method("dnn_eye"), lacking_eeg, [fold], VALIDATION)
        assert not np.intersect1d(code[teacher.train], code[fold.test]).size
        assert set(fold.train) < set(teacher.train)
        assert 1 in code[teacher.train]  # who has eyes alone
