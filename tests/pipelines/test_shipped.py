"""`scan` on features that data sets ship: whose, what is missing or wrong, what to type."""

import json
import re
import shlex

import pandas as pd
import pytest
from lookalikes import released_files as files

from featpipe.reading import sniff
from pipelines import listing
from pipelines.__main__ import run
from pipelines.shipped import shipped

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture
def seed_v(small, tmp_path):
    """Features of two subjects of SEED-V, and the names of their folders."""
    root = tmp_path / "SEED-V"
    files.write_seed_v(root, small("seed-v"), ("2", "11"))
    return root


def eeg(root, subject="2"):
    return root / "EEG_DE_features" / f"{subject}_123.npz"


def eye(root, subject="2"):
    return root / "Eye_movement_features" / f"{subject}_123.npz"


def scanned(capsys, *paths):
    capsys.readouterr()
    code = run(["scan", *map(str, paths)])
    return code, capsys.readouterr()


def test_a_perfect_folder_is_told_as_such_and_its_preset_knows_it(seed_v, tmp_path, capsys):
    code, shown = scanned(capsys, seed_v)
    assert (code, shown.out) == (0, "")
    first, second, absent = shown.err.splitlines()
    assert first == "no recordings, but features that a data set ships"
    assert "features that SEED-V ships are here, of 6 recordings of 2 subjects in windo" in second
    assert "0 missing or wrong; next:" in second
    assert absent.startswith(f"{seed_v}: subjects that are not here: 1, 3, 4")
    (command,) = re.findall(r"next: featpipe (run .*)", second)
    _, *arguments = shlex.split(command)
    assert run(["show", *arguments, "-o", str(tmp_path / "out"), "--json"]) == 0
    outputs = [row["output"] for row in json.loads(capsys.readouterr().out)["outputs"]]
    assert sum("features/de/sub-2_ses-" in output for output in outputs) == 3


def test_a_file_cut_short_is_told_once(seed_v, capsys):
    eeg(seed_v).write_bytes(eeg(seed_v).read_bytes()[:5000])
    code, shown = scanned(capsys, seed_v)
    assert code == 3
    assert " s, 1 missing or wrong; next: " in shown.err
    assert shown.err.count(f"{eeg(seed_v)}: it ends before its table of contents; copy it ag") == 1


def test_nothing_sound_is_2(seed_v, capsys):
    for path in (eeg(seed_v), eeg(seed_v, "11"), eye(seed_v), eye(seed_v, "11")):
        path.write_bytes(path.read_bytes()[:5000])
    assert scanned(capsys, seed_v)[0] == 2


def test_a_file_renamed_or_deleted_is_told(seed_v, capsys):
    eye(seed_v).unlink()
    eeg(seed_v, "11").rename(eeg(seed_v, "11").with_name("11_123 (1).npz"))
    _, shown = scanned(capsys, seed_v)
    assert f"{seed_v}: no eye features of subject 2" in shown.err
    assert "11_123 (1).npz: its name is not <subject>_123.npz of SEED-V" in shown.err
    assert "no EEG features of subject 11" in shown.err


def test_no_eeg_at_all_is_told(seed_v, capsys):
    for subject in ("2", "11"):
        eeg(seed_v, subject).unlink()
    _, shown = scanned(capsys, seed_v)
    assert f"{seed_v}: no EEG features (<subject>_123.npz) in this folder" in shown.err


def test_two_subjects_with_one_content_are_told(seed_v, capsys):
    eeg(seed_v, "11").write_bytes(eeg(seed_v).read_bytes())
    _, shown = scanned(capsys, seed_v)
    assert f"{eeg(seed_v)}: its content is that of {eeg(seed_v, '11')} (subject 11)" in shown.err


def test_many_defects_are_capped(small, tmp_path, capsys):
    recordings = [(str(subject), session) for subject in range(1, 16) for session in "123"]
    files.write_seed_iv(tmp_path, small("seed-iv"), recordings[:2])
    for subject in range(2, 15):
        for session in "12":
            name = f"{subject}_{small('seed-iv').dates[session][str(subject)]}.mat"
            for kind in ("eeg", "eye"):
                (tmp_path / f"{kind}_feature_smooth" / session / name).write_text(
                    f"MATLAB 5.0 {name}{kind}"
                )
    code, shown = scanned(capsys, tmp_path)
    assert code == 3
    assert shown.err.count("copy it again") == 20
    assert "more of the kind; `featpipe import` lists all" in shown.err


