"""Two files of one recording: silently one where they hold the same, told where they do not."""

import numpy as np
import pytest
from scipy.io import savemat

from featpipe.datasets import facts, file_content
from featpipe.datasets.file_content import digest_of
from featpipe.datasets.layout import Choice
from featpipe.datasets.recording_names import add
from featpipe.datasets.released import RELEASED
from featpipe.datasets.table import LAYOUTS

PLACES = {
    ("seed-iv", "eeg_feature_smooth/1/1_20160518.mat"): RELEASED,
    ("seed-v", "EEG_DE_features/1_123.npz"): RELEASED,
    ("seed-vii", "EEG_features/1.mat"): RELEASED,
    ("seed-vii", "EEG_preprocessed/1.mat"): LAYOUTS,
}


def find(name, root, table):
    choice = Choice(name, facts.facts_of(name).classes, window_s=4.0)
    return (table[name].find if table is LAYOUTS else table[name])(root, choice)


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_two_files_of_one_size_are_compared_by_content(tmp_path, name, place):
    table = PLACES[name, place]
    x = np.arange(62 * 401.0).reshape(62, 401)
    for copy, factor in (("a", 1.0), ("b", 1.0)):
        (tmp_path / copy / place).parent.mkdir(parents=True)
        savemat(tmp_path / copy / place, {str(k): factor * x for k in range(1, 21)})
    used = tmp_path / "a" / place

    def told():
        found = find(name, tmp_path, table)
        assert {source.eeg for source in found.sources} == {used}
        return [d.what for d in found.defects if "take one of them" in d.what]

    assert told() == []
    savemat(tmp_path / "b" / place, {str(k): 1e-3 * x for k in range(1, 21)})
    assert (tmp_path / "b" / place).stat().st_size == used.stat().st_size
    (what,) = told()
    assert what.startswith(f"{tmp_path / 'b' / place}: {used} is subject 1")
    assert "and is the one that is used" in what


def test_a_header_of_another_day_is_no_difference(tmp_path):
    paths = [tmp_path / name / "1_1.mat" for name in "ab"]
    for path, head in zip(paths, (b"Mon", b"Tue"), strict=True):
        path.parent.mkdir()
        path.write_bytes(head + bytes(range(256)) * 2000)
    found = {("1", "1"): paths[0]}
    assert add(found, ("1", "1"), paths[1]) == []
    assert digest_of(paths[0]) == digest_of(paths[1])
    content = bytearray(paths[1].read_bytes())
    content[-1] ^= 1
    paths[1].write_bytes(content)
    assert not file_content.is_same(*paths)
    (defect,) = add(found, ("1", "1"), paths[1])
    assert found == {("1", "1"): paths[0]}
    assert "is subject 1, session 1, too" in defect.what


def test_what_cannot_be_read_is_not_the_same(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"1")
    assert not file_content.is_same(path, tmp_path / "b")
