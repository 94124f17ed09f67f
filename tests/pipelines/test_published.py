"""What was altered is never taken for good, by run or manifest; killed runs are known."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from filelock import FileLock

from featpipe.tables import publish, read_table
from pipelines import published
from pipelines.__main__ import run
from pipelines.journal import Asked, begin, note, read_journal
from pipelines.manifest import read_manifest
from pipelines.published import ALTERED, altered, update_manifest
from pipelines.verify import verify

pytestmark = pytest.mark.usefixtures("in_this_process")

DE = "features/de/sub-01_ses-1.parquet"


def spoil(path, place=-100):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def files(out):
    return json.loads((out / "manifest.json").read_text())["files"]


def kinds(out):
    return {one.kind for one in verify(out).found}


def test_a_table_that_changed_is_made_again_byte_for_byte(lab, capsys):
    assert lab.extract() == 0
    before, listed = (lab.out / DE).read_bytes(), files(lab.out)
    spoil(lab.out / DE)
    assert lab.outputs(capsys, "show")[DE] == ("stale", ALTERED)
    assert lab.extract() == 0
    assert (lab.out / DE).read_bytes() == before
    assert files(lab.out) == listed
    assert verify(lab.out).found == []


def test_a_damaged_file_that_no_run_makes_again_stays_flagged(scored):
    """Its record is that of what was published, however often the manifest is written."""
    name = "features/psd/sub-01_ses-1.parquet"
    listed = files(scored.out)
    spoil(scored.out / name)
    assert scored.extract("--set", "features.eeg=de") == 0  # which asks for no psd
    assert files(scored.out)[name] == listed[name]
    [one] = [one for one in verify(scored.out).found if one.kind == "damaged"]
    assert one.file == name


def test_show_tells_of_derived_files_that_are_damaged_or_gone(scored, capsys):
    options = ("--set", "features.eeg=de,psd")
    names = {"qc/recordings.parquet", "failures.parquet", "scores.parquet"}
    assert not names & scored.outputs(capsys, "show", *options).keys()
    spoil(scored.out / "qc/recordings.parquet")
    spoil(scored.out / "scores.parquet")
    (scored.out / "failures.parquet").unlink()
    found = scored.outputs(capsys, "show", *options)
    assert found["qc/recordings.parquet"] == found["scores.parquet"] == ("stale", ALTERED)
    assert found["failures.parquet"] == ("missing", "it was published and is gone")
    dry = scored.outputs(capsys, "extract", "--dry-run", *options)
    assert names & dry.keys() == {"qc/recordings.parquet", "failures.parquet"}  # as it makes


def test_derived_tables_that_changed_are_written_again(lab):
    assert lab.extract() == 0
    for name in ("qc/recordings.parquet", "failures.parquet"):
        spoil(lab.out / name, place=-60)
    assert lab.extract() == 0
    assert verify(lab.out).found == []


def test_training_leaves_out_a_table_that_changed(scored, capsys):
    spoil(scored.out / DE)
    capsys.readouterr()
    options = ("--set", "features.eeg=de,psd", "--method", "svm_eeg", "--seeds", "0")
    assert scored.run("train", "--workers", "1", *options) in (1, 3)
    assert f"left out sub-01_ses-1: de: {ALTERED}" in capsys.readouterr().err


def test_a_warm_rerun_hashes_nothing(lab, monkeypatch):
    assert lab.extract() == 0

    def refuse(path):
        raise AssertionError(path)

    monkeypatch.setattr(published, "sha256_of", refuse)
    monkeypatch.setattr(published, "table_defects", refuse)
    manifest = (lab.out / "manifest.json").stat().st_mtime_ns
    assert lab.extract() == 0
    assert (lab.out / "manifest.json").stat().st_mtime_ns == manifest


def test_a_table_that_changed_behind_its_size_and_date_is_made_again(lab):
    assert lab.extract() == 0
    path = lab.out / DE
    before, state = path.read_bytes(), path.stat()
    spoil(path)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert list(altered(lab.out)) == [path]
    assert lab.extract() == 0
    assert path.read_bytes() == before


def test_a_source_that_changed_behind_its_size_and_date_makes_its_table_again(lab):
    assert lab.extract() == 0
    before = {path.stem: path.read_bytes() for path in lab.out.glob("features/de/*")}
    source = lab.folder / "01.eeg"
    state, content = source.stat(), bytearray(source.read_bytes())
    content[20000:22000] = bytes(2000)
    source.write_bytes(content)
    os.utime(source, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert lab.extract() == 0
    after = {path.stem: path.read_bytes() for path in lab.out.glob("features/de/*")}
    assert {name for name in before if before[name] != after[name]} == {"sub-01_ses-1"}


def test_a_warm_rerun_starts_no_worker(lab, monkeypatch):
    """Also where recordings were copied a moment before the first run."""
    assert lab.extract() == 0
    monkeypatch.setattr("pipelines.running._run", None)
    assert lab.extract() == 0


def test_a_copied_study_makes_no_table_again(lab, tmp_path):
    assert lab.extract() == 0
    other = lab.copied(tmp_path.parent / f"{tmp_path.name}-copy")
    before = {path: path.stat().st_ino for path in other.out.glob("features/de/*")}
    assert other.extract() == 0
    assert {path: path.stat().st_ino for path in before} == before


def test_a_copied_folder_is_looked_at_once_and_keeps_its_record(lab, tmp_path):
    assert lab.extract() == 0
    other = lab.copied(tmp_path.parent / f"{tmp_path.name}-copy")
    listed = (other.out / "manifest.json").read_bytes()
    assert altered(other.out) == {}
    assert other.extract() == 0
    assert (other.out / "manifest.json").read_bytes() == listed


def test_reading_verbs_work_where_nothing_can_be_remembered(scored, capsys, monkeypatch):
    """As on a share that others may only read, looked at for the first time."""
    (scored.out / ".cache/published.json").unlink()

    def refuse(path, flags, *rest):
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return opened(path, flags, *rest)

    opened = os.open
    monkeypatch.setattr(os, "open", refuse)
    options = ("--set", "features.eeg=de,psd")
    assert scored.outputs(capsys, "show", *options)[DE] == ("fresh", "")
    assert scored.outputs(capsys, "extract", "--dry-run", *options)[DE] == ("fresh", "")
    assert not (scored.out / ".cache/published.json").exists()


def test_without_the_manifest_what_was_seen_last_is_the_record(lab):
    assert lab.extract() == 0
    listed = (lab.out / "manifest.json").read_bytes()
    spoil(lab.out / "manifest.json", place=50)
    [one] = verify(lab.out).found
    assert (one.kind, one.file) == ("manifest", "manifest.json")
    assert one.reason.endswith("; of the files it would list 4 are sound")
    spoil(lab.out / DE, place=-2000)
    assert list(altered(lab.out)) == [lab.out / DE]
    assert lab.extract() == 0
    assert (lab.out / "manifest.json").read_bytes() == listed


@pytest.mark.parametrize("content", [b"rubbish", None])
def test_a_damaged_file_without_a_record_is_not_listed(lab, content):
    """None: a table under the name of another recording."""
    assert lab.extract() == 0
    stranger = lab.out / "features/psd/sub-09_ses-1.parquet"
    stranger.parent.mkdir()
    stranger.write_bytes(content or (lab.out / DE).read_bytes())
    assert list(altered(lab.out)) == [stranger]
    update_manifest(lab.out)
    assert stranger.relative_to(lab.out).as_posix() not in files(lab.out)
    assert kinds(lab.out) == {"damaged"}


def test_a_manifest_of_an_earlier_version_is_taken_and_told(lab):
    assert lab.extract() == 0
    content = json.loads((lab.out / "manifest.json").read_text())
    earlier = {key: content[key] for key in ("featpipe", "files", "schema_version")}
    (lab.out / "manifest.json").write_text(json.dumps(earlier, indent=1, sort_keys=True) + "\n")
    [one] = verify(lab.out).found
    assert (one.kind, "earlier version" in one.reason) == ("manifest", True)
    assert lab.extract() == 0
    assert json.loads((lab.out / "manifest.json").read_text()) == content


def test_a_journal_whose_last_line_was_cut_short_is_read_as_far_as_it_goes(lab):
    assert lab.extract() == 0
    begin(lab.out, Asked("extract", {"a": ["x"]}, True))
    record = publish(read_table(lab.out / DE), lab.out / "features/de/b.parquet", lab.out)
    note(lab.out, {str(lab.out / "features/de/b.parquet"): record})
    place = lab.out / ".cache/journal.jsonl"
    place.write_bytes(place.read_bytes()[:-20])
    begin(lab.out, Asked("train", {}, True))
    found = read_journal(lab.out)
    assert [asked.step for asked in found.asked] == ["extract", "train"]
    assert found.files == {}


@pytest.fixture
def killed(lab, capsys):
    """A study of eight recordings whose run was killed when some were done."""
    names = [f"{i:02d}" for i in range(1, 9)]
    rows = [f"{name},1,{lab.record(name)}" for name in names]
    (lab.folder / "recordings.csv").write_text("\n".join(["subject,session,eeg", *rows]))
    command = [sys.executable, "-m", "pipelines", "extract", str(lab.folder / "study.toml"),
               "--workers", "1"]  # fmt: skip
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while not list(lab.out.glob("features/de/*.parquet")) and child.poll() is None:
        time.sleep(0.002)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    return lab


def test_a_killed_run_left_no_damage_and_is_gone_on_with(killed):
    out = killed.out
    made = list(out.glob("features/de/*.parquet"))
    assert {one.kind for one in verify(out).found} <= {"cut off", "missing", "leftover", "unlisted"}
    assert "cut off" in kinds(out)
    [missing] = [one for one in verify(out).found if one.kind == "missing"]
    assert missing.reason == f"{8 - len(made)} outputs that were asked for are not made yet"
    before = {path: path.stat().st_mtime_ns for path in made}
    assert run(["verify", str(out), "--gc"]) == 3
    assert "leftover" not in kinds(out)
    assert {path: path.stat().st_mtime_ns for path in made} == before
    assert killed.extract() == 0
    assert {path: path.stat().st_mtime_ns for path in made} == before  # nothing was made twice
    assert verify(out).found == []
    assert len(files(out)) == 10


def test_what_was_damaged_after_the_kill_is_damage_and_made_again(killed):
    out = killed.out
    spoil(next(out.glob("features/de/*.parquet")))
    assert "damaged" in kinds(out)
    assert killed.extract() == 0
    assert [one for one in verify(out).found if not one.is_note] == []


def test_gc_removes_leftovers_and_nothing_else(scored, capsys):
    staging = scored.out / ".staging"
    (staging / "dask-scratch-space" / "worker-1").mkdir(parents=True, exist_ok=True)
    (staging / "dask-scratch-space" / "worker-1" / "kernel").write_bytes(b"123")
    (staging / "abc.parquet").write_bytes(b"12345")
    before = {p: p.read_bytes() for p in scored.out.rglob("*") if p.is_file()}
    assert kinds(scored.out) == {"leftover"}
    assert run(["verify", str(scored.out)]) == 0  # notes are no problems
    capsys.readouterr()
    assert run(["verify", str(scored.out), "--gc"]) == 0
    shown = capsys.readouterr()
    assert "abc.parquet, 5 bytes" in shown.err
    assert "worker-1, 3 bytes" in shown.err
    assert "8 bytes of leftovers removed" in shown.err
    after = {p for p in scored.out.rglob("*") if p.is_file()}
    assert {p.name for p in before.keys() - after} == {"kernel", "abc.parquet"}
    assert all(p.read_bytes() == before[p] for p in after)


def test_gc_refuses_while_a_run_is_at_work(scored, capsys):
    (scored.out / ".staging" / "abc.parquet").write_bytes(b"12345")
    lock = FileLock(scored.out / ".cache" / "owner.lock", fallback_to_soft=False)
    with lock:  # a lock of another file object is another one's, in one process as well
        assert kinds(scored.out) == {"running"}
        assert run(["verify", str(scored.out), "--gc"]) == 4
        assert "is writing into this folder" in capsys.readouterr().err
    assert (scored.out / ".staging" / "abc.parquet").exists()


def test_plots_and_an_edited_study_are_known(scored):
    out = scored.out
    study = shutil.copy(scored.folder / "study.toml", out / "study.toml")
    plot = out / "plots" / "a.png"
    plot.parent.mkdir()
    plot.write_bytes(b"picture")
    for path in (plot, out / "study.toml"):
        size, content = path.stat().st_size, published.sha256_of(path)
        published.record(out, {str(path): published.Published(0, size, content)})
    assert {"plots/a.png", "study.toml"} <= set(read_manifest(out).files)
    assert verify(out).found == []
    plot.write_bytes(b"pictura")
    (out / "study.toml").write_text(f"# mine\n{(out / 'study.toml').read_text()}")
    assert kinds(out) == {"damaged", "edited"}
    [one] = [one for one in verify(out).found if one.kind == "damaged"]
    assert one.next == "draw it again with `featpipe plot` or `embed`, or delete it"
    assert study
