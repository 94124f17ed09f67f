"""Whose files lie below a folder, and names of folders as people and browsers change them."""

import re

import pytest

from featpipe.datasets.facts import facts_of
from featpipe.datasets.layout import Choice
from featpipe.datasets.release_files import below, in_folder, packed, plain_name
from featpipe.datasets.released import RELEASED
from featpipe.datasets.table import LAYOUTS
from featpipe.errors import ConfigError


def touch(path, content=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def find(name, root, table=RELEASED):
    choice = Choice(name, facts_of(name).classes, window_s=4.0)
    return (table[name].find if table is LAYOUTS else table[name])(root, choice)


@pytest.mark.parametrize("folder", ["China", "Chinese", "seed-china", "ger", "French"])
def test_folders_named_after_a_country_cost_other_data_sets_nothing(tmp_path, folder):
    of = touch(tmp_path / folder / "SEED_IV/eeg_feature_smooth/1/1_20160518.mat")
    mat = touch(tmp_path / folder / "SEED/ExtractedFeatures_4s/1_20131027.mat")
    for root in (tmp_path, tmp_path / folder):
        assert [source.eeg for source in find("seed-iv", root).sources] == [of]
        assert [source.eeg for source in find("seed", root).sources] == [mat]
        assert below(root, "seed-v") == [mat, of]


def test_a_sister_has_files_without_a_language_only_where_none_is_named(tmp_path):
    nameless = touch(tmp_path / "mine/01-EEG-raw/1_1.cnt")
    for name in ("seed", "seed-ger", "seed-fra"):
        assert below(tmp_path, name) == [nameless]
    german = touch(tmp_path / "German/01-EEG-raw/1_1.cnt")
    own = touch(tmp_path / "SEED_EEG/SEED_RAW_EEG/1_1.cnt")
    assert below(tmp_path, "seed-ger") == [german]
    assert below(tmp_path, "seed-fra") == []
    assert below(tmp_path, "seed") == [own, nameless]
    assert below(tmp_path / "SEED_EEG/SEED_RAW_EEG", "seed-ger") == []
    assert below(tmp_path / "German/01-EEG-raw", "seed-ger") == [german]


def test_times_of_released_features_are_those_of_the_tree(tmp_path):
    tree = tmp_path / "SEED_Multimodal/German"
    for subject in "12":
        touch(tree / f"02-EEG-DE-feature/eeg_used_4s/{subject}_1.npz")
    times = "start_point_list = [{}];\nend_point_list = [{}];"
    touch(tree / "01-EEG-raw/time.txt", times.format("1000,9000", "5000,21000").encode())
    of_seed = (
        ",".join(str(20_000 * k) for k in range(1, 16)),
        ",".join(str(20_000 * k + 9000) for k in range(1, 16)),
    )
    touch(tmp_path / "SEED_EEG/SEED_RAW_EEG/time.txt", times.format(*of_seed).encode())
    found = find("seed-ger", tmp_path)
    assert [trial.offset for trial in found.sources[0].trials] == [4.0, 12.0]
    assert not found.defects


@pytest.mark.parametrize(
    ("name", "plain"),
    [("EEG_features (1)", "EEG_features"), ("EEG  features", "EEG_features"), ("a - b(2)", "a_b"),
     ("01-EEG-raw", "01_EEG_raw"), ("(1)", "")],
)  # fmt: skip
def test_plain_names(name, plain):
    assert plain_name(name) == plain


@pytest.mark.parametrize(
    ("name", "path"),
    [("seed", "ExtractedFeatures 4s/1_20131027.mat"),
     ("seed", "Extracted Features_4s (1)/1_20131027.mat"),
     ("seed", "02 EEG DE feature/eeg used 4s/1_1.npz"),
     ("seed-v", "EEG-DE-features/1_123.npz"),
     ("seed-vii", "EEG features/1.mat"), ("seed-vii", "EEG_features (1)/1.mat"),
     ("seed-vii", "eeg-features/1.mat")],
)  # fmt: skip
def test_folders_that_were_renamed_or_fetched_twice_are_found(tmp_path, name, path):
    file = touch(tmp_path / path)
    assert find(name, tmp_path).sources[0].eeg == file
    assert find(name, file.parent).sources[0].eeg == file


def test_the_folder_around_the_root_has_no_say(tmp_path):
    file = touch(tmp_path / "eeg features/mine/1.mat")
    pattern = re.compile("eeg_features")
    assert in_folder([file], pattern, tmp_path) == [file]
    assert in_folder([file], pattern, tmp_path / "eeg features") == [file]
    assert in_folder([file], pattern, tmp_path / "eeg features/mine") == []


@pytest.mark.parametrize("name", ["a.zip", "b.rar", "c.7z", "d.tar.gz", "e.tgz", "f.zip.001"])
def test_archives_are_to_be_unpacked_first(tmp_path, name):
    assert packed(tmp_path) == ""
    touch(tmp_path / "inside" / name)
    said = rf"; unpack {name} first"
    assert packed(tmp_path) == said
    for layout in RELEASED:
        for table in (RELEASED, LAYOUTS):
            with pytest.raises(ConfigError, match=re.escape(said)):
                find(layout, tmp_path, table)
    for layout in ("deap", "dreamer"):
        with pytest.raises(ConfigError, match=re.escape(said)):
            LAYOUTS[layout].find(tmp_path, Choice(layout, ("low", "high"), rating="valence"))
