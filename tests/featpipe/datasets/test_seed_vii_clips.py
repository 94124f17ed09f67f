"""Bounds of clips from marks and from triggers on the wall's clock."""

import pytest

from featpipe.datasets.seed_vii_clips import clips_by_clock, clips_by_marks, wall_times
from featpipe.datasets.wall_clock import Trigger
from featpipe.errors import ReadError

MARKS = [(10.0, "1"), (20.0, "2"), (25.0, "1"), (38.0, "2")]
WALL = [50010.0, 50020.001, 50025.0, 50038.0]


def test_marks_pair_up():
    assert clips_by_marks(MARKS, [], 2).spans() == [(10.0, 20.0), (25.0, 38.0)]
    clips = clips_by_marks(MARKS, WALL, 2)
    assert clips.wall == WALL


@pytest.mark.parametrize(
    "more",
    [[(3.0, "KeyPad Response 3")], [(3.0, "Keyboard Response 1")], [(3.0, "255"), (40.0, "7")]],
)
def test_other_marks_are_passed_over(more):
    assert clips_by_marks(sorted([*MARKS, *more]), WALL, 2).eeg == [10.0, 20.0, 25.0, 38.0]


def test_codes_do_not_matter_where_their_number_is_right():
    marks = [(time, "5") for time, _ in MARKS]
    assert clips_by_marks(marks, [], 2).eeg == [10.0, 20.0, 25.0, 38.0]


def test_marks_that_cannot_be_of_these_clips_are_refused():
    with pytest.raises(ReadError, match="3 marks of clips, expected 4"):
        clips_by_marks(MARKS[:3], WALL, 2)
    with pytest.raises(ReadError, match="0 marks"):
        clips_by_marks([], WALL, 2)
    with pytest.raises(ReadError, match="of another session"):
        clips_by_marks(MARKS, [50010.0, 50045.0, 50050.0, 50090.0], 2)
    with pytest.raises(ReadError, match="ends when it begins"):
        clips_by_marks([(10.0, "1"), (10.0, "2"), *MARKS[2:]], [], 2)


def test_one_late_trigger_is_no_other_session():
    wall = [*WALL[:3], 50045.0]
    assert clips_by_marks(MARKS, wall, 2).eeg[-1] == 38.0


def test_triggers_begin_and_end_clips_in_turn():
    triggers = [Trigger(code, time) for code, time in zip("1212", WALL, strict=True)]
    assert wall_times([Trigger("9", 49990.0), *triggers], 2) == WALL
    with pytest.raises(
        ReadError, match=r"2 rows of code 1 \(a clip begins\) and 1 of code 2 .*expected 2"
    ):
        wall_times(triggers[:3], 2)
    with pytest.raises(ReadError, match="in turn"):
        wall_times([triggers[0], triggers[2], triggers[1], triggers[3]], 2)


def test_a_start_on_the_wall_places_the_clips():
    assert clips_by_clock([50.0, 60.5], 86390.0).spans() == [(60.0, 70.5)]
