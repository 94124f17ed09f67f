"""What counts as missing, and what was never downloaded."""

import pytest

from featpipe.datasets.facts import facts_of
from featpipe.datasets.gaps import gaps
from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import Named

FACTS = facts_of("seed-iv")


def keys(subjects, sessions):
    return {(subject, session) for subject in subjects for session in sessions}


def named(here, *refused):
    return Named(dict.fromkeys(here), [Defect(*key, "refused") for key in refused], [])


@pytest.mark.parametrize("subjects", ["1", "123"])
def test_a_session_that_no_subject_has_was_not_downloaded(subjects):
    here = keys(subjects, "1")
    defects, notes = gaps(FACTS, named(here), named(here), ("a", "b"))
    assert not defects
    (told,) = [note for note in notes if "session" in note]
    assert told == "SEED-IV: sessions without any EEG here, of any subject: 2, 3"


def test_one_that_another_subject_has_is_missing():
    here = keys("12", "1") | {("2", "3")}
    defects, notes = gaps(FACTS, named(here), named(here), ("a", "b"))
    assert [defect[:2] for defect in defects] == [("1", "3")]
    assert "SEED-IV: sessions without any EEG here, of any subject: 2" in notes


def test_eyes_of_all_sessions_lie_in_one_folder_and_cost_no_session_of_eeg():
    defects, notes = gaps(FACTS, named(keys("12", "1")), named(keys("12", "123")), ("a", "b"))
    assert not defects
    assert any("without any EEG here, of any subject: 2, 3" in note for note in notes)


def test_of_one_subject_a_session_with_eyes_only_lacks_its_eeg():
    defects, _ = gaps(FACTS, named(keys("1", "12")), named(keys("1", "123")), ("a", "b"))
    assert [defect[:2] for defect in defects] == [("1", "3")]
    assert "no EEG of subject 1, session 3 (a)" in defects[0].what


def test_what_is_here_and_was_refused_is_neither_missing_nor_undownloaded():
    eeg = named(keys("2", "123"), ("1", ""), ("3", "2"))
    defects, notes = gaps(FACTS, eeg, named(keys("123", "123")), ("a", "b"))
    assert [defect[:2] for defect in defects] == [("3", "1"), ("3", "3")]
    (told,) = notes
    assert told.startswith("SEED-IV: subjects that are not here: 4, 5")
    _, notes = gaps(FACTS, named((), ("1", "")), named(()), ("a", "b"))
    assert "SEED-IV: no EEG (a) in this folder that can be used" in notes
    assert "SEED-IV: no eye recording (b) in this folder" in notes
