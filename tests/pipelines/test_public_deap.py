"""DEAP from its folder to scores: all three kinds of files, and a folder where things are wrong."""

import json
import shutil
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from lookalikes import deap as look
from lookalikes.one_worker import one_worker
from lookalikes.signals import true_de

from featpipe.datasets import facts
from featpipe.schema import BANDS
from pipelines.__main__ import run
from pipelines.steps import extract
from pipelines.study import find_recordings, load_study

N_TRIALS, SUBJECTS = 10, (1, 23, 30)
TRUTH = look.truth(SUBJECTS, N_TRIALS)
PYTHON = "data_preprocessed_python"


@contextmanager
def short_videos():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "facts_of", look.short_facts(N_TRIALS))
        yield


@pytest.fixture(autouse=True)
def short():
    with short_videos():
        yield


def write_study(folder, root, more=""):
    text = f'[study]\nname = "deap"\nlayout = "deap"\nroot = "{root}"\n{more}'
    (folder / "study.toml").write_text(text)
    return folder / "study.toml"


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """All three kinds of files; do not write to it."""
    folder = tmp_path_factory.mktemp("deap")
    for write in (look.write_python, look.write_matlab, look.write_original):
        write(folder, TRUTH)
    return folder


@pytest.fixture(scope="module")
def study(release, tmp_path_factory):
    """An extracted study of the pickles; do not write to its tables."""
    folder = tmp_path_factory.mktemp("study")
    path = write_study(folder, release / PYTHON, '[eeg]\nbaseline = "pre"\nbaseline_s = 3.0\n')
    with short_videos():
        assert run(["extract", str(path), *one_worker()]) == 0
    return folder


def tables(folder):
    return {
        int(path.stem.removeprefix("sub-").removesuffix("_ses-1")): pd.read_parquet(path)
        for path in sorted((folder / "out" / "features" / "de").glob("*.parquet"))
    }


def tables_of(path):
    """Make the tables of a study in this process."""
    study = load_study(path)
    units = extract.units(study, find_recordings(study).sources, path.parent / "out")
    made = {}
    for unit in units:
        [(_, table, _)] = extract.make(unit, extract.outputs(unit, []))
        made[int(unit.payload.source.subject)] = table.to_pandas()
    return made


def expect_truth(frame, labels, sfreq):
    """Compare labels, and DE with the closed form of white noise.

    The mean of exp(2 DE) over windows and channels is that of the power, without bias.
    """
    assert len(frame) == N_TRIALS * look.SECONDS
    found = frame.groupby("trial")["label"].first().to_numpy()
    np.testing.assert_array_equal(found, labels)
    for label, (band, (low, high)) in ((n, of) for n in (0, 1) for of in BANDS.items()):
        names = [f"de_{band}_{name.upper()}" for name in look.TRUE_FACTS.channels]
        truth = np.array([true_de(label, i, low, high, sfreq) for i in range(len(names))])
        excess = frame.loc[frame["label"] == label, names].to_numpy() - truth
        assert abs(0.5 * np.log(np.mean(np.exp(2 * excess)))) < 0.06, (band, label)
        if band == "gamma":  # every channel is a hundredth louder than the one before it
            by_channel = 0.5 * np.log(np.mean(np.exp(2 * (excess + truth)), axis=0))
            assert np.corrcoef(by_channel, truth)[0, 1] > 0.85  # 0.7 in the other order


def test_pickles_become_tables_of_the_truth(study):
    found = tables(study)
    assert list(found) == list(SUBJECTS)
    for subject, frame in found.items():
        assert set(frame["label_name"]) == {"low", "high"}
        expect_truth(frame, TRUTH.labels[subject], 128.0)


def test_matlab_files_give_the_same_tables(study, release, tmp_path):
    baseline = '[eeg]\nbaseline = "pre"\nbaseline_s = 3.0\n'
    path = write_study(tmp_path, release / "data_preprocessed_matlab", baseline)
    expected = tables(study)
    for subject, frame in tables_of(path).items():
        pd.testing.assert_frame_equal(frame, expected[subject], check_dtype=False)


def test_recordings_of_two_laboratories_have_the_same_columns(study, release, tmp_path):
    """Channels are in two orders, and Status of s30 has no name beside another one without."""
    found = tables_of(write_study(tmp_path, release))
    assert list(found) == list(SUBJECTS)
    for subject, frame in found.items():
        assert list(frame.columns) == list(tables(study)[subject].columns)
        expect_truth(frame, TRUTH.labels[subject][TRUTH.order[subject] - 1], look.RAW_SFREQ)


def test_labels_can_be_learnt_from_the_eeg_alone(study, release, capsys):
    path = study / "study.toml"
    quick = [*one_worker(), "--method", "svm_eeg", "--protocol", "loso", "--seeds", "0"]
    assert run(["train", str(path), *quick]) == 0
    scores = pd.read_parquet(study / "out" / "scores.parquet")
    scores = scores.loc[scores["method"] == "svm_eeg"]
    assert len(scores) == len(SUBJECTS)
    assert scores["accuracy"].min() > 0.8
    capsys.readouterr()
    assert run(["scan", str(release / PYTHON), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["format"] for line in lines} == {"deap_trials"}


def test_another_rating_makes_the_tables_stale(study, capsys):
    path = str(study / "study.toml")
    for more, told in ((), "3 fresh, 0 to make"), (("study.rating=arousal",), "0 fresh, 3 to make"):
        capsys.readouterr()
        assert run(["extract", path, "--dry-run", *(w for o in more for w in ("--set", o))]) == 0
        assert told in capsys.readouterr().out
    assert run(["extract", path, "--dry-run", "--set", "study.rating=joy"]) == 1
    assert "unknown rating 'joy'" in capsys.readouterr().err


def test_a_spoilt_folder_costs_what_is_spoilt(release, tmp_path, capsys):
    folder = tmp_path / "raw"
    shutil.copytree(release / PYTHON, folder)
    cut, renamed = folder / "s23.dat", folder / "s30.dat"
    cut.write_bytes(cut.read_bytes()[:-10_000])
    renamed.rename(folder / "thirty.dat")
    assert run(["extract", str(write_study(tmp_path, "raw")), *one_worker()]) == 3
    shown = capsys.readouterr().err
    assert "s23.dat: it is damaged" in shown
    assert "thirty.dat: not called sNN.dat" in shown
    assert list(tables(tmp_path)) == [1]
    failures = pd.read_parquet(tmp_path / "out" / "failures.parquet")
    assert set(failures["unit"]) == {"sub-23_ses-1", "deap"}
