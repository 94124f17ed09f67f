"""A file is published whole or not at all, wherever the disk fails; the message says what to do."""

import errno
import hashlib
import os
import pickle
import re
import stat

import pytest
from lookalikes.faulty_disk import FaultyDisk, Forgetful, ShortOfBreath, failing_ever_later

from featpipe import publishing
from featpipe.errors import OutputError
from featpipe.publishing import Published, publish_bytes, refused, write_text

OLD, NEW = b"old" * 100, bytes(range(256)) * 3000


def put(disk, monkeypatch, path, content=NEW):
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "os", disk)
        return publish_bytes(content, path, path.parents[1] / ".staging")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("is_lasting", [False, True])
def test_a_failure_at_any_call_leaves_the_old_file_or_the_new_one(
    tmp_path, monkeypatch, code, is_lasting
):
    path, staging = tmp_path / "a" / "x", tmp_path / ".staging"
    path.parent.mkdir()
    n_failed = 0
    for disk in failing_ever_later(
        monkeypatch, lambda n: FaultyDisk(n, code, is_lasting=is_lasting)
    ):
        path.write_bytes(OLD)
        try:
            publish_bytes(NEW, path, staging)
        except OutputError as error:
            n_failed, told = n_failed + 1, str(error)
        else:
            assert disk.n_calls < disk.n
            break
        assert str(path) in told
        assert f"{len(NEW):,} bytes" in told
        assert path.read_bytes() in (OLD, NEW)
        assert not staging.exists() or list(staging.iterdir()) == []
    assert n_failed >= 7  # open, write, fsync, open, replace, open, fsync
    assert path.read_bytes() == NEW


def test_short_writes_are_gone_on_with(tmp_path, monkeypatch):
    disk = ShortOfBreath(1, is_lasting=True)
    put(disk, monkeypatch, tmp_path / "a" / "x")
    assert (tmp_path / "a" / "x").read_bytes() == NEW
    assert disk.n_calls > 30


@pytest.mark.parametrize("content", [NEW, b"x"])
def test_bytes_that_a_disk_loses_silently_are_missed(tmp_path, monkeypatch, content):
    with pytest.raises(OutputError, match="what was written came back different"):
        put(Forgetful(1, is_lasting=True), monkeypatch, tmp_path / "a" / "x", content)
    assert not (tmp_path / "a" / "x").exists()
    assert list((tmp_path / ".staging").iterdir()) == []


def test_a_disk_that_takes_nothing_ends_the_attempt(tmp_path, monkeypatch):
    class Deaf(FaultyDisk):
        def failed(self, name, call, *args):
            return 0 if name == "write" else call(*args)

    with pytest.raises(OutputError, match="takes no more bytes"):
        put(Deaf(1, is_lasting=True), monkeypatch, tmp_path / "a" / "x")


def test_an_interrupted_write_leaves_no_rest(tmp_path, monkeypatch):
    class Interrupted(FaultyDisk):
        def failed(self, name, call, *args):
            if name == "write":
                raise KeyboardInterrupt
            return call(*args)

    with pytest.raises(KeyboardInterrupt):
        put(Interrupted(1, is_lasting=True), monkeypatch, tmp_path / "a" / "x")
    assert list((tmp_path / ".staging").iterdir()) == []


def test_folders_that_cannot_be_flushed_are_no_failure(tmp_path, monkeypatch):
    class Share(FaultyDisk):
        def failed(self, name, call, *args):
            if name == "fsync" and stat.S_ISDIR(os.fstat(args[0]).st_mode):
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            return call(*args)

    put(Share(1, is_lasting=True), monkeypatch, tmp_path / "a" / "x")
    assert (tmp_path / "a" / "x").read_bytes() == NEW


def test_what_was_published_is_told(tmp_path):
    found = publish_bytes(NEW, tmp_path / "x", tmp_path / ".staging", rows=7)
    assert found == Published(7, len(NEW), hashlib.sha256(NEW).hexdigest())
    assert write_text("µ\n", tmp_path / "t", tmp_path / ".staging").bytes == 3
    assert (tmp_path / "t").read_bytes() == "µ\n".encode()
    assert publish_bytes(b"", tmp_path / "none", tmp_path / ".staging").bytes == 0
    assert (tmp_path / "none").read_bytes() == b""


@pytest.mark.skipif(os.name != "posix", reason="no such limit there")
def test_a_limit_on_the_size_of_files_is_told(tmp_path):
    """Of the kernel, without any part of ours replaced."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OutputError, match=r"may not be that large there; it needs 768,000 by"):
            publish_bytes(NEW, tmp_path / "x", tmp_path / ".staging")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.rglob("*")] == [".staging"]


def test_a_file_where_a_folder_belongs_is_named(tmp_path):
    (tmp_path / "features").write_text("")
    path = tmp_path / "features" / "de" / "x.parquet"
    words = f"{tmp_path / 'features'}: there is a file where a folder belongs"
    with pytest.raises(OutputError, match=re.escape(words)):
        publish_bytes(NEW, path, tmp_path / ".staging")
    (tmp_path / "x").mkdir()
    with pytest.raises(OutputError, match="there is a folder where a file belongs"):
        publish_bytes(NEW, tmp_path / "x", tmp_path / ".staging")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, ["the disk is full", "5 bytes", "are free there", "free some", "-o"]),
        (errno.EDQUOT, ["your quota", "5 bytes", "free some"]),
        (errno.EROFS, ["can only be read", "-o"]),
        (errno.EACCES, ["you may not write there", "-o"]),
        (errno.EIO, ["the disk reports an error"]),
        (errno.ENAMETOOLONG, [os.strerror(errno.ENAMETOOLONG)]),
    ],
)
def test_messages_say_what_is_wrong_and_what_to_do(tmp_path, code, words):
    path = tmp_path / "not" / "there" / "x"
    text = str(refused(OSError(code, os.strerror(code)), path, 5))
    for word in (str(path), *words, "run the same command again: what is finished stays"):
        assert word in text


def test_the_error_travels_between_processes():
    error = pickle.loads(pickle.dumps(OutputError("x: cannot be written")))
    assert isinstance(error, OSError)
    assert str(error) == "x: cannot be written"
