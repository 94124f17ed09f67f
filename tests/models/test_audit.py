"""What is told of scores: never one set of subjects beside another without a word."""

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
    assert one == "mlp is not better than guessing: 0.450 against 0.500"
    [only] = warnings(scores_of(majority=guessing, mlp={"3": 0.3}))
    assert "is not better" not in only
