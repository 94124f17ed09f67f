"""The rate of a tracker, from time stamps of any grain, and times in a unit that cannot be."""

from pathlib import Path

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers.eye_frames import samples_frame
from featpipe.readers.sample_rate import sampling_rate

NOTHING = {side: np.full((4, 600), np.nan) for side in ("left", "right")}


@pytest.mark.parametrize("rate", [60, 120, 250, 300, 435, 600, 800, 1000, 1200, 2000])
@pytest.mark.parametrize("whole", [np.round, np.floor])
def test_whole_milliseconds_do_not_move_the_rate(rate, whole):
    time = whole(1000 * np.arange(6000) / rate) / 1000
    assert sampling_rate(time) == pytest.approx(rate, rel=2e-3)
    time[3000:] += 7.0  # a gap
    assert sampling_rate(time) == pytest.approx(rate, rel=2e-3)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_lost_samples_do_not_move_the_rate(share):
    time = np.arange(60_000)[np.random.default_rng(0).random(60_000) >= share] / 1000
    assert sampling_rate(time) == pytest.approx(1000, rel=2e-3)


def test_stamps_that_repeat_or_stand_alone():
    assert sampling_rate(np.array([0.0, 0.0, 0.01, 0.02, 0.02])) == 100.0
    assert sampling_rate(np.array([1.0])) is None
    assert sampling_rate(np.array([1.0, 1.0])) is None


@pytest.mark.parametrize(("unit", "true"), [("ms", "us"), ("us", "ns"), ("us", "ms"), ("ms", "s")])
def test_a_rate_of_another_unit_is_refused_with_the_one_that_fits(unit, true):
    per_second = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}
    time = np.arange(600) / 120 * per_second[true] / per_second[unit]
    with pytest.raises(ReadError, match=rf'e\.tsv: .*"{unit}".* expected; .*"{true}" \(120 Hz\)'):
        samples_frame(Path("e.tsv"), time, NOTHING, unit)


def test_a_clock_that_begins_anew_is_refused_and_rows_in_another_order_are_sorted(caplog):
    time = np.arange(600) / 120
    with pytest.raises(ReadError, match=r"x, line 401: the time falls .*export each"):
        samples_frame(Path("x"), np.append(time[:400], time[:200]), NOTHING)
    time[[7, 9]] = time[[9, 7]]
    assert samples_frame(Path("x"), time, NOTHING)["time"].is_monotonic_increasing
    assert "runs backwards 2 times; rows were sorted" in caplog.text
