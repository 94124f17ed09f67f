"""Folders of public data sets with hostile names, links and folders among them.

Each odd thing is refused or shown safely, the sound recordings are made, nothing is written outside
of the output folder, and no two subjects share a table.
"""

import io
import json
import shutil
import sys

import pytest
from lookalikes import one_process
from lookalikes import released_files as files
from lookalikes.around import everything
from lookalikes.bids import write_bids, write_recording

from featpipe.errors import printable
from pipelines import running
from pipelines.__main__ import run

STUDY = """
[study]
name = "mine"
layout = "bids"
root = "ds"
classes = ["negative", "positive"]
[features]
eye = false
"""
LABELS = (
    "a\nb", "a\x1b[31mb", "a\x07", "a\x9b31m", "a\u202eb", "a\udcff", "..", "a" * 200, "04 ", "03.",
    "0\u0661", "\u0430", "a-b", "'; rm -rf ~;'",
)  # fmt: skip
FILES = (
    "sub-02_task-a\nb_eeg.vhdr", "sub-02_task-\x1b[2Jx_eeg.vhdr", "\x1b]0;x\x07.vhdr",
    "sub-02_task-film_eeg.vhdr.", "sub-02_task-film_eeg.vhdr ", "CON.vhdr", "nul",
    "x" * 250 + ".edf", "sub-02_task-film_\x9beeg.edf", "sub-02_run-" + "1" * 200 + "_eeg.edf",
    "sub-02_task-..._eeg.set", "sub-02_task-\udcff_eeg.edf", "a\x85.txt", "sub-02_foo-1_eeg.edf",
    "sub-02_split-x_eeg.fif", "sub-02_split-" + "9" * 40 + "_eeg.fif", "sub-02_run-\u0661_eeg.edf",
    "sub-02_task-film_run-1_run-2_eeg.edf", "sub-02_eeg.EDF",
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Two subjects; do not write to it."""
    return write_bids(tmp_path_factory.mktemp("hostile") / "ds", ("01", "02"), ("",))


@pytest.fixture
def ds(whole, tmp_path, monkeypatch):
    """A copy of them, with a study beside it and every step in this process."""

    monkeypatch.setattr(running, "_run", one_process.run)
    (tmp_path / "study.toml").write_text(STUDY)
    return shutil.copytree(whole, tmp_path / "ds")


class Said:
    """What commands printed, as bytes of strict UTF-8, as a terminal is sent them."""

    def __init__(self, monkeypatch):
        self.monkeypatch, self.text = monkeypatch, ""

    def run(self, *words):
        """Run a command; its exit code. Neither a crash nor anything that a terminal obeys."""
        raw = io.BytesIO()
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", io.TextIOWrapper(raw, "utf-8", write_through=True))
            patch.setattr(
                sys,
                "stderr",
                io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True),
            )
            code = run([str(word) for word in words])
            self.text = raw.getvalue().decode()
        assert "Traceback" not in self.text
        assert "defect of featpipe" not in self.text
        assert not [c for c in self.text if not c.isprintable() and c != "\n"]
        return code


@pytest.fixture
def said(monkeypatch):
    return Said(monkeypatch)


def extracted(ds, said):
    """Scan and extract, and see that nothing is written outside; the tables and what was told."""
    top, out = ds.parent, ds.parent / "out"
    before = everything(top)
    told = []
    for words in (["scan", ds], ["scan", ds, "--json"],
                  ["extract", top / "study.toml", "--dry-run"],
                  ["extract", top / "study.toml"]):  # fmt: skip
        assert said.run(*words) in (0, 3)
        told.append(said.text)
    for line in filter(lambda line: line.startswith("{"), told[1].splitlines()):
        json.loads(line)
    assert everything(top) == before
    tables = sorted(path.stem for path in out.glob("features/de/*"))
    assert len({name.casefold() for name in tables}) == len(tables)
    return tables, "\n".join(told)


def copy_subject(ds, label):
    """Copy subject 02 under another label, with samples of its own."""
    folder = ds / f"sub-{label}" / "eeg"
    folder.mkdir(parents=True)
    new = f"sub-{label}".encode("utf-8", "surrogateescape")
    for file in (ds / "sub-02/eeg").glob("*_task-film_[ec]*"):
        content = file.read_bytes()
        if file.suffix in (".vhdr", ".vmrk"):
            content = content.replace(b"sub-02", new)
        elif file.suffix == ".eeg":
            n = sum(label.encode("utf-8", "surrogateescape")) % 97 + 1
            content = content[20 * n :] + content[: 20 * n]  # five channels of four bytes
        (folder / file.name.replace("sub-02", f"sub-{label}")).write_bytes(content)
    return folder


def test_hostile_labels_are_passed_over_and_told(ds, said):
    made = []
    for label in LABELS:
        try:
            made.append(copy_subject(ds, label))
        except OSError:  # this disk has no such names
            shutil.rmtree(ds / f"sub-{label}", ignore_errors=True)
    tables, told = extracted(ds, said)
    assert tables == ["sub-01_ses-1", "sub-02_ses-1"]
    for folder in made:
        whose = printable(str(folder), 2000)
        lines = [line for line in told.splitlines() if f": {whose}/" in line]
        assert any("passed over" in line or "64 characters" in line for line in lines), whose


def test_names_of_devices_are_names(ds, said):
    for label in ("CON", "NUL"):
        copy_subject(ds, label)
    tables, _ = extracted(ds, said)
    assert tables == ["sub-01_ses-1", "sub-02_ses-1", "sub-CON_ses-1", "sub-NUL_ses-1"]


def test_labels_that_differ_in_case_share_no_table(ds, said):
    copy_subject(ds, "A")
    if (ds / "sub-a").exists():
        pytest.skip("this disk ignores case")
    copy_subject(ds, "a")
    tables, told = extracted(ds, said)
    assert tables == ["sub-01_ses-1", "sub-02_ses-1"]
    assert "subject A, session 1, and so is" in told
    assert "give each a subject or session of its own" in told


def test_no_session_and_session_1_share_no_table(ds, said):
    write_recording(ds, "02", "1", eyes=())
    tables, told = extracted(ds, said)
    assert tables == ["sub-01_ses-1"]
    assert told.count("it is subject 02, session 1, and so is") >= 2


def test_hostile_names_among_the_files_of_a_subject(ds, said):
    folder = ds / "sub-02/eeg"
    for name in FILES:
        (folder / name).write_bytes(b"Brain Vision Data Exchange Header File Version 1.0\n")
    (ds / "participants.tsv").write_text(
        "participant_id\nsub-a\x1b[31m\nsub-" + "x" * 500 + "\nsub-../../x\nsub-01\nsub-02\n"
    )
    tables, told = extracted(ds, said)
    assert {"sub-01_ses-1", "sub-02_ses-1"} >= {*tables} >= {"sub-01_ses-1"}
    assert r"\x1b[2Jx_eeg.vhdr: it is passed over" in told
    assert "sub-../../x is listed and has no recording" in told


def test_links_in_a_circle_come_to_an_end(ds, said):
    (ds / "sub-03").symlink_to(ds)
    (ds / "sub-04").mkdir()
    (ds / "sub-04/eeg").symlink_to(ds / "sub-04/eeg")
    (ds / "sub-02/eeg/again").symlink_to(ds)
    (ds / "sub-02/eeg/above").symlink_to(ds.parent)
    link = ds / "sub-05/eeg/sub-05_task-film_eeg.vhdr"
    link.parent.mkdir(parents=True)
    link.symlink_to(link)
    tables, told = extracted(ds, said)
    assert tables == ["sub-01_ses-1", "sub-02_ses-1"]
    assert f"{link.parent}: {link.name}: links to content that is not here" in told


def test_a_file_that_is_a_link_out_of_the_root_is_read_and_left(ds, said):
    (data,) = (ds / "sub-02/eeg").glob("*.eeg")
    (ds.parent / "elsewhere").mkdir()
    shutil.move(data, ds.parent / "elsewhere/x.eeg")
    data.symlink_to(ds.parent / "elsewhere/x.eeg")
    assert extracted(ds, said)[0] == ["sub-01_ses-1", "sub-02_ses-1"]


def test_a_link_to_another_subject_is_no_second_one(ds, said):
    (ds / "sub-03").symlink_to(ds / "sub-02")
    tables, told = extracted(ds, said)
    assert tables == ["sub-01_ses-1", "sub-02_ses-1"]
    assert "of another subject or session than its folder" in told


def test_a_folder_in_the_place_of_a_file_costs_that_recording(ds, said):
    ends = ("eeg.vhdr", "eeg.eeg", "events.tsv", "channels.tsv", "eeg.json")
    paths = [copy_subject(ds, f"1{i}") / f"sub-1{i}_task-film_{end}" for i, end in enumerate(ends)]
    for path in paths:
        path.unlink()
        path.mkdir()
    tables, told = extracted(ds, said)
    assert tables == ["sub-01_ses-1", "sub-02_ses-1", "sub-14_ses-1"]  # no sidecar is needed
    for path in paths:
        assert path.name in told.partition("defect: ")[2]


def test_folders_in_the_place_of_shared_files(ds, said):
    for name in ("participants.tsv", "dataset_description.json", "task-film_physio.json"):
        (ds / name).unlink()
        (ds / name).mkdir()
    (ds / "sub-09").write_text("x")
    (ds / "sub-10").mkdir()
    (ds / "sub-10/eeg").write_text("x")
    assert extracted(ds, said)[0] == ["sub-01_ses-1", "sub-02_ses-1"]


HOSTILE = ("1_1\n.npz", "1_1\x1b[31m.npz", "1_\udcff.npz", "..npz", "1_1.npz.", "CON.npz",
           "1_1 .npz", "\u0661_1.npz", "1_" + "1" * 240 + ".npz", "a\x9b.npz",
           "1_1\u202e.npz")  # fmt: skip
DATES = ("1_123\n.npz", "1_123\x1b[31m.npz", "\udcff_123.npz", "..npz", "CON.npz", "1_123 .npz",
         "\u0661_123.npz", "1_" + "1" * 240 + ".npz", "a\x9b.npz", "001_123.NPZ.")  # fmt: skip


@pytest.mark.parametrize("name", ["seed", "seed-v"])
def test_a_release_with_hostile_names_is_imported_without_them(small, tmp_path, said, name):
    root, out = tmp_path / "release", tmp_path / "out"
    if name == "seed":
        files.write_multimodal(root, small(name), [("1", "1"), ("2", "1")], 4.0)
        (sound,), names = [*root.rglob("eeg_used_4s/1_1.npz")], HOSTILE
    else:
        files.write_seed_v(root, small(name), ["1"])
        (sound,), names = [*root.rglob("EEG_DE_features/1_123.npz")], DATES
    for odd in names:
        shutil.copyfile(sound, sound.parent / odd)
    (sound.parent / "3_1.npz").mkdir()
    (sound.parent / "3_123.npz").symlink_to(sound.parent / "3_123.npz")
    (sound.parent / "around").symlink_to(tmp_path)
    before = everything(tmp_path)
    assert said.run("scan", root) in (0, 3)
    assert said.run("scan", root, "--json") in (0, 3)
    assert said.run("import", name, root, "-o", out) in (0, 3)
    assert r"\x1b[31m.npz: its name is not" in said.text
    assert everything(tmp_path) == before
    tables = {path.stem for path in out.glob("features/de/*")}
    sound_ones = [("1", "1"), ("2", "1")] if name == "seed" else [("1", k) for k in "123"]
    assert tables == {f"sub-{subject}_ses-{session}" for subject, session in sound_ones}
