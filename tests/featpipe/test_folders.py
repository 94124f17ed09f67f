"""What lies below a folder: bounded, without what is closed, open to links that lead elsewhere."""

import os

import pytest

from featpipe import folders
from featpipe.datasets import deap, dreamer, seed_v, seed_vii
from featpipe.datasets.layout import Choice
from featpipe.errors import ConfigError
from featpipe.folders import files_below

CHOICE = Choice("dreamer", ("low", "high"))


def test_links_are_followed_once_and_not_upwards(tmp_path):
    root, other = tmp_path / "root", tmp_path / "other"
    (root / "a").mkdir(parents=True)
    other.mkdir()
    (root / "a" / "1.dat").touch()
    (other / "2.dat").touch()
    for name, target in {"up": "/", "self": root, "other": other, "again": other}.items():
        (root / name).symlink_to(target)
    assert files_below(root) == [root / "a" / "1.dat", root / "again" / "2.dat"]
    assert files_below(root / "a" / "..") == [
        root / "a" / ".." / "a" / "1.dat",
        root / "a" / ".." / "again" / "2.dat",
    ]


def test_what_is_no_file_is_passed_over(tmp_path):
    for name in (".hidden", "._s01.dat", "~$s01.xlsx", "s01.dat"):
        (tmp_path / name).touch()
    (tmp_path / "dead").symlink_to(tmp_path / "gone")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    os.mkfifo(tmp_path / "pipe")
    assert files_below(tmp_path) == [tmp_path / "s01.dat"]


def test_a_link_into_a_closed_folder_does_not_end_the_walk(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    (tmp_path / "s01.dat").touch()
    (tmp_path / "s02.dat").touch()
    true_stat = type(tmp_path).stat

    def stat(self, **options):
        if self.name == "s02.dat":
            raise PermissionError(13, "Permission denied", str(closed))
        return true_stat(self, **options)

    monkeypatch.setattr(type(tmp_path), "stat", stat)
    assert files_below(tmp_path) == [tmp_path / "s01.dat"]


def test_of_too_many_files_nobody_waits_for_the_last(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MOST_FILES", 10)
    for i in range(20):
        (tmp_path / f"s{i:02}.dat").touch()
    with pytest.raises(ConfigError, match="more than 10 files lie below it: name the folder"):
        files_below(tmp_path)
    for layout in (deap, dreamer, seed_v, seed_vii):
        assert layout.is_here(tmp_path) is False
        with pytest.raises(ConfigError, match="more than 10 files"):
            layout.find(tmp_path, CHOICE)
