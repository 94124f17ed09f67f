"""Arrays of foreign files are what was saved; damaged, oversized and made-up files are refused."""

import json
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import naive_foreign
import numpy as np
import pytest
from naive_foreign import LABELS, RAW, changed, python_2, sound
from scipy.io import loadmat, savemat

from featpipe.errors import ReadError
from featpipe.readers.foreign import (
    Limits,
    read_arrays,
    read_arrays_and_shapes,
    read_arrays_of,
)

FORMS = ("mat", "mat_compressed", "npz", "pickle", "dat", "npy")
N_CHANGED = 500


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where temporary folders of the reader are made: nothing may be left behind there."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    yield tmp_path
    assert not list((tmp_path / "tmp").iterdir())


def test_what_each_data_set_has(folder):
    """One child for all of them."""
    wanted = dict.fromkeys(FORMS, r"labels|test_data_eye|ww_eeg\d+|data/\d+|")
    for form in FORMS:
        (folder / form).write_bytes(sound(form))
    found = read_arrays_of({folder / form: pattern for form, pattern in wanted.items()})
    of = {path.name: arrays for path, arrays in found.items()}
    np.testing.assert_array_equal(of["mat"]["ww_eeg1"], RAW[0])
    np.testing.assert_array_equal(of["mat_compressed"]["ww_eeg1"], RAW[0])
    assert list(of["npz"]) == ["data/0", "data/1"]
    np.testing.assert_array_equal(of["npz"]["data/1"], RAW[:1])
    np.testing.assert_array_equal(of["pickle"]["test_data_eye"], RAW[1])
    np.testing.assert_array_equal(of["dat"]["labels"], LABELS)
    np.testing.assert_array_equal(of["npy"][""], RAW)


def test_a_dat_of_python_2_is_read_without_its_signals(folder):
    path = folder / "s01.dat"
    path.write_bytes(python_2({"labels": LABELS, "data": np.zeros((10, 40, 800))}))
    small = Limits(n_bytes=1000)
    arrays, shapes = read_arrays_and_shapes(path, "labels", "data", small)
    np.testing.assert_array_equal(arrays["labels"], LABELS)
    assert shapes == {"data": (10, 40, 800)}
    with pytest.raises(ReadError, match=r"s01\.dat: its arrays have over 1000 bytes"):
        read_arrays(path, "data", small)


@pytest.mark.parametrize("do_compression", [False, True])
def test_numbers_of_matlab_are_those_of_scipy(folder, do_compression):
    path = folder / "a.mat"
    random = np.random.default_rng(3)
    content = {
        f"x_{kind}": (random.standard_normal((3, 4, 2)) * 50).astype(kind)
        for kind in ("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "c16", "?")
    }
    content |= {"inf": np.array([[np.inf + 1j, 1 - np.inf * 1j]]), "none": np.empty((0, 3))}
    content |= {"text": "µV и more", "rows": np.array(["abc", "de "]), "empty": ""}
    savemat(path, content, do_compression=do_compression)
    found, stored = read_arrays(path), loadmat(path)
    real = [name for name, value in stored.items() if np.asarray(value).dtype.kind != "c"]
    expected = stored | loadmat(path, mat_dtype=True, variable_names=real)
    assert list(found) == list(content)
    for name, array in found.items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)
        assert array.dtype.kind == expected[name].dtype.kind or name.endswith("?"), name


def test_integers_in_which_matlab_saved_doubles_are_doubles(folder):
    path = folder / "label.mat"
    body = struct.pack("<IIII", 6, 8, 6, 0) + struct.pack("<IIii", 5, 8, 1, 3)
    body += struct.pack("<HH4s", 1, 1, b"l") + struct.pack("<HH4b", 1, 3, 1, 0, -1, 0)
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"
    path.write_bytes(head + struct.pack("<II", 14, len(body)) + body)
    found = read_arrays(path)["l"]
    np.testing.assert_array_equal(found, [[1.0, 0.0, -1.0]])
    assert found.dtype == np.float64


def test_cells_and_structs_are_named_in_the_order_of_rows(folder):
    path = folder / "a.mat"
    cells = np.array([[1.0, "two"], [np.eye(2), [3.0, 4.0]]], object)
    records = np.zeros((2, 1), [("a", "O"), ("b", "O")])
    records["a"], records["b"] = [[1.0], [2.0]], [["x"], ["y"]]
    savemat(path, {"c": cells, "r": records, "s": {"in": {"deep": 5.0}}})
    found = read_arrays(path)
    assert list(found) == [
        "c/0", "c/1", "c/2", "c/3", "r/0/a", "r/0/b", "r/1/a", "r/1/b", "s/in/deep"
    ]  # fmt: skip
    np.testing.assert_array_equal(found["c/2"], np.eye(2))
    assert (found["c/1"][0], found["r/1/b"][0], found["s/in/deep"].item()) == ("two", "y", 5.0)


