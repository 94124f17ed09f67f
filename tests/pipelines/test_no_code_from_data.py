"""No pickle is loaded and no code is run from data, over all verbs that read any."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

OWN_TEXTS = {"jinja2/environment.py", "collections/__init__.py", "core/ir_utils.py"}
"""Who may run code that it made while it works: of templates that are ours, of names of columns
that are identifiers, and numba of kernels that its cache does not have yet."""


def audited(folder, *words):
    done = subprocess.run(
        [sys.executable, "-m", "lookalikes.audited", str(folder), *words],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["codes"].values()) == {0}, done.stderr
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return audited(tmp_path_factory.mktemp("audited"), "spoiled")


def test_no_pickle_is_loaded(found):
    """But for the one that the child process loads, to show that it would be seen."""
    assert {name.split(".")[0] for name in found["pickle"]} == {"pathlib"}


def test_no_code_is_run_from_data(found):
    """But for the one line of the child process."""
    assert set(found["code"]) - OWN_TEXTS == {"data.txt"}


def test_the_only_processes_are_the_walled_ones_that_read_foreign_files(found):
    assert found["processes"]
    assert all("featpipe.readers.foreign_child" in words for words in found["processes"])
