"""The walk refuses what would end the interpreter inside scipy, and nothing that is sound."""

import mmap
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from featpipe.errors import ReadError
from featpipe.readers.mat5_walk import walk_mat5


def write(folder: Path, content: dict, **options: bool) -> Path:
    path = folder / "a.set"
    savemat(path, {"EEG": content}, appendmat=False, **options)
    return path


@pytest.mark.parametrize("do_compression", [False, True])
def test_what_scipy_writes_is_sound(tmp_path, do_compression):
    cells = np.array([1.5, "text", np.eye(3)], dtype=object)
    fields = {"z": np.ones((2, 3)) * 1j, "cells": cells, "inner": {"deep": {"est": "µV"}}}
    fields |= {"empty": [], "flag": np.array([True]), "i": np.int16(3), "name": "Oz"}
    walk_mat5(write(tmp_path, fields, do_compression=do_compression))


@pytest.mark.samples
def test_real_files_are_sound(samples):
    for name in ("eeglab_data", "test_raw_chanloc", "test_raw_event_duration"):
        walk_mat5(samples / f"eeg/eeglab/{name}.set")


def test_a_byte_that_kills_scipy_is_refused(tmp_path):
    path = write(tmp_path, {"nbchan": 2.0, "data": np.ones((2, 5)), "event": []})
    content = bytearray(path.read_bytes())
    at = content.index(b"nbchan")  # the names of the fields
    content[at - 1] = 153  # their number of bytes becomes huge
    path.write_bytes(content)
    with pytest.raises(ReadError, match=r"at byte .* beyond|short element"):
        walk_mat5(path)


def test_what_passes_the_walk_is_read_by_scipy_or_refused_politely(tmp_path):
    path = write(tmp_path, {"nbchan": 2.0, "data": np.ones((2, 5)), "chan": [{"label": "Fp1"}]})
    content, n_passed = bytearray(path.read_bytes()), 0
    for at in range(128, len(content), 3):
        for value in (0, 1, 153, 255):
            changed = content.copy()
            changed[at] = value
            path.write_bytes(changed)
            try:
                walk_mat5(path)
                loadmat(path)
            except (ReadError, ValueError, TypeError, KeyError):
                continue
            n_passed += 1
    assert n_passed > 50


def test_truncation_is_refused_wherever_it_is(tmp_path):
    path = write(tmp_path, {"nbchan": 2.0, "data": np.ones((2, 5))})
    content = path.read_bytes()
    for n_bytes in range(130, len(content)):
        path.write_bytes(content[:n_bytes])
        with pytest.raises(ReadError):
            walk_mat5(path)


def test_the_file_is_let_go(tmp_path):
    path = write(tmp_path, {"nbchan": 2.0})
    walk_mat5(path)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        assert content[:6] == b"MATLAB"
    path.unlink()
