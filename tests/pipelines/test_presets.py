"""Presets: study files that come with featpipe, taken as if they lay in the current folder."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from featpipe.datasets import facts
from featpipe.datasets.layout import Defect, Found, Layout
from featpipe.datasets.table import LAYOUTS
from featpipe.recording import Source, Trial
from pipelines import presets
from pipelines.__main__ import run
from pipelines.job import Job, open_job, options_text
from pipelines.study import load_study, resolved

PATHS = sorted(presets.FOLDER.glob("*.toml"))


def find_tiny(root, choice):
    """Every `<subject>_1.fif` is a recording of two trials."""
    trials = (Trial(1, 0.0, 4.0, 0), Trial(2, 4.0, 8.0, 1))
    files = sorted(root.glob("*_1.fif"))
    sources = [
        Source(choice.name, path.stem[0], "1", path, None, None, trials, choice.classes)
        for path in files
    ]
    return Found(sources, [Defect("9", "1", "9_1.fif is missing: download it again")])


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A data set that takes the place of SEED-V, and a current folder without any study."""
    layout = Layout("seed-v", "tiny", lambda root: any(root.glob("*_1.fif")), find_tiny)
    monkeypatch.setitem(LAYOUTS, "seed-v", layout)
    root = tmp_path / "data"
    root.mkdir()
    for subject in "12":
        (root / f"{subject}_1.fif").write_bytes(b"")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return root


