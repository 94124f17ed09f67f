import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featpipe.errors import ConfigError
from models.scores import METRICS, SCORE_COLUMNS, scores, summary


def predictions(truth, found, n_classes=3, **facts):
    """Return a predictions frame of one subject with the given classes."""
    p = np.full((len(truth), n_classes), 0.1)
    p[np.arange(len(truth)), found] = 0.8
    frame = pd.DataFrame(
        {"dataset": "sim", "subject": "1", "session": "1", "trial": 1}, range(len(truth))
    )
    frame = frame.assign(window=range(len(truth)), label=truth, method="cscm", variant="default")
    frame = frame.assign(seed=0, protocol="loso", split="subject", fold="sub-1", policy="last")
    frame = frame.assign(manner="strict", scaling="train", marks="", eeg="de")
    frame = frame.assign(**{f"p_{i}": p[:, i] for i in range(n_classes)})
    return frame.assign(**facts)


def by_hand(truth, found):
    """Return the four scores, written out."""
    truth, found = np.asarray(truth), np.asarray(found)
    recalls, f1s = [], []
    for c in sorted({*truth, *found}):
        hits = np.sum((truth == c) & (found == c))
        if (truth == c).any():
            recalls.append(hits / np.sum(truth == c))
        f1s.append(2 * hits / (np.sum(truth == c) + np.sum(found == c)))
    agree = np.mean(truth == found)
    chance = sum(np.mean(truth == c) * np.mean(found == c) for c in {*truth, *found})
    kappa = np.nan if chance == 1 else (agree - chance) / (1 - chance)
    # all predictions have confidence 0.8 of 1, as they are written
    return [agree, np.mean(recalls), np.mean(f1s), kappa, abs(agree - 0.8)]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_metrics_equal_their_definitions(pairs):
    truth, found = zip(*pairs, strict=True)
    (row,) = scores(predictions(truth, list(found))).to_dict("records")
    np.testing.assert_allclose([row[m] for m in METRICS], by_hand(truth, found), atol=1e-12)
    assert row["n"] == len(pairs)


def test_rows_and_columns():
    parts = [
        predictions([0, 1], [0, 1], subject=s, fold=f"sub-{s}", seed=seed, method=method)
        for s in "12"
        for seed in (0, 1)
        for method in ("cscm", "majority")
    ]
    table = scores(pd.concat(parts, ignore_index=True), seconds=2.5)
    assert tuple(table.columns) == SCORE_COLUMNS
    assert len(table) == 8
    cscm = table.query("method == 'cscm'").iloc[0]
    assert (cscm["train_modalities"], cscm["test_modality"]) == ("eeg+eye", "eye")
    assert (table["seconds"] == 2.5).all()
    assert set(table.query("method == 'majority'")["test_modality"]) == {"none"}


def test_runs_with_different_numbers_of_classes_can_stand_together():
    two = predictions([0, 1, 1], [0, 1, 0], n_classes=2)
    four = predictions([0, 3], [0, 3], n_classes=4, fold="sub-2", subject="2")
    table = scores(pd.concat([two, four], ignore_index=True))
    np.testing.assert_allclose(table["accuracy"], [2 / 3, 1])


def test_no_predictions():
    with pytest.raises(ConfigError, match="no predictions"):
        scores(predictions([], []))


def test_summary_averages_folds_then_subjects_then_seeds():
    accuracy = {  # (subject, seed) -> accuracy of two sessions
        ("1", 0): (0.2, 0.4), ("2", 0): (0.6, 0.6), ("1", 1): (0.4, 0.6), ("2", 1): (0.8, 1.0),
    }  # fmt: skip
    rows = []
    for (subject, seed), values in accuracy.items():
        for i, value in enumerate(values):
            row = scores(predictions([0, 1], [0, 1], subject=subject, seed=seed, fold=f"{i}")).iloc[
                0
            ]
            rows.append({**row, "accuracy": value, "seconds": 10.0 + seed})
    (found,) = summary(pd.DataFrame(rows)).to_dict("records")
    assert (found["n_subjects"], found["n_seeds"]) == (2, 2)
    per_subject, per_seed = [0.4, 0.75], [0.45, 0.7]
    np.testing.assert_allclose(found["accuracy_mean"], 0.575)
    assert found["seconds"] == 10.5
    np.testing.assert_allclose(found["accuracy_sd"], np.std(per_subject, ddof=1))
    np.testing.assert_allclose(found["accuracy_sd_population"], np.std(per_subject))
    np.testing.assert_allclose(found["accuracy_sd_seeds"], np.std(per_seed, ddof=1))
    assert (found["accuracy_low"], found["accuracy_high"]) == (0.4, 0.75)  # of two, both ends


def test_summary_of_one_subject_has_no_spread():
    (found,) = summary(scores(predictions([0, 1], [0, 0]))).to_dict("records")
    assert found["accuracy_mean"] == 0.5
    assert np.isnan(found["accuracy_sd"])
    assert np.isnan(found["accuracy_sd_seeds"])
