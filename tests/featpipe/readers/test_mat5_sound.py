"""The walk refuses what would end the interpreter inside scipy, and nothing that is sound."""

import mmap
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat
from scipy.sparse import csc_array

from featpipe.errors import ReadError
from featpipe.readers.mat5_sound import require_sound


def write(folder: Path, content: dict, **options: bool) -> Path:
    path = folder / "a.set"
    savemat(path, {"EEG": content}, appendmat=False, **options)
    return path


@pytest.mark.parametrize("do_compression", [False, True])
def test_what_scipy_writes_is_sound(tmp_path, do_compression):
    cells = np.array([1.5, "text", np.eye(3)], dtype=object)
    fields = {"z": np.ones((2, 3)) * 1j, "cells": cells, "inner": {"deep": {"est": "µV"}}}
    fields |= {"empty": [], "flag": np.array([True]), "i": np.int16(3), "name": "Oz"}
    fields |= {"sparse": csc_array(np.eye(5)[:, [0, 2]]), "none": csc_array((3, 2)), "struct": {}}
    require_sound(write(tmp_path, fields, do_compression=do_compression))


@pytest.mark.samples
def test_real_files_are_sound(samples):
    for name in ("eeglab_data", "test_raw_chanloc", "test_raw_event_duration"):
        require_sound(samples / f"eeg/eeglab/{name}.set")


def test_a_byte_that_kills_scipy_is_refused(tmp_path):
    path = write(tmp_path, {"nbchan": 2.0, "data": np.ones((2, 5)), "event": []})
    content = bytearray(path.read_bytes())
    at = content.index(b"nbchan")  # the names of the fields
    content[at - 1] = 153  # their number of bytes becomes huge
    path.write_bytes(content)
    with pytest.raises(ReadError, match=r"at byte .* beyond|short element"):
        require_sound(path)


def test_what_passes_the_walk_is_read_by_scipy_or_refused_politely(tmp_path):
    path = write(tmp_path, {"nbchan": 2.0, "data": np.ones((2, 5)), "chan": [{"label": "Fp1"}]})
    content, n_passed = bytearray(path.read_bytes()), 0
    for at in range(128, len(content), 3):
        for value in (0, 1, 153, 255):
            changed = content.copy()
            changed[at] = value
            path.write_bytes(changed)
            try:
                require_sound(path)
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
            require_sound(path)


def test_the_file_is_let_go(tmp_path):
    path = write(tmp_path, {"nbchan": 2.0})
    require_sound(path)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        assert content[:6] == b"MATLAB"
    path.unlink()


def packed(path: Path) -> None:
    content = path.read_bytes()
    inner = zlib.compress(content[128:])
    path.write_bytes(content[:128] + struct.pack("<II", 15, len(inner)) + inner)


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize(
    ("index", "value", "said"),
    [
        (3, 5, "outside of its rows"),  # of rows 0 to 3, then 0
        (3, -1, "outside of its rows"),
        (8, -7, "columns of a sparse matrix"),  # starts of columns 0 1 2 3 5
        (9, 900, "columns of a sparse matrix|outside of its rows"),
    ],
)
def test_indices_of_a_sparse_matrix_are_looked_at(tmp_path, is_packed, index, value, said):
    matrix = np.diag([1.0, 2.0, 3.0, 4.0])
    matrix[0, 3] = 5
    path = write(tmp_path, {"icasphere": csc_array(matrix)})
    content = bytearray(path.read_bytes())
    rows = struct.pack("<5i", 0, 1, 2, 0, 3)
    at = content.index(rows)
    starts = content.index(struct.pack("<5i", 0, 1, 2, 3, 5), at + 20)
    place = at + 4 * index if index < 5 else starts + 4 * (index - 5)
    content[place : place + 4] = struct.pack("<i", value)
    path.write_bytes(content)
    if is_packed:
        packed(path)
    with pytest.raises(ReadError, match=said):
        require_sound(path)


def test_what_scipy_would_read_between_two_items_is_refused(tmp_path):
    """It goes on where the numbers end, not where the item says that it does."""
    path = write(tmp_path, {"a": np.ones((1, 3)), "b": np.ones((1, 3))})
    content = bytearray(path.read_bytes())
    at = content.index(struct.pack("<II", 5, 8) + struct.pack("<ii", 1, 3))
    content[at + 12 : at + 16] = struct.pack("<i", 1)  # (1, 1): of three numbers one is left
    numbers = content.index(struct.pack("<II", 9, 24), at)
    content[numbers + 4 : numbers + 8] = struct.pack("<I", 8)
    path.write_bytes(content)
    with pytest.raises(ReadError, match=r"EEG\.a goes to byte"):
        require_sound(path)


@pytest.mark.parametrize(("kind", "said"), [(3, "object"), (16, "function"), (17, "MATLAB code")])
def test_objects_and_functions_are_refused_by_name(tmp_path, kind, said):
    path = write(tmp_path, {"etc": {"odd": np.ones((1, 3))}})
    content = bytearray(path.read_bytes())
    content[content.rindex(struct.pack("<III", 6, 8, 6)) + 8] = kind
    path.write_bytes(content)
    with pytest.raises(ReadError, match=rf"EEG\.etc\.odd is an? .*{said}.*remove it in MATLAB"):
        require_sound(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({0: b"MATLAB 4.2"}, "not as MATLAB 5 files do|no file of arrays"),
        ({2: b"\0"}, "MATLAB 4; load it in MATLAB and save it with -v7"),
        ({124: b"\0\3"}, "no version 3"),
    ],
)
def test_the_version_is_what_scipy_takes_it_for(tmp_path, change, said):
    path = write(tmp_path, {"nbchan": 2.0})
    content = bytearray(path.read_bytes())
    for at, value in change.items():
        content[at : at + len(value)] = value
    path.write_bytes(content)
    with pytest.raises(ReadError, match=said):
        require_sound(path)


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path):
    path = tmp_path / "a.set"
    savemat(path, {"junk": np.zeros(9_000_000)}, appendmat=False, do_compression=True)
    with pytest.raises(ReadError, match=r"junk inflates from \d+ bytes to 72000"):
        require_sound(path)


def test_a_struct_of_many_elements_without_fields_is_refused(tmp_path):
    path = write(tmp_path, {"odd": np.zeros((3, 3000))})
    content = bytearray(path.read_bytes())
    at = content.rindex(struct.pack("<III", 6, 8, 6)) + 8
    content[at] = 2
    numbers = content.index(struct.pack("<II", 9, 72000), at)
    content[numbers : numbers + 16] = struct.pack("<HHiII", 5, 4, 32, 1, 0)
    path.write_bytes(content)
    with pytest.raises(ReadError, match="9000 elements without fields"):
        require_sound(path)
