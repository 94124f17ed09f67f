"""Exit codes and messages of the command line."""

import json
import re

import pytest

from pipelines.__main__ import run


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["extrakt"], "No such command"),
        (["extract"], "Missing argument"),
        (["extract", "nothing.toml"], "no such study file"),
        (["list", "things"], "is not one of"),
        (["simulate", "x", "--trials", "0"], "is not in the range"),
    ],
)
def test_usage_errors_are_1(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 1
    assert words in capsys.readouterr().err


def test_wrong_options_of_training_are_refused_before_any_work(study, capsys):
    study_file = str(study / "study.toml")
    for options, words in [
        (["--method", "csmc"], "unknown method 'csmc': did you mean 'cscm'"),
        (["--protocol", "lozo"], "unknown protocol 'lozo': did you mean 'loso'"),
        (["--set", "train.options.cscm.alfa=1"], "unknown option of cscm 'alfa'"),
        (
            ["--set", "train.options.crd_eeg.n_negatives=-1"],
            "'n_negatives' of crd_eeg is -1",
        ),
        (["--set", "train.seeds=[-1]"], "seed"),
    ]:
        assert run(["train", study_file, *options]) == 1, options
        assert words in capsys.readouterr().err


def test_training_without_tables_says_what_to_do(study, tmp_path, capsys):
    assert run(["train", str(study / "study.toml"), "-o", str(tmp_path / "empty")]) == 1
    assert "run `featpipe extract" in capsys.readouterr().err


def test_unusable_input_is_2(tmp_path, capsys):
    assert run(["scan", str(tmp_path / "nothing")]) == 2
    (tmp_path / "a.edf").write_bytes(b"0" * 100)
    assert run(["scan", str(tmp_path / "a.edf"), "--json"]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["status"] in ("corrupt", "truncated")
    assert run(["report", str(tmp_path)]) == 2


def test_scan_says_by_its_exit_code_what_can_be_used(study, capsys):
    assert run(["scan", str(study / "raw")]) == 0
    raw = study / "raw/sub-02_ses-1.cnt"
    raw.write_bytes(raw.read_bytes()[:200_000])
    assert run(["scan", str(study / "raw")]) == 3
    assert run(["scan", str(raw)]) == 2
    assert "truncated" in capsys.readouterr().out


def test_scan_shows_where_the_clock_of_a_tracker_begins_and_ends(study, capsys):
    paths = [str(study / f"raw/sub-02_ses-1{end}") for end in ("_Samples.txt", ".cnt")]
    assert run(["scan", "--json", *paths]) == 0
    eye, eeg = map(json.loads, capsys.readouterr().out.splitlines())
    assert eye["last_s"] - eye["first_s"] == pytest.approx(eye["duration_s"])
    assert eeg["first_s"] is None
    assert run(["scan", *paths]) == 0
    lines = capsys.readouterr().out.splitlines()
    head, row, other = [line for line in lines if not line.startswith(" ")]
    assert "start or clock" in head
    assert f" {eye['first_s']:.3f} to {eye['last_s']:.3f} s " in row
    assert " to " not in other


def test_scan_tells_what_it_passes_over(lab, capsys):
    (lab.folder / "02.vhdr").unlink()
    (lab.folder / "unread.xdf").write_bytes(b"XDF:\0")
    assert run(["scan", str(lab.folder / "unread.xdf")]) == 2
    assert "XDF is not read: export its EEG stream" in capsys.readouterr().out
    assert run(["scan", str(lab.folder)]) == 0
    err = capsys.readouterr().err
    assert f"{lab.folder}: unread.xdf: XDF is not read: export its EEG stream to EDF" in err
    assert "1 file, 0 not sound" in err
    assert "5 files of no known format passed over: 02.eeg, recordings.csv, study.toml, tr" in err
    assert run(["scan", str(lab.folder / "trials.csv"), "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert (found["format"], found["status"], found["start"]) == (None, "suspicious", None)
    assert run(["scan", str(lab.folder / "trials.csv"), str(lab.folder)]) == 3


def test_scan_knows_what_featpipe_wrote(study, capsys):
    assert run(["scan", str(study)]) == 0
    shown = capsys.readouterr().err
    assert "passed over" in shown
    assert "out/" not in shown


def test_an_output_folder_that_cannot_be_written_is_4(study, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run(["extract", str(study / "study.toml"), "-o", str(tmp_path / "file" / "out")]) == 4
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "what", ["methods", "features", "readers", "datasets", "presets", "protocols"]
)
def test_lists(what, capsys):
    assert run(["list", what]) == 0
    text = capsys.readouterr().out
    assert run(["list", what, "--json"]) == 0
    names = [row["name"] for row in json.loads(capsys.readouterr().out)]
    assert names
    assert all(name in text for name in names)


def test_the_options_of_a_method_are_listed(capsys):
    assert run(["list", "methods", "kd_eeg"]) == 0
    text = capsys.readouterr().out
    [line] = [one for one in text.splitlines() if one.strip().startswith("teacher_epochs ")]
    assert re.split(r"\s{2,}", line.strip())[1:3] == ["40", "int, 1 or more"]
    assert "--set 'train.options.kd_eeg.backbone=\"dnn\"'" in text
    assert run(["list", "methods", "kd_eeg", "--json"]) == 0
    found = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert found["backbone"]["default"] == "dnn"
    assert run(["list", "methods", "majority"]) == 0
    assert "nothing to choose" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["methods", "kd_eg"], "unknown method 'kd_eg': did you mean 'kd_eeg'"),
        (["datasets", "seed"], "list datasets seed: methods alone are named one by one"),
    ],
)
def test_what_cannot_be_listed_by_name_is_1(arguments, words, capsys):
    assert run(["list", *arguments]) == 1
    assert words in capsys.readouterr().err


def test_a_scan_writes_nothing(study, capsys):
    before = sorted(study.rglob("*"))
    assert run(["scan", str(study / "raw"), "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(found) == 6
    assert {row["status"] for row in found} == {"ok"}
    assert {row["subject"] for row in found} == {"01", "02", "03"}
    assert sorted(study.rglob("*")) == before