def shown(capsys, *arguments):
    capsys.readouterr()
    assert run(["show", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_preset_is_a_study(path, monkeypatch):
    about = tomllib.loads(path.read_text(encoding="utf-8"))
    layout = about["study"]["layout"]
    monkeypatch.setitem(LAYOUTS, layout, LAYOUTS.get(layout) or Layout(layout, "", bool, find_tiny))
    study = load_study(path)
    known = facts.facts_of(layout)
    stem = re.sub(r"_(released|cscm(_\d+)?)$", "", path.stem)
    stem = re.sub(r"^cmcrd_\d$", "seed_v", stem)
    assert study.study.layout.replace("-", "_") == stem
    assert set(study.train.subjects) <= set(known.eye_subjects)
    assert study.features.eye == bool(known.eye_subjects)
    assert study.study.rating in {*known.ratings, ""}
    assert bool(study.study.rating) == bool(known.ratings)
    assert not study.study.classes  # those of the facts
    assert all(len(line) <= 100 for line in path.read_text(encoding="utf-8").splitlines())
    if about["study"].get("tables") == "released":
        assert study.features.window_s in known.windows_s


def test_every_data_set_has_one():
    assert {name.replace("-", "_") for name in facts.NAMES} <= {path.stem for path in PATHS}


@pytest.mark.parametrize("name", ["seed_v.toml", "seed_v"])
def test_a_preset_runs_from_any_folder_and_writes_there(tiny, capsys, name):
    found = shown(capsys, name, "--set", f"study.root={tiny}")
    assert found["options"]["study"]["root"] == str(tiny)
    assert any(row["output"].endswith("sub-1_ses-1.parquet") for row in found["outputs"])
    job = open_job(Path(name), None, ["study.root=../data"])
    assert [source.name for source in job.sources] == ["sub-1_ses-1", "sub-2_ses-1"]
    assert job.out == tiny.parent / "here/seed_v_out"
    assert (
        open_job(Path(name), Path("there"), ["study.root=../data"]).out == Path("there").absolute()
    )
    assert not list(presets.FOLDER.glob("*out*"))


def test_without_its_data_a_preset_says_what_to_type(tiny, capsys):
    assert run(["run", "seed_v"]) == 1
    told = capsys.readouterr().err
    assert "seed_v (SEED-V from its recordings: 16 subjects, " in told
    assert "here/SEED-V: no such folder" in told
    assert "featpipe run seed_v.toml --set study.root=/data/SEED-V" in told


def test_without_its_data_a_preset_names_the_layout_that_was_asked_for(tiny, capsys):
    layout = ("--set", "study.layout=seed-iv", "--set", "study.name=seed-iv")
    assert run(["run", "cmcrd_1", *layout]) == 1
    told = capsys.readouterr().err
    assert "cmcrd_1 with layout = 'seed-iv' finds no data: " in told
    assert "cmcrd_1.toml --set study.layout=seed-iv --set study.root=/data/SEED-IV\n" in told


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_show_begins_with_the_head_of_a_preset(path, tiny, capsys, monkeypatch):
    head = path.read_text(encoding="utf-8").partition("\n\n")[0]
    assert run(["show", path.name, "--set", "study.root=nowhere"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{head}\n\n[")
    assert tomllib.loads(printed)["study"]["root"] == "nowhere"


def test_presets_are_listed_with_what_they_are(capsys):
    assert run(["list", "presets"]) == 0
    [line] = [one for one in capsys.readouterr().out.splitlines() if one.startswith("cmcrd_1.")]
    assert "Table 1: eyes teach EEG, within subjects of SEED-V" in line


def test_without_its_data_a_preset_is_shown_and_waits(tiny, capsys):
    assert run(["show", "seed_v", "--set", "features.window_s=2", "--only", "subject=1"]) == 0
    printed = capsys.readouterr().out
    assert tomllib.loads(printed)["features"]["window_s"] == 2
    [waiting, count] = [line for line in printed.splitlines() if re.match("# (wait|files)", line)]
    assert waiting.startswith("# waiting  features  (seed_v (SEED-V from its recordings: 16 ")
    assert waiting.endswith("featpipe show seed_v.toml --set study.root=/data/SEED-V)")
    assert count == "# files: 0 fresh, 0 to make; files of 1 more are not there"
    [row] = shown(capsys, "seed_v")["outputs"]
    assert row["state"] == "waiting"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_first_line_of_a_preset_says_what_it_is(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert re.fullmatch(r"# [A-Z].{20,}\.", first)


def test_the_folder_of_another_data_set_is_recognised(tiny, capsys):
    assert run(["extract", "seed_ger", "--set", f"study.root={tiny}"]) == 1
    assert "layout = 'seed-ger', but this looks like seed-v" in capsys.readouterr().err


def test_a_file_of_that_name_comes_first(tiny, capsys):
    text = (presets.FOLDER / "seed_v.toml").read_text(encoding="utf-8")
    own = text.replace('name = "seed-v"', 'name = "mine"')
    tiny.parent.joinpath("here/seed_v.toml").write_text(own, encoding="utf-8")
    found = shown(capsys, "seed_v.toml", "--set", f"study.root={tiny}")
    assert found["options"]["study"]["name"] == "mine"
    assert presets.preset_of(tiny / "seed_v.toml") is None  # another folder is meant


@pytest.mark.parametrize("name", ["seed-v.toml", "SEED_V", "seed-v"])
def test_a_name_like_that_of_a_preset_is_not_taken_for_it(tiny, capsys, name):
    assert run(["extract", name, "--set", f"study.root={tiny}"]) == 1
    assert f"{name}: no such study file; did you mean seed_v.toml" in capsys.readouterr().err
    assert not list(Path.cwd().iterdir())


def test_which_preset_is_taken_is_told_with_its_outputs(tiny, capsys):
    assert run(["show", "seed_v", "--set", f"study.root={tiny}"]) == 0
    assert "taking the preset seed_v: outputs in seed_v_out\n" in capsys.readouterr().err


def test_a_folder_beside_the_missing_one_is_proposed_with_the_verb_that_was_typed(tiny, capsys):
    (tiny.parent / "SEED-V").mkdir()
    assert run(["train", "seed_v", "--set", f"study.root={tiny.parent / 'seed_v'}"]) == 1
    meant = tiny.parent / "SEED-V"
    told = capsys.readouterr().err
    assert f"no such folder: did you mean {meant}? featpipe train seed_v.toml" in told
    assert f"--set study.root={meant}\n" in told


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_show_prints_can_be_saved_and_read_back(path, tmp_path, capsys):
    root = tmp_path / "data"
    root.mkdir()
    study = load_study(path, [f"study.root={root}"])
    text = options_text(Job(study, [], [], tmp_path, ""))
    (tmp_path / "mine.toml").write_text(text + "\n# missing  features/de/sub-1_ses-1.parquet")
    assert resolved(load_study(tmp_path / "mine.toml")) == resolved(study)


def test_all_that_show_prints_is_a_study_file(tiny, capsys):
    assert run(["show", "seed_v", "--set", f"study.root={tiny}", "--only", "subject=2"]) == 0
    printed = capsys.readouterr().out
    assert tomllib.loads(printed)["features"]["eeg"] == ["de", "de_lds"]
    assert "# missing  features/de/sub-2_ses-1.parquet" in printed
    assert "sub-1_ses-1" not in printed


def test_a_name_nearly_that_of_a_preset_is_told(tiny, capsys):
    assert run(["run", "seed_vi.toml"]) == 1
    told = capsys.readouterr().err
    assert "no such study file; did you mean seed_v" in told
    assert "dreamer.toml" in told
    assert run(["run", "nothing_like_it.toml"]) == 1
    assert "`featpipe simulate OUT` writes one" in capsys.readouterr().err
