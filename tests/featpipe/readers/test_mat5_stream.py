"""Arrays out of nested MATLAB variables, streamed: the same as scipy's, and damage is told."""

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
