"""Model folders: the same bits in another process, nothing executed, damage found."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from lookalikes.processes import environment

from featpipe.errors import ConfigError, ReadError
from models.card import card
from models.evaluate import cross_validate, fit_folds
from models.final import train_on_all
from models.model import predict
from models.registry import make_config
from models.saved import CARD, DESCRIPTION, WEIGHTS, read_model, write_model
from models.scores import scores, summary
from models.seals import OPEN, read_said, seal
from models.types import Fold

NETWORKS = ("mlp", "mlp_cross", "cscm_sm", "cscm")
CONFIG = {"n_epochs": 6, "batch": 48}

ELSEWHERE = """
import sys, numpy as np
from pathlib import Path
from dataclasses import replace
from models.loading import Windows
from models.model import predict
from models.saved import read_model
import pandas as pd
folder = Path(sys.argv[1])
model = read_model(folder / "model")
keys = pd.read_parquet(folder / "keys.parquet")
x = {name: np.load(folder / f"{name}.npy") for name in model.columns}
windows = Windows(keys, x, np.zeros(len(keys), int), model.classes, (), {}, dict(model.columns), {})
np.save(folder / "found.npy", predict(model, windows))
"""


@pytest.fixture
def study(make_windows):
    windows = make_windows(n_subjects=5)
    sizes = {name: x[0].size for name, x in windows.x.items()}
    columns = {name: tuple(f"{name}_{i}" for i in range(n)) for name, n in sizes.items()}
    return replace(windows, columns=columns)


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        *((name, "last") for name in (*NETWORKS, "bihdm_eeg", "fuzzy_integral")),
        ("cscm", "source-validation"),
    ],
)
def test_another_process_predicts_the_same_bits_from_inputs_alone(study, tmp_path, name, policy):
    """The network of bihdm_eeg hangs on names of channels, which that process is not told."""
    model = train_on_all(study, name, 1, config=make_config(name, CONFIG), policy=policy)
    write_model(model, tmp_path / "model", tmp_path / ".staging")
    study.keys.to_parquet(tmp_path / "keys.parquet")
    for modality in model.columns:
        np.save(tmp_path / f"{modality}.npy", study.x[modality])
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path)]
    subprocess.run(command, check=True, env=environment())
    found = np.load(tmp_path / "found.npy")
    np.testing.assert_array_equal(found, predict(model, study))
    assert (found.argmax(1) == study.label).mean() > 0.7


def test_a_folder_of_before_names_were_kept_is_read(folder, study):
    path = folder / DESCRIPTION
    described = json.loads(path.read_text())
    assert described["shapes"].pop("names") == {
        "eeg": ["FP1", "FP2", "O1", "O2"],
        "eye": [f"eye_{i}" for i in range(6)],
    }
    path.write_bytes(seal(json.dumps({**described, "checksum": OPEN}).encode()))
    model = read_model(folder)
    assert model.shapes.names == {}
    assert predict(model, study).shape == (len(study.keys), 3)


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_the_network_that_was_trained(study, name):
    """The trainer's own predictions of the same rows."""
    config = make_config(name, CONFIG)
    rows = np.arange(len(study.keys))
    trained = fit_folds(study, name, [Fold("all", rows, rows)], 1, config=config)
    model = train_on_all(study, name, 1, config=config)
    np.testing.assert_array_equal(predict(model, study), trained.probabilities["all"])


@pytest.fixture
def folder(study, tmp_path):
    model = train_on_all(study, "cscm", config=make_config("cscm", CONFIG))
    write_model(model, tmp_path / "model", tmp_path / ".staging")
    return tmp_path / "model"


def test_a_folder_is_safetensors_json_and_a_page(folder):
    assert {path.name for path in folder.iterdir()} == {WEIGHTS, DESCRIPTION, CARD}
    about = json.loads((folder / DESCRIPTION).read_text())
    assert about["inputs"] == ["eye"]
    assert about["trained_on"]["subjects"] == ["1", "2", "3", "4", "5"]
    assert about["variant"] == "n_epochs=6,batch=48"
    page = (folder / CARD).read_text()
    for text in ("# cscm", "negative, neutral, positive", "none were measured", "last, epoch 6"):
        assert text in page


def test_the_card_tells_scores_of_who_was_left_out(study, tmp_path):
    config = make_config("mlp", CONFIG)
    rows = summary(scores(cross_validate(study, "mlp", "loso", 0, config=config)))
    model = train_on_all(study, "mlp", config=config)
    write_model(model, tmp_path / "model", tmp_path / ".staging")
    described = json.loads((tmp_path / "model" / DESCRIPTION).read_text())
    told = f"loso, 5 subjects: accuracy {rows['accuracy_mean'][0]:.3f} ± "
    assert told in card(described, rows.to_dict("records"))


