"""Predictions that are stored and not shown are told, with the reason, wherever scores are."""

from html import escape

import pytest
from lookalikes import one_process

from pipelines import running
from pipelines.__main__ import run
from pipelines.unscored import CHANGED, OTHERS, unscored

FAMILIES = ("--set", "features.eeg=de,psd")
KFOLD = ("--workers", "1", "--method", "svm_eeg", "--seeds", "0", "--protocol", "kfold-windows")
OF_ONE = (*FAMILIES, "--set", "train.subjects=01")


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(running, "_run", one_process.run)


def told(text):
    return [line for line in text.splitlines() if "not shown" in line]


def test_nothing_is_told_while_all_is_shown(scored):
    assert scored.run("train", *KFOLD, *FAMILIES) == 0
    assert not list(unscored(scored.out))


def test_predictions_of_other_subjects_are_told_by_every_verb_that_shows_some(scored, capsys):
    n_stored = len(list(scored.out.glob("predictions/*.parquet")))
    capsys.readouterr()
    assert scored.run("train", *KFOLD, *OF_ONE) == 0
    [line] = told(capsys.readouterr().err)
    assert line.startswith("stored predictions that are not shown: duration_only_loso_last_de")
    assert line.endswith(f"({n_stored} in all): {OTHERS}")
    found = scored.outputs(capsys, "show", *OF_ONE, "--set", "train.protocol=kfold-windows")
    assert found["predictions"] == ("unasked", line)
    assert run(["report", str(scored.out)]) == 0
    assert told(capsys.readouterr().err) == [line]
    assert escape(line) in (scored.out / "report.html").read_text(encoding="utf-8")


def test_predictions_of_tables_as_they_were_are_told(scored, capsys):
    shorter = (*FAMILIES, "--set", "features.window_s=0.5")
    assert scored.extract(*shorter) == 0
    capsys.readouterr()
    assert scored.run("train", *KFOLD, *shorter) == 0
    [line] = told(capsys.readouterr().err)
    assert line.endswith(CHANGED)
