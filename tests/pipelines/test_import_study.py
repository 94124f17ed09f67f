"""The study of an import: written once, resumed, refused where it says something else."""

import os
import shutil

import pandas as pd
import pytest
from lookalikes import released_files as files
from lookalikes.imported_tables import imported
from scipy.io import loadmat, savemat

from models.registry import BASELINES
from pipelines.__main__ import run
from pipelines.study import load_study


@pytest.fixture
def root(tmp_path, small):
    files.write_seed_v(tmp_path / "SEED-V", small("seed-v"), ["1"])
    return tmp_path / "SEED-V"


def states(out):
    return {path: path.stat().st_mtime_ns for path in out.glob("features/*/*.parquet")}


def test_a_second_import_keeps_what_is_there(root, capsys):
    code, out = imported("seed-v", root)
    before = states(out)
    assert code == 0
    assert len(before) == 6
    capsys.readouterr()
    assert imported("seed-v", root)[0] == 0
    assert "0 made, 3 kept" in capsys.readouterr().out
    assert states(out) == before


def test_only_what_is_asked_for_is_made_and_show_tells_the_rest(root, capsys):
    code, out = imported("seed-v", root, "--only", "session=3")
    assert code == 0
    assert {path.stem for path in states(out)} == {"sub-1_ses-3"}
    capsys.readouterr()
    assert run(["show", str(out / "study.toml"), "-o", str(out)]) == 0
    told = capsys.readouterr().out
    assert "2 fresh, 4 to make" in told
    assert 'tables = "released"' in told


def test_the_study_says_what_was_resolved(root):
    _, out = imported("seed-v", root)
    study = load_study((out / "study.toml").absolute())
    about = study.study
    assert (about.layout, about.tables, about.root) == ("seed-v", "released", str(root))
    assert about.classes == ("disgust", "fear", "sad", "neutral", "happy")
    assert (study.features.eeg, study.features.eye) == (("de",), True)
    assert study.features.window_s == 4
    assert study.eye.event_scope == "trial"


def test_changed_files_are_imported_again_and_others_kept(root, small, capsys):
    _, out = imported("seed-v", root)
    path = root / "Eye_movement_features/1_123.npz"
    path.write_bytes(path.read_bytes())
    os.utime(path, (1, 1))
    assert imported("seed-v", root)[0] == 0  # the same content
    files.write_seed_v(root.parent / "new", small("seed-v"), ["2"])
    path.write_bytes((root.parent / "new/Eye_movement_features/2_123.npz").read_bytes())
    before = states(out)
    capsys.readouterr()
    assert imported("seed-v", root)[0] == 0
    changed = {one.parent.name for one, at in states(out).items() if at != before[one]}
    assert changed == {"eye"}


def test_a_study_of_something_else_is_not_written_over(root, capsys):
    imported("seed-v", root)
    for options, told in (
        (("seed-v", root, "--window-s", "1"), "window_s = '4', not '1'"),
        (("seed-v", root / "EEG_DE_features"), "root = "),
    ):
        name, where, *more = options
        out = root.parent / "out"
        assert run(["import", name, str(where), "-o", str(out), *more]) == 1
        assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["deap", "."], "unknown data set that ships features 'deap'"),
        (["seed-v", "nowhere"], "nowhere: there is no such folder"),
        (["seed-v", "."], "no released features of SEED-V with 4 s windows in it"),
        (["seed", ".", "--window-s", "2"], "SEED ships features of 1 and 4 s windows"),
    ],
)
def test_what_cannot_be_imported_is_told_before_anything_is_written(
    tmp_path, monkeypatch, capsys, arguments, told
):
    monkeypatch.chdir(tmp_path)
    assert run(["import", *arguments, "-o", "out"]) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('layout = "table"', "layout names the data set: seed"),
        ('layout = "dreamer"', "unknown layout 'dreamer'"),
        ('layout = "seed-v"\n[features]\nwindow_s = 4.0\nhop_s = 2.0', "windows end to end"),
        ('layout = "seed-v"\n[features]\nwindow_s = 1.0', "ships features of 4 s windows"),
    ],
)
def test_a_study_that_asks_for_what_is_not_shipped_is_refused(root, tmp_path, capsys, line, told):
    path = tmp_path / "study.toml"
    path.write_text(f'[study]\nname = "x"\ntables = "released"\nroot = "SEED-V"\n{line}\n')
    assert run(["extract", str(path)]) == 1
    assert told in capsys.readouterr().err


