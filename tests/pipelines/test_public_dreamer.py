"""DREAMER from its one file to scores, through the commands."""

import json

import numpy as np
import pandas as pd
import pytest
from lookalikes import dreamer as look
from lookalikes.one_worker import one_worker
from lookalikes.signals import true_de

from featpipe.schema import BANDS
from pipelines.__main__ import run

STUDY = '[study]\nname = "dreamer"\nlayout = "dreamer"\nroot = "raw"\n'


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """An extracted study; do not write to its tables."""
    folder = tmp_path_factory.mktemp("dreamer")
    truth = look.write_dreamer(folder / "raw", 3)
    (folder / "study.toml").write_text(STUDY)
    assert run(["extract", str(folder / "study.toml"), *one_worker()]) == 0
    return folder, truth


def test_every_subject_has_its_own_table_of_the_truth(study):
    folder, truth = study
    for subject, valence in truth.valence.items():
        path = folder / "out" / "features" / "de" / f"sub-{subject}_ses-1.parquet"
        frame = pd.read_parquet(path)
        assert len(frame) == sum(truth.seconds)
        labels = frame.groupby("trial")["label"].first().to_numpy()
        np.testing.assert_array_equal(labels, valence > 3)
        names = [name for name in frame.columns if name.startswith("de_alpha_")]
        assert names == [f"de_alpha_{channel}" for channel in look.CHANNELS]
        for band in ("beta", "gamma"):
            low, high = BANDS[band]
            for label in (0, 1):
                found = np.median(frame[f"de_{band}_F7"][frame["label"] == label])
                assert abs(found - true_de(label, 1, low, high, 128.0)) < 0.15


def test_labels_can_be_learnt_and_the_file_is_scanned(study, capsys):
    folder, _ = study
    options = [*one_worker(), "--method", "svm_eeg", "--protocol", "loso", "--seeds", "0"]
    assert run(["train", str(folder / "study.toml"), *options]) == 0
    scores = pd.read_parquet(folder / "out" / "scores.parquet")
    scores = scores.loc[scores["method"] == "svm_eeg"]
    assert len(scores) == 3
    assert scores["accuracy"].min() > 0.8
    capsys.readouterr()
    assert run(["scan", str(folder / "raw"), "--json"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["format"] == "dreamer_mat"


def test_a_second_run_makes_nothing(study, capsys):
    folder, _ = study
    capsys.readouterr()
    assert run(["extract", str(folder / "study.toml"), *one_worker(), "--dry-run"]) == 0
    assert "3 fresh, 0 to make" in capsys.readouterr().out
