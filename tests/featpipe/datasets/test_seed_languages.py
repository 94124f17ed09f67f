"""SEED-GER and SEED-FRA: bounds from time.txt, labels from the windows of the release or none."""

from dataclasses import replace

import numpy as np
import pytest
from lookalikes.seed import small, time_text, write_books, write_raws, write_window_labels

from featpipe.datasets import facts as published
from featpipe.datasets.clip_labels import clip_labels
from featpipe.datasets.layout import Choice
from featpipe.datasets.seed import find, is_here
from featpipe.datasets.seed_languages import (
    find_french,
    find_german,
    is_french_here,
    is_german_here,
)
from featpipe.datasets.time_lists import Bounds, read_bounds
from featpipe.errors import ConfigError, ReadError

CHINESE = small(published.facts_of("seed"), n_trials=5, seconds=4)
TIMES = CHINESE.sessions[0]
LABELS = [2, 1, 0, 2, 0]
CHOICE = Choice("seed-ger", CHINESE.classes)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Short recordings of one subject: headers are looked at, no signal."""
    folder = tmp_path_factory.mktemp("release") / "German"
    write_raws(folder / "01-EEG-raw", CHINESE, LABELS, ("1",), sfreq=50)
    write_books(folder / "03-Eye-tracking-excel", CHINESE, ("1",))
    return folder


@pytest.fixture
def release(recordings, tmp_path):
    """Links into them: what a test adds is its own."""
    root = tmp_path / "German"
    for folder in recordings.iterdir():
        (root / folder.name).mkdir(parents=True)
        for path in folder.iterdir():
            (root / folder.name / path.name).symlink_to(path)
    return root


def write_labels(root, labels, session="1", window_s=4, times=TIMES):
    path = root / f"02-EEG-DE-feature/eeg_used_{window_s}s/1_{session}.npz"
    return write_window_labels(path, labels, times, window_s)


def test_trials_without_labels_are_found(release):
    assert is_german_here(release)
    assert not is_french_here(release)
    found = find_german(release, CHOICE)
    assert [(s.subject, s.session, s.eye.name) for s in found.sources] == [
        ("1", k, f"1_{k}.xls") for k in "123"
    ]
    assert not found.defects
    assert [(t.onset, t.offset, t.label) for t in found.sources[0].trials] == [
        (onset, offset, None) for onset, offset in zip(TIMES.onsets, TIMES.offsets, strict=True)
    ]
    assert [t.stimulus for t in found.sources[1].trials] == [f"2-{k}" for k in range(1, 6)]
    assert any("5 trials, 20 are published" in note for note in found.notes)
    assert any("session 1, 2, 3 have no label" in note for note in found.notes)


@pytest.mark.parametrize("window_s", [1, 4])
def test_labels_are_those_of_the_windows_of_the_release(release, window_s):
    for session, labels in (("1", LABELS), ("3", LABELS[::-1])):
        write_labels(release, labels, session, window_s)
    found = find_german(release, CHOICE)
    assert [[t.label for t in s.trials] for s in found.sources] == [
        LABELS,
        [None] * 5,
        LABELS[::-1],
    ]
    assert not found.defects
    assert any("session 2 have no label" in note for note in found.notes)
    path = write_labels(release, LABELS, "2")
    path.rename(path.with_suffix(".NPZ"))
    assert [t.label for t in find_german(release, CHOICE).sources[1].trials] == LABELS


def test_two_files_of_a_session_that_disagree_tell_no_label(release):
    one = write_labels(release, LABELS[::-1], "1", 1)
    for subject in (2, 3):
        path = release / f"02-EEG-DE-feature/eeg_used_1s/{subject}_1.npz"
        write_window_labels(path, LABELS, TIMES, 1)
    write_labels(release, LABELS[::-1], "1", 4)  # the same subject's, which proves nothing
    found = find_german(release, CHOICE)
    assert {trial.label for trial in found.sources[0].trials} == {None}
    (defect,) = found.defects
    assert (defect.subject, defect.session) == ("", "1")
    assert "2_1.npz: trials 1, 2, 4, 5 have other labels than in" in defect.what
    assert f"{one}, and all" in defect.what
    write_labels(release, LABELS, "1", 1)
    found = find_german(release, CHOICE)
    assert [trial.label for trial in found.sources[0].trials] == LABELS
    assert not found.defects


def test_labels_of_other_bounds_are_not_believed(release):
    path = write_labels(release, LABELS, window_s=1)
    with np.load(path) as of:
        parts = {name: of[name] for name in of.files}
    np.savez(path, **parts | {"test_label": parts["test_label"][1:]})
    found = find_german(release, CHOICE)
    assert {trial.label for trial in found.sources[0].trials} == {None}
    assert [(d.subject, d.session) for d in found.defects] == [("", "1")]
    n = round(sum(b - a for a, b in zip(TIMES.onsets, TIMES.offsets, strict=True)))
    said = f"labels of {n - 1} windows, the trials of time.txt have {n}"
    assert said in found.defects[0].what
    np.savez(path, **parts | {"train_label": np.roll(parts["train_label"], 1)})
    with pytest.raises(ReadError, match=r"trial 1 has the labels \[0, 2\], expected one"):
        clip_labels(
            path, read_bounds(release / "01-EEG-raw/time.txt"), published.facts_of("seed-ger")
        )


def test_windows_are_counted_in_samples(tmp_path):
    bounds = Bounds((1.185, 40.0), (5.185, 44.0))
    assert bounds.offsets[0] - bounds.onsets[0] < 4
    times = replace(TIMES, onsets=(1.0, 40.0), offsets=(5.0, 44.0))
    path = write_window_labels(tmp_path / "eeg_used_4s/1_1.npz", [1, 2], times, 4)
    assert clip_labels(path, bounds, published.facts_of("seed-ger")) == {1: 1, 2: 2}


def test_a_tree_of_another_language_is_passed_over(release):
    with pytest.raises(ConfigError, match=r"no recording of SEED-FRA.*names no other language"):
        find_french(release.parent, CHOICE)
    release.rename(release.with_name("French"))
    assert len(find_french(release.parent, CHOICE).sources) == 3


def test_the_whole_release_has_the_times_and_recordings_of_the_tree_alone(release, tmp_path):
    target = tmp_path / "SEED/SEED_Multimodal"
    target.mkdir(parents=True)
    release.rename(target / "German")
    others = small(CHINESE, n_trials=4, seconds=3)
    write_raws(tmp_path / "SEED/SEED_EEG/SEED_RAW_EEG", others, LABELS[:4], ("1",), sfreq=50)
    found = find_german(tmp_path, CHOICE)
    assert {source.eeg.parent for source in found.sources} == {target / "German/01-EEG-raw"}
    assert [t.onset for t in found.sources[0].trials] == list(TIMES.onsets)
    assert not found.defects
    for path in (target / "German/01-EEG-raw").glob("*.cnt"):
        path.unlink()
    with pytest.raises(ConfigError, match="no recording of SEED-GER is here"):
        find_german(tmp_path, CHOICE)
    (target / "German").rename(target / "Chinese")
    assert not is_german_here(tmp_path)


def test_a_root_within_a_tree_is_of_its_language(release):
    assert is_german_here(release / "01-EEG-raw")
    assert not is_here(release / "01-EEG-raw")
    assert len(find_german(release / "01-EEG-raw", CHOICE).sources) == 3
    with pytest.raises(ConfigError, match=r'another language: \[study\] layout = "seed-ger" takes'):
        find(release / "01-EEG-raw", CHOICE)


def test_without_bounds_there_are_no_trials(release):
    path = release / "01-EEG-raw/time.txt"
    path.unlink()
    with pytest.raises(ConfigError, match=r"no time.txt tells when .* SEED-GER"):
        find_german(release, CHOICE)
    path.write_text("start_point_list = [1,2];\nend_point_list = [3];")
    with pytest.raises(ConfigError, match="2 starts and 1 ends"):
        find_german(release, CHOICE)


def test_two_lists_that_differ_are_told(release):
    other = release / "02-EEG-DE-feature"
    other.mkdir()
    (other / "time.txt").write_text(time_text(small(CHINESE, 4, 4).sessions[0]))
    found = find_german(release, CHOICE)
    assert ["time.txt: its times differ" in d.what for d in found.defects] == [True]
    assert len(found.sources[0].trials) == 5


def test_there_is_raw_eeg_only(release):
    with pytest.raises(ConfigError, match="SEED-GER has raw EEG only"):
        find_german(release, Choice("seed-ger", CHINESE.classes, "preprocessed"))
