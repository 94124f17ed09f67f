"""A teacher is a training of its own: made once, before its students, and looked after like any."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from featpipe.tables import read_metadata, read_table
from models.evaluate import cross_validate
from models.loading import load_windows
from models.registry import METHODS, make_config
from pipelines.__main__ import run
from pipelines.identity import fingerprint
from pipelines.steps import tune
from pipelines.study_sections import TrainPlan

pytestmark = pytest.mark.usefixtures("in_this_process")
SHORT = {"n_epochs": 2, "teacher_epochs": 2, "teacher_batch": 16}
STUDENTS = ("kd_eeg", "cmcrd_eeg")


def train(study, *more, methods=STUDENTS, verb="train", **options):
    sets = [
        f"train.options.{name}.{option}={json.dumps(value)}"
        for name in methods
        for option, value in (SHORT | options).items()
        if option in make_config(name, {}).__dataclass_fields__
    ]
    sets += [f"train.methods={json.dumps(methods)}", "train.seeds=[0]"]
    words = [word for text in sets for word in ("--set", text)]
    return run([verb, str(study / "study.toml"), *words, *more])


def of(study, folder, method):
    return sorted((study / "out" / folder).glob(f"{method}-*_loso_*"))


def weights(study, method):
    [folder] = of(study, "models", method)
    return folder / "model.safetensors"


def test_students_of_all_losses_have_one_teacher(study, capsys):
    assert train(study) == 0
    [teacher] = of(study, "models", "dnn_eye")
    for name in STUDENTS:
        [path] = of(study, "predictions", name)
        sources = [source["name"] for source in read_metadata(path)["sources"]]
        assert f"models/{teacher.name}/model.safetensors" in sources
        [student] = of(study, "models", name)
        page = (student / "README.md").read_text()
        told = rf"teacher: dnn_eye, options \S+, in `{teacher.name}`, accuracy 0\.\d+ \(loso\)\.\n"
        assert re.search(told, page)
    row, *_ = [line for line in capsys.readouterr().out.splitlines() if "dnn_eye" in line]
    assert re.match(r"  dnn_eye \(confusion=0.1.*\) \[teacher\] +eye", row)
    assert train(study) == 0
    assert "trainings: 0 made" in capsys.readouterr().err


def test_a_student_is_what_training_in_one_go_gives(study):
    assert train(study) == 0
    out = study / "out"
    tables = {kind: sorted((out / "features" / kind).glob("*.parquet")) for kind in ("de", "eye")}
    windows = load_windows({"eeg": tables["de"], "eye": tables["eye"]})
    config = make_config("kd_eeg", SHORT)
    alone = cross_validate(windows, "kd_eeg", "loso", 0, config=config)
    [path] = of(study, "predictions", "kd_eeg")
    stored = read_table(path).to_pandas()
    for column in ("p_0", "p_1", "p_2"):
        np.testing.assert_array_equal(stored[column], alone[column])


def test_who_has_eeg_alone_is_tested_with_a_teacher_of_eyes(study):
    """And stored is what training in one go gives, where windows lack a modality, too."""
    path = study / "recordings.csv"
    frame = pd.read_csv(path, dtype=str)
    frame.loc[2, [name for name in frame if name.startswith("eye")]] = ""
    frame.to_csv(path, index=False)
    assert train(study, "--set", "train.missing=keep", methods=("kd_eeg",)) == 0
    out = study / "out"
    eeg, eye = sorted(out.glob("features/de/*")), sorted(out.glob("features/eye/sub-[12]_*"))
    windows = load_windows({"eeg": eeg, "eye": eye}, "keep")
    alone = cross_validate(windows, "kd_eeg", "loso", 0, config=make_config("kd_eeg", SHORT))
    [path] = of(study, "predictions", "kd_eeg")
    stored = read_table(path).to_pandas()
    assert set(stored["subject"]) == {"1", "2", "3"}
    for column in ("p_0", "p_1", "p_2"):
        np.testing.assert_array_equal(stored[column], alone[column])
    [path] = of(study, "predictions", "dnn_eye")
    assert set(read_table(path).to_pandas()["subject"]) == {"1", "2"}


def test_another_teacher_makes_students_anew(study, capsys):
    assert train(study) == 0
    before = weights(study, "kd_eeg").read_bytes()
    assert train(study, confusion=0.5) == 0
    assert len(of(study, "models", "dnn_eye")) == 2
    found = {(at / "model.safetensors").read_bytes() for at in of(study, "models", "kd_eeg")}
    assert found > {before}


def test_a_teacher_that_is_lost_comes_back_and_students_stay(study, capsys):
    assert train(study) == 0
    teacher, student = weights(study, "dnn_eye"), weights(study, "kd_eeg")
    stamp, content = student.stat().st_mtime_ns, teacher.read_bytes()
    teacher.unlink()
    capsys.readouterr()
    assert train(study) == 0
    assert "trainings: 1 made" in capsys.readouterr().err
    assert teacher.read_bytes() == content
    assert student.stat().st_mtime_ns == stamp


def test_students_of_a_teacher_that_failed_say_so(study, capsys, monkeypatch):
    broken = replace(METHODS["dnn_eye"], build=None)
    monkeypatch.setitem(METHODS, "dnn_eye", broken)
    assert train(study) == 3
    failures = read_table(study / "out" / "failures.parquet").to_pandas().set_index("unit")
    [student] = [name for name in failures.index if name.startswith("kd_eeg")]
    assert "which is its teacher, is not trained" in failures.loc[student, "reason"]


def test_a_teacher_of_an_earlier_division_teaches_nobody(study, capsys, monkeypatch):
    """It has learnt from trials that the student is tested on now."""
    within = ["--set", "train.protocol=within"]
    assert train(study, *within, methods=("kd_eeg",)) == 0
    broken = replace(METHODS["dnn_eye"], build=None)
    monkeypatch.setitem(METHODS, "dnn_eye", broken)
    assert train(study, *within, "--set", "train.train_share=0.34", methods=("kd_eeg",)) == 3
    failures = read_table(study / "out" / "failures.parquet").to_pandas().set_index("unit")
    [student] = [name for name in failures.index if name.startswith("kd_eeg")]
    reason = failures.loc[student, "reason"]
    assert "which is its teacher, was trained otherwise" in reason
    assert "train_share" in reason


def test_tuned_students_notice_another_teacher(study, monkeypatch):
    plan = replace(TrainPlan(), methods=("kd_eeg",), seeds=(0,))
    [unit] = tune.units(plan, {}, study / "out", tune.Search(2))
    before = [output.facts for output in tune.outputs(unit, [])]
    own = tune.candidate_units(unit)[0]  # with the study's options; others have other teachers
    [judged] = tune.judged_outputs(own, [])
    monkeypatch.setitem(METHODS, "dnn_eye", replace(METHODS["dnn_eye"], version=99))
    assert all(
        fingerprint(old) != fingerprint(new.facts)
        for old, new in zip(before, tune.outputs(unit, []), strict=True)
    )
    [again] = tune.judged_outputs(own, [])
    assert fingerprint(judged.facts) != fingerprint(again.facts)


def test_a_teacher_keeps_its_networks_where_models_are_not_wanted(study):
    assert train(study, "--set", 'train.models="none"') == 0
    assert weights(study, "dnn_eye").exists()
    assert not of(study, "models", "kd_eeg")


def test_fit_makes_a_teacher_of_everybody_too(study):
    assert train(study, verb="fit") == 0
    made = {
        path.name.split("-")[0]
        for path in (study / "out" / "models").glob("*-*")
        if "loso" not in path.name
    }
    assert made == {"dnn_eye", *STUDENTS}


def test_what_is_shown_counts_the_teacher_in(study, capsys):
    assert train(study) == 0
    capsys.readouterr()
    assert train(study, verb="show") == 0
    lines = capsys.readouterr().out.splitlines()
    [teacher] = of(study, "predictions", "dnn_eye")
    [line] = [line for line in lines if f"predictions/{teacher.name}" in line]
    assert "fresh" in line