@pytest.mark.samples
def test_files_of_matlab_are_read_as_scipy_does(samples, folder):
    for name in ("eeglab_data", "test_raw_chanloc", "test_raw_event_duration"):
        path = samples / f"eeg/eeglab/{name}.set"
        found, expected = read_arrays(path), loadmat(path, mat_dtype=True)
        eeg = expected["EEG"][0, 0] if "EEG" in expected else expected
        prefix = "EEG/" if "EEG" in expected else ""
        n_compared = 0
        for field in ("data", "srate", "times", "icaweights", "nbchan", "setname"):
            value = np.asarray(eeg[field])
            if f"{prefix}{field}" in found:
                np.testing.assert_array_equal(found[f"{prefix}{field}"], value)
                n_compared += 1
        assert n_compared >= 4


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_every_protocol(folder, protocol):
    content = {
        "c": RAW, "f": np.asfortranarray(RAW[0]), "view": RAW[:, ::2, 1:], "big": RAW.astype(">f4"),
        "axes": RAW.transpose(1, 2, 0), "text": np.array(["ab", "µ"]), "bytes": np.array([b"ab"]),
        "none": np.empty((0, 3)), "scalar": np.float32(1.5), "flag": np.array([True, False]),
        "list": [1, -2.5, "x", 1 + 2j, 2**62], "objects": np.array([RAW, "y", None], object),
        "inner": {1: b"", 2.5: b"\xff"}, "complex": RAW * 1j,
        "nested": pickle.dumps([RAW], protocol),
    }  # fmt: skip
    path = folder / "1_1"
    path.write_bytes(pickle.dumps(content, protocol))
    found = read_arrays(path)
    for name in ("c", "f", "view", "big", "axes", "text", "none", "scalar", "flag", "complex"):
        np.testing.assert_array_equal(found[name], content[name], err_msg=name)
        assert found[name].dtype.isnative
    assert [found[f"list/{i}"].item() for i in range(5)] == content["list"]
    np.testing.assert_array_equal(found["objects/0"], RAW)
    assert (found["objects/1"], found["inner/2.5"], found["bytes"][0]) == ("y", "ÿ", "ab")
    if protocol > 1:
        np.testing.assert_array_equal(found["nested/0"], RAW)


@pytest.mark.parametrize("form", FORMS)
def test_changed_files_are_read_or_refused_and_nothing_else(tmp_path, form):
    """Each file is read by the code of the child, hundreds of them in one process."""
    command = [sys.executable, naive_foreign.__file__, form, str(tmp_path), str(N_CHANGED)]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    assert found["n_read"] + found["n_refused"] == N_CHANGED
    assert found["n_refused"] > N_CHANGED // 2
    assert found["n_read"]


@pytest.mark.parametrize("form", FORMS)
def test_a_changed_file_costs_this_process_a_message(folder, form):
    path, said = folder / "changed", []
    for content in changed(sound(form), 2, seed=11):
        path.write_bytes(content)
        try:
            read_arrays(path, limits=Limits(seconds=10))
        except ReadError as error:
            said.append(str(error))
    assert said
    assert all(message.startswith(f"{path}: ") for message in said)


@pytest.mark.parametrize("name", ["a.mat", "a.npz"])
def test_what_is_not_wanted_is_not_inflated(folder, name):
    """The other variable is damaged, which nobody notices."""
    path, noise = folder / name, np.random.default_rng(0).random(9000)
    if name == "a.mat":
        savemat(path, {"bad": noise, "x": RAW[0]}, do_compression=True)
    else:
        np.savez_compressed(path, bad=noise, x=RAW[0])
    content = bytearray(path.read_bytes())
    content[30_000] ^= 0xFF
    path.write_bytes(content)
    np.testing.assert_array_equal(read_arrays(path, "x")["x"], RAW[0])
    with pytest.raises(ReadError, match="damaged"):
        read_arrays(path, "bad")


def test_a_truncated_matlab_file_names_the_variable(folder):
    path = folder / "1_20131027.mat"
    savemat(path, {"ww_eeg1": RAW, "ww_eeg2": RAW})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ReadError, match=r"truncated: variable 2 \(ww_eeg2\)"):
        read_arrays(path, r"ww_eeg\d+")


