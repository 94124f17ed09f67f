"""What README shows runs: every Python block, and the study files of a lab."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bench.table import as_markdown
from chaos import table as chaos_table
from chaos.__main__ import EXPERIMENTS, RESULTS
from truth import table as truth_table
from truth.__main__ import EXPERIMENTS as TRUTHS
from truth.__main__ import RESULTS as FOUND

from featpipe.simulate.study import simulate_study
from featpipe.simulate.world import SimulationSettings
from pipelines import presets
from pipelines.__main__ import run
from pipelines.study import find_recordings, load_study

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder_with_demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme")
    settings = SimulationSettings(n_subjects=3, n_trials=6, trial_s=8.0, sfreq=250)
    study = simulate_study(folder / "demo", settings)
    assert run(["extract", str(study), "--workers", "1"]) == 0
    return folder


@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.split("\n", 1)[0][:30])
def test_python_blocks_run(folder_with_demo, code):
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", "-c", code],
        cwd=folder_with_demo, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_block_of_scikit_learn_survives_windows_without_an_eye(folder_with_demo, tmp_path):
    (code,) = [code for code in blocks("python") if "cross_val_score" in code]
    folder = tmp_path / "demo/out/features/eye"
    shutil.copytree(folder_with_demo / "demo/out/features/eye", folder)
    file = next(folder.glob("*.parquet"))
    table = pd.read_parquet(file)
    table.loc[0, "eye_pupil_x_mean"] = np.nan
    table.to_parquet(file)
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path,
                          capture_output=True, text=True, check=False, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 0 < float(done.stdout) < 1


def test_the_study_of_a_lab_is_read(tmp_path):
    (study,) = blocks("toml")
    (tmp_path / "study.toml").write_text(study, encoding="utf-8")
    for name, text in zip(("recordings.csv", "trials.csv"), blocks("csv"), strict=True):
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = find_recordings(load_study(tmp_path / "study.toml")).sources
    assert [source.name for source in found] == ["sub-01_ses-1", "sub-02_ses-1"]
    assert found[0].eeg == tmp_path / "raw/s01/day1.cnt"
    assert [trial.label for trial in found[1].trials] == [2, 1]


def test_figures_are_those_of_the_last_bench():
    found = json.loads((Path(__file__).parent / "bench/results.json").read_text(encoding="utf-8"))
    assert found["command"] == "make bench"
    shown = README.split("<!-- bench -->\n")[1].split("<!-- /bench -->")[0]
    assert shown.strip() == as_markdown(found)


def test_figures_are_those_of_the_last_chaos():
    results = chaos_table.read_results(RESULTS)
    assert list(results) == list(EXPERIMENTS)
    assert all(row.is_held for about in results.values() for row in chaos_table.rows_of(about))
    shown = README.split("<!-- chaos -->\n")[1].split("<!-- /chaos -->")[0]
    assert shown.strip() == chaos_table.as_markdown(results)


def test_figures_are_those_of_the_last_truth():
    results = truth_table.read_results(FOUND)
    laid_down_before = {"study", "shift", "shared_latent", "shared_head", "privileged"}
    assert laid_down_before <= set(results) <= set(TRUTHS)
    assert {about["command"] for about in results.values()} == {"make truth"}
    shown = README.split("<!-- truth -->\n")[1].split("<!-- /truth -->")[0]
    assert shown.strip() == truth_table.as_markdown(results)


def test_study_files_that_are_run_come_along():
    typed = set(re.findall(r"featpipe run (\w+\.toml)", README)) - {"study.toml"}
    assert typed
    assert typed <= set(presets.names())


def test_commands_exist(capsys):
    verbs = re.findall(r"^\| `(\w+)[ `]", README.split("## Commands")[1], re.MULTILINE)
    assert len(verbs) >= 9
    for verb in verbs:
        assert run([verb, "--help"]) == 0
    capsys.readouterr()
