"""Clocks that fit some of the marks perfectly and are wrong all the same."""

import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ReadError
from featpipe.eye.clock import ClockSettings, fit_clock

SETTINGS = ClockSettings()
NAMES = {"numbered": [str(i) for i in range(40)], "identical": ["1"] * 40}


def fit(eeg_time, eeg_code, eye_time, eye_text, settings=SETTINGS):
    eeg = pd.DataFrame({"time": eeg_time, "code": eeg_code})
    return fit_clock(eeg, pd.DataFrame({"time": eye_time, "text": eye_text}), settings)


def irregular(seed, n=40):
    return np.cumsum(np.random.default_rng(seed).uniform(20, 120, n))


def after(time, n_before, seconds):
    """Times of a recording that begins to lag after so many marks."""
    return time - np.where(np.arange(time.size) < n_before, 0.0, seconds)


@pytest.mark.parametrize("n_before", [4, 10, 15, 20, 25, 30, 36])
@pytest.mark.parametrize("names", NAMES)
def test_a_pause_of_the_eeg_is_refused(names, n_before):
    time, name = irregular(0), NAMES[names]
    message = rf"paused or restarted.* -?\d+\.\d+ s \({max(n_before, 40 - n_before)} marks, EEG"
    with pytest.raises(ReadError, match=message) as error:
        fit(after(time, n_before, 60.0), name, time - 7.0, name)
    for part in ("-53.000 s (", f"({min(n_before, 40 - n_before)} marks", "eye_offset", "split"):
        assert part in str(error.value)


@pytest.mark.parametrize(("n", "n_behind"), [(20, 2), (40, 3), (90, 8), (200, 19)])
@pytest.mark.parametrize("is_at_begin", [False, True])
def test_few_marks_behind_a_pause_are_enough(n, n_behind, is_at_begin):
    time, name = irregular(9, n), [str(i) for i in range(n)]
    eye_time = after(time, n_behind if is_at_begin else n - n_behind, 60.0)
    with pytest.raises(ReadError, match=rf"paused or restarted.*\({n_behind} marks"):
        fit(time, name, eye_time, name)


@pytest.mark.parametrize("n_lost", [0, 2])
def test_one_trial_behind_a_pause_is_enough(n_lost):
    start = np.cumsum(np.random.default_rng(10).uniform(200, 260, 15))
    time, code = np.sort([*start, *(start + 180)]), np.array(["1", "2"] * 15)
    seen = np.delete(np.arange(30), [5, 16][:n_lost])
    with pytest.raises(ReadError, match=r"65\.000 s \(2 marks, EEG"):
        fit(time, code, after(time - 5, 28, 60.0)[seen], code[seen])


@pytest.mark.parametrize("pause_s", [0.4, 5.0, 3600.0])
def test_a_pause_of_the_eye_recording_is_refused(pause_s):
    time, name = irregular(1), NAMES["numbered"]
    jitter = np.random.default_rng(2).normal(0, 0.01, 40)
    with pytest.raises(ReadError, match="paused or restarted"):
        fit(time * (1 + 50e-6), name, after(time, 27, pause_s) + jitter, name)


def test_a_tracker_that_starts_anew_is_refused():
    time, name = irregular(3), NAMES["numbered"]
    with pytest.raises(ReadError, match="paused or restarted"):
        fit(time, name, np.where(np.arange(40) < 25, time, time - time[25]), name)


def test_a_pause_at_lost_marks_is_refused():
    time, code = irregular(4), np.array(NAMES["identical"])
    in_eeg, in_eye = np.delete(np.arange(40), [3, 30]), np.delete(np.arange(40), [8, 35])
    eeg_time = after(time, 25, 60.0)
    with pytest.raises(ReadError, match="paused or restarted"):
        fit(eeg_time[in_eeg], code[in_eeg], time[in_eye], code[in_eye])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("names", NAMES)
def test_lost_and_spurious_marks_are_no_pause(names, seed):
    rng = np.random.default_rng(seed)
    time, name = irregular(seed)[:30], np.array(NAMES[names])[:30]
    in_eeg, in_eye = (np.sort(rng.choice(30, 28, replace=False)) for _ in range(2))
    spurious = rng.uniform(0, time[-1])
    clock = fit(
        np.append(time[in_eeg], spurious), np.append(name[in_eeg], "1"), time[in_eye], name[in_eye]
    )
    n_both = np.intersect1d(in_eeg, in_eye).size
    assert n_both <= clock.n_shared <= n_both + 1  # the spurious one may fall near another
    assert clock.intercept == pytest.approx(0.0, abs=0.05)


def test_marks_of_shared_names_that_were_left_out_are_counted():
    time, name = irregular(5, 12), ["1"] * 12
    assert fit(time, name, time, name).n_left_out == 0
    clock = fit([*time, 33.3], [*name, "1"], [*time[1:], 50.0], [*name[1:], "calibrated"])
    assert (clock.n_shared, clock.n_left_out) == (11, 2)


def test_a_regular_grid_without_losses_is_no_pause():
    time = 10.0 * np.arange(1, 41)
    numbered = NAMES["numbered"]
    clock = fit(time[4:], numbered[4:], time[:-4] + 3.0, numbered[:-4])
    assert clock.intercept == pytest.approx(-3.0, abs=1e-6)
    blocks = np.concatenate([1000.0 * block + time[:10] for block in (0, 1.1, 2.5)])
    lost = np.delete(blocks, [0, 9])  # a shift by one mark fits 24 of 28
    with pytest.raises(ReadError, match="two offsets about equally well"):
        fit(lost, ["1"] * 28, blocks, ["1"] * 30)


@pytest.mark.parametrize("drift_ppm", [-1000, -300, 300, 1000])
def test_a_drift_beyond_the_limit_is_refused(drift_ppm):
    time, name = irregular(6), NAMES["numbered"]
    eye_time = time / (1 + drift_ppm * 1e-6)
    with pytest.raises(ReadError, match=rf"{drift_ppm} ppm .*max_drift_ppm = 200.*eye_offset"):
        fit(time, name, eye_time, name)
    clock = fit(time, name, eye_time, name, ClockSettings(max_drift_ppm=1100))
    assert 1e6 * (clock.slope - 1) == pytest.approx(drift_ppm, rel=0.01)


def test_one_coincidence_among_many_marks_is_refused():
    time = irregular(7, 30)
    eeg = [f"S {i}" for i in range(1, 31)]
    eye = ["TRIALID 1", *(f"picture {i}" for i in range(101, 130))]
    with pytest.raises(ReadError, match=r"only one mark fits.*each holds 30.*eye_offset"):
        fit(time, eeg, time[::-1], eye)
    with pytest.raises(ReadError, match="only one mark fits"):
        fit([10.0, 30.0], ["1", "2"], [5.0, 35.0], ["1", "2"])  # 10 s apart


def test_the_only_mark_of_a_recording_is_believed_with_a_warning(caplog):
    eye = ["calibrated", "TRIALID 1", "drift correction"]
    clock = fit([60.0], ["S  1"], [2.0, 50.0, 51.0], eye)
    assert (clock.slope, clock.intercept, clock.n_shared) == (1.0, 10.0, 1)
    assert "single mark, at 50.000 s of the eye recording and 60.000 s" in caplog.text
    fit([60.0, 70.0], ["S  1", "S  2"], [50.0], ["1"])
    assert len(caplog.records) == 2
    caplog.clear()
    fit([60.0, 70.0], ["S  1", "S  2"], [50.0, 60.0], ["1", "2"])
    assert not caplog.records
