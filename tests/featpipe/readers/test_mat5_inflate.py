"""Compressed MATLAB files are inflated within limits, and are the same afterwards."""

import io
import struct
import zlib

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from featpipe.errors import ReadError
from featpipe.readers.mat5_inflate import inflated

LIMIT = 1 << 20


@pytest.fixture
def packed(tmp_path):
    path = tmp_path / "a.mat"
    content = {"x": np.arange(30.0).reshape(5, 6), "cells": np.array([1.5, "text"], object), "i": 3}
    savemat(path, content, do_compression=True)
    return path


def with_first(path, variable):
    """The file with another first variable, compressed."""
    squeezed = zlib.compress(variable)
    path.write_bytes(path.read_bytes()[:128] + struct.pack("<II", 15, len(squeezed)) + squeezed)
    return path


def test_what_was_compressed_is_the_same(packed):
    found = loadmat(io.BytesIO(inflated(packed, LIMIT)))
    plain = loadmat(packed)
    assert found.keys() == plain.keys()
    np.testing.assert_array_equal(found["x"], plain["x"])
    assert found["cells"][0, 1] == "text"


def test_what_is_declared_is_compared_first(packed):
    with_first(packed, struct.pack("<II", 14, 3 << 30))
    with pytest.raises(ReadError, match="would inflate to 3221225472 bytes"):
        inflated(packed, LIMIT)


def test_no_more_is_inflated_than_declared(packed):
    with_first(packed, struct.pack("<II", 14, 16) + bytes(100 << 20))
    assert packed.stat().st_size < LIMIT
    with pytest.raises(ReadError, match="not as long as it says"):
        inflated(packed, LIMIT)


def test_many_variables_share_the_limit(tmp_path):
    path = tmp_path / "a.mat"
    savemat(path, {f"x{i}": np.zeros(40_000) for i in range(4)}, do_compression=True)
    with pytest.raises(ReadError, match="would inflate"):
        inflated(path, LIMIT)
    assert len(inflated(path, 2 * LIMIT)) > LIMIT


def test_a_large_file_is_not_read(packed):
    with pytest.raises(ReadError, match="no table of eye events"):
        inflated(packed, 100)


def test_a_checksum_is_checked(packed):
    content = bytearray(packed.read_bytes())
    n_bytes = struct.unpack_from("<I", content, 132)[0]
    content[136 + n_bytes - 1] ^= 1
    packed.write_bytes(content)
    with pytest.raises(ReadError, match="damaged"):
        inflated(packed, LIMIT)
