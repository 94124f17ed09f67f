"""A folder like SEED-V through the command line: scan, extract, train; and one full of defects."""

import json

import numpy as np
import pandas as pd
import pytest
from lookalikes.cnt_files import SFREQ, brief_facts
from lookalikes.one_worker import one_worker
from lookalikes.seed_v import N_FIXATIONS, write_seed_v
from lookalikes.signals import true_de

from featpipe.datasets import facts
from featpipe.montage import CAP62
from featpipe.schema import BANDS
from pipelines.__main__ import run

OF = brief_facts(facts.facts_of("seed-v"))
STUDY = """
[study]
name = "SEED-V"
layout = "seed-v"
root = "SEED-V"
[features]
eeg = ["de"]
window_s = 1.0
"""


@pytest.fixture(scope="module")
def short_facts():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "facts_of", lambda name: OF)
        yield


@pytest.fixture(scope="module")
def extracted(tmp_path_factory, short_facts):
    folder = tmp_path_factory.mktemp("seed-v")
    (folder / "study.toml").write_text(STUDY)
    write_seed_v(folder / "SEED-V", OF)
    assert run(["extract", str(folder / "study.toml"), *one_worker()]) == 0
    return folder


def tables(folder, family):
    return pd.read_parquet(folder / "out/features" / family)


def test_scan_knows_the_files(extracted, capsys):
    assert run(["scan", "--json", str(extracted / "SEED-V/EEG_raw")]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["format"] for row in found} == {"neuroscan_cnt"}
    assert ("11", "2") in {(row["subject"], row["session"]) for row in found}
    reasons = {row["reason"] for row in found if row["subject"] == "2"}
    assert all("NumSamples says -732" in reason for reason in reasons)


def test_labels_and_numbers_of_trials_are_those_of_the_facts(extracted):
    de = tables(extracted, "de")
    assert len(de) == 3 * 3 * 15 * 2
    assert set(de["subject"]) == {"1", "2", "11"}
    for session, of in de.groupby("session"):
        about = OF.session(str(session))
        by_trial = of.groupby("trial")["label"].unique()
        assert [labels.tolist() for labels in by_trial] == [[label] for label in about.labels]
    assert de["label_name"].iloc[0] == "happy"
    assert de["good"].eq(1).all()


def test_de_is_that_of_the_noise(extracted):
    de = tables(extracted, "de")
    low, high = BANDS["gamma"]
    for label in range(5):
        of_label = de[de["label"] == label]
        got = np.array([of_label[f"de_gamma_{name}"].mean() for name in CAP62])
        true = [true_de(label, channel, low, high, SFREQ) for channel in range(62)]
        # a window has few bins, so that the mean of the logarithm lies below that of the power
        assert np.abs(got - true - np.mean(got - true)).max() < 0.12
        assert -0.06 < np.mean(got - true) < 0


def test_eye_tables_stand_on_the_grid_of_the_eeg(extracted):
    eye, de = tables(extracted, "eye"), tables(extracted, "de")
    keys = ["subject", "session", "trial", "window"]
    assert eye[keys].equals(de[keys])
    n_fixations = eye.groupby(keys[:3])["eye_fixation_frequency"].sum()
    assert n_fixations.eq(N_FIXATIONS).all()  # two windows of 1 s hold all that a trial has


def test_a_method_learns_it(extracted):
    options = ["--method", "svm", "--seeds", "[0]", *one_worker()]
    assert run(["train", str(extracted / "study.toml"), *options]) == 0
    scores = pd.read_parquet(extracted / "out/scores.parquet")
    scores = scores[scores["method"] == "svm"]
    assert set(scores["subject"]) == {"1", "2", "11"}
    assert scores["accuracy"].min() > 0.5  # of five classes, from the eyes alone


def test_defects_are_told_and_what_is_sound_is_made(tmp_path, short_facts, capsys):
    raw = tmp_path / "SEED-V/EEG_raw"
    write_seed_v(tmp_path / "SEED-V", OF, subjects=("1", "2"))
    (tmp_path / "study.toml").write_text(STUDY)
    (raw / "1_2_20180810.cnt").unlink()  # missing
    cut = raw / "1_3_20180808.cnt"
    cut.write_bytes(cut.read_bytes()[:500_000])
    (raw / "2_1_20180416.cnt").rename(raw / "li_1.cnt")
    (raw / "2_2_20180419.cnt").rename(raw / "2_2_20180425.cnt")  # the date of session 3
    assert run(["extract", str(tmp_path / "study.toml"), *one_worker()]) == 3
    said = capsys.readouterr().err
    for text in (
        "sessions without any EEG",
        "1_3_20180808.cnt: truncated",
        "li_1.cnt",
        "2_2_20180425",
    ):
        assert text in said
    failures = pd.read_parquet(tmp_path / "out/failures.parquet")
    assert {"sub-1_ses-3", "sub-2_ses-1", "sub-2_ses-2"} <= set(failures["unit"])
    assert set(tables(tmp_path, "de")["session"] + tables(tmp_path, "de")["subject"]) == {
        "11",
        "32",
    }
    assert tables(tmp_path, "eye")[["subject", "session"]].drop_duplicates().shape == (6, 2)
