"""What is told of scores: never one set of subjects beside another without a word."""

import numpy as np
import pandas as pd

from models.audit import fewer_subjects, warnings


def scores_of(**accuracy):
    rows = [
        (method, "default", subject, value)
        for method, of in accuracy.items()
        for subject, value in of.items()
    ]
    return pd.DataFrame(rows, columns=["method", "variant", "subject", "accuracy"])


def test_who_was_tested_on_fewer_subjects_is_named():
    scores = scores_of(majority={"1": 0.2, "2": 0.2, "3": 0.2}, mlp={"1": 0.8, "2": 0.6})
    assert fewer_subjects(scores) == [
        "mlp was tested on 2 of 3 subjects: its mean and ± are theirs"
    ]
    assert warnings(scores) == fewer_subjects(scores)
    assert fewer_subjects(scores[scores["subject"] != "3"]) == []


def test_guessing_is_measured_on_the_subjects_of_the_method():
    """Over all subjects guessing reaches 0.4, on those that mlp was tested on 0.5."""
    guessing = {"1": 0.5, "2": 0.5, "3": 0.2}
    one, _ = warnings(scores_of(majority=guessing, mlp={"1": 0.45, "2": 0.45}))
    assert one.startswith("not better than guessing: mlp 0.450 against 0.500; guessing is the most")
    [only] = warnings(scores_of(majority=guessing, mlp={"3": 0.3}))
    assert "not better" not in only


def test_all_that_are_not_better_than_guessing_are_named_in_one_line():
    methods = {f"dnn_{i}": {"1": 0.2, "2": 0.3} for i in range(50)}
    [one] = warnings(scores_of(majority={"1": 0.4, "2": 0.4}, **methods))
    assert "dnn_0 0.250 against 0.400, " in one
    assert "(50 in all)" in one


def test_guessing_by_frequency_is_what_draws_give_on_average_not_the_one_that_was_drawn():
    """The draw was lucky, 0.7 of two balanced classes; mlp beats 0.5, which draws are worth."""
    scores = scores_of(majority={"1": 0.5}, prior={"1": 0.7}, mlp={"1": 0.6}, svm={"1": 0.45})
    [one] = warnings(scores.assign(kappa=[0.0, 0.4, 0.2, -0.1]))
    assert "mlp" not in one
    assert "svm 0.450 against 0.500" in one


def test_a_draw_that_all_agree_with_stays_as_it_is():
    scores = scores_of(prior={"1": 1.0, "2": 0.2}, mlp={"1": 0.6, "2": 0.5})
    [one] = warnings(scores.assign(kappa=[1.0, np.nan, 0.2, 0.2]))
    assert "mlp 0.550 against 0.600" in one
