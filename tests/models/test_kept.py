"""Files of finished folds: to the last bit as they were written, or not there."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from models.curves import CURVE_COLUMNS
from models.fitted import Fitted
from models.kept import read_kept, write_kept
from models.parts import Kept, from_kept, to_kept
from models.types import Scaling

CLAIM = {"fingerprint": "f00d", "folds": ["sub-1", "sub-2"], "pair": (1, 2)}
KEPT = Kept(
    {
        "exact": np.array([[0.1, 1 / 3, -0.0], [np.nan, np.inf, 5e-324]]),
        "single": np.float32([1 / 3, np.nan]),
        "number": np.array(7.5, np.float32),
        "state": np.arange(256, dtype=np.uint8),
        "none": np.zeros((0, 3)),
        "transposed": np.arange(6).reshape(2, 3).T,
    },
    {"seconds": 0.1 + 0.2, "epoch": 3, "curves": {"value": [1 / 3, float("inf")]}},
)


def equal(one, other):
    assert one.facts == other.facts
    assert list(one.arrays) == list(other.arrays)
    for name, array in one.arrays.items():
        found = other.arrays[name]
        assert (found.dtype, found.shape) == (array.dtype, array.shape)
        assert found.tobytes() == array.tobytes()
    return True


@pytest.fixture
def path(tmp_path):
    write_kept(KEPT, tmp_path / "folds.parquet", CLAIM, tmp_path / "staging")
    return tmp_path / "folds.parquet"


def test_what_is_read_is_what_was_written_to_the_last_bit(path):
    assert equal(KEPT, read_kept(path, CLAIM))
    assert list((path.parent / "staging").iterdir()) == []


@pytest.mark.parametrize("change", [{"fingerprint": "f00e"}, {"folds": ["sub-2"]}, {"more": 1}])
def test_a_file_that_claims_something_else_is_not_there(path, change):
    assert read_kept(path, CLAIM | change) is None
    assert read_kept(path.with_name("other.parquet"), CLAIM) is None


def test_no_damage_passes(path):
    """One bit of every byte is turned: a file either counts as absent or says the same."""
    content = path.read_bytes()
    n_taken = 0
    for i in range(len(content)):
        damaged = bytearray(content)
        damaged[i] ^= 1 << (i % 8)
        path.write_bytes(damaged)
        found = read_kept(path, CLAIM)
        n_taken += found is not None and equal(KEPT, found)
    assert n_taken < len(content) / 4  # what says who wrote the file may say anything
    for n in range(0, len(content), 97):
        path.write_bytes(content[:n])
        assert read_kept(path, CLAIM) is None


@pytest.mark.parametrize("n_rows", [0, 2])
def test_a_part_comes_back_as_it_was(tmp_path, n_rows):
    rows = [("sub-1", "train", 1, "emotion", "loss", 0.1 + 0.2)] * n_rows
    curves = pd.DataFrame(rows, columns=list(CURVE_COLUMNS))
    exact = KEPT.arrays["exact"]
    notes = {"sub-1": "C is 1"}
    fitted = Fitted({"sub-1": exact}, curves, {"sub-1": "an estimator"}, {}, {}, notes)
    if n_rows:
        weights = {"a.weight": torch.from_numpy(exact.copy()), "a.n": torch.tensor(3)}
        scaling = {"eye": Scaling(exact[0], exact[1], 2)}
        fitted = replace(
            fitted, weights={"sub-1": weights}, scaling={"sub-1": scaling}, epochs={"sub-1": 3}
        )
    write_kept(to_kept(fitted), tmp_path / "a.parquet", CLAIM, tmp_path)
    found = from_kept(read_kept(tmp_path / "a.parquet", CLAIM))
    pd.testing.assert_frame_equal(found.curves, curves, check_exact=True)
    assert found.probabilities["sub-1"].tobytes() == fitted.probabilities["sub-1"].tobytes()
    assert found.epochs == fitted.epochs
    assert found.notes == notes
    assert found.weights.keys() == found.scaling.keys() == fitted.epochs.keys()
    for fold in fitted.epochs:
        assert equal_arrays(found.weights[fold], fitted.weights[fold])
        assert equal_arrays(found.scaling[fold]["eye"].__dict__, scaling["eye"].__dict__)


def equal_arrays(a, b):
    return list(a) == list(b) and all(
        np.asarray(a[name]).tobytes() == np.asarray(b[name]).tobytes()
        and np.shape(a[name]) == np.shape(b[name])
        for name in a
    )
