"""Scores of an output folder: which rows stand where, what they took and what they were for."""

from dataclasses import replace

import pytest
from lookalikes.killed_training import write_tables

from featpipe.tables import read_metadata
from pipelines.engine import update
from pipelines.results import read_predictions, read_scores
from pipelines.scoring import write_scores
from pipelines.steps.ahead import in_waves, roles_of
from pipelines.steps.train import TRAIN, units
from pipelines.study_sections import TrainPlan

TABLES = {"eeg": "de", "eye": "eye"}


def tables_in(out):
    return {m: sorted(out.glob(f"features/{name}/*.parquet")) for m, name in TABLES.items()}


def train(out, made):
    for unit in made:
        assert update(TRAIN, unit, {}, out / ".staging").state == "made"


def rows(frame):
    """Method and variant, in the order they stand in."""
    return list(frame[["method", "variant"]].drop_duplicates().itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def of_variants(tmp_path_factory):
    """An output folder in which the methods of a plan are trained, and the trainings."""
    out = tmp_path_factory.mktemp("variants")
    write_tables(out)
    options = {"mlp": {"n_epochs": [1, 10, 2], "lr": [0.01, 0.001]}}
    plan = TrainPlan(("mlp", "majority"), seeds=(0, 10, 2), options=options)
    made = units(plan, tables_in(out), out)
    train(out, made)
    return out, made


def test_variants_stand_as_the_study_lists_them(of_variants):
    out, made = of_variants
    write_scores(out, tables_in(out), roles_of(made, units))
    scores = read_scores(out)
    variants = [f"{of}n_epochs={n}" for n in (1, 10, 2) for of in ("lr=0.01,", "")]
    assert rows(scores) == [("majority", "default"), *(("mlp", of) for of in variants)]
    assert rows(read_predictions(out)) == rows(scores)
    assert list(scores[scores["method"] == "mlp"]["seed"].unique()) == [0, 10, 2]


def test_variants_that_no_study_lists_stand_by_the_values_of_their_options(of_variants):
    out, made = of_variants
    first = made[2 * 3 : 3 * 3]  # of three seeds each
    write_scores(out, tables_in(out), roles_of(first, units))
    own = [of.payload.plan.options["mlp"] for of in first[:1]]
    assert own == [{"n_epochs": 10, "lr": 0.01}]
    others = ["lr=0.01,n_epochs=1", "lr=0.01,n_epochs=2", *(f"n_epochs={n}" for n in (1, 2, 10))]
    expected = [("majority", "default"), *(("mlp", of) for of in ("lr=0.01,n_epochs=10", *others))]
    assert rows(read_scores(out)) == expected
    names = read_metadata(out / "scores.parquet")["predictions"]
    seeds = [name.rpartition("-")[2] for name in names[1:]]
    assert seeds == [f"{seed}.parquet" for seed in (0, 10, 2)] + 5 * [
        f"{seed}.parquet" for seed in (0, 2, 10)
    ]


SHORT = {"n_epochs": 1}
OF_OTHERS = {
    "decision_fusion": SHORT, "dnn_eeg": SHORT,
    "kd_eye": SHORT | {"teacher_epochs": 1, "teacher_batch": 16},
}  # fmt: skip


@pytest.fixture(scope="module")
def of_others(tmp_path_factory):
    """An output folder of methods that start from others, and the plan of those asked for."""
    out = tmp_path_factory.mktemp("others")
    write_tables(out)
    plan = TrainPlan((*OF_OTHERS,), seeds=(0, 1), options=OF_OTHERS)
    waves = in_waves(units(plan, tables_in(out), out), units)
    train(out, (unit for wave in waves for unit in wave))
    return out, plan


def seconds(out, method):
    """Of each seed, as the curves have them."""
    found = [read_metadata(path) for path in sorted(out.glob(f"curves/{method}-*.parquet"))]
    assert [about["options"]["seed"] for about in found] == [0, 1]
    return [about["seconds"] for about in found]


def test_seconds_are_those_of_all_that_a_row_takes(of_others):
    out, _ = of_others
    write_scores(out, tables_in(out))
    found = read_scores(out).groupby(["method", "variant", "seed"])["seconds"].first()
    members = zip(*(seconds(out, name) for name in ("dnn_eye", "decision_fusion")), strict=True)
    alone = found["dnn_eeg", "n_epochs=1"]
    for seed, of in enumerate(members):
        expected = alone[seed] + sum(of)
        assert found["decision_fusion", "n_epochs=1", seed] == pytest.approx(expected)
    students = seconds(out, "kd_eye")
    teachers = found["dnn_eeg"].drop("n_epochs=1")
    assert len(teachers) == 2
    sums = [own + teacher for own, teacher in zip(students, teachers, strict=True)]
    assert list(found["kd_eye"]) == pytest.approx(sums)


def roles(out):
    frame = read_scores(out)[["method", "variant", "role"]].drop_duplicates()
    return {(method, variant): role for method, variant, role in frame.to_numpy()}


@pytest.fixture
def scored(of_others):
    """Score the output folder as if some methods were asked for, with no scores before."""
    out, plan = of_others
    (out / "scores.parquet").unlink(missing_ok=True)

    def score(*methods, **options):
        own = {name: {**OF_OTHERS.get(name, SHORT), **options} for name in methods}
        asked = units(replace(plan, methods=methods, options=own), tables_in(out), out)
        write_scores(out, tables_in(out), roles_of(asked, units))
        return roles(out)

    return score


TEACHER = ("dnn_eeg", "confusion=0.1,n_epochs=1,batch=16")


def test_what_nobody_asked_for_says_what_it_is_to_others(scored):
    assert scored(*OF_OTHERS) == {
        TEACHER: "teacher",
        ("dnn_eeg", "n_epochs=1"): "",
        ("dnn_eye", "n_epochs=1"): "member",
        ("kd_eye", "teacher_epochs=1,teacher_batch=16,n_epochs=1"): "",
        ("decision_fusion", "n_epochs=1"): "",
    }


def test_a_teacher_that_was_asked_for_by_name_stays_a_row_and_its_files_as_they_are(
    scored, of_others
):
    out, _ = of_others
    paths = [*out.glob("predictions/dnn_eeg-*"), *out.glob("curves/dnn_eeg-*")]
    before = {path: path.read_bytes() for path in paths}
    assert scored("kd_eye")[TEACHER] == "teacher"
    assert scored("dnn_eeg", confusion=0.1, batch=16)[TEACHER] == ""
    assert scored("kd_eye")[TEACHER] == ""
    assert {path: path.read_bytes() for path in paths} == before


def test_a_row_of_which_one_seed_is_asked_for_is_one_row(scored, of_others):
    out, plan = of_others
    scored("kd_eye")
    own = {"dnn_eeg": SHORT | {"confusion": 0.1, "batch": 16}}
    asked = units(replace(plan, methods=("dnn_eeg",), seeds=(1,), options=own), tables_in(out), out)
    write_scores(out, tables_in(out), roles_of(asked, units))
    found = read_scores(out).set_index(["method", "variant"]).loc[[TEACHER]]
    assert set(found["seed"]) == {0, 1}
    assert set(found["role"]) == {""}
