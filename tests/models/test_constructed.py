"""Settings in which theory says which method is better, and what their figures are made of.

The same constructions as in `tests/truth`, smaller. The expected differences are several points of
accuracy, the noise of their mean over two draws and 4000 windows about one.
"""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from truth import exact_labels, privileged, shared_head, shift, taught
from truth.constructed import trained
from truth.one_teacher import Lessons
from truth.paired import difference_row

from models.comparison import SETTING
from models.evaluate import fit_folds
from models.registry import make_config
from models.types import Fold


def mean_accuracies(draw, runs, options):
    found = trained(draw, (0, 1), runs, options).accuracy
    return found.groupby("method")["accuracy"].mean()


def test_with_a_strong_subject_shift_the_reversal_pays():
    draw = partial(shift.draw, n_windows=500, n_test=10)
    found = mean_accuracies(draw, shift.RUNS[:2], shift.OPTIONS)
    assert found["cscm_sm"] > found["mlp"]


def test_rows_of_the_other_modality_help_where_eyes_are_few():
    draw = partial(shared_head.draw, n_windows=12, n_test=10)
    found = mean_accuracies(draw, shared_head.RUNS[:2], {})
    assert found["mlp_cross"] > found["mlp"]


def test_a_teacher_who_sees_where_the_emotion_is_helps():
    draw = partial(privileged.draw, n_test=10)
    found = mean_accuracies(draw, [("dnn_eye", {}), ("kd_eye", {})], {"n_epochs": 10})
    assert found["kd_eye"] > found["dnn_eye"] + 0.03


def test_a_teacher_whose_doubts_have_nothing_to_do_with_the_eyes_is_as_good_of_another_window():
    draw = partial(exact_labels.draw, n_test=10)
    runs = [("kd_eye", {}), ("kd_eye", taught.SAME_LABEL)]
    found = trained(draw, (0, 1), runs, {"n_epochs": 10}).accuracy
    own, other = found.groupby("variant", sort=False)["accuracy"].mean()
    assert own == pytest.approx(other, abs=0.03)


def test_a_teacher_of_other_windows_does_not_help():
    draw = partial(privileged.draw, n_test=10)
    runs = [("dnn_eye", {}), ("kd_eye", taught.SHUFFLED)]
    found = mean_accuracies(draw, runs, {"n_epochs": 10})
    assert found["kd_eye"] < found["dnn_eye"]


def test_a_teacher_that_is_trained_once_teaches_the_same():
    one = privileged.draw(5, n_test=2)
    rows = np.arange(len(one.is_test))
    folds = [Fold("draw-5", rows[~one.is_test], rows[one.is_test])]
    lessons = Lessons(one.windows, folds, 0)
    for pairs in (taught.OWN, taught.SHUFFLED):
        config = make_config("kd_eye", {"n_epochs": 2, "teacher_epochs": 3, **pairs})
        found = lessons.fit("kd_eye", config).probabilities
        alone = fit_folds(one.windows, "kd_eye", folds, 0, config=config).probabilities
        np.testing.assert_array_equal(found["draw-5"], alone["draw-5"])


def test_the_constructions_are_what_they_say():
    one = shift.draw(3, n_windows=100, n_test=4)
    keys = one.windows.keys.assign(is_new=one.is_test)
    shares = keys.groupby(["is_new", "subject"])["label"].mean()
    assert sorted(set(shares[False])) == pytest.approx([1 - shift.SHARE, shift.SHARE])
    assert set(shares[True]) == {0.5}
    other = shared_head.draw(3, n_windows=6, n_test=1)
    eye = other.windows.x["eye"][~other.is_test]
    assert len(np.unique(eye, axis=0)) == 2 * 25
    assert len(np.unique(other.windows.x["eeg"][~other.is_test], axis=0)) == 2 * 25 * 6


def test_eeg_tells_which_windows_hold_the_emotion_and_not_more_than_labels_that_are_exact():
    found = {}
    for setting in (privileged, exact_labels):
        one = setting.draw(4)
        x, sign = one.windows.x, 2.0 * one.windows.label - 1
        signed = sign[~one.is_test, None] * x["eye"][~one.is_test]
        told = sign[~one.is_test] * x["eeg"][~one.is_test].ravel()
        is_sure = told > np.median(told)
        axis = sign[one.is_test] @ x["eye"][one.is_test]
        along = signed @ axis / np.linalg.norm(axis)
        found[setting] = along[is_sure].mean() - along[~is_sure].mean()
    assert found[privileged] > 0.4  # half of EYE_SHIFT, less what noise hides
    assert found[exact_labels] == pytest.approx(0, abs=0.2)  # SD 0.06


@pytest.mark.parametrize("setting", [privileged, exact_labels], ids=["privileged", "exact_labels"])
def test_a_direction_learnt_from_labels_is_as_good_as_its_closed_form(setting):
    found = []
    for seed in range(20, 28):
        one = setting.draw(seed)
        eye, sign = one.windows.x["eye"], 2 * one.windows.label - 1
        direction = sign[~one.is_test] @ eye[~one.is_test]
        found.append(np.mean(np.sign(eye[one.is_test] @ direction) == sign[one.is_test]))
    known = setting.of_direction(setting.worth())
    assert np.mean(found) == pytest.approx(known, abs=0.04)  # SD of the mean 0.013 at most


def test_differences_have_an_interval_over_subjects_and_one_over_seeds():
    rng = np.random.default_rng(0)
    accuracy = rng.uniform(size=(2, 5, 3))  # method, subject, seed
    rows = [
        {"method": f"m{i}", "variant": "default", "subject": f"s{j}", "seed": k, "accuracy": value}
        for (i, j, k), value in np.ndenumerate(accuracy)
    ]
    row = difference_row(
        pd.DataFrame(rows).assign(**dict.fromkeys((*SETTING, "fold"), "")), "m1", "m0"
    )
    difference = 100 * (accuracy[1] - accuracy[0])
    assert row.figure == pytest.approx(difference.mean())
    for axis, found in ((1, row.of_subjects), (0, row.of_seeds)):
        means = difference.mean(axis=axis)
        reach = stats.t.ppf(0.975, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))
        assert found == pytest.approx((means.mean() - reach, means.mean() + reach))
    assert row.n == "5 subjects x 3 seeds"
