"""A run whose disk fails at any call: a message and exit 4, whole files, and the next goes on.

The n-th call of the one module that writes outputs fails, for n = 1, 2, ... until a run gets by
without it. Steps run in this process, so that the calls are counted where they are made.
"""

import errno
import hashlib
import json

import pytest
from lookalikes.faulty_disk import FaultyDisk, ShortOfBreath, failing_ever_later

from featpipe import publishing
from featpipe.tables import read_table
from pipelines import running
from pipelines.__main__ import run
from pipelines.digests import load_digests, save_digests
from pipelines.engine import update


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Run steps here, and remember digests as the real thing does."""

    def run_here(step, units, out, settings, *, before=None):
        remembered = load_digests(out)
        rows = [update(step, unit, remembered, out / ".staging") for unit in units]
        save_digests(out, remembered | {k: d for row in rows for k, d in row.digests.items()})
        return rows

    monkeypatch.setattr(running, "run_step", run_here)
    # else how long ago the recordings were written is part of what is remembered of them
    monkeypatch.setattr("pipelines.marks.TICK_NS", 0)


def contents(out):
    """What an output folder holds, but for the lock, and the marks that no two files share."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name not in ("owner.lock", "published.json")
    }


def marks(out):
    """Each table, and in which inode since when."""
    found = ((path, path.stat()) for path in out.glob("features/*/*.parquet"))
    return {path: (stat.st_mtime_ns, stat.st_ino) for path, stat in found}


def require_sound(out, whole):
    """Whatever is published is whole, and as an undisturbed run leaves it; nothing half done."""
    left = [path for path in (out / ".staging").rglob("*") if path.is_file()]
    assert left == []
    found = contents(out)
    assert found.keys() - {".cache/journal.jsonl"} <= whole.keys()  # which a run cut off leaves
    told = {"failures.parquet", "manifest.json", "qc/recordings.parquet", ".cache/digests.json"}
    for name in found.keys() & whole.keys() - told:
        assert found[name] == whole[name], name
    for name in found.keys() & told:  # they tell of what failed, so they may say less
        path = out / name
        json.loads(path.read_text()) if path.suffix == ".json" else read_table(path)
    if "manifest.json" in found:
        for name, about in json.loads(found["manifest.json"])["files"].items():
            if name not in told:
                assert about["sha256"] == hashlib.sha256(found[name]).hexdigest()


def undo(out, start):
    """Bring an output folder back to what it held."""
    for path in [path for path in out.rglob("*") if path.is_file()]:
        name = path.relative_to(out).as_posix()
        if name not in start and path.name != "owner.lock":
            path.unlink()
    for name, content in start.items():
        if (out / name).read_bytes() != content:
            (out / name).write_bytes(content)


@pytest.fixture
def whole(lab):
    """What an undisturbed extraction leaves."""
    assert lab.extract() == 0
    return contents(lab.out)


@pytest.mark.parametrize(
    ("code", "is_lasting"), [(errno.ENOSPC, True), (errno.EIO, False)], ids=["full", "hiccup"]
)
def test_extraction_survives_a_failure_at_any_call(
    lab, whole, monkeypatch, capsys, code, is_lasting, record_property
):
    for disk in failing_ever_later(
        monkeypatch, lambda n: FaultyDisk(n, code, is_lasting=is_lasting)
    ):
        out = lab.folder / f"out_{disk.n}"
        status, err = lab.extract("-o", str(out)), capsys.readouterr().err
        if disk.n_calls < disk.n:
            assert (status, contents(out)) == (0, whole)
            break
        assert status == 4, disk.n
        assert "cannot be written" in err
        assert "Traceback" not in err
        require_sound(out, whole)
        published = marks(out)
        with monkeypatch.context() as patch:
            patch.setattr(publishing, "os", FaultyDisk(0))
            assert lab.extract("-o", str(out), "--json") == 0, disk.n
        row = json.loads(capsys.readouterr().out)
        assert (row["made"], row["kept"]) == (2 - len(published), len(published))
        assert published.items() <= marks(out).items()  # what was finished is not made again
        assert contents(out) == whole, disk.n
    record_property("calls", disk.n - 1)
    assert disk.n > 50


def test_a_disk_that_writes_little_at_a_time_changes_nothing(lab, whole, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "os", ShortOfBreath(1, is_lasting=True))
        assert lab.extract("-o", str(lab.folder / "other")) == 0
    assert contents(lab.folder / "other") == whole


@pytest.mark.parametrize("verb", ["train", "report"])
def test_what_comes_behind_extraction_survives_it_too(
    lab, monkeypatch, capsys, verb, record_property
):
    options = ["--method", "majority", "--seeds", "0"]
    words = {
        "train": ["train", str(lab.folder / "study.toml"), *options],
        "report": ["report", str(lab.out)],
    }[verb]
    # curves and scores say how long training took, which is never the same twice
    monkeypatch.setattr("time.perf_counter", lambda: 0.0)
    before = ["extract", "train"] if verb == "report" else ["extract"]
    assert all(lab.run(one, *(options if one == "train" else [])) == 0 for one in before)
    start = contents(lab.out)
    assert run(words) == 0
    whole = contents(lab.out)
    made = sorted(whole.keys() - start.keys())
    assert made
    for disk in failing_ever_later(monkeypatch, lambda n: FaultyDisk(n, is_lasting=True)):
        undo(lab.out, start)
        status, err = run(words), capsys.readouterr().err
        if disk.n_calls < disk.n:
            assert (status, contents(lab.out)) == (0, whole)
            break
        assert (status, "Traceback" in err) == (4, False), disk.n
        assert "the disk is full" in err
        require_sound(lab.out, whole)
        with monkeypatch.context() as patch:
            patch.setattr(publishing, "os", FaultyDisk(0))
            assert run(words) == 0
        assert contents(lab.out) == whole, disk.n
    record_property("calls", disk.n - 1)
    assert disk.n > 7
