"""Scores of an output folder: which rows stand where."""

import pytest
from lookalikes.killed_training import write_tables

from featpipe.tables import read_metadata
from pipelines.engine import update
from pipelines.results import read_predictions, read_scores
from pipelines.scoring import write_scores
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
    write_scores(out, tables_in(out), [unit.name for unit in made])
    scores = read_scores(out)
    variants = [f"{of}n_epochs={n}" for n in (1, 10, 2) for of in ("lr=0.01,", "")]
    assert rows(scores) == [("majority", "default"), *(("mlp", of) for of in variants)]
    assert rows(read_predictions(out)) == rows(scores)
    assert list(scores[scores["method"] == "mlp"]["seed"].unique()) == [0, 10, 2]


def test_variants_that_no_study_lists_stand_by_the_values_of_their_options(of_variants):
    out, made = of_variants
    first = made[2 * 3 : 3 * 3]  # of three seeds each
    write_scores(out, tables_in(out), [unit.name for unit in first])
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
