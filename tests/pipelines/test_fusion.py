"""Members of a fusion are units of work: those of the rows of one modality, trained once."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from featpipe.tables import read_metadata, read_table
from models.methods.fusion import MODALITIES
from models.saved import read_model
from pipelines.__main__ import run

pytestmark = pytest.mark.usefixtures("in_this_process")
FUSIONS = ("decision_fusion", "max_fusion", "fuzzy_integral")
ALL = ("dnn_eeg", "dnn_eye", *FUSIONS)


def start(study, *more, methods=ALL, verb="train"):
    sets = [f"train.options.{name}.n_epochs=2" for name in ALL]
    sets += [f"train.methods={json.dumps(methods)}", "train.seeds=[0]"]
    words = [word for text in sets for word in ("--set", text)]
    return run([verb, str(study / "study.toml"), *words, *more])


def of(study, folder, method):
    [found] = (study / "out" / folder).glob(f"{method}-*_loso_*")
    return found


def predictions(capsys, *words, code=0):
    capsys.readouterr()
    assert run(["predict", *map(str, words)]) == code
    return pd.read_csv(io.StringIO(capsys.readouterr().out))


def tables(study, *subjects):
    """Files of recordings as `predict` takes them."""
    return [
        study / "out" / "features" / family / f"sub-{subject}_ses-1.parquet"
        for subject in subjects
        for family in ("de", "eye")
    ]


def test_all_fusions_have_the_networks_of_the_rows_of_one_modality(study, capsys):
    assert start(study) == 0
    for modality in MODALITIES:
        alone = of(study, "models", f"dnn_{modality}")
        for name in FUSIONS:
            sources = read_metadata(of(study, "predictions", name))["sources"]
            assert f"models/{alone.name}/model.safetensors" in [one["name"] for one in sources]
            page = (of(study, "models", name) / "README.md").read_text()
            assert (
                f"member on {modality}: dnn_{modality}, options n_epochs=2, in `{alone.name}`"
                in page
            )
            fused = read_model(of(study, "models", name))
            for fold, network in read_model(alone).networks.items():
                for key, array in network.weights.items():
                    found = fused.networks[fold].weights[f"{modality}.{key}"]
                    np.testing.assert_array_equal(found, array)
    capsys.readouterr()
    assert start(study) == 0
    assert "trainings: 0 made" in capsys.readouterr().err


def test_they_bring_their_members_along(study, capsys):
    assert start(study, methods=("max_fusion",)) == 0
    told = capsys.readouterr()
    assert all(f"dnn_{modality} (n_epochs=2) [member]" in told.out for modality in MODALITIES)
    assert re.search(r"max_fusion \(n_epochs=2\) +eeg\+eye +eeg\+eye", told.out)


def test_curves_of_a_fusion_are_empty_or_tell_the_measure(study):
    assert start(study, "--set", "train.policy=source-validation") == 0
    curves = {
        name: read_table(of(study, "curves", name)).to_pandas()
        for name in ("max_fusion", "fuzzy_integral")
    }
    assert curves["max_fusion"].empty
    assert {"share_eeg", "share_eye", "chosen"} <= set(curves["fuzzy_integral"]["term"])
    assert run(["report", str(study / "out")]) == 0


def test_nothing_of_it_is_searched(study, capsys):
    words = ("--method", "max_fusion", "--trials", "3")
    assert run(["tune", str(study / "study.toml"), *words]) == 1
    assert "max_fusion: nothing to search, it has no ranges" in capsys.readouterr().err


def test_predict_takes_eeg_and_eyes_of_each_recording(study, capsys):
    assert start(study, methods=("max_fusion",)) == 0
    folder, stored = of(study, "models", "max_fusion"), of(study, "predictions", "max_fusion")
    found = predictions(capsys, folder, "--fold", "sub-1", *tables(study, "1", "2"))
    assert found["file"].nunique() == 2
    rows = read_table(stored).to_pandas().query("fold == 'sub-1'")
    names = json.loads((folder / "model.json").read_text())["classes"]
    for i, name in enumerate(names):
        np.testing.assert_allclose(found[f"p_{name}"][: len(rows)], rows[f"p_{i}"], rtol=1e-5)


def test_recordings_are_predicted_where_their_clocks_are_known(study, capsys, tmp_path):
    assert start(study, methods=("max_fusion",), verb="fit") == 0
    [folder] = (study / "out/models").glob("max_fusion-????????")
    recordings = [study / "raw" / f"sub-01_ses-1{end}" for end in (".cnt", "_Events.txt")]
    trials = pd.read_csv(study / "trials.csv").query("subject == 1")
    trials[["trial", "onset", "offset"]].to_csv(tmp_path / "trials.csv", index=False)
    quality = pd.read_parquet(study / "out/qc/recordings.parquet").set_index("subject")
    offset = quality.loc["1", "clock_offset_s"]
    words = ("--trials", tmp_path / "trials.csv", "--eye-offset", offset)
    found = predictions(capsys, folder, *recordings, *words)
    expected = predictions(capsys, folder, *tables(study, "1"))
    assert found[["trial", "window"]].equals(expected[["trial", "window"]])
    assert run(["predict", *map(str, (folder, *recordings))]) == 2
    assert "--trials and --eye-offset say how" in capsys.readouterr().err


@pytest.mark.parametrize(("files", "code", "told"), [
    ((0, 1, 2), 1, r"max_fusion reads eeg and eye, and files do not come out even \(3\)"),
    ((1, 0), 2, "the eeg columns are not those that the model was trained on"),
    ((2, 1), 2, "they have no window in common: the first are simulated 2 1 1 0 and simulated 1 "),
])  # fmt: skip
def test_files_that_do_not_go_together_are_refused(study, capsys, files, code, told):
    assert start(study, methods=("max_fusion",), verb="fit") == 0
    [folder] = (study / "out/models").glob("max_fusion-????????")
    given = tables(study, "1", "2")
    capsys.readouterr()
    assert run(["predict", str(folder), *(str(given[i]) for i in files)]) == code
    assert re.search(told, capsys.readouterr().err)
