"""Of two releases of SEED's EEG the fuller one is taken, and what was assumed is told."""

import pytest

from featpipe.datasets.facts import facts_of
from featpipe.datasets.layout import Choice
from featpipe.datasets.released_seed import find_seed
from featpipe.errors import ConfigError

FACTS = facts_of("seed")
EYES = "Chinese/04-Eye-tracking-feature/eye_tracking_feature"


@pytest.fixture
def put(tmp_path):
    """Write a file whose content nobody looks at yet; returns the folder."""

    def write(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
        return tmp_path

    return write


def extracted(window_s, keys):
    return [f"ExtractedFeatures_{window_s}s/{a}_{FACTS.dates[b][a]}.mat" for a, b in keys]


def used(keys):
    return [f"Chinese/02-EEG-DE-feature/eeg_used_4s/{a}_{b}.npz" for a, b in keys]


def eyes(keys):
    return [f"{EYES}/{a}_{b}" for a, b in keys]


ALL = [(subject, session) for subject in "12" for session in "123"]


def found(root, window_s=4.0):
    return find_seed(root, Choice("seed", FACTS.classes, window_s=window_s))


def test_one_file_of_a_release_does_not_shut_out_the_other(put):
    of = found(put(*extracted(4, ALL[:1]), *used(ALL), *eyes(ALL)))
    assert [s.eeg.suffix for s in of.sources if s.eeg] == [".npz"] * 6
    told = "SEED: EEG is taken from eeg_used (6 recordings); ExtractedFeatures has 1 as well"
    assert told in of.notes


def test_a_file_of_another_name_in_it_neither_and_it_is_told(put):
    of = found(put(*used(ALL), *eyes(ALL), "ExtractedFeatures_4s/1_20131027 (one).mat"))
    assert len([s for s in of.sources if s.eeg]) == 6
    assert any("its name is not <subject>_<YYYYMMDD>.mat" in defect.what for defect in of.defects)


def test_a_folder_of_nothing_but_other_names_says_so(put):
    root = put("ExtractedFeatures_4s/one.mat")
    with pytest.raises(ConfigError, match=r"one\.mat: its name is not <subject>_<YYYYMMDD>\.mat"):
        found(root)


def test_the_fuller_release_has_twelve_families(put):
    of = found(put(*extracted(4, ALL), *used(ALL[:3])))
    assert {s.eeg.suffix for s in of.sources if s.eeg} == {".mat"}
    told = "SEED: EEG is taken from ExtractedFeatures (6 recordings); eeg_used has 3 as well"
    assert told in of.notes


def test_that_numbers_go_by_date_is_told_as_an_assumption(put):
    root = put(*extracted(4, ALL), *eyes(ALL))
    (note,) = [note for note in found(root).notes if "numbered by date" in note]
    assert "eeg_used_4s beside them would tell" in note
    of = found(put(*used(ALL)))
    (note,) = [note for note in of.notes if "numbered by date" in note]
    assert "is compared with it" in note
    assert [session for session, _ in of.sources[0].released.witnesses] == ["1", "2", "3"]
    assert not [note for note in found(put(*extracted(1, ALL)), 1.0).notes if "by date" in note]


def test_eyes_of_other_windows_are_named(put):
    of = found(put(*extracted(1, ALL), *eyes(ALL)), 1.0)
    assert all(s.eye is None for s in of.sources)
    assert "SEED: eye features are in windows of 4 s: --window-s 4 takes those" in of.notes
