"""Names and dimensions out of headers are those that scipy finds, and nothing broken passes."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from scipy.io import savemat, whosmat

from featpipe.errors import ReadError
from featpipe.readers.mat5_shapes import mat5_shapes

CONTENT = {
    "ww_eeg1": np.arange(62 * 50.0).reshape(62, 50),
    "ww_eeg2": np.ones((62, 30), "f4"),
    "de_LDS1": np.ones((3, 4, 5)) * 1j,
    "label": np.array([[1, 0, -1]], "i1"),
    "Eye_Blink": np.array([[np.ones((3, 1))], [np.ones((2, 1))]], object),
    "about": {"subject": "1", "n": 3.0},
    "text": "µV and more",
    "flag": np.array([True, False]),
    "nothing": np.empty((0, 0)),
}


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def path(tmp_path, request):
    path = tmp_path / "1_20131027.mat"
    savemat(path, CONTENT, do_compression=request.param)
    return path


def refusal(path):
    """What is said about a file; None when it is read."""
    try:
        mat5_shapes(path)
    except ReadError as error:
        return str(error)
    return None


def test_they_are_what_scipy_finds(path):
    found = mat5_shapes(path)
    assert found.pop("text") == (1, 11)  # whosmat counts lines
    assert found == {name: shape for name, shape, _ in whosmat(path) if name != "text"}
    assert list(found) == [name for name in CONTENT if name != "text"]
    assert found["ww_eeg1"] == (62, 50)
    assert found["Eye_Blink"] == (2, 1)


@pytest.mark.samples
def test_files_of_matlab(samples):
    for path in sorted((samples / "eeg/eeglab").glob("*.set")):
        if path.read_bytes()[:10] == b"MATLAB 5.0":
            assert mat5_shapes(path) == {name: shape for name, shape, _ in whosmat(path)}


def test_truncation_is_told_wherever_it_is(path):
    content, n_told = path.read_bytes(), 0
    for n_bytes in range(130, len(content), 211):
        path.write_bytes(content[:n_bytes])
        said = refusal(path)
        if said:
            assert "truncated" in said
            n_told += 1
        else:  # the cut is between two variables
            assert len(mat5_shapes(path)) < len(CONTENT)
    assert n_told > 10


def test_the_truncated_variable_is_named(path):
    path.write_bytes(path.read_bytes()[:1200])
    with pytest.raises(ReadError, match=r"truncated: variable 1 \(ww_eeg1\) goes to byte"):
        mat5_shapes(path)


def test_whatever_is_changed_it_answers_or_refuses(path):
    content, refusals = path.read_bytes(), []
    for at in range(120, len(content), 61):
        for value in (0, 1, 153, 255):
            changed = bytearray(content)
            changed[at] = value
            other = path.with_name(f"{at}_{value}")  # overwriting waits for the disk
            other.write_bytes(changed)
            refusals.append(refusal(other))
    assert sum(said is not None for said in refusals) > 5
    assert all(said is None or said.startswith(str(path.parent)) for said in refusals)


def variable(shape=(2, 3), name=b"x", n_bytes=None, kind=9):
    sizes = struct.pack(f"<{len(shape)}i", *shape)
    body = struct.pack("<IIII", 6, 8, 6, 0) + struct.pack("<II", 5, len(sizes)) + sizes
    body += bytes(-len(body) % 8) + struct.pack("<II", 1, len(name)) + name
    numbers = bytes(8 * int(np.prod(shape))) if n_bytes is None else b""
    body += bytes(-len(body) % 8)
    body += struct.pack("<II", kind, len(numbers) if n_bytes is None else n_bytes) + numbers
    return struct.pack("<II", 14, len(body)) + body


def write(path, *elements):
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + b"".join(elements))
    return path


def packed(content):
    squeezed = zlib.compress(content)
    return struct.pack("<II", 15, len(squeezed)) + squeezed


@pytest.mark.parametrize(
    ("elements", "said"),
    [
        ([], "truncated before its first variable"),
        ([variable(), variable()], "two variables are called 'x'"),
        ([variable((1 << 20, 1 << 20), n_bytes=0)], "numbers are declared, 0 bytes"),
        ([packed(variable((1 << 14, 1 << 14), n_bytes=1 << 31))], "numbers cannot be in"),
        ([packed(struct.pack("<II", 14, 3 << 30))], "cannot inflate to 3221225472"),
        ([packed(struct.pack("<II", 9, 8))], "cannot have type 9"),
        ([struct.pack("<II", 15, 20) + bytes(20)], "variable 1, at byte 128, is damaged"),
        ([variable(), bytes(4096)], "zeros, as after a broken download"),
        ([variable(), b"PK"], "truncated at byte"),
        ([variable((-1, 3), n_bytes=0)], "are no dimensions"),
        ([variable((1,) * 40)], "cannot have 40 dimensions"),
        ([variable(name=b"x" * 9000)], "variable 1, at byte 128, is damaged"),
        ([struct.pack("<II", 14, 16) + bytes(16)], "array flags cannot have type 0"),
        ([b"\x0e\0\0\0\0\0\0\0" * 20_001], "over 20000 variables"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, elements, said):
    with pytest.raises(ReadError, match=said):
        mat5_shapes(write(tmp_path / "a.mat", *elements))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (bytes(5000), "zeros only"),
        (b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(600), "-v7"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), "-v7"),
        (b"<!DOCTYPE html><html><head><title>Log in", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", "git lfs pull"),
        (b"\x1f\x8b\x08\0", "gzip archive; unpack"),
        (b"subject,session\n1,2\n", "it is text that begins"),
        (b"\x93NUMPY\x01\0", "not as MATLAB 5 files do"),
        (b"MATLAB 5.0 MAT-file, cut", "has no byte order"),
    ],
)
def test_what_is_no_matlab_file_is_called_what_it_is(tmp_path, content, said):
    path = tmp_path / "1_20131027.mat"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=said):
        mat5_shapes(path)


def test_no_more_is_inflated_than_the_head(tmp_path):
    path = write(tmp_path / "a.mat", packed(variable((50, 20_000))))
    tracemalloc.start()
    try:
        assert mat5_shapes(path) == {"x": (50, 20_000)}
        assert tracemalloc.get_traced_memory()[1] < 200_000  # of 8 million
    finally:
        tracemalloc.stop()
