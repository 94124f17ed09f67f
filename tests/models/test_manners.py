"""On what terms methods are compared, and what rows have to say."""

from dataclasses import replace

import numpy as np
import pytest

from featpipe.errors import ConfigError
from models.evaluate import cross_validate
from models.manners import MANNERS, SCALINGS, terms
from models.paper_manner import PaperManner
from models.registry import METHODS, get_method, make_config
from models.scaling import scaled_apart
from models.selection import POLICIES


def test_strict_is_the_usual_and_has_no_marks():
    found = terms(get_method("cscm"), "loso")
    assert (found.manner, found.policy, found.scaling, found.marks) == (
        "strict",
        "last",
        "train",
        "",
    )
    assert found.columns()["split"] == "subject"


@pytest.mark.parametrize(
    ("asked", "marks"),
    [
        ({"policy": "test-selected"}, "test-selected"),
        ({"scaling": "subject"}, "transductive"),
        ({"scaling": "session", "policy": "test-selected"}, "test-selected, transductive"),
    ],
)
def test_what_sees_the_test_side_is_refused_or_marked(asked, marks):
    mlp = get_method("mlp")
    with pytest.raises(ConfigError, match=r'manner = "marked", and every row says'):
        terms(mlp, "loso", **asked)
    assert terms(mlp, "loso", "marked", **asked).marks == marks


def test_a_method_that_learns_from_test_windows_is_no_strict_one():
    mlp = get_method("mlp")
    transductive = replace(mlp, uses_target=lambda config: True)
    with pytest.raises(ConfigError, match="'mlp' learns from unlabelled test windows"):
        terms(transductive, "loso")
    assert terms(transductive, "loso", "marked", scaling="subject").marks == "transductive"


def test_the_manner_of_a_paper_is_the_card_s():
    card = replace(get_method("mlp"), paper=PaperManner("test-selected", "subject", "their code"))
    found = terms(card, "kfold-windows", "paper", policy="last")
    assert (found.policy, found.scaling) == ("test-selected", "subject")
    assert found.marks == "test-selected, transductive, trials on both sides"


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_how_its_paper_did_it(name):
    paper = METHODS[name].paper
    assert paper.policy in POLICIES
    assert paper.scaling in SCALINGS
    assert paper.says


@pytest.mark.parametrize(("kind", "value"), [("manner", "strikt"), ("scaling", "trian")])
def test_misspelt_names_are_refused_with_the_nearest(kind, value):
    with pytest.raises(ConfigError, match=f"unknown {kind} '{value}'.*did you mean"):
        terms(get_method("mlp"), "loso", **{kind: value})


@pytest.mark.parametrize(("scaling", "columns"), [("subject", 1), ("session", 2)])
def test_units_are_standardised_with_their_own_windows(make_windows, scaling, columns):
    windows = make_windows(n_subjects=3, n_sessions=2)
    windows.x["eye"][0, 0] = np.nan
    scaled = scaled_apart(windows, scaling)
    by = ["subject", "session"][:columns]
    for rows in windows.keys.groupby(by).indices.values():
        for name, x in scaled.x.items():
            own = windows.x[name][rows].astype(float)
            expected = (own - np.nanmean(own, 0)) / np.nanstd(own, 0)
            np.testing.assert_allclose(x[rows], expected, atol=2e-5)


def test_scaling_of_training_rows_changes_nothing_before_the_folds(windows):
    assert scaled_apart(windows, "train") is windows


def test_strong_subject_shifts_are_undone_by_scaling_subjects(make_windows):
    """What the mark is for: it helps, and it needs all of the test subject's windows."""
    windows = make_windows(n_subjects=5, separation=0.8)
    rng = np.random.default_rng(0)
    who = windows.keys["subject"].astype(int).to_numpy() - 1
    shifts = {name: rng.normal(0, 5, (5, *x.shape[1:])) for name, x in windows.x.items()}
    x = {name: x + shifts[name][who].astype(np.float32) for name, x in windows.x.items()}
    shifted = replace(windows, x=x)
    config = make_config("mlp", {"n_epochs": 6, "batch": 48})

    def accuracy(**asked):
        frame = cross_validate(shifted, "mlp", "loso", 0, config=config, **asked)
        return (frame[["p_0", "p_1", "p_2"]].to_numpy().argmax(1) == frame["label"]).mean()

    assert accuracy(scaling="subject", manner="marked") > accuracy() + 0.1


def test_manners_and_scalings_say_what_they_mean():
    assert all(len(text) > 20 for text in (*MANNERS.values(), *SCALINGS.values()))
