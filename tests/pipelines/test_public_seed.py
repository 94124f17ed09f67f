"""SEED through the command line: raw and preprocessed, eyes too, trained, and with defects."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lookalikes.closed_form import N_SIGMA, surplus
from lookalikes.one_worker import one_worker
from lookalikes.seed import SUBJECTS, eye_trial, small, write_books, write_preprocessed, write_raws

from featpipe.datasets import facts as published
from featpipe.montage import CAP62
from featpipe.tables import read_features, read_metadata
from pipelines.__main__ import run

FULL = published.facts_of("seed")
SESSION = small(FULL).sessions[0]
SMALL = replace(FULL, sessions=(replace(SESSION, sessions=("1",)),))
STUDY = """
[study]
name = "seed"
layout = "seed"
root = "SEED"
[eye]
event_scope = "trial"
[train]
methods = ["svm_eeg"]
seeds = [0]
"""
N_WINDOWS = sum(SESSION.seconds)
PREPROCESSED = ("--set", "study.eeg=preprocessed", "--set", "features.eye=false")


@pytest.fixture(scope="module", autouse=True)
def facts():
    """One session of six trials of some seconds, so that files are small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(published, "facts_of", lambda name: SMALL)
        yield SMALL


@pytest.fixture(scope="module")
def study(tmp_path_factory, facts):
    """A whole release of three subjects; extracted from the raw recordings."""
    folder = tmp_path_factory.mktemp("seed")
    (folder / "study.toml").write_text(STUDY)
    write_preprocessed(folder / "SEED/SEED_EEG/Preprocessed_EEG", SMALL)
    write_raws(folder / "SEED/SEED_EEG/SEED_RAW_EEG", SMALL)
    write_books(folder / "SEED/SEED_Multimodal/Chinese/03-Eye-tracking-excel", SMALL)
    assert extract(folder) == 0
    return folder


def extract(folder, *options):
    return run(["extract", str(folder / "study.toml"), *one_worker(), *options])


def check_labels(table):
    labels = table.groupby(["subject", "trial"])["label"].unique()
    assert {subject for subject, _ in labels.index} == {*SUBJECTS}
    for subject in SUBJECTS:
        assert [list(of) for of in labels[subject]] == [[label] for label in SESSION.labels]
    counts = table.groupby(["subject", "trial"]).size()
    assert all(counts[subject].tolist() == list(SESSION.seconds) for subject in SUBJECTS)


def test_scan_knows_every_recording(study, capsys):
    capsys.readouterr()
    assert run(["scan", str(study / "SEED"), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    formats = [row["format"] for row in rows]
    assert [formats.count(kind) for kind in ("neuroscan_cnt", "mat_trials", "smi_workbook")] == [
        3, 3, 3
    ]  # fmt: skip


def test_raw_recordings_give_the_truth(study):
    table = read_features(study / "out/features/de")
    check_labels(table)
    assert np.abs(surplus(table, 1000.0, 1.0, CAP62)).max() < N_SIGMA
    assert table["good"].eq(1).all()
    about = read_metadata(study / "out/features/de/sub-2_ses-1.parquet")
    assert [source["name"] for source in about["sources"]] == ["2_1.cnt"]
    assert about["channels"] == list(CAP62)


def test_preprocessed_recordings_give_the_truth(study, tmp_path):
    assert extract(study, "-o", str(tmp_path), *PREPROCESSED) == 0
    table = read_features(tmp_path / "features/de")
    check_labels(table)
    assert np.abs(surplus(table, 200.0, 1.0, CAP62)).max() < N_SIGMA
    about = read_metadata(tmp_path / "features/de/sub-2_ses-1.parquet")
    assert [source["name"] for source in about["sources"]] == ["2_20140404.mat"]


def test_eyes_meet_the_eeg_by_the_number_of_the_trial(study):
    eye = read_features(study / "out/features/eye")
    de = read_features(study / "out/features/de")
    joined = de.merge(eye, on=["subject", "session", "trial", "window"], validate="one_to_one")
    assert len(joined) == len(eye) == 3 * N_WINDOWS
    for (subject, trial), of in eye.groupby(["subject", "trial"]):
        truth = eye_trial(subject, "1", trial)
        longest = truth["fixation"].max()
        assert of["eye_fixation_duration_max"].sub(longest).abs().max() < 0.01
        assert (of["eye_blink_frequency"] > 0).all() == (trial != 2)  # no blinks in the second


def test_a_classifier_tells_the_classes_of_a_subject_it_never_saw(study):
    assert run(["train", str(study / "study.toml"), *one_worker()]) == 0
    scores = pd.read_parquet(study / "out/scores.parquet")
    of = scores[(scores["method"] == "svm_eeg") & (scores["protocol"] == "loso")]
    assert set(of["subject"]) >= {*SUBJECTS}
    assert of["accuracy"].min() > 0.6  # of 30 windows; the largest class has 0.4 of them


def test_defects_are_told_and_the_rest_is_made(study, tmp_path, capsys):
    shutil.copytree(study / "SEED", tmp_path / "SEED")
    (tmp_path / "study.toml").write_text(STUDY.replace("[study]", '[study]\neeg = "raw"'))
    folder = tmp_path / "SEED/SEED_EEG/SEED_RAW_EEG"
    (folder / "2_1.cnt").write_bytes((folder / "2_1.cnt").read_bytes()[:-400_000])
    (folder / "10_1.cnt").rename(folder / "Sub10.cnt")
    books = tmp_path / "SEED/SEED_Multimodal/Chinese/03-Eye-tracking-excel"
    (books / "1_1.xls").write_bytes((books / "1_1.xls").read_bytes()[:3000])
    capsys.readouterr()
    assert extract(tmp_path) == 3
    told = capsys.readouterr().err
    failures = pd.read_parquet(tmp_path / "out/failures.parquet")
    for said in (
        "2_1.cnt: truncated",
        "Sub10.cnt: its name is not <subject>_<session>.cnt of SEED",
        "1_1.xls",
    ):
        assert said in told
        assert failures["reason"].str.contains(said, regex=False).sum() == 1
    tables = sorted(path.name for path in (tmp_path / "out/features").rglob("*.parquet"))
    # the EEG of one subject, and the eyes of the two whose EEG cannot be used
    assert tables == ["sub-10_ses-1.parquet", "sub-1_ses-1.parquet", "sub-2_ses-1.parquet"]
