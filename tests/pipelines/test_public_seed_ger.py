"""SEED-GER through the command line: no events, bounds and labels from the release itself."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lookalikes.closed_form import N_SIGMA, surplus
from lookalikes.one_worker import one_worker
from lookalikes.seed import small, write_books, write_raws, write_window_labels

from featpipe.datasets import facts as published
from featpipe.montage import CAP62
from featpipe.tables import read_features
from pipelines.__main__ import run

TIMES = small(published.facts_of("seed"), n_trials=5).sessions[0]
FULL = published.facts_of("seed-ger")
SMALL = replace(FULL, sessions=FULL.sessions[:1])
RELEASE = replace(SMALL, sessions=(replace(TIMES, sessions=("1",)),))  # what files are made of
LABELS = (2, 0, 1, 1, 0)
STUDY = """
[study]
name = "seed-ger"
layout = "seed-ger"
root = "SEED_Multimodal"
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seed_ger")
    (folder / "study.toml").write_text(STUDY)
    root = folder / "SEED_Multimodal/German"
    write_raws(root / "01-EEG-raw", RELEASE, LABELS, ("1", "2"))
    write_books(root / "03-Eye-tracking-excel", RELEASE, ("1", "2"), 5)
    write_window_labels(root / "02-EEG-DE-feature/eeg_used_1s/1_1.npz", LABELS, TIMES, 1)
    return folder


@pytest.fixture(autouse=True)
def facts(monkeypatch):
    monkeypatch.setattr(published, "facts_of", lambda name: SMALL)


def test_the_windows_of_the_release_tell_the_labels_of_all_subjects(study):
    assert run(["extract", str(study / "study.toml"), *one_worker()]) == 0
    table = read_features(study / "out/features/de")
    by_trial = table.groupby(["subject", "trial"])
    for subject in "12":
        assert by_trial["label"].max()[subject].tolist() == list(LABELS)
        assert by_trial.size()[subject].tolist() == list(TIMES.seconds)
    assert np.abs(surplus(table, 1000.0, 1.0, CAP62)).max() < N_SIGMA
    assert len(read_features(study / "out/features/eye")) == len(table)


def test_without_them_tables_have_no_labels_and_what_is_wrong_is_told(study, tmp_path, capsys):
    shutil.copytree(study / "SEED_Multimodal", tmp_path / "SEED_Multimodal")
    (tmp_path / "study.toml").write_text(STUDY)
    root = tmp_path / "SEED_Multimodal/German"
    shutil.rmtree(root / "02-EEG-DE-feature")
    (root / "01-EEG-raw/2_1.cnt").rename(root / "01-EEG-raw/2-1.cnt")
    capsys.readouterr()
    assert run(["extract", str(tmp_path / "study.toml"), *one_worker()]) == 3
    told = capsys.readouterr().err
    assert "trials of session 1 have no label" in told
    assert "2-1.cnt: its name is not <subject>_<session>.cnt of SEED-GER" in told
    table = pd.read_parquet(tmp_path / "out/features/de/sub-1_ses-1.parquet")
    assert table["label"].isna().all()
    assert len(table) == sum(TIMES.seconds)
