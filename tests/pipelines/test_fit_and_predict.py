"""`featpipe fit` and `featpipe predict`: to the classes of a recording nobody labelled."""

import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from lookalikes.processes import environment

from models.saved import CARD, DESCRIPTION, WEIGHTS
from pipelines.__main__ import run

QUICK = ("--method", "cscm", "--set", "train.options.cscm.n_epochs=4")


@pytest.fixture(scope="module")
def fitted(finished_study, tmp_path_factory):
    """A copy of the finished study with a model, and the model's folder."""
    study = shutil.copytree(finished_study, tmp_path_factory.mktemp("fit") / "study")
    assert run(["fit", str(study / "study.toml"), *QUICK]) == 0
    [folder] = [path for path in (study / "out/models").iterdir() if "_seed-" not in path.name]
    return study, folder


def predictions(capsys, *words, code=0):
    capsys.readouterr()
    assert run(["predict", *map(str, words)]) == code
    return pd.read_csv(io.StringIO(capsys.readouterr().out))


def test_a_model_is_listed_and_verified(fitted, capsys):
    study, folder = fitted
    assert folder.name.startswith("cscm-")
    assert run(["verify", str(study / "out")]) == 0
    path = folder / WEIGHTS
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert run(["verify", str(study / "out")]) == 3
    assert "train it again with `featpipe fit`" in capsys.readouterr().out
    path.write_bytes(content)


def test_a_fitted_model_is_fresh_until_an_option_changes(fitted, capsys):
    study, folder = fitted
    for option, (state, why) in {
        "train.seeds=[0,1,2]": ("fresh", ""),
        "train.policy=source-validation": ("stale", "; `featpipe fit` makes it anew"),
    }.items():
        capsys.readouterr()
        words = ["show", study / "study.toml", "--json", *QUICK[2:], "--set", option]
        assert run([*map(str, words), "--set", 'train.methods=["cscm"]']) == 0
        rows = {row["output"]: row for row in json.loads(capsys.readouterr().out)["outputs"]}
        found = rows[f"models/{folder.name}/{WEIGHTS}"]
        assert found["state"] == state
        assert found["reason"].endswith(why)


def test_the_card_of_a_fitted_model_tells_scores_of_who_was_left_out(fitted):
    page = (fitted[1] / CARD).read_text()
    assert "Trained on simulated data" in page
    assert "--fold" not in page


def test_a_raw_export_of_eyes_is_predicted_without_trials_or_labels(fitted, capsys, tmp_path):
    study, folder = fitted
    for name in ("Samples", "Events"):
        shutil.copy(next(study.rglob(f"sub-01*_{name}.txt")), tmp_path / f"new_{name}.txt")
    found = predictions(capsys, folder, tmp_path / "new_Samples.txt")
    about = json.loads((folder / DESCRIPTION).read_text())
    hop = about["tables"]["eye"]["options"]["features"]["hop_s"]
    assert list(found["start_s"][:2]) == [0, hop]
    assert set(found["class"]) <= set(about["classes"])
    p = found[[f"p_{name}" for name in about["classes"]]]
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-4)
    assert (p.to_numpy().argmax(1) == [about["classes"].index(c) for c in found["class"]]).all()


def test_a_table_gives_the_same_in_another_process_and_as_json(fitted, capsys):
    study, folder = fitted
    tables = sorted((study / "out/features/eye").glob("*.parquet"))[:2]
    found = predictions(capsys, folder, *tables)
    assert list(found["file"].unique()) == [str(path) for path in tables]
    assert len(found) == sum(len(pd.read_parquet(path)) for path in tables)
    command = [sys.executable, "-m", "pipelines", "predict", folder, *tables, "--json"]
    told = subprocess.run(
        [str(word) for word in command], env=environment(), check=True, capture_output=True
    ).stdout.splitlines()
    rows = [row for line in told for row in json.loads(line)["windows"]]
    np.testing.assert_allclose(found["p_neutral"], [row["p_neutral"] for row in rows], rtol=1e-5)


def test_one_bad_file_costs_itself_alone(fitted, capsys, tmp_path):
    study, folder = fitted
    table = next((study / "out/features/eye").glob("*.parquet"))
    empty = tmp_path / "empty.txt"
    empty.touch()
    other = next((study / "out/features/de").glob("*.parquet"))
    capsys.readouterr()
    assert run(["predict", str(folder), str(empty), str(other), str(table)]) == 3
    out, err = capsys.readouterr()
    assert len(pd.read_csv(io.StringIO(out))) == len(pd.read_parquet(table))
    assert err.count("failed: ") == 2
    assert str(empty) in err
    assert "eye columns are not those that the model was trained on" in err
    assert run(["predict", str(folder), str(empty)]) == 2


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("fit", "{study}", "--method", "svm"), 1, "none of them is a network"),
        (("fit", "{study}", "--policy", "test-selected", *QUICK), 1, "strict"),
        (("predict", "{study}", "x.txt"), 2, "model.json"),
    ],
)
def test_what_cannot_be_is_refused(fitted, capsys, words, code, told):
    study, _ = fitted
    assert run([word.format(study=study / "study.toml") for word in words]) == code
    assert told in capsys.readouterr().err
