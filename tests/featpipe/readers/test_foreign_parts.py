"""Small arrays of large foreign files, and the shapes of the others."""

import datetime
import pickle
from collections import OrderedDict, defaultdict

import numpy as np
import pytest
from scipy.io import savemat

from featpipe.errors import ReadError
from featpipe.readers.foreign import Limits, read_arrays, read_arrays_and_shapes

LARGE, SMALL = np.arange(60_000.0).reshape(3, 4, 5000) % 251, np.arange(12.0).reshape(3, 4)
LITTLE = Limits(n_bytes=10_000)


def write(folder, form):
    path = folder / f"one.{form}"
    content = {"labels": SMALL, "data": LARGE}
    if form == "mat":
        savemat(path, content, do_compression=True)
    elif form == "nested":
        savemat(path, {"D": {"labels": SMALL, "data": LARGE}})
    else:
        path.write_bytes(pickle.dumps(content, protocol=int(form)))
    return path


@pytest.mark.parametrize("form", ["mat", "2", "4"])
def test_a_small_array_comes_with_the_shape_of_a_large_one(tmp_path, form):
    path = write(tmp_path, form)
    arrays, shapes = read_arrays_and_shapes(path, "labels", "data", LITTLE)
    assert list(arrays) == ["labels"]
    np.testing.assert_array_equal(arrays["labels"], SMALL)
    assert shapes == {"data": (3, 4, 5000)}


@pytest.mark.parametrize("form", ["mat", "2", "4"])
def test_a_large_array_is_whole_or_refused_never_zeros(tmp_path, form):
    path = write(tmp_path, form)
    np.testing.assert_array_equal(read_arrays(path, "data")["data"], LARGE)
    with pytest.raises(ReadError, match=f"{path.name}: its arrays have over 10000 bytes"):
        read_arrays(path, "data", LITTLE)


def test_shapes_inside_a_struct(tmp_path):
    arrays, shapes = read_arrays_and_shapes(write(tmp_path, "nested"), "D/labels", "D/data")
    assert list(arrays) == ["D/labels"]
    assert shapes == {"D/data": (3, 4, 5000)}


def test_a_block_that_is_cut_is_damage_though_nobody_wants_it(tmp_path):
    path = write(tmp_path, "4")
    path.write_bytes(path.read_bytes()[:-200_000])
    with pytest.raises(ReadError, match=r"one\.4: it is damaged"):
        read_arrays(path, "labels", LITTLE)


def test_what_a_pickle_refers_to_again_is_written_once(tmp_path):
    path, numbers = tmp_path / "one", np.arange(1000.0)
    path.write_bytes(pickle.dumps({"a": numbers, "more": [numbers] * 50, "b": numbers + 1}))
    found = read_arrays(path, ".*", Limits(n_bytes=20_000))
    np.testing.assert_array_equal(found["more/49"], numbers)
    np.testing.assert_array_equal(found["b"], numbers + 1)
    assert found["more/49"] is found["a"]


@pytest.mark.parametrize("form", ["mat", "npz"])
def test_what_inflates_a_hundredfold_is_refused(tmp_path, form):
    path = tmp_path / f"a.{form}"
    if form == "mat":
        savemat(path, {"x": np.zeros(9_000_000)}, do_compression=True)
    else:
        np.savez_compressed(path, x=np.zeros(9_000_000))
    with pytest.raises(
        ReadError, match=r"x(\.npy)? inflates from \d+ bytes to 72000\d+, as no rec"
    ):
        read_arrays(path, "x")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_an_ordered_dict_is_a_dict(tmp_path, protocol):
    path = tmp_path / "one"
    path.write_bytes(pickle.dumps(OrderedDict(a=SMALL, b=OrderedDict(c=SMALL + 1)), protocol))
    found = read_arrays(path)
    assert list(found) == ["a", "b/c"]
    np.testing.assert_array_equal(found["b/c"], SMALL + 1)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bytearray(b"x"), "bytearray"),
        (np.ma.array([1.0]), r"numpy\.ma\.core"),
        (defaultdict(list), r"defaultdict"),
        (datetime.date(2020, 1, 2), r"datetime\.date"),
        ({1, 2}, r"set"),
    ],
)
def test_what_is_harmless_is_called_what_it_is(tmp_path, content, said, protocol):
    path = tmp_path / "one"
    path.write_bytes(pickle.dumps(content, protocol))
    with pytest.raises(ReadError, match=f"{said}.*, which is not read") as told:
        read_arrays(path)
    assert "run code" not in str(told.value)


def test_a_matrix_of_numpy_is_called_what_it_is(tmp_path):
    path = tmp_path / "one"
    name = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy.matrixlib.defmatrix\nmatrix\n."
    path.write_bytes(name)
    with pytest.raises(ReadError, match=r"a numpy\.matrixlib\.defmatrix\.matrix, which is not"):
        read_arrays(path)


def test_matlab_4_is_called_what_it_is(tmp_path):
    path = tmp_path / "a.mat"
    savemat(path, {"first": SMALL}, format="4")
    with pytest.raises(ReadError, match=r"MATLAB 4 is not read; .*save it with -v7"):
        read_arrays(path)
