"""Seeds that are trained in one task: the files, claims and failures are those of each."""

import json
from dataclasses import replace

import numpy as np
import pytest
from lookalikes.killed_training import units_of, write_tables

from featpipe.tables import read_metadata, read_table
from models.evaluate import parts_of
from models.registry import METHODS
from pipelines.__main__ import run
from pipelines.engine import outputs_of, update
from pipelines.steps import train
from pipelines.steps.together import TOGETHER, apart, together

GPU = "cpu:0"
"""Stands for a device on which seeds are trained together."""


@pytest.fixture
def out(tmp_path):
    write_tables(tmp_path)
    return tmp_path


@pytest.fixture
def trained(monkeypatch):
    """Seeds of the trainings in this process."""
    found = []

    def watched(windows, method, folds, seeds, *how):
        found.append(list(seeds))
        return parts_of(windows, method, folds, seeds, *how)

    monkeypatch.setattr(train, "parts_of", watched)
    return found


def rows_of(out, units):
    """Train what is stale of some units in one task."""
    [task] = together(units)
    row = update(TOGETHER, task, {}, out / ".staging")
    return apart(row, task)


def files(units):
    return [path for unit in units for path in outputs_of(train.TRAIN, unit)]


def claims(units):
    return {
        path.name + path.parent.name: read_metadata(path)["fingerprint"]
        for path in files(units)
        if path.suffix == ".parquet"
    }


def test_one_task_where_seeds_share_a_device_and_one_each_on_the_cpu(tmp_path):
    seeds = [task.keys["seed"] for task in together(units_of(tmp_path, "mlp", seed="0+1+2"))]
    assert seeds == ["0", "1", "2"]
    [task] = together(units_of(tmp_path, "mlp", seed="0+1+2", device=GPU))
    assert task.keys["seed"] == "0,1,2"
    assert task.name.endswith("_loso_last_seeds-0-1-2")
    assert task.on_gpu
    svm = together(units_of(tmp_path, "svm", seed="0+1", device=GPU))
    assert [task.on_gpu for task in svm] == [False, False]  # no network


def test_files_are_those_of_seeds_trained_apart(out, tmp_path_factory):
    other = tmp_path_factory.mktemp("cpu")
    write_tables(other)
    units, alone = units_of(out, "cscm", "0+1", device=GPU), units_of(other, "cscm", "0+1")
    assert [row.state for row in rows_of(out, units)] == ["made", "made"]
    for unit in alone:
        assert update(train.TRAIN, unit, {}, other / ".staging").state == "made"
    assert [path.relative_to(out) for path in files(units)] == [
        path.relative_to(other) for path in files(alone)
    ]
    assert claims(units) == claims(alone)
    for one, two in zip(files(units), files(alone), strict=True):
        if one.parent.name == "predictions":
            mine, others = (read_table(path).to_pandas() for path in (one, two))
            for column in mine:
                if column.startswith("p_"):
                    np.testing.assert_allclose(mine[column], others[column], atol=1e-5)
                else:
                    np.testing.assert_array_equal(mine[column], others[column])


def test_only_what_is_stale_is_trained(out, trained):
    for unit in units_of(out, "mlp", "0+1"):
        assert update(train.TRAIN, unit, {}, out / ".staging").state == "made"
    stamps = {path: path.stat().st_mtime_ns for path in files(units_of(out, "mlp", "0+1"))}
    trained.clear()
    units = units_of(out, "mlp", "0+1+2+3", device=GPU)
    assert [row.state for row in rows_of(out, units)] == ["kept", "kept", "made", "made"]
    assert trained == [[2, 3]]
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    outputs_of(train.TRAIN, units[2])[0].unlink()  # its networks are of one training with it
    assert [row.state for row in rows_of(out, units)] == ["kept", "kept", "made", "kept"]
    assert trained[1:] == [[2]]
    assert [row.state for row in rows_of(out, units)] == ["kept"] * 4


def test_a_failure_is_one_of_each_seed_that_was_stale(out, monkeypatch):
    [first, *_] = units = units_of(out, "mlp", "0+1+2", device=GPU)
    assert update(train.TRAIN, first, {}, out / ".staging").state == "made"
    monkeypatch.setitem(METHODS, "mlp", replace(METHODS["mlp"], build=None))
    kept, *failed = rows_of(out, units)
    assert kept.state == "kept"
    assert [(row.state, row.unit) for row in failed] == [("failed", of.name) for of in units[1:]]
    assert len({mark for row in failed for mark in row.unmade}) == 8  # files of both
    monkeypatch.undo()
    assert [row.state for row in rows_of(out, units)] == ["kept", "made", "made"]


def test_a_seed_that_diverges_is_named(out):
    units = units_of(out, "mlp", "0+1", device=GPU, lr=10**30)
    for row in rows_of(out, units):
        assert row.state == "failed"
        assert "in fold sub-1, seed 0;" in row.reason


def test_what_was_published_before_a_failure_is_made(out, monkeypatch):
    units = units_of(out, "mlp", "0+1", device=GPU)
    real, told = train.result_tables, []

    def failing(unit, *what):
        told.append(unit)
        if len(told) == 2:
            raise OSError("no such disk")
        return real(unit, *what)

    monkeypatch.setattr(train, "result_tables", failing)
    first, second = rows_of(out, units)
    assert (first.state, first.reason, len(first.files)) == ("made", "", 4)
    assert (second.state, second.reason, len(second.files)) == ("failed", "no such disk", 0)


OPTIONS = {
    "methods": ["kd_eeg", "mlp"],
    "options.mlp.n_epochs": 2,
    "options.kd_eeg.n_epochs": 2,
    "options.kd_eeg.teacher_epochs": 2,
    "options.kd_eeg.teacher_batch": 16,
}


@pytest.fixture
def said(study, capsys, in_this_process):
    """Function that runs a verb on a study and returns what it said."""

    def said(verb, seeds, device, *more, code=0):
        sets = {**OPTIONS, "seeds": seeds, "device": device}
        words = [w for k, v in sets.items() for w in ("--set", f"train.{k}={json.dumps(v)}")]
        capsys.readouterr()
        assert run([verb, str(study / "study.toml"), *words, *more]) == code
        return capsys.readouterr()

    return said


def states(said, method, seeds, device):
    """States of the files of a method, as `show` tells them."""
    found = json.loads(said("show", seeds, device, "--json").out)["outputs"]
    return {row["state"] for row in found if f"/{method}-" in row["output"]}


def test_a_study_goes_from_one_device_to_the_other(study, said):
    """Teachers come before; what is there of a seed is taken, whichever device it was made on."""
    assert "trainings: 3 made" in said("train", [0], "cpu").err  # one is the teacher
    assert "trainings: 8 made" in said("train", [0, 1, 2], GPU).err  # two are baselines
    assert "trainings: 0 made" in said("train", [0, 1, 2], "cpu").err
    for device in ("cpu", GPU):
        for method in ("dnn_eye", "kd_eeg", "mlp"):
            assert states(said, method, [0, 1, 2], device) == {"fresh"}
    assert run(["verify", str(study / "out")]) == 0


def test_students_that_failed_are_shown_as_failed_on_any_device(said, monkeypatch):
    monkeypatch.setitem(METHODS, "kd_eeg", replace(METHODS["kd_eeg"], build=None))
    said("train", [0, 1], GPU, code=3)
    for device in ("cpu", GPU):
        assert states(said, "kd_eeg", [0, 1], device) == {"failed"}
        assert states(said, "dnn_eye", [0, 1], device) == {"fresh"}
