"""Options given as lists in a study: each value is a training of its own, as if set alone."""

from dataclasses import replace
from pathlib import Path

import pytest
from lookalikes.killed_training import write_tables

from featpipe.errors import ConfigError
from featpipe.tables import read_table
from pipelines.engine import update
from pipelines.steps import fit, train, tune
from pipelines.steps.train import TRAIN
from pipelines.study_sections import TrainPlan

LISTED = {"n_epochs": [1, 2], "lr": [0.01, 0.1]}
PLAN = TrainPlan(("mlp", "cscm"), seeds=(0,), options={"mlp": LISTED, "cscm": {"n_epochs": 1}})
ALONE = [
    replace(PLAN, methods=("mlp",), options={"mlp": {"n_epochs": n, "lr": lr}})
    for n in (1, 2)
    for lr in (0.01, 0.1)
]


def files(unit, step):
    return [(output.path, output.facts) for output in step.outputs(unit, [])]


@pytest.mark.parametrize("step", [train, fit], ids=["train", "fit"])
def test_each_variant_has_the_outputs_that_it_has_alone(step):
    *listed, cscm = step.units(PLAN, {}, Path("out"))
    alone = [unit for plan in ALONE for unit in step.units(plan, {}, Path("out"))]
    assert [files(unit, step) for unit in listed] == [files(unit, step) for unit in alone]
    assert cscm.payload.plan.options == {"cscm": {"n_epochs": 1}}
    assert [unit.payload.plan.options for unit in listed] == [plan.options for plan in ALONE]


def test_each_variant_is_searched_as_if_alone():
    search = tune.Search(3)
    listed = tune.units(replace(PLAN, methods=("mlp",)), {}, Path("out"), search)
    alone = [unit for plan in ALONE for unit in tune.units(plan, {}, Path("out"), search)]
    assert [unit.name for unit in listed] == [unit.name for unit in alone]
    assert [unit.payload.tried for unit in listed] == [unit.payload.tried for unit in alone]
    assert len({of.name for unit in listed for of in tune.candidate_units(unit)}) == 12


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"mlp": {"n_epochs": [1, "many"]}}, "option 'n_epochs' of mlp is 'many'"),
        ({"mlp": {"n_epochs": [1, 0]}}, "option 'n_epochs' of mlp is 0: "),
        ({"mlp": {"n_epochs": [1, 1]}}, "twice"),
        ({"svm": {"held_out": [0.5, "half"]}}, "option 'held_out' of svm"),
    ],
)
def test_a_wrong_value_in_a_list_is_refused_before_work(options, told):
    with pytest.raises(ConfigError, match=told):
        train.units(replace(PLAN, options=options), {}, Path("out"))


def test_variants_stand_beside_each_other_in_predictions(tmp_path):
    write_tables(tmp_path, n_subjects=3)
    tables = {m: sorted(tmp_path.glob(f"features/{m}/*.parquet")) for m in ("eye",)}
    plan = TrainPlan(("mlp",), seeds=(0,), options={"mlp": {"n_epochs": [1, 2]}})
    for unit in train.units(plan, tables, tmp_path):
        assert update(TRAIN, unit, {}, tmp_path / ".staging").state == "made"
    found = [read_table(path).to_pandas() for path in tmp_path.glob("predictions/*.parquet")]
    variants = {text for frame in found for text in frame["variant"].unique()}
    assert variants == {"n_epochs=1", "n_epochs=2"}