@pytest.mark.parametrize(
    ("name", "write"), [("SEED", files.write_extracted), ("SEED-IV", files.write_seed_iv)]
)
def test_layouts_do_not_complain_of_recordings_that_nobody_has(
    small, tmp_path, capsys, name, write
):
    more = (4.0,) if name == "SEED" else ()
    write(tmp_path, small(name.lower()), [("1", "1"), ("1", "2")], *more)
    code, shown = scanned(capsys, tmp_path)
    assert code == 0
    assert f"features that {name} ships are here, of 2 recordings of 1 subject in" in shown.err
    assert f"{tmp_path}: sessions without any EEG features here, of any subject: 3" in shown.err
    assert "nothing can be made" not in shown.err
    assert "_2016" not in shown.err
    assert "tables of eye samples" not in shown.err  # readme.txt


def test_pickles_of_seed_are_no_files_of_deap(small, tmp_path, capsys):
    files.write_multimodal(tmp_path, small("seed"), [("1", "1"), ("2", "1")], 4.0)
    path = next(tmp_path.rglob("eye_tracking_feature/1_1"))
    assert sniff(path) is None
    code, shown = scanned(capsys, tmp_path)
    assert (code, shown.out) == (0, "")
    assert "next: featpipe run seed_released.toml" in shown.err
    assert shown.err.count("features that ") == 2  # the first line, and those of SEED alone
    path.write_bytes(path.read_bytes()[:-9])
    code, shown = scanned(capsys, tmp_path)
    assert code == 3
    assert f"{path}: it is truncated; copy it again" in shown.err


def test_windows_of_every_length_are_taken(small, tmp_path):
    for window_s in (1.0, 4.0):
        files.write_multimodal(tmp_path, small("seed"), [("1", "1")], window_s)
    (one,) = shipped(tmp_path)
    assert one.window_s == 4.0
    assert {path.parent.name for path in one.files} == {
        "eeg_used_1s", "eeg_used_4s", "eye_tracking_feature",
    }  # fmt: skip


def test_one_file_is_told_by_the_folders_around_it(seed_v, capsys):
    code, shown = scanned(capsys, eeg(seed_v))
    assert code == 0
    assert shown.out.splitlines()[1].startswith("ok ")
    assert f"features that SEED-V ships, no recording; next: featpipe scan {seed_v}" in shown.out
    eeg(seed_v).write_bytes(eeg(seed_v).read_bytes()[:5000])
    code, shown = scanned(capsys, eeg(seed_v))
    assert code == 2
    assert "it ends before its table of contents; copy it again; features that SEED-V" in shown.out
    other = seed_v.parent / "1_123.npz"
    other.write_bytes(eeg(seed_v, "11").read_bytes())
    code, shown = scanned(capsys, other)
    assert code == 2
    assert "its content is that of no known recording" in shown.out


@pytest.mark.parametrize(
    ("name", "write", "whose"),
    [
        ("SEED-V", files.write_seed_v, ["2"]),
        ("SEED-IV", files.write_seed_iv, [("1", "1")]),
    ],
)
def test_a_study_of_recordings_names_the_features_that_are_there(
    small, tmp_path, capsys, name, write, whose
):
    root, stem = tmp_path / "data", name.lower().replace("-", "_")
    write(root, small(name.lower()), whose)
    options = ["--set", f"study.root={root}", "-o", str(tmp_path / "out")]
    assert run(["extract", f"{stem}.toml", *options]) == 1
    assert (
        f"correct [study] root; features that {name} ships are there: "
        f"featpipe run {stem}_released.toml --set study.root={root}\n" in capsys.readouterr().err
    )


def test_what_can_be_typed_is_listed():
    rows = {name: describes for name, describes, _ in listing.lines("datasets")}
    for preset in ("seed_v.toml", "seed_v_released.toml"):
        assert f"; featpipe run {preset}" in rows["seed-v"]
    assert "featpipe import" not in rows["seed-v"]
    for name in ("seed-vii", "seed-ger", "seed-fra"):
        assert f"; featpipe import {name} ROOT -o OUT" in rows[name]


@pytest.mark.parametrize("name", ["SEED-V", "seed_v", "SeedV"])
def test_what_is_missing_is_no_failure_and_is_told_once(seed_v, tmp_path, capsys, name):
    eye(seed_v).unlink()
    eeg(seed_v, "11").unlink()
    out = tmp_path / "out"
    assert run(["import", name, str(seed_v), "-o", str(out), "--only", "subject=2"]) == 3
    shown = capsys.readouterr()
    assert "failed" not in shown.out + shown.err
    frame = pd.read_parquet(out / "failures.parquet")
    assert set(frame["step"]) == {"layout"}
    for unit, reason in zip(frame["unit"], frame["reason"], strict=True):
        assert shown.err.count(f"defect: {unit}: {reason}\n") == 1
    things = (
        f"{len(frame)} thing{'s' * (len(frame) > 1)} missing or wrong in the folder, told above"
    )
    assert f"3 made, 0 kept, {things}" in shown.out


def test_imported_features_are_not_drawn(seed_v, capsys):
    assert run(["plot", "seed_v_released.toml", "--set", f"study.root={seed_v}"]) == 1
    assert "imported features have no recordings to draw" in capsys.readouterr().err