def test_limits_hold(folder):
    path = folder / "a.npz"
    np.savez_compressed(path, x=np.zeros(8_000_000))
    with pytest.raises(ReadError, match="over 1000000 bytes"):
        read_arrays(path, "x", Limits(n_bytes=1_000_000))
    with pytest.raises(ReadError, match=r"takes over 0\.01 s"):
        read_arrays(path, "x", Limits(seconds=0.01))
    with pytest.raises(ReadError, match="more memory than is allowed"):
        read_arrays(path, "x", Limits(memory=1 << 27, seconds=30))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (bytes(700), "zeros only"),
        (b"MATLAB 7.3 MAT-file, Platform: PCWIN64".ljust(700), "MATLAB 7.3 is not read"),
        (b"\n<!doctype html><title>Sign in</title>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"subject;label\n1;0\n", r"it is text that begins 'subject;label\\n1;0\\n'"),
        (b"Subject,Label\n1,0\n", r"it is text that begins 'Subject,Label\\n1,0\\n', no array"),
        (b"Rar!\x1a\x07\x01\0", "RAR archive; unpack it"),
        (b"PK\x03\x04 and no more", r"damaged \(File is not a zip file\)"),
        (b"\x93NUMPY\x09\x09", r"\.npy of version \(9, 9\)"),
        (b"\x89PNG\r\n\x1a\n", "as no file of arrays does"),
        (b"\x80\x04\xff", "no instruction of a pickle"),
    ],
)
def test_what_is_no_file_of_arrays_is_called_what_it_is(folder, content, said):
    path = folder / "1_20131027.mat"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=said):
        read_arrays(path)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(ReadError, match=r"none\.mat: .*No such file"):
        read_arrays(Path(tmp_path, "none.mat"))


def test_members_that_overlap_are_refused(folder):
    path = folder / "a.npz"
    np.savez(path, x=RAW, y=RAW)
    content = bytearray(path.read_bytes())
    second = content.rindex(b"PK\x01\x02")
    content[second + 42 : second + 46] = bytes(4)  # the second begins where the first does
    path.write_bytes(content)
    with pytest.raises(ReadError, match="reaches into what follows"):
        read_arrays(path)


@pytest.mark.parametrize(
    ("way", "said"), [(zipfile.ZIP_BZIP2, "way 12"), (zipfile.ZIP_LZMA, "way")]
)
def test_ways_of_compression_without_a_limit_are_refused(folder, way, said):
    path = folder / "a.npz"
    with zipfile.ZipFile(path, "w", way) as parts:
        parts.writestr("x.npy", sound("npy"))
    with pytest.raises(ReadError, match=said):
        read_arrays(path)


HARM = """
import os, socket, subprocess, sys
from pathlib import Path
from featpipe.readers.foreign_walls import limit_memory, refuse_harm
folder, canary = Path(sys.argv[1], "in"), sys.argv[1] + "/canary"
limit_memory(1 << 30, 0)
refuse_harm(folder)
tried = [
    lambda: os.system(f"touch {canary}"), lambda: subprocess.run(["touch", canary]),
    lambda: open(canary, "w"), lambda: os.open(canary, os.O_CREAT | os.O_WRONLY),
    lambda: os.fork(), lambda: os.execv("/bin/touch", ["touch", canary]),
    lambda: os.remove(__file__), lambda: os.rename(folder, canary), lambda: os.mkdir(canary),
    lambda: socket.create_connection(("127.0.0.1", 9)), lambda: open(f"{folder}/../canary", "w"),
    lambda: __import__("pickle").loads(b"cos\\nsystem\\n."), lambda: bytearray(2 << 30),
    lambda: Path(folder, "large").write_bytes(bytes(70 << 20)),
]
for i, harm in enumerate(tried):
    try:
        harm()
    except (PermissionError, MemoryError, OSError) as error:
        kind = "limit" if isinstance(error, MemoryError) or error.errno == 27 else "refused"
        kind = kind if not isinstance(error, ConnectionError) else "connected"
        print(i, kind)
Path(folder, "allowed").write_text("x")
"""


def test_the_child_starts_writes_and_connects_to_nothing(tmp_path):
    """Second wall: nothing that reads gets that far."""
    (tmp_path / "in").mkdir()
    script = tmp_path / "harm.py"
    script.write_text(HARM)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.split("\n")[:-1] == [f"{i} refused" for i in range(12)] + [
        "12 limit", "13 limit"
    ], done.stderr  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["allowed", "large"]
    assert script.exists()
    assert not (tmp_path / "canary").exists()
