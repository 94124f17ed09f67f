"""What is no regular file is refused, not waited for; folders and links are refused by name."""

import os
import signal
from pathlib import Path

import pytest

from featpipe.datasets.csv_rows import read_rows
from featpipe.errors import ConfigError, ReadError
from featpipe.readers import deap_trials, dreamer_mat
from featpipe.readers.bids_names import read_json
from featpipe.readers.brainvision_header import read_header
from featpipe.readers.foreign import read_arrays, read_arrays_of
from featpipe.readers.mat5_shapes import mat5_shapes
from featpipe.readers.preflight import read_head
from featpipe.readers.text_lines import read_lines
from featpipe.readers.tsv_text import read_tsv
from featpipe.reading import sniff
from featpipe.regular_files import content_of
from featpipe.scanning import inspect, scan
from pipelines.digests import digest_file

READERS = {
    "digest": lambda path: digest_file(path, {}),
    "header": read_header,
    "features": lambda path: read_arrays_of({path: ".*"}),
    "read_head": lambda path: read_head(path, 10),
    "arrays": read_arrays,
    "dreamer": dreamer_mat.contents,
    "deap": deap_trials.contents,
    "json": read_json,
    "lines": read_lines,
    "variables": mat5_shapes,
    "tsv": read_tsv,
}
KINDS = {
    "fifo": (lambda path: os.mkfifo(path), "it is a device or pipe"),
    "endless": (lambda path: path.symlink_to("/dev/zero"), "it is a device or pipe"),
    "folder": (lambda path: path.mkdir(), "it is a folder"),
    "dead link": (lambda path: path.symlink_to(path.with_name("gone")), "cannot be (opened|read)"),
}


@pytest.fixture(autouse=True)
def _in_time():
    """End a test that waits for a pipe."""
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits for ever"))
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders on this system")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_is_refused_by_name(tmp_path, reader, kind):
    make, told = KINDS[kind]
    path = tmp_path / "s01.dat"
    make(path)
    with pytest.raises(ReadError, match=told) as error:
        READERS[reader](path)
    assert str(error.value).count(str(path)) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders on this system")
def test_a_pipe_is_no_recording_and_no_table(tmp_path):
    path = tmp_path / "sub-01_eeg.edf"
    os.mkfifo(path)
    assert sniff(path) is None
    assert list(scan([tmp_path])) == []
    assert inspect(path).status == "corrupt"
    with pytest.raises(ConfigError, match="device or pipe"):
        read_rows(path, ("subject",), ("subject",))


def test_what_may_not_be_read_is_refused_by_name(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("a")

    def closed(self: Path, *how: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(ReadError, match=r"a\.txt: it cannot be opened \(Permission denied\)"):
        content_of(path, 10)


def test_of_a_small_file_no_more_is_read_than_it_may_have(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("12345")
    assert content_of(path, 5) == b"12345"
    with pytest.raises(ReadError, match="more than 4 bytes"):
        content_of(path, 4)
