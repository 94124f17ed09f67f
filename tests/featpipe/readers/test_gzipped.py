"""Inflating: pieces, members and limits; a table is read block by block."""

import gzip
import tracemalloc
import zlib

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers import gzipped, tsv_numbers
from featpipe.readers.gzipped import CutShortError, content, first_lines
from featpipe.readers.tsv_numbers import read_columns, refuse_cut

TEXT = "".join(f"{i}\t{i % 7}.5\tn/a\n" for i in range(50_000)).encode()
NAMES = ("time", "pupil", "x")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a_physio.tsv.gz"


@pytest.mark.parametrize(
    "packed",
    [
        TEXT,
        gzip.compress(TEXT),
        gzip.compress(TEXT) + bytes(100),
        b"".join(gzip.compress(TEXT[i : i + 9999]) for i in range(0, len(TEXT), 9999)),
        gzip.compress(b"") + gzip.compress(TEXT) + gzip.compress(b""),
    ],
    ids=["plain", "gzipped", "filled up", "in members", "empty members"],
)
def test_the_content_is_that_which_was_packed(path, packed):
    path.write_bytes(packed)
    assert content(path, len(TEXT)) == TEXT
    assert first_lines(path)[:2] == [b"0\t0.5\tn/a", b"1\t1.5\tn/a"]
    refuse_cut(path)
    columns = read_columns(path, NAMES, ("pupil", "time"))
    np.testing.assert_array_equal(columns["time"], np.arange(50_000))
    np.testing.assert_array_equal(columns["pupil"], np.arange(50_000) % 7 + 0.5)
    with pytest.raises(ReadError, match="inflates to more than"):
        content(path, len(TEXT) - 1)


@pytest.mark.parametrize("n_lost", [1, 4, 9, 20, 50_000])
def test_a_file_that_is_cut_is_told_wherever_it_was(path, n_lost):
    path.write_bytes(gzip.compress(TEXT)[:-n_lost])
    with pytest.raises(CutShortError, match="ends within its content"):
        refuse_cut(path)


@pytest.mark.parametrize(
    "empty", [b"", b"\n\n", gzip.compress(b"", mtime=0), gzip.compress(b"\r\n\n", mtime=0)]
)
def test_a_file_of_nothing_is_cut_short(path, empty):
    path.write_bytes(empty)
    with pytest.raises(CutShortError, match="no sample"):
        refuse_cut(path)


def test_members_without_end_are_refused(path):
    path.write_bytes(gzip.compress(b"1\n") + gzip.compress(b"") * 70_000)
    with pytest.raises(ReadError, match="over 65536 gzipped parts"):
        refuse_cut(path)


def test_what_repeats_for_ever_is_refused_before_it_fills_the_memory(path, monkeypatch):
    monkeypatch.setattr(gzipped, "_ANY_REPEATED", 1 << 20)
    packer = zlib.compressobj(9, wbits=31)
    packed = [packer.compress(b"1\n" * (1 << 19)) for _ in range(4)]
    path.write_bytes(b"".join([*packed, packer.flush()]))
    for read in (refuse_cut, lambda path: read_columns(path, ("pupil",), ())):
        with pytest.raises(ReadError, match="repeats the same rows"):
            read(path)


def test_rows_are_counted(path, monkeypatch):
    monkeypatch.setattr(tsv_numbers, "MAX_ROWS", 49_999)
    path.write_bytes(gzip.compress(TEXT))
    for read in (refuse_cut, lambda path: read_columns(path, NAMES, NAMES)):
        with pytest.raises(ReadError, match="more than 49999 rows"):
            read(path)


def test_memory_grows_with_the_columns_that_are_kept(path):
    wide = b"1\t" * 99 + b"1\n"
    path.write_bytes(wide * 40_000)  # 8 MB of text, 32 MB of numbers
    names = [f"c{i}" for i in range(100)]
    tracemalloc.start()
    columns = read_columns(path, names, ["c3"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert columns["c3"].shape == (40_000,)
    assert peak < 20e6


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n\n", b"\r"])
def test_line_ends_and_blank_lines(path, end):
    path.write_bytes(b"1\r\n\n3" + end)
    np.testing.assert_array_equal(read_columns(path, ["a"], ["a"])["a"], [1, np.nan, 3])


def test_a_message_counts_lines_from_the_first_of_the_file(path, monkeypatch):
    monkeypatch.setattr(gzipped, "CHUNK", 1 << 17)
    header = "\t".join(NAMES).encode() + b"\n"
    path.write_bytes(gzip.compress(header + TEXT + b"1\t2\n"))
    with pytest.raises(ReadError, match="line 50002: 2 fields"):
        read_columns(path, NAMES, NAMES)
    path.write_bytes(gzip.compress(header + TEXT + b"1\t" + b"z" * 5000 + b"\t2\n"))
    with pytest.raises(ReadError, match=r"line 50002: pupil = 'z{80}\.\.\. \(5000 characters\)'"):
        read_columns(path, NAMES, NAMES)