def test_the_card_of_what_learns_nothing_tells_of_no_epoch(study, tmp_path):
    model = train_on_all(study, "max_fusion", config=make_config("max_fusion", CONFIG))
    write_model(model, tmp_path / "model", tmp_path / ".staging")
    page = (tmp_path / "model" / CARD).read_text()
    assert "last, of the networks that it is made of; it learns nothing besides." in page
    assert "predict THIS_FOLDER EEG_TABLE EYE_TABLE...\n" in page
    assert "EEG_RECORDING EYE_RECORDING --trials TRIALS.csv --eye-offset SECONDS\n" in page


def test_the_epoch_of_a_measure_is_not_said_to_be_that_of_the_networks(study, tmp_path):
    model = train_on_all(study, "fuzzy_integral", config=make_config("fuzzy_integral", CONFIG))
    write_model(model, tmp_path / "model", tmp_path / ".staging")
    page = (tmp_path / "model" / CARD).read_text()
    assert "made of; epoch 10 is of what it learns besides." in page
    assert "judge on eye: dnn_eye, options n_epochs=6,batch=48, 5 of them, each on other" in page


def test_a_folder_says_who_taught(study, tmp_path):
    config = make_config("kd_eeg", {**CONFIG, "teacher_epochs": 2})
    write_model(train_on_all(study, "kd_eeg", config=config), tmp_path / "m", tmp_path / ".staging")
    teacher = json.loads((tmp_path / "m" / DESCRIPTION).read_text())["before"]["teacher"]
    assert (teacher["method"], teacher["groups"]) == ("dnn_eye", 0)
    assert teacher["variant"] == "confusion=0.1,n_epochs=2"
    page = (tmp_path / "m" / CARD).read_text()
    assert "**Trained before**: teacher: dnn_eye, options confusion=0.1,n_epochs=2." in page


def test_simulated_data_are_said_to_be(study, tmp_path):
    keys = study.keys.assign(dataset="simulated")
    model = train_on_all(replace(study, keys=keys), "mlp", config=make_config("mlp", CONFIG))
    write_model(model, tmp_path / "model", tmp_path / ".staging")
    assert "Trained on simulated data" in (tmp_path / "model" / CARD).read_text()


@pytest.mark.parametrize("name", [WEIGHTS, DESCRIPTION])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ReadError, match=name):
        read_model(folder)


@pytest.mark.parametrize("name", [WEIGHTS, DESCRIPTION])
def test_every_flipped_bit_is_found(folder, name):
    """By `predict`, which reads both files, and of each file by itself."""
    path = folder / name
    whole = path.read_bytes()
    read_said(path)
    for at in np.random.default_rng(0).integers(8 * len(whole), size=30):
        spoilt = bytearray(whole)
        spoilt[at // 8] ^= 1 << (at % 8)
        path.write_bytes(spoilt)
        for read in (lambda: read_model(folder), lambda: read_said(path)):
            with pytest.raises(ReadError, match=name):
                read()


def test_equal_models_are_equal_bytes(study, tmp_path):
    model = train_on_all(study, "mlp", config=make_config("mlp", CONFIG))
    for name in ("a", "b"):
        write_model(model, tmp_path / name, tmp_path / ".staging")
    for name in (WEIGHTS, DESCRIPTION, CARD):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 3, "featpipe": "9.0"}, "install featpipe 9.0"),
        ({"format": 1}, "train it again with `featpipe fit`"),
        ({"method": "resnet"}, "unknown method"),
        ({"config": {"lr": "fast"}}, "describes no model"),
        ({"config": {"__class__": 1}}, "describes no model"),
        ({"shapes": {}}, "describes no model"),
        ({"columns": 3}, "describes no model"),
        ({"weights": {"file": "../../x", "sha256": "0"}}, "not what model.json says"),
    ],
)
def test_a_strange_description_is_refused(folder, change, told):
    path = folder / DESCRIPTION
    described = {**json.loads(path.read_text()), "checksum": OPEN, **change}
    path.write_bytes(seal(json.dumps(described).encode()))
    with pytest.raises(ReadError, match=told):
        read_model(folder)


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, "{}"])
def test_what_is_no_description_is_refused(folder, text):
    (folder / DESCRIPTION).write_text(text)
    with pytest.raises(ReadError, match=DESCRIPTION):
        read_model(folder)


def test_columns_of_other_features_are_refused(folder, study):
    model = read_model(folder)
    other = replace(study, columns={**study.columns, "eye": study.columns["eye"][::-1]})
    with pytest.raises(ConfigError, match="their order or number differs"):
        predict(model, other)
    lacking = replace(study, columns={"eye": study.columns["eye"][1:]})
    with pytest.raises(ConfigError, match="eye_0 missing"):
        predict(model, lacking)


@pytest.mark.parametrize(("name", "policy"), [("svm", "last"), ("mlp", "test-selected")])
def test_what_has_no_folder_is_refused(study, name, policy):
    with pytest.raises(ConfigError, match=r"no network|nobody is left"):
        train_on_all(study, name, policy=policy)


def test_weights_of_another_network_are_refused(study):
    model = train_on_all(study, "mlp", config=make_config("mlp", CONFIG))
    wider = model._replace(config=make_config("mlp", {**CONFIG, "n_common": 7}))
    with pytest.raises(ConfigError, match="weights are not of the network described"):
        predict(wider, study)
