"""`featpipe compare`: ours beside published figures, never across protocols or data sets unsaid."""

import json

import pandas as pd
import pytest

from models.published import datasets, figures
from models.registry import METHODS
from models.scores import summary
from pipelines.__main__ import run
from pipelines.results import label, read_scores


@pytest.fixture
def compare(finished_study, capsys):
    def run_it(*options, code=0):
        capsys.readouterr()
        assert run(["compare", str(finished_study / "out"), *options]) == code
        return capsys.readouterr()

    return run_it


def test_the_table_is_that_of_the_scores(compare, finished_study):
    told = compare().out
    assert told.startswith("SIMULATED DATA")
    for row in summary(read_scores(finished_study / "out")).to_dict("records"):
        named = label(row["method"], row["variant"])
        line = next(text for text in told.splitlines() if text.startswith(f"  {named}  "))
        assert f"{row['accuracy_mean']:.3f}" in line
        assert f"{row['accuracy_sd']:.3f} / {row['accuracy_sd_population']:.3f}" in line
        assert line.endswith(" -")  # nobody has published figures of a simulation
    assert "no published figure of simulated under this protocol" in told
    assert "Holm" in told


def test_figures_of_another_data_set_are_shown_only_when_asked_for_and_said_to_be(compare):
    told = compare("--beside", "seed-iv").out
    assert "0.523 ± 0.109" in told
    assert "published figures are of seed-iv: other people, clips and devices" in told
    assert "ICONIP 2021, Table 1; 15 subjects; not said there: whether sessions were pooled" in told


def test_json_holds_the_same(compare, finished_study):
    found = json.loads(compare("--json", "--beside", "seed", "--metric", "kappa").out)
    [setting] = found["settings"]
    assert setting["protocol"] == "loso"
    frame = pd.DataFrame(setting["scores"]).set_index("method")
    table = summary(read_scores(finished_study / "out")).set_index("method")
    pd.testing.assert_series_equal(frame["kappa_mean"], table["kappa_mean"], check_dtype=False)
    assert {row["protocol"] for row in setting["published"]} == {"loso"}
    assert {row["metric"] for row in setting["differences"]} == {"kappa"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--metric", "acuracy"), "did you mean 'accuracy'"),
        (("--reference", "cscn"), "did you mean 'cscm'"),
        (("--beside", "seed-v"), "Known: seed, seed-iv"),
    ],
)
def test_misspelt_names_are_refused(compare, options, told):
    assert told in compare(*options, code=1).err


def test_without_scores_the_next_step_is_named(tmp_path, capsys):
    assert run(["compare", str(tmp_path)]) == 1
    assert "featpipe train" in capsys.readouterr().err


def test_published_figures_are_of_methods_and_make_sense():
    assert datasets() == ["seed", "seed-iv"]
    assert {figure.method for figure in figures()} <= set(METHODS)
    assert all(0.3 < figure.mean < 0.8 and 0.05 < figure.sd < 0.14 for figure in figures())
    assert len(figures()) == 12
