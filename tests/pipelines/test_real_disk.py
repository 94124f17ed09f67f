"""Disks that are really full, read-only or forbidden, and files where folders belong."""

import shutil
from pathlib import Path
from tempfile import mkdtemp

import pytest
from lookalikes import one_process
from lookalikes.small_disk import mount, small_disk, somebody_else

from featpipe.tables import read_table
from pipelines import running

PAGE = 4096


def tables(out):
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.glob("features/*/*")}


def unfinished(out):
    return [path for path in (out / ".staging").glob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Workers would want room for their own files on so small a disk."""
    monkeypatch.setattr(running, "_run", one_process.run)


@pytest.fixture
def whole(lab):
    """Tables of an undisturbed run."""
    assert lab.extract() == 0
    return tables(lab.out)


def test_a_disk_that_is_really_full(lab, whole, capsys):
    """With 0, 1, 2, ... free pages, until a run gets by."""
    n_full = n_tables = 0
    with small_disk(lab.folder / "disk", 64 * PAGE) as disk:
        for n_free in range(64):
            out = disk / "out"
            shutil.rmtree(out, ignore_errors=True)
            ballast = disk / "ballast"
            ballast.unlink(missing_ok=True)
            ballast.write_bytes(bytes((shutil.disk_usage(disk).free // PAGE - n_free) * PAGE))
            status, err = lab.extract("-o", str(out)), capsys.readouterr().err
            found = tables(out)
            assert found.items() <= whole.items()
            if status == 0:
                break
            n_full, n_tables = n_full + 1, max(n_tables, len(found))
            assert status == 4, err
            assert "the disk is full; it needs" in err
            assert "Traceback" not in err
            assert unfinished(out) == []
            ballast.unlink()
            assert lab.extract("-o", str(out)) == 0
            assert tables(out) == whole
            assert read_table(out / "failures.parquet").num_rows == 0
        assert found == whole
    assert n_full > 5
    assert n_tables == len(whole)  # also the disk that is full only behind the last table


def test_a_read_only_disk(lab, whole, capsys):
    with small_disk(lab.folder / "disk", 512 * PAGE) as disk:
        out = disk / "out"
        assert lab.extract("-o", str(out)) == 0
        done = mount("-o", "remount,ro", str(disk))
        assert done.returncode == 0, done.stderr
        capsys.readouterr()
        for verb, options in [
            ("extract", ("-o", str(out), "--set", "features.window_s=2")),
            ("extract", ("-o", str(disk / "new"))),
            ("run", ("-o", str(out), "--method", "majority")),
            ("train", ("-o", str(out), "--method", "majority")),
        ]:
            assert lab.run(verb, *options) == 4, (verb, options)
            err = capsys.readouterr().err
            assert "cannot be written: this file system can only be read; take another" in err
            assert "Traceback" not in err
        assert lab.run("show", "-o", str(out)) == 0  # reading goes on
        assert lab.run("extract", "-o", str(out), "--dry-run") == 0
        assert tables(out) == whole


@pytest.fixture
def open_folder():
    """A folder that others may pass through, unlike those of pytest."""
    folder = Path(mkdtemp(prefix="featpipe-tests-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_folder_that_may_not_be_written(lab, whole, open_folder, capsys):
    home = open_folder / "lab"
    shutil.copytree(lab.folder, home)
    home.chmod(0o755)
    forbidden = open_folder / "forbidden"
    forbidden.mkdir()
    shutil.copytree(lab.out, forbidden / "out")
    for path in (forbidden / "out", forbidden / "out" / ".cache", forbidden):
        path.chmod(0o555)
    lab.folder = home
    with somebody_else():
        for out in (forbidden / "new", forbidden / "out"):
            status, err = lab.extract("-o", str(out)), capsys.readouterr().err
            assert status == 4, err
            assert f"{out}: cannot be written: you may not write there; have it allowed" in err
            assert "Traceback" not in err
    assert tables(forbidden / "out") == whole
    assert not (forbidden / "new").exists()
    for path in (forbidden, forbidden / "out", forbidden / "out" / ".cache"):
        path.chmod(0o755)


def test_an_output_that_is_a_file_is_the_users_option(lab, capsys):
    (lab.folder / "file").write_text("")
    assert lab.extract("-o", str(lab.folder / "file")) == 1
    assert "it is a file: name a folder for the outputs with -o" in capsys.readouterr().err
    assert lab.extract("-o", str(lab.folder / "file" / "out")) == 4
    err = capsys.readouterr().err
    assert f"{lab.folder / 'file'}: there is a file where a folder belongs" in err


def test_a_file_where_the_tables_belong_is_named(lab, capsys):
    lab.out.mkdir()
    (lab.out / "features").write_text("mine")
    assert lab.extract() == 4
    err = capsys.readouterr().err
    assert f"{lab.out / 'features'}: there is a file where a folder belongs" in err
    assert "move that file away" in err
    assert (lab.out / "features").read_text() == "mine"
    assert unfinished(lab.out) == []
    (lab.out / "features").unlink()
    assert lab.extract() == 0
