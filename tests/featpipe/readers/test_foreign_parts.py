"""Small arrays of large foreign files, and the shapes of the others."""

import pickle

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
