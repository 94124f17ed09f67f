"""What `train` leaves in OUT/models: the networks that the stored predictions come of."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest
from lookalikes import killed_training
from lookalikes.killed_training import unit_of, write_tables
from lookalikes.processes import environment

from featpipe.errors import OutputError, ReadError
from models.saved import CARD, DESCRIPTION, WEIGHTS, read_model
from pipelines import engine
from pipelines.__main__ import run
from pipelines.engine import outputs_of, stale_because, update
from pipelines.outdated import set_aside_stale
from pipelines.steps.train import TRAIN
from pipelines.training import _with_models
from pipelines.verify import verify

ELSEWHERE = """
import sys, numpy as np, pandas as pd
from dataclasses import replace
from pathlib import Path
from models.loading import load_windows
from models.model import predict
from models.saved import read_model
folder, stored = map(Path, sys.argv[1:3])
model = read_model(folder)
windows = load_windows({"eye": [Path(name) for name in sys.argv[3:]]})
stored = pd.read_parquet(stored)
for fold, rows in stored.groupby("fold", sort=False):
    is_of = (windows.keys["subject"] == fold.removeprefix("sub-")).to_numpy()
    keys = windows.keys[is_of].reset_index(drop=True)
    part = replace(windows, keys=keys, x={"eye": windows.x["eye"][is_of]})
    expected = rows[[name for name in rows if name.startswith("p_")]].to_numpy()
    print(fold, len(rows), (predict(model, part, fold) == expected).all())
