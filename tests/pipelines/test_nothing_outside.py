"""Hostile names and links: refused by name, and nothing is written outside of the output folder."""

import os
import unicodedata

import pytest
from lookalikes import one_process
from lookalikes.around import everything

from pipelines import running

COMPOSED = "J\u00fcrgen"
NAMES = [
    "../x",
    "a/../../x",
    "/tmp/x",
    "C:x",
    "\\\\host\\x",
    "..\\x",
    "CON/",
    "a:b",
    "a" * 300,
    "..",
    ".",
    ".x",
    "-rf",
    "a b",
    '"a\tb"',
    '"a\nb"',
    "a\u202eb",
    "a\u200bb",
    "\u0430",
    "\uff11",
    "a\u2215b",
    COMPOSED,
    unicodedata.normalize("NFD", COMPOSED),
    "a\x07b",
    "%2e%2e",
    "*",
    "?",
    "a|b",
    "~",
    "$HOME",
    "=1+1",
]


@pytest.fixture
def tmp_path(tmp_path):
    """A folder in a folder that holds nothing of other tests."""
    inner = tmp_path / "around" / "inner"
    inner.mkdir(parents=True)
    return inner


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    """Start no cluster for each of so many names."""

    monkeypatch.setattr(running, "_run", one_process.run)


@pytest.mark.parametrize("column", ["subject", "session"])
def test_names_that_are_no_identifiers_are_refused(lab, tmp_path, capsys, column):
    before = everything(tmp_path.parent)
    table = lab.folder / "recordings.csv"
    for name in NAMES:
        row = f"{name},1,01.vhdr" if column == "subject" else f"01,{name},01.vhdr"
        table.write_text(f"subject,session,eeg\n{row}\n", encoding="utf-8")
        assert lab.extract() == 1
        told = capsys.readouterr().err
        assert f"{column} = " in told
        assert "expected letters, digits" in told
        assert told.count("\n") == 1
        assert not {"\u202e", "\x07"} & set(told)
        assert not lab.out.exists()
    before[table] = table.read_bytes()
    assert everything(tmp_path.parent) == before


def test_a_nul_in_a_table_is_refused(lab, capsys):
    (lab.folder / "recordings.csv").write_bytes(b"subject,session,eeg\n0\x001,1,01.vhdr\n")
    assert lab.extract() == 1
    assert "no text that can be read" in capsys.readouterr().err


def test_names_of_devices_and_cases_are_safe(lab, capsys, tmp_path):
    """CON and aux.txt are subjects like others: they never are a whole file name."""
    subjects = ("CON", "aux.txt", "a.", "a" * 64)
    rows = [f"{subject},1,{lab.record(f'r{i}')}" for i, subject in enumerate(subjects)]
    (lab.folder / "recordings.csv").write_text("\n".join(["subject,session,eeg", *rows]))
    before = everything(tmp_path.parent)
    assert lab.extract() == 0
    made = {path.stem for path in lab.out.glob("features/de/*")}
    assert made == {f"sub-{subject}_ses-1" for subject in subjects}
    assert everything(tmp_path.parent) == before
    rows = ["Ab,1,r0.vhdr", "aB,1,r1.vhdr"]
    (lab.folder / "recordings.csv").write_text("\n".join(["subject,session,eeg", *rows]))
    assert lab.extract() == 1
    assert "upper and lower case count as equal" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "C:\\x", "a\u202eb", "x" * 300, "\0"])
def test_a_study_of_any_name_stays_inside(lab, tmp_path, name, capsys):
    before = everything(tmp_path.parent)
    assert lab.extract("--set", f"study.name='{name}'") in (0, 1)
    assert everything(tmp_path.parent) == before
    assert "defect of featpipe" not in capsys.readouterr().err


LINKS = ["features", "features/de", "qc", ".staging", "curves", "curves/a/b", "outdated/features",
         "outdated/features/de", ".cache/folds", "predictions/a", "bridge", "plots/a"]  # fmt: skip


@pytest.mark.parametrize("place", LINKS)
def test_a_link_out_of_the_output_is_not_followed(lab, tmp_path, capsys, place):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (lab.out / place).parent.mkdir(parents=True, exist_ok=True)
    (lab.out / place).symlink_to(elsewhere, target_is_directory=True)
    assert lab.extract() == 4
    assert (
        f"{lab.out / place}: a link that leads out of the output folder" in capsys.readouterr().err
    )
    assert not list(elsewhere.iterdir())


def test_a_table_is_not_set_aside_through_a_link(lab, tmp_path, capsys):
    """The table of a recording that the study lists no more is moved, and inside OUT."""
    assert lab.extract() == 0
    (tmp_path / "elsewhere").mkdir()
    (lab.out / "outdated").mkdir()
    (lab.out / "outdated/features").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (lab.folder / "recordings.csv").write_text("subject,session,eeg\n02,1,02.vhdr")
    assert lab.extract() == 4
    assert (
        "outdated/features: a link that leads out of the output folder" in capsys.readouterr().err
    )
    assert not list((tmp_path / "elsewhere").iterdir())
    assert len(list(lab.out.glob("features/de/*"))) == 2


def test_a_table_that_is_a_link_is_replaced_and_its_target_left(lab, tmp_path):
    target = tmp_path / "precious"
    target.write_text("mine")
    table = lab.out / "features/de/sub-01_ses-1.parquet"
    table.parent.mkdir(parents=True)
    table.symlink_to(target)
    assert lab.extract() == 0
    assert target.read_text() == "mine"
    assert not table.is_symlink()


def test_an_output_folder_may_be_a_link_itself(lab, tmp_path):
    """Scratch disks are linked so: whoever names the folder means where it leads."""
    (tmp_path / "scratch").mkdir()
    lab.out.symlink_to(tmp_path / "scratch", target_is_directory=True)
    assert lab.extract() == 0
    assert len(list((tmp_path / "scratch/features/de").iterdir())) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.parametrize("kind", ["fifo", "device", "loop"])
def test_a_recording_that_is_no_file_fails_alone(lab, capsys, kind):
    path = lab.folder / "01.vhdr"
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path)
    assert lab.extract() == 3
    assert f"failed: sub-01_ses-1: {path}: " in capsys.readouterr().err
    assert [table.stem for table in lab.out.glob("features/de/*")] == ["sub-02_ses-1"]
