"""`featpipe tune`: what it writes, prints and leaves to the other verbs."""

import json
import shutil
import tomllib
from dataclasses import replace

import pandas as pd
import pytest
from lookalikes import one_process

from featpipe.tables import read_metadata, read_table
from models.registry import BASELINES, METHODS, make_config
from models.search import Choice
from pipelines import running
from pipelines.__main__ import run
from pipelines.steps.tune import FAMILY

OPTIONS = ("--set", "train.seeds=[0, 1]", "--set", "train.options.mlp.n_epochs=2")
MLP = ("--method", "mlp")
N = 3


def tune(study, *words, code=0):
    assert run(["tune", str(study / "study.toml"), *OPTIONS, *words]) == code


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(running, "_run", one_process.run)


@pytest.fixture(scope="module")
def tuned_once(finished_study, tmp_path_factory):
    """A copy of the finished study, one method searched; do not write to it."""
    study = shutil.copytree(finished_study, tmp_path_factory.mktemp("tuned") / "study")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "_run", one_process.run)
        tune(study, *MLP, "--trials", str(N))
    return study


@pytest.fixture
def tuned(tuned_once, tmp_path):
    """A copy of it that a test may spoil."""
    return shutil.copytree(tuned_once, tmp_path / "study")


def marks(folder):
    return {path.name: path.stat().st_mtime_ns for path in sorted(folder.glob("*.parquet"))}


def shown(study, *words):
    """State of every output as `show` tells it."""
    assert run(["show", str(study / "study.toml"), "--json", *OPTIONS, *words]) == 0


def test_candidates_and_choices_are_stored(tuned_once):
    out = tuned_once / "out"
    assert len(marks(out / FAMILY)) == 2 * N  # seeds
    for path in out.glob("predictions/mlp-tuned-*.parquet"):
        about, frame = read_metadata(path), read_table(path).to_pandas()
        assert set(frame["variant"]) == {f"tuned over {N} candidates, n_epochs=2"}
        assert set(frame["policy"]) == {"last"}
        assert set(frame["marks"]) == {""}
        tried = about[FAMILY]["candidates"]
        assert tried[0]["options"] == {"n_epochs": 2}
        judged = [
            read_table(out / source["name"]).to_pandas()
            for source in about["sources"] if source["name"].startswith(FAMILY)
        ]  # fmt: skip
        assert len(judged) == len(tried) == N
        for of, one in zip(judged, tried, strict=True):
            assert set(of["variant"]) == {one["variant"]}
            assert of["balanced_accuracy"].mean() == pytest.approx(one["balanced_accuracy"])
        for fold, number in about[FAMILY]["chosen"].items():
            best = max(of.set_index("fold").loc[fold, "balanced_accuracy"] for of in judged)
            assert judged[number].set_index("fold").loc[fold, "balanced_accuracy"] == best
        assert set(about[FAMILY]["chosen"]) == set(frame["fold"])


def test_the_row_stands_beside_the_defaults_and_the_baselines(tuned_once):
    scores = pd.read_parquet(tuned_once / "out/scores.parquet")
    rows = scores[scores["policy"] == "last"].drop_duplicates(["method", "variant"])
    found = list(zip(rows["method"], rows["variant"], strict=True))
    for baseline in BASELINES:
        assert (baseline, "default") in found
    tuned = ("mlp", f"tuned over {N} candidates, n_epochs=2")
    assert found.index(("mlp", "n_epochs=2")) + 1 == found.index(tuned)


def test_it_prints_the_search_the_scores_and_what_to_copy(tuned, capsys):
    capsys.readouterr()
    tune(tuned, *MLP, "--trials", str(N))  # nothing is left to do
    told = capsys.readouterr().out
    search, scores, copied = told.partition("SIMULATED")[0], told, told.partition("# mlp: ")[2]
    assert f"mlp (tuned over {N} candidates, n_epochs=2), loso_last_de: {N} candidates" in search
    assert "no test side was looked at" in search
    assert "sub-1" in search.partition("chosen per fold:")[2]
    assert "loso: leave one subject out" in scores
    assert "the tuned row is the honest one" in copied
    options = tomllib.loads("# " + copied)["train"]["options"]
    assert make_config("mlp", options["mlp"]).n_epochs == 2


