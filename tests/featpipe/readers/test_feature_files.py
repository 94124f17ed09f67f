"""Bytes of a pickle in an .npz, in whichever way NumPy was made to hold them; runs of labels."""

import pickle

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers.feature_files import Runs, cut, damage, runs_of_labels, split_eeg
from featpipe.schema import BANDS


@pytest.mark.parametrize(
    "held", [bytes, np.void, lambda x: np.array(x, dtype=object), lambda x: np.array([x])]
)
def test_pickled_bands_are_found_however_they_are_held(tmp_path, held):
    x = {band: np.full((3, 62), i) for i, band in enumerate(BANDS)}
    path = tmp_path / "1_1.npz"
    both = {f"{part}_data": held(pickle.dumps(x)) for part in ("train", "test")}
    np.savez(path, **both, train_label=np.zeros(3), test_label=np.ones(3))
    runs = split_eeg(path)
    assert [of.shape for of in runs.values] == [(3, 62, 5)] * 2
    np.testing.assert_array_equal(runs.values[1][2, 61], range(5))


def test_bands_that_do_not_fit_are_refused(tmp_path):
    x = {band: np.zeros((3 + (band == "beta"), 62)) for band in BANDS}
    np.savez(tmp_path / "a.npz", train_data=pickle.dumps(x), test_data=pickle.dumps(x))
    with pytest.raises(ReadError, match="bands of train_data have shapes"):
        split_eeg(tmp_path / "a.npz")
    x.pop("gamma")
    np.savez(tmp_path / "a.npz", train_data=pickle.dumps(x), test_data=pickle.dumps(x))
    with pytest.raises(ReadError, match="train_data has no gamma"):
        split_eeg(tmp_path / "a.npz")


def test_stretches_of_one_label_end_where_training_ends():
    runs = Runs([], [np.array([0, 0, 1, 1, 1]), np.array([1, 2])])
    assert runs_of_labels(runs) == [(2, 0.0), (3, 1.0), (1, 1.0), (1, 2.0)]


def test_runs_are_cut_into_trials(tmp_path):
    arrays = [np.arange(5), np.arange(5, 7)]
    found = cut(tmp_path, arrays, {1: 2, 2: 3, 3: 2})
    assert [x.tolist() for x in found.values()] == [[0, 1], [2, 3, 4], [5, 6]]
    with pytest.raises(ReadError, match="7 windows, expected 8 of 3 trials"):
        cut(tmp_path, arrays, {1: 2, 2: 3, 3: 3})
    with pytest.raises(ReadError, match="training has 5 windows, which is not where a trial ends"):
        cut(tmp_path, arrays, {1: 3, 2: 3, 3: 1})


def test_damage_is_told_by_the_head(tmp_path):
    path = tmp_path / "1.npz"
    np.savez(path, x=np.zeros(1000))
    assert damage(path) == ""
    path.write_bytes(path.read_bytes()[:2000])
    assert "ends before its table of contents" in damage(path)
    path.write_bytes(b"")
    assert damage(path) == f"{path}: it is empty; copy it again"