"""


@pytest.mark.parametrize("method", ["mlp", "cscm"])
def test_another_process_gives_the_stored_predictions_to_the_bit(finished_study, method):
    out = finished_study / "out"
    [folder] = out.glob(f"models/{method}-*")
    tables = sorted(map(str, out.glob("features/eye/*.parquet")))
    stored = out / "predictions" / f"{folder.name}.parquet"
    words = [sys.executable, "-c", ELSEWHERE, str(folder), str(stored), *tables]
    told = subprocess.run(
        words, check=True, env=environment(), capture_output=True, text=True
    ).stdout.split()
    assert told[::3] == ["sub-1", "sub-2", "sub-3"]
    assert sum(map(int, told[1::3])) == len(pd.read_parquet(stored))
    assert told[2::3] == ["True"] * 3


def test_every_network_has_a_folder_and_nothing_else_has(finished_study):
    out = finished_study / "out"
    trained = {path.stem for path in out.glob("predictions/*.parquet")}
    networks = {name for name in trained if name.startswith(("mlp", "cscm"))}
    assert networks < trained
    assert {path.name for path in out.glob("models/*")} == networks
    for name in networks:
        folder = out / "models" / name
        assert {path.name for path in folder.iterdir()} == {WEIGHTS, DESCRIPTION, CARD}
        about = json.loads((folder / DESCRIPTION).read_text())
        assert [fold["name"] for fold in about["folds"]] == ["sub-1", "sub-2", "sub-3"]
        assert about["folds"][0]["tested_on"]["subjects"] == ["1"]
        assert about["folds"][0]["trained_on"]["subjects"] == ["2", "3"]
        page = (folder / CARD).read_text()
        for text in ("Trained on simulated data", "loso, 3 subjects: accuracy", "--fold sub-1"):
            assert text in page
    listed = json.loads((out / "manifest.json").read_text())["files"]
    assert sum(name.startswith("models/") for name in listed) == 3 * len(networks)


def test_predict_says_which_folds_there_are(finished_study, capsys):
    out = finished_study / "out"
    [folder], table = out.glob("models/mlp-*"), next(out.glob("features/eye/*.parquet"))
    assert run(["predict", str(folder), str(table)]) == 1
    assert "one network per fold: sub-1, sub-2, sub-3: name one with --fold" in (
        capsys.readouterr().err
    )
    assert run(["predict", str(folder), str(table), "--fold", "sub-4"]) == 1
    assert "unknown fold 'sub-4'" in capsys.readouterr().err
    assert run(["predict", str(folder), str(table), "--fold", "sub-1"]) == 0


@pytest.fixture(scope="module", autouse=True)
def silent():
    """Trainings in this process, which have nobody to tell."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.steps.train.reporter", lambda out, unit: lambda *_: None)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small training that nothing disturbed."""
    out = tmp_path_factory.mktemp("whole")
    write_tables(out)
    assert trained(out)[1].state == "made"
    return out


def trained(out):
    unit = unit_of(out, "mlp")
    return unit, update(TRAIN, unit, {}, out / ".staging")


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "out")


def files_of(out):
    """Bytes of all that repeats: the curves tell how long it took."""
    places = [*out.glob("models/*/*"), *out.glob("predictions/*")]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(places)}


@pytest.mark.parametrize(
    ("n_published", "is_first"), [(2, True), (3, True), (0, False), (2, False), (3, False)]
)
def test_a_run_that_ends_between_two_files_leaves_nothing_wrong(
    copy, whole, monkeypatch, n_published, is_first
):
    """The next run makes all anew; meanwhile no description tells of other weights."""
    for path in [*copy.glob("models/*/*"), *copy.glob("predictions/*"), *copy.glob("curves/*")]:
        if is_first or path.name == WEIGHTS:
            path.unlink()
    unit, left = unit_of(copy, "mlp"), [n_published]
    publish = engine._publish

    def ending(*given):
        if not left[0]:
            raise OutputError("the power went")
        left[0] -= 1
        return publish(*given)

    monkeypatch.setattr(engine, "_publish", ending)
    row = update(TRAIN, unit, {}, copy / ".staging")
    monkeypatch.undo()
    assert row.state == "failed"
    [folder] = whole.glob("models/*")
    with pytest.raises(ReadError, match=f"{DESCRIPTION}|{WEIGHTS}"):
        read_model(copy / "models" / folder.name)
    assert trained(copy)[1].state == "made"
    assert files_of(copy) == files_of(whole)


@pytest.mark.parametrize("name", [WEIGHTS, DESCRIPTION])
def test_damage_is_found_and_mended(copy, whole, name):
    [path] = copy.glob(f"models/*/{name}")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    [found] = [one for one in verify(copy).found if one.file.startswith("models")]
    assert (found.kind, found.file) == ("damaged", path.relative_to(copy).as_posix())
    assert "run the study again" in found.next
    assert trained(copy)[1].state == "made"
    assert files_of(copy) == files_of(whole)


def test_an_option_makes_models_stale_but_not_the_wish_to_keep_none(copy):
    unit = unit_of(copy, "mlp")
    none = unit._replace(
        payload=unit.payload._replace(plan=replace(unit.payload.plan, models="none"))
    )
    assert len(outputs_of(TRAIN, none)) == 2
    assert update(TRAIN, none, {}, copy / ".staging").state == "kept"
    assert set_aside_stale(TRAIN, _with_models([none]), copy, "models") == []
    poor = replace(none.payload.plan, min_good=0.1)
    poor = none._replace(payload=none.payload._replace(plan=poor))
    listed = [o for o in TRAIN.outputs(_with_models([poor])[0], []) if o.path.name == WEIGHTS]
    assert "min_good" in stale_because(listed[0])
    assert update(TRAIN, poor, {}, copy / ".staging").state == "made"
    moved = set_aside_stale(TRAIN, _with_models([poor]), copy, "models")
    assert sorted(path.name for path in moved) == [DESCRIPTION, WEIGHTS]
    assert not [*copy.glob(f"models/*/{WEIGHTS}")]


def test_killed_trainings_compare_models_as_well(copy):
    """What `test_kept_folds` and `make chaos` compare of a killed training has the networks."""
    assert killed_training.results(copy)[2:]
