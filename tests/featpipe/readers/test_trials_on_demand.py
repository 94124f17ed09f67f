"""Trials that are fetched late are the recording that `end_to_end` makes of them at once."""

from pathlib import Path

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers.end_to_end import end_to_end
from featpipe.readers.trials_on_demand import on_demand

NAMES = ["CZ", "PZ", "OZ"]
LENGTHS = {1: 301, 2: 1, 4: 450}
TRIALS = [
    np.random.default_rng(k).normal(0, 20, (3, n)).astype("<f4" if k == 4 else "<f8")
    for k, n in LENGTHS.items()
]


def lazy(fetched):
    def fetch():
        fetched.append(1)
        return TRIALS

    return on_demand(Path("s.mat"), LENGTHS, NAMES, 100.0, fetch)


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """MNE looks whether the named file is there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.mat").touch()


def test_numbers_and_marks_are_those_of_end_to_end():
    fetched = []
    raw, whole = lazy(fetched), end_to_end(TRIALS, NAMES, 100.0)
    assert (raw.n_times, fetched) == (whole.n_times, [])
    assert raw.annotations.onset.tolist() == whole.annotations.onset.tolist()
    np.testing.assert_array_equal(raw.get_data(), whole.get_data())
    raw.drop_channels(["PZ"]).reorder_channels(["OZ", "CZ"])
    for start, stop in [(0, 50), (95, 105), (399, 402), (401, 1352), (480, 510), (1351, 1352)]:
        part = raw.get_data(start=start, stop=stop)
        np.testing.assert_array_equal(part, whole.get_data(["OZ", "CZ"], start, stop))
    assert fetched == [1]


def test_what_differs_from_the_header_is_refused():
    raw = on_demand(Path("s.mat"), {1: 300, 2: 1, 4: 450}, NAMES, 100.0, lambda: TRIALS)
    with pytest.raises(ReadError, match=r"s.mat: .*declares .*\(3, 300\).*\(3, 301\).*copy it"):
        raw.get_data()


def test_another_file_of_the_same_shape_is_refused():
    """Its numbers would stand under the lengths and the name of the first."""
    raw = lazy([])
    Path("s.mat").write_bytes(b"another")
    with pytest.raises(ReadError, match=r"s\.mat: it was changed since it was opened"):
        raw.get_data()
