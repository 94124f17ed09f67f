"""SEED-IV through the command line: trials of MATLAB files, five eye files, and defects."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lookalikes.closed_form import N_SIGMA, surplus
from lookalikes.one_worker import one_worker
from lookalikes.seed import SUBJECTS, eye_trial, lengths, small
from lookalikes.seed_iv import write_eeg, write_eyes

from featpipe.datasets import facts as published
from featpipe.montage import CAP62
from featpipe.tables import read_features, read_metadata
from pipelines.__main__ import run

FULL = published.facts_of("seed-iv")
SESSION = small(FULL).sessions[1]  # of which no seconds are published
SMALL = replace(FULL, sessions=(SESSION,))
SECONDS = lengths("2", len(SESSION.labels), 4)
STUDY = """
[study]
name = "seed-iv"
layout = "seed-iv"
root = "SEED_IV"
[eye]
event_scope = "trial"
[features]
window_s = 2.0
[train]
methods = ["svm_eeg"]
seeds = [0]
"""


@pytest.fixture(scope="module", autouse=True)
def facts():
    """The second session alone, six trials of some seconds, so that files are small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(published, "facts_of", lambda name: SMALL)
        yield SMALL


@pytest.fixture(scope="module")
def study(tmp_path_factory, facts):
    folder = tmp_path_factory.mktemp("seed_iv")
    (folder / "study.toml").write_text(STUDY)
    write_eyes(write_eeg(folder / "SEED_IV", SMALL, 4), SMALL)
    assert run(["extract", str(folder / "study.toml"), *one_worker()]) == 0
    return folder


def test_windows_and_labels_are_those_of_the_trials_and_de_is_the_truth(study):
    table = read_features(study / "out/features/de")
    by_trial = table.groupby(["subject", "trial"])
    for subject in SUBJECTS:
        assert by_trial.size()[subject].tolist() == [n // 2 for n in SECONDS]
        assert by_trial["label"].max()[subject].tolist() == list(SESSION.labels)
        assert by_trial["label_name"].max()[subject].tolist() == [
            FULL.classes[label] for label in SESSION.labels
        ]
    assert np.abs(surplus(table, 200.0, 2.0, CAP62)).max() < N_SIGMA


def test_eyes_meet_the_eeg_by_the_number_of_the_trial(study):
    eye, de = (read_features(study / "out/features" / family) for family in ("eye", "de"))
    joined = de.merge(eye, on=["subject", "session", "trial", "window"], validate="one_to_one")
    assert len(joined) == len(eye) == len(de)
    for (subject, trial), of in eye.groupby(["subject", "trial"]):
        truth = eye_trial(subject, "2", trial)
        longest = truth["fixation"].max()
        assert of["eye_fixation_duration_max"].sub(longest).abs().max() < 0.01
        assert (of["eye_blink_frequency"] > 0).all() == (trial != 2)  # its cell is empty
    about = read_metadata(study / "out/features/eye/sub-1_ses-2.parquet")
    names = [source["name"] for source in about["sources"]]
    assert names[:2] == ["1_20161125.mat", "1_20161125_fixation.mat"]
    assert len(names) == 6


def test_a_classifier_tells_the_classes_of_a_subject_it_never_saw(study):
    assert run(["train", str(study / "study.toml"), *one_worker()]) == 0
    scores = pd.read_parquet(study / "out/scores.parquet")
    of = scores[scores["method"] == "svm_eeg"]
    assert of["accuracy"].mean() > 0.6  # of 15 windows each; the largest class has a third of them


def test_defects_are_told_and_the_rest_is_made(study, tmp_path, capsys):
    shutil.copytree(study / "SEED_IV", tmp_path / "SEED_IV")
    (tmp_path / "study.toml").write_text(STUDY)
    eeg, eyes = tmp_path / "SEED_IV/eeg_raw_data/2", tmp_path / "SEED_IV/eye_raw_data"
    shutil.copy(eeg / "2_20150920.mat", eeg / "2_20150921.mat.part")  # of a browser: no recording
    (eeg / "2_20150920.mat").write_bytes((eeg / "2_20150920.mat").read_bytes()[:-900])
    (eeg / "10_20151021.mat").rename(eeg / "10_20151021 (1).mat")
    (eyes / "1_20161125_fixation.mat").unlink()
    capsys.readouterr()
    assert run(["extract", str(tmp_path / "study.toml"), *one_worker()]) == 3
    told = capsys.readouterr().err
    failures = pd.read_parquet(tmp_path / "out/failures.parquet")
    for said in (
        "2_20150920.mat: it is truncated",
        "10_20151021 (1).mat: its name is not <subject>_<YYYYMMDD>.mat of SEED-IV",
    ):
        assert said in told
        assert failures["reason"].str.contains(said, regex=False).sum() == 1
    tables = {path.parent.name: path.name for path in (tmp_path / "out").rglob("de/*.parquet")}
    assert tables == {"de": "sub-1_ses-2.parquet"}
    assert len(list((tmp_path / "out/features/eye").iterdir())) == 2
