"""The process that reads foreign files: how it starts, what limits it, and that it ends."""

import os
import subprocess
import sys

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers import foreign
from featpipe.readers.foreign import Limits, read_arrays
from featpipe.readers.foreign_walls import limit

resource = pytest.importorskip("resource")

LOWERED = """
import resource, sys
from pathlib import Path
from featpipe.readers.foreign import read_arrays
resource.setrlimit(resource.RLIMIT_AS, (5_000_000_000, 5_000_000_000))
print(read_arrays(Path(sys.argv[1]))[""].tolist())
"""
LEFT_ALONE = """
import sys, time
from pathlib import Path
from featpipe.readers.foreign_walls import end_with_parent, refuse_harm
refuse_harm(Path(sys.argv[1]))
end_with_parent(sys.stdin.buffer, Path(sys.argv[1]))
Path(sys.argv[1], "0.arrays").touch()
print("begun", flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3.0))
    return tmp_path / "a.npy"


def test_a_lower_limit_of_the_shell_is_kept(path):
    done = subprocess.run(
        [sys.executable, "-c", LOWERED, str(path)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "[0.0, 1.0, 2.0]\n", done.stderr


@pytest.mark.parametrize("error", [ValueError("current limit exceeds maximum"), OSError(1, "no")])
def test_a_limit_that_the_system_refuses_is_left_out(monkeypatch, error):
    def refuse(*_):
        raise error

    monkeypatch.setattr(resource, "setrlimit", refuse)
    limit("AS", 1 << 30)
    limit("NONESUCH", 1)


def test_a_reader_that_does_not_start_is_no_damage(path, monkeypatch):
    monkeypatch.setattr(foreign, "_CHILD", "featpipe.nonesuch")
    with pytest.raises(ReadError, match=r"could not start \(1: .*No module named.*ulimit -a"):
        read_arrays(path)


def test_a_reader_that_dies_is_damage_and_its_last_word_is_told(path, monkeypatch):
    monkeypatch.setattr(foreign, "_LONGEST_ANSWER", 3)
    with pytest.raises(ReadError, match=r"damaged beyond reading .*0: it says nothing"):
        read_arrays(path)


def test_a_reader_that_takes_long_is_ended(path, monkeypatch):
    monkeypatch.setattr(foreign, "_CHILD", "timeit")  # of nothing, for as long as it likes
    with pytest.raises(ReadError, match=r"takes over 0\.05 s"):
        read_arrays(path, limits=Limits(seconds=0.05))


def test_a_reader_ends_with_its_parent_and_leaves_no_folder(tmp_path):
    folder = tmp_path / "featpipe-1"
    folder.mkdir()
    command = [sys.executable, "-c", LEFT_ALONE, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"begun\n"
        child.stdin.close()  # as the system does for whoever ended
        assert child.wait(timeout=20) == 1
    assert not folder.exists()


@pytest.mark.parametrize("parts", [["", "/none"], ["here"], ["."]])
def test_no_folder_that_one_happens_to_be_in_shadows_a_module(path, monkeypatch, parts):
    canary = path.with_name("canary")
    for folder in (path.parent, path.parent / "here"):
        folder.mkdir(exist_ok=True)
        (folder / "json.py").write_text(f"open({str(canary)!r}, 'w')\nraise SystemExit(9)\n")
    monkeypatch.chdir(path.parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(parts))
    np.testing.assert_array_equal(read_arrays(path)[""], np.arange(3.0))
    assert not canary.exists()
