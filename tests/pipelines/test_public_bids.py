"""A BIDS data set through the command line: scan, extract, train, and a folder with defects."""

import json

import numpy as np
import pandas as pd
import pytest
from lookalikes.bids import CH_NAMES, CLASSES, LENGTH, ONSETS, SFREQ, labels, pupil, write_bids
from lookalikes.one_worker import one_worker
from lookalikes.signals import true_de

from featpipe.schema import BANDS
from featpipe.tables import read_metadata
from pipelines.__main__ import run

STUDY = """
[study]
name = "mine"
layout = "bids"
root = "ds"
classes = ["negative", "positive"]
[train]
methods = ["svm_eeg"]
seeds = [0]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study, extracted; do not write to it."""
    folder = tmp_path_factory.mktemp("public_bids")
    write_bids(folder / "ds")
    (channels,) = (folder / "ds/sub-10/ses-2").rglob("*_channels.tsv")
    channels.write_text(
        channels.read_text("utf-8").replace("Oz\tEEG\tµV\tgood", "Oz\tEEG\tµV\tbad")
    )
    (folder / "study.toml").write_text(STUDY, "utf-8")
    assert run(["extract", str(folder / "study.toml"), *one_worker()]) == 0
    return folder


def tables(folder, family):
    files = sorted((folder / "out/features" / family).glob("*.parquet"))
    return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)


def test_scan_knows_every_file_of_a_recording(folder, capsys):
    assert run(["scan", str(folder / "ds"), "--json"]) == 0
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["format"] for row in rows] == ["brainvision", "bids_physio"] * 6
    assert {(row["subject"], row["session"], row["status"]) for row in rows} == {
        (subject, session, "ok") for subject in ("01", "02", "10") for session in "12"
    }
    assert "tables of eye samples" not in err


def test_de_and_labels_are_those_that_were_put_in(folder):
    table = tables(folder, "de")
    assert len(table) == 6 * len(ONSETS) * LENGTH
    for (_, session, trial), of in table.groupby(["subject", "session", "trial"]):
        label = labels(int(session))[trial - 1]
        assert set(of["label"]) == {label}
        assert set(of["label_name"]) == {CLASSES[label]}
    for label, of in table.groupby("label"):
        for i, name in enumerate(CH_NAMES):
            low, high = BANDS["gamma"]
            found = np.log(np.exp(2 * of[f"de_gamma_{name.upper()}"]).mean()) / 2
            assert found == pytest.approx(true_de(label, i, low, high, SFREQ), abs=0.03)


def test_the_eog_of_the_table_of_channels_is_no_eeg(folder):
    assert not [name for name in tables(folder, "de").columns if name.endswith("_X1")]
    about = read_metadata(next((folder / "out/features/de").glob("*.parquet")))
    assert about["sources"][-1]["name"].endswith("_channels.tsv")


def test_eyes_lie_on_the_clock_of_the_eeg(folder):
    table = tables(folder, "eye")
    assert len(table) == 6 * len(ONSETS) * LENGTH
    middle = np.array(ONSETS)[table["trial"] - 1] + (table["start_s"] + table["stop_s"]) / 2
    # the mean of a line over a window is its value in the middle; a sample is 8 ms
    np.testing.assert_allclose(table["eye_pupil_x_mean"], pupil(middle), atol=0.1)
    assert table["eye_fixation_frequency"].gt(0).mean() > 0.9
    about = read_metadata(next((folder / "out/features/eye").glob("*.parquet")))
    assert (about["qc"]["clock_source"], about["units"]["pupil"]) == ("offset", "au (area)")


def test_one_method_trains_and_learns(folder):
    assert run(["train", str(folder / "study.toml"), *one_worker()]) == 0
    scores = pd.read_parquet(folder / "out/scores.parquet")
    assert scores.loc[scores["method"] == "svm_eeg", "accuracy"].min() > 0.8


def test_bad_channels_lower_good(folder):
    table = tables(folder, "de")
    is_spoiled = (table["subject"] == "10") & (table["session"] == "2")
    assert table["good"][is_spoiled].eq(0.75).all()  # one of four
    assert table["good"][~is_spoiled].eq(1).all()


def test_a_folder_with_defects_loses_what_it_must(tmp_path, capsys):
    ds = write_bids(tmp_path / "ds", sessions=("1",))
    (ds / "participants.tsv").write_text("participant_id\nsub-01\nsub-02\nsub-10\nsub-11\n")
    data = ds / "sub-02/ses-1/eeg/sub-02_ses-1_task-film_eeg.eeg"
    data.write_bytes(data.read_bytes()[:-3001])
    eye = ds / "sub-10/ses-1/eeg/sub-10_ses-1_task-film_recording-eye2_physio.tsv.gz"
    eye.write_bytes(eye.read_bytes()[:3000])
    (tmp_path / "study.toml").write_text(STUDY, "utf-8")
    assert run(["extract", str(tmp_path / "study.toml"), *one_worker()]) == 3
    told = capsys.readouterr().err
    for text in ("sub-11 is listed", "sub-02_ses-1_task-film_eeg.vhdr: truncated", eye.name):
        assert text in told
    assert set(tables(tmp_path, "de")["subject"]) == {"01", "10"}
    assert set(tables(tmp_path, "eye")["subject"]) == {"01", "02"}
    failures = pd.read_parquet(tmp_path / "out/failures.parquet")
    assert sorted(failures["subject"].dropna()) == ["02", "10", "11"]