def test_a_family_that_is_not_shipped_is_told_with_those_that_are(root, tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(
        '[study]\nname = "x"\nlayout = "seed-v"\ntables = "released"\nroot = "SEED-V"\n'
        '[features]\nwindow_s = 4.0\neeg = ["de", "psd"]\n'
    )
    assert run(["extract", str(path), "--only", "session=1"]) == 3
    (reason,) = pd.read_parquet(tmp_path / "out/failures.parquet")["reason"]
    assert "psd: the release has de, not psd: name these in [features] eeg" in reason
    assert (tmp_path / "out/features/de/sub-1_ses-1.parquet").exists()


def test_a_dry_run_looks_at_the_heads_of_files(root, tmp_path, capsys):
    path = root / "EEG_DE_features/1_123.npz"
    path.write_bytes(path.read_bytes()[:5000])
    study = tmp_path / "study.toml"
    study.write_text(
        '[study]\nname = "x"\nlayout = "seed-v"\ntables = "released"\nroot = "SEED-V"\n'
        "[features]\nwindow_s = 4.0\n"
    )
    assert run(["extract", str(study), "--dry-run", "--only", "session=1"]) == 0
    told = capsys.readouterr().out
    assert "unusable features/de/sub-1_ses-1.parquet" in told
    assert "it ends before its table of contents" in told
    assert "missing  features/eye/sub-1_ses-1.parquet" in told


def test_run_imports_trains_and_reports(small, tmp_path):
    root = tmp_path / "SEED"
    files.write_multimodal(root, small("seed"), [(of, "1") for of in "123"], 4.0)
    study = tmp_path / "study.toml"
    study.write_text(
        '[study]\nname = "x"\nlayout = "seed"\ntables = "released"\nroot = "SEED"\n'
        "[features]\nwindow_s = 4.0\n[train]\nmethods = ['svm', 'svm_eeg']\nseeds = [0]\n"
    )
    assert run(["run", str(study)]) == 0  # sessions 2 and 3 were not downloaded
    scores = pd.read_parquet(tmp_path / "out/scores.parquet")
    accuracy = scores.groupby("method")["accuracy"].mean()
    assert set(accuracy.index) == {*BASELINES, "svm", "svm_eeg"}
    assert accuracy[["svm", "svm_eeg"]].min() > 0.55  # a third by chance
    assert "eye_columns" in (tmp_path / "out/report.html").read_text("utf-8")


def test_families_that_no_file_has_are_left_out_with_a_note(small, tmp_path, capsys):
    root = tmp_path / "SEED"
    files.write_extracted(root, small("seed"), [("1", "1")], 4.0)
    (path,) = (root / "ExtractedFeatures_4s").glob("1_*.mat")
    some = {k: x for k, x in loadmat(path).items() if k.startswith(("de_LDS", "dasm_LDS"))}
    savemat(path, some, do_compression=True)
    code, out = imported("seed", root, "--only", "session=1")
    assert code == 0
    assert load_study((out / "study.toml").absolute()).features.eeg == ("de_lds", "dasm_lds")
    told = capsys.readouterr().err
    assert "SEED: no file has de_ma, psd_lds, psd_ma, dasm_ma, rasm_lds" in told


def test_the_windows_are_the_longest_that_eeg_has(small, tmp_path, capsys):
    """Eyes are in windows of 4 s only."""
    root = tmp_path / "SEED"
    files.write_extracted(root, small("seed"), [("1", "1")], 1.0)
    files.write_multimodal(root / "Chinese", small("seed"), [("1", "1")], 4.0)
    shutil.rmtree(root / "Chinese/02-EEG-DE-feature")
    code, out = imported("seed", root, "--only", "session=1")
    assert code == 0
    study = load_study((out / "study.toml").absolute())
    assert (study.features.window_s, study.features.eye) == (1, False)
    assert "eye features are in windows of 4 s: --window-s 4 takes those" in capsys.readouterr().err


def test_eyes_alone_are_imported(small, tmp_path):
    root = tmp_path / "SEED"
    files.write_multimodal(root, small("seed"), [("1", "1")], 4.0)
    shutil.rmtree(root / "02-EEG-DE-feature")
    code, out = imported("seed", root, "--only", "session=1")
    assert code == 0
    study = load_study((out / "study.toml").absolute())
    assert (study.features.window_s, study.features.eeg, study.features.eye) == (4, (), True)
