"""The steps of a search on small tables: blind to the test side, and whole or not at all."""

import numpy as np
import pytest
from lookalikes.killed_training import write_tables
from lookalikes.outputs import features, grid, write_output

from featpipe.tables import read_metadata, read_table
from pipelines.engine import update
from pipelines.steps.tune import FAMILY, JUDGE, TUNE, Search, candidate_units, units
from pipelines.study_sections import TrainPlan


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Tables of 3 subjects, with nothing searched yet."""
    folder = tmp_path_factory.mktemp("small")
    write_tables(folder, n_subjects=3)
    return folder


def unit_of(out, n=2):
    names = {"eeg": "de", "eye": "eye"}
    tables = {m: sorted(out.glob(f"features/{name}/*.parquet")) for m, name in names.items()}
    [unit] = units(
        TrainPlan(("mlp",), seeds=(0,), options={"mlp": {"n_epochs": 1}}), tables, out, Search(n)
    )
    return unit


def search(out, n=2):
    unit = unit_of(out, n)
    for of in candidate_units(unit):
        assert update(JUDGE, of, {}, out / ".staging").reason == ""
    return update(TUNE, unit, {}, out / ".staging")


def found(out, fold):
    """What candidates reached in a fold, what it chose, and what it predicts."""
    [path] = out.glob("predictions/*-tuned-*.parquet")
    frames = [read_table(of).to_pandas() for of in sorted(out.glob(f"{FAMILY}/*.parquet"))]
    rows = [of[of["fold"] == fold].to_dict("records") for of in frames]
    return rows, read_metadata(path)[FAMILY]["chosen"][fold]


def test_spoilt_tables_of_the_tested_subject_change_nothing_of_its_fold(tmp_path):
    clean, dirty = tmp_path / "clean", tmp_path / "dirty"
    write_tables(clean, n_subjects=3)
    write_tables(dirty, n_subjects=3)
    keys = grid(3, 1, n_trials=4, n_windows=4)
    for family, n_columns in (("de", 45), ("eye", 33)):
        x = features(keys, n_columns, seed=n_columns, effect=1.0)
        x[keys["subject"] == "1"] = np.float32(1e6)
        write_output(dirty, family, keys, x, classes=("sad", "happy"))
    assert search(clean).state == search(dirty).state == "made"
    assert found(clean, "sub-1") == found(dirty, "sub-1")
    assert found(clean, "sub-2") != found(dirty, "sub-2")  # which are trained on them


def test_a_candidate_that_was_not_judged_fails_the_choice_and_not_the_judged(out):
    unit = unit_of(out)
    first, *others = candidate_units(unit)
    for of in others:
        assert update(JUDGE, of, {}, out / ".staging").state == "made"
    row = update(TUNE, unit, {}, out / ".staging")
    assert row.state == "failed"
    assert "candidate 0 of 2 was not judged" in row.reason
    assert "run the same command again" in row.reason
    assert search(out).state == "made"
    assert update(TUNE, unit, {}, out / ".staging").state == "kept"
    assert update(JUDGE, first, {}, out / ".staging").state == "kept"


def test_candidates_that_were_judged_on_other_tables_are_not_taken(out):
    assert search(out, 2).state in ("made", "kept")
    write_tables(out, n_subjects=4)
    row = update(TUNE, unit_of(out, 2), {}, out / ".staging")
    assert row.state == "failed"
    assert "was judged otherwise" in row.reason
    assert search(out, 2).state == "made"
