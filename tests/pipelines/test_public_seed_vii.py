"""A folder like SEED-VII through the command line: raw, preprocessed, and with defects."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from lookalikes.cnt_files import SFREQ
from lookalikes.one_worker import one_worker
from lookalikes.seed_vii import (
    EYES_BEFORE_S,
    MAT_SECONDS,
    two_sessions,
    write_preprocessed,
    write_seed_vii,
)
from lookalikes.signals import true_de

from featpipe.datasets import facts
from featpipe.montage import CAP62
from featpipe.schema import BANDS
from pipelines.__main__ import run

OF = two_sessions(facts.facts_of("seed-vii"))
STUDY = """
[study]
name = "SEED-VII"
layout = "seed-vii"
root = "."
eeg = "{eeg}"
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
    folder = tmp_path_factory.mktemp("seed-vii")
    (folder / "study.toml").write_text(STUDY.format(eeg="auto"))
    write_seed_vii(folder / "SEED-VII", OF)
    assert run(["extract", str(folder / "study.toml"), *one_worker()]) == 0
    return folder


def tables(folder, family):
    return pd.read_parquet(folder / "out/features" / family)


def check_de(de):
    """Compare with the entropy of the noise, whose windows have few bins: hence a bit below."""
    low, high = BANDS["gamma"]
    for label in sorted(de["label"].unique()):
        of_label = de[de["label"] == label]
        got = np.array([of_label[f"de_gamma_{name}"].mean() for name in CAP62])
        true = np.array([true_de(label, channel, low, high, SFREQ) for channel in range(62)])
        assert -0.06 < np.mean(got - true) < 0.02
        assert np.abs(got - true - np.mean(got - true)).max() < 0.15


def test_scan_knows_the_files(extracted, capsys):
    assert run(["scan", "--json", str(extracted / "SEED-VII")]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["format"] for row in found} == {"neuroscan_cnt", "tobii_tsv"}
    assert {(row["subject"], row["session"]) for row in found} == {
        (subject, session) for subject in ("1", "9", "14") for session in ("1", "3")
    }


def test_labels_trials_and_entropy_are_those_that_were_written(extracted):
    de = tables(extracted, "de")
    assert len(de) == 3 * 2 * 20 * 2
    assert de["good"].eq(1).all()
    for session, of in de.groupby("session"):
        labels = of.groupby("trial")["label"].unique()
        expected = OF.session(str(session)).labels
        assert [label.tolist() for label in labels] == [[label] for label in expected]
    check_de(de)


def test_eye_tables_stand_on_the_grid_of_the_eeg(extracted):
    eye, de = tables(extracted, "eye"), tables(extracted, "de")
    keys = ["subject", "session", "trial", "window"]
    assert eye[keys].equals(de[keys])
    quality = pd.read_parquet(extracted / "out/qc/recordings.parquet")
    offset = quality["clock_offset_s"].dropna()
    np.testing.assert_allclose(offset, -EYES_BEFORE_S, atol=0.005)
    middle = eye.groupby("label")["eye_pupil_x_mean"].median()
    np.testing.assert_allclose(middle, 3 + 0.2 * middle.index.to_numpy(), atol=0.11)  # or the other


def test_a_method_learns_it(extracted):
    options = ["--method", "svm", "--seeds", "[0]", *one_worker()]
    assert run(["train", str(extracted / "study.toml"), *options]) == 0
    scores = pd.read_parquet(extracted / "out/scores.parquet")
    scores = scores[scores["method"] == "svm"]
    assert set(scores["subject"]) == {"1", "9", "14"}
    assert scores["accuracy"].min() > 0.3  # of seven classes, from the eyes alone


def test_preprocessed_recordings_and_defects(tmp_path, short_facts, capsys):
    write_preprocessed(tmp_path, OF, ["1", "2", "14"])
    path = tmp_path / "EEG_preprocessed/14.mat"
    path.write_bytes(path.read_bytes()[:100_000])
    (tmp_path / "study.toml").write_text(STUDY.format(eeg="preprocessed"))
    assert run(["extract", str(tmp_path / "study.toml"), *one_worker()]) == 3
    said = capsys.readouterr().err
    assert "14.mat: it is truncated" in said
    assert "no eyes beside preprocessed EEG" in said
    failures = pd.read_parquet(tmp_path / "out/failures.parquet")
    assert set(failures["unit"]) == {"sub-14_ses-1", "sub-14_ses-3"}
    de = tables(tmp_path, "de")
    assert len(de) == 2 * 2 * 10 * sum(MAT_SECONDS)
    assert de.groupby(["subject", "session", "trial"]).ngroups == 2 * 2 * 20
    check_de(de)
    assert not (tmp_path / "out/features/eye").exists()


def test_defects_are_told_and_what_is_sound_is_made(tmp_path, short_facts, capsys):
    write_seed_vii(tmp_path / "SEED-VII", OF, subjects=("1", "14"))
    (tmp_path / "study.toml").write_text(STUDY.format(eeg="raw"))
    raw, eyes = tmp_path / "SEED-VII/EEG_raw", tmp_path / "SEED-VII/EYE_raw"
    (raw / "1_20221001_1.cnt").rename(raw / "liu.cnt")
    cut = raw / "1_20221008_3.cnt"
    cut.write_bytes(cut.read_bytes()[:500_000])
    (eyes / "14_20221015_1.tsv").unlink()
    shutil.copy(raw / "14_20221015_1.cnt", raw / "14_20221022_3.cnt")  # of the wrong session
    assert run(["extract", str(tmp_path / "study.toml"), *one_worker()]) == 3
    said = capsys.readouterr().err
    for text in (
        "liu.cnt: its name is not", "1_20221008_3.cnt: truncated",
        "no eye recording of subject 14, session 1",
        "14_20221022_3.cnt: its header has the date of session 1",
    ):  # fmt: skip
        assert text in said
    de, eye = (tables(tmp_path, family) for family in ("de", "eye"))
    assert set(de["subject"] + "/" + de["session"]) == {"14/1"}
    assert set(eye["subject"] + "/" + eye["session"]) == {"1/1", "1/3", "14/3"}
    middle = eye.groupby("label")["eye_pupil_x_mean"].median()  # on the clock of the triggers
    np.testing.assert_allclose(middle, 3 + 0.2 * middle.index.to_numpy(), atol=0.11)
