"""`featpipe embed`: a picture of test windows, the features beside it, and what is refused."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from featpipe.schema import WINDOW_KEYS
from featpipe.tables import publish, read_metadata, read_table
from models.loading import load_windows
from models.model import embed
from models.saved import read_model, write_model
from models.separation import separation
from pipelines import embedded as embedding_of
from pipelines.__main__ import run
from pipelines.embedding_plot import title_of


@pytest.fixture
def models(finished_study):
    """Names of two model folders: they hold a mark of the options that they were trained with."""
    return [next(finished_study.glob(f"out/models/{name}-*")).name for name in ("mlp", "cscm")]


@pytest.fixture
def drawn(study, models, capsys):
    """A study whose subject 2 was drawn as two networks see it; what was printed."""
    assert run(["embed", str(study / "out"), *models, "--fold", "sub-2"]) == 0
    return study / "out", capsys.readouterr().out


def test_the_picture_and_a_table_of_each_network_lie_in_plots(drawn, models):
    out, said = drawn
    [picture] = (out / "plots").glob("embedding_sub-2_mlp+cscm-*.png")
    names = {picture.name, *(f"embedding_sub-2_{name}.parquet" for name in models)}
    assert {path.name for path in (out / "plots").iterdir()} == names
    assert all(name in said for name in names)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert said.startswith("SIMULATED DATA")
    assert run(["verify", str(out)]) == 0


def test_the_table_holds_the_last_features_of_the_windows_that_were_tested(drawn, models):
    out, _ = drawn
    path = out / f"plots/embedding_sub-2_{models[1]}.parquet"
    found = pd.read_parquet(path)
    tested = pd.read_parquet(out / f"predictions/{models[1]}.parquet")
    tested = tested[tested["fold"] == "sub-2"]
    by = list(WINDOW_KEYS)
    pd.testing.assert_frame_equal(found[by], tested[by].reset_index(drop=True), check_dtype=False)
    windows = load_windows({"eye": sorted(out.glob("features/eye/*.parquet"))})
    features = embed(read_model(out / "models" / models[1]), windows, "sub-2")
    is_of = (windows.keys["subject"] == "2").to_numpy()
    columns = [name for name in found if name.startswith("f_")]
    np.testing.assert_allclose(found[columns], features[is_of], rtol=1e-6)
    said = read_metadata(path)
    assert (said["model"], said["fold"]) == (models[1], "sub-2")
    apart = separation(features[is_of], windows.label[is_of], found["trial"].to_numpy())
    assert said["purity"] == pytest.approx(apart.purity)
    assert said["silhouette"] == pytest.approx(apart.silhouette)


def test_a_person_is_scaled_over_the_windows_that_were_trained_on(study, models, tmp_path):
    """Windows without EEG had no part in it."""
    out, [name, _] = study / "out", models
    model = read_model(out / "models" / name)
    about = {key: value for key, value in model.about.items() if key != "checksum"}
    scaled = model._replace(about=about | {"scaling": "subject"})
    write_model(scaled, out / "models" / name, tmp_path)
    tables = {m: sorted(out.glob(f"features/{m}/*.parquet")) for m in ("de", "eye")}
    windows = load_windows({"eeg": tables["de"], "eye": tables["eye"]})
    rows = (windows.keys["subject"] == "2").to_numpy()
    expected = embed(scaled, windows, "sub-2")[rows]
    [path] = out.glob("features/eye/sub-2_*")
    table = read_table(path)
    more = table.set_column(
        3, "trial", pa.array([99] * len(table), table.schema.field("trial").type)
    )
    more = more.replace_schema_metadata(table.schema.metadata).cast(table.schema)
    publish(pa.concat_tables([table, more.slice(0, 3)]), path, tmp_path)
    np.testing.assert_array_equal(embedding_of.embedded(out, name, "sub-2").features, expected)


def test_pictures_of_other_models_lie_beside_each_other(drawn, models):
    out, _ = drawn
    for asked in (models[:1], models[::-1], models[1:]):
        assert run(["embed", str(out), *asked, "--fold", "sub-2"]) == 0
    names = sorted(path.name.rpartition("-")[0] for path in (out / "plots").glob("*.png"))
    assert names == [f"embedding_sub-2_{of}" for of in ("cscm", "cscm+mlp", "mlp", "mlp+cscm")]


def test_what_each_reads_and_that_windows_are_few_is_told(drawn):
    _, said = drawn
    assert re.search(r"\n  mlp-\S+_seed-0 +eye +-?0\.\d", said)
    assert re.search(r"\n  only \d+ windows of \d+ trials of an emotion: both numbers are n", said)


def test_titles_say_method_options_seed_and_inputs(finished_study, models):
    one = embedding_of.embedded(finished_study / "out", models[0], "sub-1")
    title = title_of(one).replace("\n", " ")
    assert title.startswith(f"mlp ({one.variant.replace(',', ', ')}), seed 0, reads eye")
    fused = title_of(one._replace(inputs=("eeg", "eye"), variant="default"))
    assert fused == "mlp, seed 0, reads eeg and eye"


def test_a_second_time_gives_the_same_files(drawn, models):
    out, _ = drawn
    before = {path: path.read_bytes() for path in (out / "plots").iterdir()}
    folders = [str(out / "models" / name) for name in models]  # paths are names, too
    assert run(["embed", str(out), *folders, "--fold", "sub-2"]) == 0
    assert {path: path.read_bytes() for path in (out / "plots").iterdir()} == before


def test_a_picture_may_go_elsewhere(finished_study, models, tmp_path):
    picture = tmp_path / "figure.png"
    words = [str(finished_study / "out"), models[0], "--fold", "sub-1", "-o", str(picture)]
    assert run(["embed", *words]) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"figure.png", f"figure_{models[0]}.parquet"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("mlp_loso", "sub-1", "a.png"), "unknown model 'mlp_loso'"),
        (("", "sub-9", "a.png"), "unknown fold 'sub-9'"),
        (("", "sub-1", "a.pdf"), "-o a.pdf: the picture is PNG"),
    ],
    ids=["model", "fold", "picture"],
)
def test_what_is_not_there_is_refused(finished_study, models, capsys, asked, expected):
    name, fold, picture = asked
    words = [name or models[0], "--fold", fold, "-o", picture]
    assert run(["embed", str(finished_study / "out"), *words]) == 1
    assert expected in capsys.readouterr().err


def test_a_model_that_was_tested_on_nobody_is_refused(study, models, capsys):
    out = study / "out"
    (out / "predictions" / f"{models[0]}.parquet").unlink()
    assert run(["embed", str(out), models[0], "--fold", "sub-1"]) == 1
    assert "it was tested on nobody" in capsys.readouterr().err


def test_tables_that_lack_windows_which_were_tested_are_told(study, models, capsys):
    [table] = (study / "out/features/eye").glob("sub-1_*.parquet")
    table.unlink()
    assert run(["embed", str(study / "out"), models[0], "--fold", "sub-1"]) == 2
    assert "train it again" in capsys.readouterr().err


def test_windows_of_one_trial_are_told_apart_by_recording(finished_study, models):
    """Trial 1 of two sessions is two trials."""
    one = embedding_of.embedded(finished_study / "out", models[0], "sub-1")
    sessions = pd.concat([one.keys, one.keys.assign(session="2")], ignore_index=True)
    features = np.concatenate([one.features, one.features])
    trial = embedding_of.trial_numbers(sessions)
    assert len(np.unique(trial)) == 2 * one.keys["trial"].nunique()
    assert separation(features, sessions["label"].to_numpy(), trial).purity > one.apart.purity
