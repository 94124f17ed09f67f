"""Eye features that the numbers do not bear out are no eye table, unless a study says so."""

import logging
import pickle

import numpy as np
import pandas as pd
import pytest
from lookalikes import released_files as files
from lookalikes.imported_tables import imported, table

from featpipe.tables import read_metadata

ONE = ("--only", "session=1")


@pytest.fixture
def spoiled(tmp_path, small):
    """Return a function that writes SEED-V of one subject with changed eyes."""

    def write(spoil):
        root = tmp_path / "SEED-V"
        files.write_seed_v(root, small("seed-v"), ["1"])
        path = root / "Eye_movement_features/1_123.npz"
        with np.load(path) as parts:
            data, label = pickle.loads(parts["data"].item()), parts["label"]
        np.savez(path, data=pickle.dumps({k: spoil(x) for k, x in data.items()}), label=label)
        return root

    return write


def test_noise_for_eyes_fails_and_leaves_the_eeg(spoiled):
    noise = np.random.default_rng(0)
    root = spoiled(lambda x: noise.standard_normal(x.shape))
    code, out = imported("seed-v", root, *ONE)
    assert code == 3
    (reason,) = pd.read_parquet(out / "failures.parquet")["reason"]
    assert "1_123.npz: its columns are not borne out by its numbers: smi (documented" in reason
    assert 'write [study] eye_columns = "documented" into the study file' in reason
    assert len(table(out, "de")) > 0
    assert not (out / "features/eye").exists()


def test_a_study_may_take_them_as_documented_without_units(spoiled):
    noise = np.random.default_rng(0)
    root = spoiled(lambda x: noise.standard_normal(x.shape))
    _, out = imported("seed-v", root, *ONE)
    de = out / "features/de/sub-1_ses-1.parquet"
    before = de.stat().st_mtime_ns
    study = out / "study.toml"
    study.write_text(study.read_text().replace("[study]", '[study]\neye_columns = "documented"'))
    assert imported("seed-v", root, *ONE)[0] == 0
    about = read_metadata(out / "features/eye/sub-1_ses-1.parquet")
    assert set(about["units"].values()) == {"as released, not confirmed"}
    assert "not confirmed" in about["released"]["eye_columns"]
    assert de.stat().st_mtime_ns == before  # its options have not changed


def test_event_statistics_that_are_not_of_trials_are_told_and_marked(spoiled, caplog):
    rng = np.random.default_rng(1)

    def vary(x):
        return np.hstack([x[:, :24], x[:, 24:] * rng.uniform(0.95, 1.05, (len(x), 9))])

    with caplog.at_level(logging.WARNING):
        code, out = imported("seed-v", spoiled(vary), *ONE)
    assert code == 0
    assert "documented to be those of whole trials, are constant in only 0 %" in caplog.text
    about = read_metadata(out / "features/eye/sub-1_ses-1.parquet")
    assert about["event_scope"] == "documented as trial, but constant in 0% of trials"
    assert about["units"]["pupil"] == "px"
    assert "not pupils" in about["released"]["confirmed_eye_columns"]
