"""Layout "dreamer": one file, its subjects with their labels, and what may be wrong in it."""

import shutil

import pytest
from lookalikes import dreamer as look

from featpipe.datasets.dreamer import find, is_here
from featpipe.datasets.layout import Choice
from featpipe.eeg.marks import HELD_S
from featpipe.errors import ConfigError

CHOICE = Choice("dreamer", ("low", "high"))


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dreamer")
    return folder, look.write_dreamer(folder / "data", 2)


def test_subjects_are_parts_of_one_file_with_labels_of_their_own(release):
    root, truth = release
    assert is_here(root)
    found = find(root, CHOICE)
    assert not found.defects
    assert [source.eeg_part for source in found.sources] == ["1", "2"]
    assert len({source.eeg for source in found.sources}) == 1
    for source in found.sources:
        values = truth.valence[int(source.subject)]
        assert [t.label for t in source.trials] == [int(value > 3) for value in values]
        assert [t.stimulus for t in source.trials] == [f"{clip}" for clip in range(1, 19)]
        lengths = [t.offset - t.onset for t in source.trials]
        assert lengths == list(truth.seconds)
        gaps = [b.onset - a.offset for a, b in zip(source.trials, source.trials[1:], strict=False)]
        assert source.trials[0].onset == 0.0
        assert set(gaps) == {2 * HELD_S}
    assert any("subjects that are not here: 3, 4, 5" in note for note in found.notes)


def test_threshold_and_rating_are_the_study_s(release):
    root, truth = release
    found = find(root, Choice("dreamer", ("low", "high"), rating="arousal", threshold=2.0))
    for source in found.sources:
        values = 1 + (truth.valence[int(source.subject)] + 1) % 5
        assert [t.label for t in source.trials] == [int(value > 2) for value in values]
    found = find(root, Choice("dreamer", ("low", "high"), rating="dominance"))
    assert {t.label for source in found.sources for t in source.trials} == {0}  # all are 3


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"rating": "liking"}, "unknown rating 'liking'.*Known: valence, arousal, dominance"),
        ({"threshold": 5.0}, "threshold = 5: valence goes from 1 to 5"),
        ({"eeg": "raw"}, "DREAMER has one release"),
    ],
)
def test_what_cannot_be_asked_for_is_told(release, changes, told):
    with pytest.raises(ConfigError, match=told):
        find(release[0], Choice(**{"name": "dreamer", "classes": ("low", "high")} | changes))


def test_flaws_of_single_clips_cost_only_these(tmp_path):
    look.write_dreamer(tmp_path, 2, empty=(1, 3), score=(2, 5, 7.0), scoreless=2)
    first, second = find(tmp_path, CHOICE).sources
    assert [t.trial for t in first.trials] == [1, 2, *range(4, 19)]
    assert (
        first.trials[2].onset == first.trials[1].offset + 2 * HELD_S
    )  # the empty one takes no room
    assert second.trials[4].label is None
    told = [defect.what for defect in find(tmp_path, CHOICE).defects]
    assert "subject 1: clips 3 are empty; the others are used" in told[0]
    assert "subject 2, clip 5: valence = 7, expected 1 to 5" in told[1]
    arousal = find(tmp_path, Choice("dreamer", ("low", "high"), rating="arousal"))
    assert [source.subject for source in arousal.sources] == ["1"]
    assert arousal.defects[-1].unit == "sub-2_ses-1"
    assert "has no 18 values of ScoreArousal" in arousal.defects[-1].what


def test_a_second_copy_and_a_broken_file_are_told(release, tmp_path):
    for folder in ("a", "b"):
        shutil.copytree(release[0], tmp_path / folder)
    [defect] = find(tmp_path, CHOICE).defects
    assert "b/data/DREAMER.mat: " in defect.what
    assert "is there too and is used" in defect.what
    path = tmp_path / "a" / "data" / "DREAMER.mat"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ConfigError, match=r"DREAMER\.mat: it is truncated"):
        find(tmp_path / "a", CHOICE)


def test_a_folder_without_it_is_told(tmp_path):
    assert not is_here(tmp_path)
    with pytest.raises(ConfigError, match=r"no DREAMER\.mat in it"):
        find(tmp_path, CHOICE)


def test_a_linked_folder_is_gone_into_and_a_copy_of_the_browser_is_named(release, tmp_path):
    (tmp_path / "linked").symlink_to(release[0])
    (tmp_path / "._DREAMER.mat").touch()
    assert is_here(tmp_path)
    found = find(tmp_path, CHOICE)
    assert found.sources
    assert not found.defects
    (tmp_path / "linked").unlink()
    (tmp_path / "DREAMER (1).mat").touch()
    assert not is_here(tmp_path)
    with pytest.raises(ConfigError, match=r"DREAMER \(1\)\.mat is it, give it its name back"):
        find(tmp_path, CHOICE)
