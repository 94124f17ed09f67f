"""What counts as missing, and what was never downloaded."""

import pytest

from featpipe.datasets.facts import facts_of
from featpipe.datasets.gaps import gaps

FACTS = facts_of("seed-iv")


def keys(subjects, sessions):
    return {(subject, session) for subject in subjects for session in sessions}


@pytest.mark.parametrize("subjects", ["1", "123"])
def test_a_session_that_no_subject_has_was_not_downloaded(subjects):
    here = keys(subjects, "1")
    defects, notes = gaps(FACTS, here, here, ("a", "b"))
    assert not defects
    (told,) = [note for note in notes if "session" in note]
    assert told == "SEED-IV: sessions of which no EEG is here, of any subject: 2, 3"


def test_one_that_another_subject_has_is_missing():
    here = keys("12", "1") | {("2", "3")}
    defects, notes = gaps(FACTS, here, here, ("a", "b"))
    assert [defect[:2] for defect in defects] == [("1", "3")]
    assert "SEED-IV: sessions of which no EEG is here, of any subject: 2" in notes


def test_eyes_of_all_sessions_lie_in_one_folder_and_cost_no_session_of_eeg():
    defects, notes = gaps(FACTS, keys("12", "1"), keys("12", "123"), ("a", "b"))
    assert not defects
    assert any("no EEG is here, of any subject: 2, 3" in note for note in notes)


def test_of_one_subject_a_session_with_eyes_only_lacks_its_eeg():
    defects, _ = gaps(FACTS, keys("1", "12"), keys("1", "123"), ("a", "b"))
    assert [defect[:2] for defect in defects] == [("1", "3")]
    assert "no EEG of subject 1, session 3 (a)" in defects[0].what
