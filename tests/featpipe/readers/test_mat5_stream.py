"""Arrays out of nested MATLAB variables, streamed: the same as scipy's, and damage is told."""

import struct
import time
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from featpipe.errors import ReadError
from featpipe.readers.foreign import read_arrays
from featpipe.readers.mat5_stream import leaves

RNG = np.random.default_rng(0)


def cell(*items):
    found = np.empty((1, len(items)), dtype=object)
    found[0, :] = items
    return found


NESTED = {
    "Data": cell(
        {"EEG": {"stimuli": cell(RNG.standard_normal((300, 14)), np.empty((0, 0)))}, "Age": "25"},
        {"EEG": {"stimuli": cell(RNG.standard_normal((200, 14)), np.eye(3))}, "Age": "elf"},
    ),
    "Rate": 128,
    "Small": np.arange(6, dtype=np.int16).reshape(2, 3),
    "Narrow": np.arange(5, dtype=np.float32)[:, np.newaxis],
    "Names": cell("AF3", "O1"),
    "Cube": RNG.standard_normal((2, 3, 4)),
}


@pytest.fixture(params=[True, False], ids=["compressed", "plain"])
def path(request, tmp_path):
    path = tmp_path / "one.mat"
    savemat(path, {"first": np.zeros(3), "D": NESTED, "last": 1}, do_compression=request.param)
    return path


def test_all_leaves_are_those_of_scipy(path):
    expected = read_arrays(path, "D/.*")
    found = {leaf.name: leaf for leaf in leaves(path, "D", lambda _: "array")}
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name].array.ravel(), array.ravel(), err_msg=name)
        if array.dtype.kind != "U":
            assert found[name].shape == found[name].array.shape == array.shape


def test_shapes_alone_are_given_where_they_are_enough(path):
    found = list(leaves(path, "D", lambda name: "shape" if "stimuli" in name else ""))
    assert [leaf.shape for leaf in found] == [(300, 14), (0, 0), (200, 14), (3, 3)]
    assert all(leaf.array is None for leaf in found)
    assert found[2].name == "D/Data/1/EEG/stimuli/0"


def test_a_variable_that_is_not_there_is_told(path):
    with pytest.raises(ReadError, match=r"one\.mat: it has no variable E"):
        list(leaves(path, "E", lambda _: "array"))


@pytest.mark.parametrize("is_compressed", [True, False])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_damage_leads_to_anything_but_a_read_error(tmp_path, is_compressed, data):
    path = tmp_path / f"{is_compressed}.mat"
    if not path.exists():
        savemat(path, {"D": NESTED}, do_compression=is_compressed)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(128, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    spoilt = tmp_path / "spoilt.mat"
    spoilt.write_bytes(content)
    with suppress(ReadError):
        total = sum(leaf.array.nbytes for leaf in leaves(spoilt, "D", lambda _: "array"))
        assert total < 1 << 20


def element(kind, content):
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def matrix(kind, shape, name, *content):
    head = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack("<2i", *shape))
    return element(14, head + element(1, name) + b"".join(content))


def write_raw(folder, content, *, is_compressed=True):
    path = folder / "raw.mat"
    packed = zlib.compress(content)
    content = struct.pack("<II", 15, len(packed)) + packed if is_compressed else content
    path.write_bytes(b"MATLAB 5.0".ljust(124) + b"\0\1IM" + content)
    return path


FIELDS = element(5, struct.pack("<i", 32)), element(1, b"score".ljust(32, b"\0"))


def test_an_item_whose_padding_goes_beyond_it_is_refused(tmp_path):
    inner = element(6, struct.pack("<II", 6, 0)) + element(5, bytes(8)) + struct.pack("<II", 1, 3)
    item = struct.pack("<II", 14, len(inner) + 3) + inner + b"abc" + bytes(5)
    path = write_raw(tmp_path, matrix(1, (1, 50), b"D", item * 50), is_compressed=False)
    with pytest.raises(ReadError, match="beyond the one around it"):
        list(leaves(path, "D", lambda _: ""))


def test_millions_of_items_are_refused(tmp_path):
    path = write_raw(tmp_path, matrix(1, (1, 400_000), b"D", struct.pack("<II", 14, 0) * 400_000))
    with pytest.raises(ReadError, match="millions of values"):
        list(leaves(path, "D", lambda _: "shape"))


def test_a_struct_without_fields_costs_no_step_for_each_of_its_elements(tmp_path):
    """A thousand of them declare as many elements as there are bytes before them."""
    fields, items, at = element(5, struct.pack("<i", 32)) + element(1, b""), [], 1 << 20
    for _ in range(1000):
        items.append(matrix(2, (1, at), b"", fields))
    filler = matrix(9, (1, 1 << 20), b"", element(2, bytes(1 << 20)))
    path = write_raw(tmp_path, matrix(1, (1, 1001), b"D", filler, *items))
    begun = time.perf_counter()
    assert [leaf.name for leaf in leaves(path, "D", lambda _: "shape")] == ["D/0"]
    assert time.perf_counter() - begun < 5  # 10^9 steps take a minute


def test_what_is_wanted_may_not_be_large_for_what_it_is(tmp_path):
    numbers = matrix(6, (1, 3_000_000), b"", element(1, bytes(3_000_000)))
    path = write_raw(tmp_path, matrix(2, (1, 1), b"D", *FIELDS, numbers))
    with pytest.raises(ReadError, match="D/score and what is before it take more bytes"):
        list(leaves(path, "D", lambda _: "array", 1 << 22))


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path):
    packed = zlib.compress(struct.pack("<II", 14, 105 << 20) + matrix(1, (0, 0), b"D")[8:], 0)
    stretched = packed + bytes((1 << 20) - len(packed))
    path = tmp_path / "raw.mat"
    head = b"MATLAB 5.0".ljust(124) + b"\0\1IM" + struct.pack("<II", 15, len(stretched))
    path.write_bytes(head + stretched)
    with pytest.raises(ReadError, match="D inflates from 1048576 bytes to 110100480"):
        list(leaves(path, "D", lambda _: "array"))