def test_json_has_all_candidates(tuned, capsys):
    capsys.readouterr()
    tune(tuned, "--method", "mlp", "--trials", str(N), "--json")
    [search] = json.loads(capsys.readouterr().out)["tunings"]
    assert [one["number"] for one in sorted(search["candidates"], key=lambda x: x["number"])] == [
        *range(N)
    ]
    assert sum(one["n_chosen"] for one in search["candidates"]) == 2 * 3  # seeds, folds
    assert {fold: len(of) for fold, of in search["chosen"].items()} == dict.fromkeys(
        ("sub-1", "sub-2", "sub-3"), 2
    )


def test_more_candidates_later_judge_the_new_ones_only(tuned):
    before, predictions = marks(tuned / "out" / FAMILY), marks(tuned / "out/predictions")
    tune(tuned, *MLP, "--trials", str(N + 1), "--seeds", "0")
    after = marks(tuned / "out" / FAMILY)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1
    now = marks(tuned / "out/predictions")
    assert {name: now[name] for name in predictions} == predictions
    scores = pd.read_parquet(tuned / "out/scores.parquet")
    of_mlp = set(scores.loc[scores["method"] == "mlp", "variant"])
    assert of_mlp >= {f"tuned over {n} candidates, n_epochs=2" for n in (N, N + 1)}


def test_show_verify_and_report_know_it(tuned, capsys):
    capsys.readouterr()
    shown(tuned)
    rows = json.loads(capsys.readouterr().out)["outputs"]
    states = [row["state"] for row in rows if "-tuned-" in row["output"]]
    assert states == ["fresh"] * 4  # two seeds, curves as well
    assert run(["verify", str(tuned / "out")]) == 0
    assert run(["report", str(tuned / "out")]) == 0
    page = (tuned / "out/report.html").read_text(encoding="utf-8")
    section = page.partition("<h2>Searches of options</h2>")[2].partition("<h2>")[0]
    assert section.count("<h3>") == 1
    assert f"mlp (tuned over {N} candidates, n_epochs=2)" in section
    assert run(["compare", str(tuned / "out")]) == 0
    assert "mlp (tuned over" in capsys.readouterr().out
    shown(tuned, "--set", "train.precision=medium")
    rows = json.loads(capsys.readouterr().out)["outputs"]
    [why, *_] = [row["reason"] for row in rows if "-tuned-" in row["output"]]
    assert why == 'precision: "highest" -> "medium"'


def test_a_candidate_that_was_spoilt_is_found_and_judged_again(tuned, capsys):
    path = next((tuned / "out" / FAMILY).glob("mlp*"))
    sound = path.read_bytes()
    path.write_bytes(sound[:200] + bytes([sound[200] ^ 1]) + sound[201:])
    assert run(["verify", str(tuned / "out")]) == 3
    told = capsys.readouterr().out
    assert f"damaged   {FAMILY}/{path.name}" in told
    assert "search again with `featpipe tune`" in told
    path.unlink()
    tune(tuned, *MLP, "--trials", str(N))
    assert path.read_bytes() == sound
    assert run(["verify", str(tuned / "out")]) == 0


def test_a_candidate_that_diverges_is_told_and_the_rest_goes_on(tuned, monkeypatch, capsys):
    monkeypatch.setitem(METHODS, "mlp", replace(METHODS["mlp"], search={"lr": Choice((1e30,))}))
    tune(tuned, *MLP, "--trials", "2", "--seeds", "0")
    told = capsys.readouterr().out
    assert "in 3 of 3 folds: emotion became" in told
    assert "chosen in 3 of 3 folds" in told
    assert run(["verify", str(tuned / "out")]) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--method", "majority"), "majority: nothing to search"),
        (("--method", "mlp", "--policy", "test-selected", "--manner", "marked"), "test side"),
        (("--method", "svm", "--set", "train.options.svm.exponents=[0]"), "are set"),
        (("--method", "svm", "--trials", "1"), "x>=2"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_any_work(tuned_once, capsys, words, told):
    before = marks(tuned_once / "out" / FAMILY)
    tune(tuned_once, *words, code=1)
    assert told in capsys.readouterr().err
    assert marks(tuned_once / "out" / FAMILY) == before
