"""Weighted and lacking windows through the command line, and where the games stand below tables."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from lookalikes import one_process

from featpipe.tables import read_metadata
from models.adversaries import course
from models.saved import CARD, DESCRIPTION
from models.scores import summary
from pipelines import running
from pipelines.__main__ import run
from pipelines.counting import told

N_WINDOWS = 6 * 3  # of a subject


def words(*options):
    return [word for text in ("train.seeds=[0]", *options) for word in ("--set", text)]


def train(study, *options):
    assert run(["train", str(study / "study.toml"), "--workers", "1", *words(*options)]) == 0


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setattr(running, "_run", one_process.run)


@pytest.fixture
def without_eyes(study):
    """The third subject was recorded without an eye tracker."""
    path = study / "recordings.csv"
    frame = pd.read_csv(path, dtype=str)
    frame.loc[2, [name for name in frame if name.startswith("eye")]] = ""
    frame.to_csv(path, index=False)
    return study


def test_who_has_no_eyes_is_dropped_or_kept_and_counted(without_eyes, capsys):
    out = without_eyes / "out"
    methods = 'train.methods=["svm_eeg", "mlp_cross"]'
    quick = "train.options.mlp_cross.n_epochs=2"
    train(without_eyes, 'train.methods=["svm_eeg"]')
    assert "left out sub-3_ses-1: eye: the study makes none" in capsys.readouterr().err
    train(without_eyes, methods, quick, "train.missing=keep")
    captured = capsys.readouterr()
    told_now = captured.err
    assert "kept sub-3_ses-1: it has no eye" in told_now
    assert f"of {3 * N_WINDOWS} windows {N_WINDOWS} lack eye, and take part with what" in told_now
    assert f"mlp_cross: {N_WINDOWS} windows lack what it predicts from: never scored" in told_now
    scores = pd.read_parquet(out / "scores.parquet")
    tested = scores.groupby("method")["subject"].agg(set)
    assert tested["svm_eeg"] == {"1", "2", "3"}
    assert tested["mlp_cross"] == {"1", "2"}
    named = "mlp_cross (n_epochs=2,missing=keep)"
    note = f"{named} was tested on 2 of 3 subjects: its mean and ± are theirs"
    fewer = f"{named}: of the 2 subjects that both were tested on; 1 more were tested with one"
    assert f"note: {note}" in captured.out
    assert run(["compare", str(out), "--reference", "svm_eeg"]) == 0
    compared = capsys.readouterr().out
    assert f"\n  {note}" in compared
    assert f"\n  {fewer}" in compared
    found = [read_metadata(file) for file in out.glob("predictions/*.parquet")]
    kept = {of["options"]["method"]: of for of in found if of["options"]["missing"] == "keep"}
    about = kept["mlp_cross"]
    assert about["n_lacking"] == {"eeg": 0, "eye": N_WINDOWS}
    assert about["n_untestable"] == N_WINDOWS
    dropped = next(of for of in found if of["options"]["missing"] == "drop")
    assert len(about["version"]) == len(dropped["version"]) + 1  # that of what is kept
    assert run(["report", str(out)]) == 0
    html = (out / "report.html").read_text(encoding="utf-8")
    assert f"{N_WINDOWS} windows lack what it predicts from: never scored" in html
    assert note in html
    capsys.readouterr()
    options = words(methods, quick, "train.missing=keep")
    assert run(["show", str(without_eyes / "study.toml"), "--json", *options]) == 0
    rows = json.loads(capsys.readouterr().out)["outputs"]
    made = [row for row in rows if row["output"].startswith("predictions/")]
    assert made
    assert {row["state"] for row in made} == {"fresh"}


def test_weights_are_counted(study, capsys):
    train(study, 'train.methods=["svm"]', "train.weight=good")
    [file] = (study / "out").glob("predictions/svm-*.parquet")  # a variant has a mark
    about = read_metadata(file)
    good = pd.read_parquet(file)["good"].to_numpy(np.float64)
    assert about["weight_sum"] == pytest.approx(good.sum())
    assert about["options"]["weight"] == "good"
    text = f"the weights of {len(good)} training windows, their `good`, sum to {good.sum():.1f}"
    captured = capsys.readouterr()
    assert text in captured.err
    assert text in captured.out  # below the table
    assert told({"n_windows": 3}) == []


def test_a_c_that_nobody_chose_is_told_with_the_number_of_folds(scored, capsys):
    """One subject of two trials is left to train on: without one of them there is one class."""
    train(scored.folder, "features.eeg=de,psd", 'train.methods=["svm_eeg"]', "train.min_good=0.01")
    captured = capsys.readouterr()
    [file] = scored.out.glob("predictions/svm_eeg-*.parquet")
    [(note, n_folds)] = read_metadata(file)["fold_notes"].items()
    assert n_folds == 2
    assert note.startswith("C is 1, scikit-learn's default, and was not chosen")
    text = f"svm_eeg, in 2 of 2 folds: {note}"
    assert text in captured.err
    assert text in captured.out  # below the table


COUNTED = ("train.weight=good", "train.min_good=0.2", "train.missing=keep")


def on_card(folder):
    """Each line of scores of a model card."""
    page = (folder / CARD).read_text(encoding="utf-8")
    return [line for line in page.splitlines() if " subjects: accuracy " in line]


def line_of(scores):
    [row] = summary(scores).to_dict("records")
    return (
        f"  - {row['protocol']}, {row['n_subjects']} subjects: accuracy "
        f"{row['accuracy_mean']:.3f} ± {row['accuracy_sd']:.3f} over"
    )


def test_a_card_tells_the_scores_of_its_own_variant_and_terms(study):
    """The same options with other windows counted, or another policy, are other rows."""
    out, method = study / "out", ('train.methods=["mlp"]', "train.options.mlp.n_epochs=3")
    train(study, *method)
    train(study, *method, *COUNTED)
    train(study, *method, "train.policy=source-validation")
    words_of_fit = ["fit", str(study / "study.toml"), "--workers", "1"]
    assert run([*words_of_fit, *words(*method, *COUNTED)]) == 0
    scores = pd.read_parquet(out / "scores.parquet").query("method == 'mlp'")
    counted = "n_epochs=3,min_good=0.2,weight=good,missing=keep"
    assert set(scores["variant"]) == {"n_epochs=3", counted}
    seen = []
    for folder in out.glob("models/mlp-*"):
        about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        policy = about["options"]["policy"]
        own = scores.query(f"variant == {about['variant']!r} and policy == {policy!r}")
        [line] = on_card(folder)
        assert line.startswith(line_of(own))
        seen.append((about["variant"], policy, about["step"]))
    assert sorted(seen) == [
        ("n_epochs=3", "last", "train"),
        ("n_epochs=3", "source-validation", "train"),
        (counted, "last", "fit"),
        (counted, "last", "train"),
    ]


def test_where_the_games_stand_is_told_below_the_table_and_drawn(study, quick, capsys):
    out = study / "out"
    [file] = out.glob("curves/cscm-*.parquet")
    about, curves = read_metadata(file), pd.read_parquet(file)
    assert about["chance"] == {"modality_accuracy": 0.5, "subject_accuracy": 0.5}
    end = [course(curves, f"{name}_accuracy")[-1] for name in ("modality", "subject")]
    line = f"cscm (n_epochs=3): C_md {end[0]:.2f} at the end (chance 0.50), C_sd {end[1]:.2f}"
    assert run(["train", str(study / "study.toml"), "--workers", "1", *quick]) == 0
    assert f"\n  {line}" in capsys.readouterr().out
    html = (out / "report.html").read_text(encoding="utf-8")
    assert line in html
    assert "<h3>Adversaries</h3>" in html
    rows = re.findall(r"<td>(cscm[^<]*)</td>\s*<td>(C_\w+)</td>", html)
    assert [adversary for _, adversary in rows] == ["C_sd", "C_md", "C_sd"]  # cscm_sm, then cscm
    assert "dotted: chance" in html
