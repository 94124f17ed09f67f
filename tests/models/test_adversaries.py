"""Where the games stand: closed forms of chance, verdicts on made-up courses, curves of one run."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.adversaries import chances, course, game_warnings, sentence, standings
from models.curves import CURVE_COLUMNS, OF_MODALITY, VALIDATION_SCORE
from models.evaluate import fit_folds
from models.folds import loso
from models.registry import get_method, make_config


def curves(**terms):
    """Two folds, the second 0.02 above the first."""
    rows = [
        (fold, "train", epoch, term, "diagnostic", value + 0.02 * i - 0.01)
        for term, values in terms.items()
        for epoch, value in enumerate(values, start=1)
        for i, fold in enumerate(("a", "b"))
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


CHANCE = {"modality_accuracy": 0.5, "subject_accuracy": 0.2}


def test_chance_is_one_over_modalities_and_subjects(windows):
    folds = list(loso(windows.keys))
    found = chances(get_method("cscm"), windows, folds)
    assert found == {"modality_accuracy": 0.5, "subject_accuracy": pytest.approx(1 / 3)}


def test_where_windows_lack_a_modality_chance_is_the_most_frequent(windows):
    """Subjects 2 to 4 train; subject 2 has eyes in half of its windows, others in all."""
    has_eye = (windows.keys["subject"] != "2") | (windows.keys["window"] < 3)
    present = {"eeg": np.ones(len(has_eye), bool), "eye": has_eye.to_numpy()}
    fold = next(iter(loso(windows.keys)))
    found = chances(get_method("cscm"), replace(windows, present=present), [fold])
    assert found["modality_accuracy"] == pytest.approx(3 / 5.5)  # eeg 1 1 1, eye 0.5 1 1
    assert found["subject_accuracy"] == pytest.approx(2 / 5.5)


def test_the_line_says_where_the_games_stand():
    stands = standings(
        curves(modality_accuracy=[0.9, 0.7, 0.52], subject_accuracy=[0.5, 0.4, 0.31]), CHANCE
    )
    text = sentence("cscm", stands)
    assert text == "cscm: C_md 0.52 at the end (chance 0.50), C_sd 0.31 (chance 0.20)"
    assert not game_warnings("cscm", stands)


@pytest.mark.parametrize(
    ("modality", "subject", "said"),
    [
        ([0.99, 1.0, 0.99, 1.0], [0.5, 0.4, 0.3, 0.3], ["C_md stays at 0.99: that game is lost"]),
        ([0.5, 0.51, 0.5, 0.5], [0.2, 0.2, 0.21, 0.2], ["C_md and C_sd never rose above chance"]),
        ([0.5, 0.51, 0.5, 0.5], [0.6, 0.4, 0.2, 0.2], []),  # one that is alive
        ([1.0, 1.0, 0.6, 0.5], [0.6, 0.4, 0.2, 0.2], []),  # lost at first, won in the end
    ],
)
def test_lost_games_and_dead_discriminators_are_warned_of(modality, subject, said):
    stands = standings(curves(modality_accuracy=modality, subject_accuracy=subject), CHANCE)
    found = game_warnings("cscm", stands)
    assert len(found) == len(said)
    assert all(part in text for part, text in zip(said, found, strict=True))


def test_held_out_subjects_tell_how_good_each_modality_is(windows):
    folds = list(loso(windows.keys))[:2]
    config = make_config("cscm", {"n_epochs": 4})
    found = fit_folds(windows, "cscm", folds, 0, config=config, policy="source-validation")
    told = found.curves
    both = [course(told, OF_MODALITY + name) for name in ("eeg", "eye")]
    assert all(len(values) == 4 for values in both)
    np.testing.assert_array_equal(both[1], course(told, VALIDATION_SCORE))  # eye is what predicts
    assert not np.array_equal(both[0], both[1])
    alone = fit_folds(windows, "cscm_sm", folds, 0, config=make_config("cscm_sm", {"n_epochs": 1}),
                      policy="source-validation")  # fmt: skip
    assert not alone.curves["term"].str.startswith(OF_MODALITY).any()


def test_chance_does_not_divide_by_what_was_not_logged():
    alone = standings(curves(subject_accuracy=[0.5, 0.2]), {"modality_accuracy": 1.0} | CHANCE)
    assert [one.adversary for one in alone] == ["C_sd"]
