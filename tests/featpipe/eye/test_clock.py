import mne
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featpipe.eeg.marks import read_marks
from featpipe.errors import ConfigError, ReadError
from featpipe.eye.clock import (
    ClockSettings,
    eeg_marks,
    fit_clock,
    offset_clock,
    on_eeg_clock,
)
from featpipe.eye.marks import mark_name
from featpipe.recording import EyeRecording, empty_events, empty_messages, empty_samples

SETTINGS = ClockSettings()


def eeg_frame(time, code):
    return pd.DataFrame({"time": time, "code": code})


def eye_frame(time, text):
    return pd.DataFrame({"time": time, "text": text})


def eye_time(eeg_time, offset, drift_ppm):
    """The tracker's time of what the EEG stamped at eeg_time."""
    return (np.asarray(eeg_time) - offset) / (1 + drift_ppm * 1e-6)


def error_ms(clock, eeg_time, offset, drift_ppm):
    mapped = clock.slope * eye_time(eeg_time, offset, drift_ppm) + clock.intercept
    return 1000 * np.abs(mapped - eeg_time).max()


def irregular(rng, n, low=20.0, high=120.0):
    return np.cumsum(rng.uniform(low, high, n))


def test_lost_and_spurious_triggers():
    rng = np.random.default_rng(1)
    time = irregular(rng, 30)
    code = np.arange(1, 31)
    seen_eeg = np.delete(np.arange(30), [4, 17])
    eeg = eeg_frame(
        np.append(time[seen_eeg], 333.3), [f"Stimulus/S {c:2d}" for c in [*code[seen_eeg], 9]]
    )
    jitter = rng.normal(0, 0.001, 30)
    eye = eye_frame(eye_time(time, 12.345, 80) + jitter, [f"# Message: {c}" for c in code])
    clock = fit_clock(eeg, eye, SETTINGS)
    assert clock.n_shared == 28
    assert error_ms(clock, time, 12.345, 80) < 2
    assert clock.slope == pytest.approx(1 + 80e-6, abs=3e-6)
    assert clock.residual_ms < 2
    assert clock.residual_max_ms < 6
    assert clock.source == "triggers"


def test_identical_codes_at_irregular_intervals():
    rng = np.random.default_rng(2)
    time = irregular(rng, 40, 5, 15)
    eeg = eeg_frame(np.delete(time, [0, 7]), ["1"] * 38)
    eye = eye_frame(eye_time(np.delete(time, [12, 39]), -4000.5, -150), ["TRIGGER 1"] * 38)
    clock = fit_clock(eeg, eye, SETTINGS)
    assert (clock.n_shared, clock.n_left_out) == (36, 4)
    assert error_ms(clock, time, -4000.5, -150) < 2


def test_a_drift_of_hours_is_found():
    time = irregular(np.random.default_rng(3), 120)
    assert time[-1] > 7200
    eye = eye_frame(eye_time(time, 1e6, 200), ["INPUT 127"] * 120)
    clock = fit_clock(eeg_frame(time, [127] * 120), eye, SETTINGS)
    assert error_ms(clock, time, 1e6, 200) < 0.1


def test_identical_codes_at_regular_intervals_are_refused_when_one_is_lost():
    time = 10.0 * np.arange(1, 31)
    eye = eye_frame(time[1:] + 3.0, ["1"] * 29)
    with pytest.raises(ReadError, match=r"two offsets.*eye_offset"):
        fit_clock(eeg_frame(time, ["1"] * 30), eye, SETTINGS)


def test_identical_codes_at_regular_intervals_are_refused_even_when_all_have_partners():
    pulse = 2.0 * np.arange(100)
    eeg, eye = eeg_frame(pulse[:-30], ["1"] * 70), eye_frame(pulse[30:], ["1"] * 70)
    with pytest.raises(ReadError, match=r"two offsets.*-60\.000 s.*eye_offset"):
        fit_clock(eeg, eye, SETTINGS)


def test_regular_intervals_with_names_of_their_own_are_fitted():
    time, name = 10.0 * np.arange(1, 31), [str(1 + i % 10) for i in range(30)]
    clock = fit_clock(eeg_frame(time, name), eye_frame(time + 3.0, name), SETTINGS)
    assert clock.n_shared == 30
    assert clock.intercept == pytest.approx(-3.0, abs=1e-6)


def test_marks_close_together_do_not_invent_a_drift():
    eye = eye_frame([100.0, 102.001], ["1", "2"])
    clock = fit_clock(eeg_frame([0.0, 2.0], ["1", "2"]), eye, SETTINGS)
    assert abs(clock.slope - 1) < 1e-6
    assert clock.intercept == pytest.approx(-100.0005, abs=1e-4)


def test_one_code_at_two_places_of_the_eye_recording_is_ambiguous():
    eye = eye_frame([5.0, 50.0], ["81", "81"])
    with pytest.raises(ReadError, match="two offsets"):
        fit_clock(eeg_frame([60.0], ["81"]), eye, SETTINGS)


def test_files_of_different_sessions_are_refused():
    rng = np.random.default_rng(4)
    eeg = eeg_frame(irregular(rng, 20), np.arange(20))
    eye = eye_frame(irregular(rng, 20), [str(c) for c in rng.permutation(20)])
    with pytest.raises(ReadError, match="eye_offset"):
        fit_clock(eeg, eye, SETTINGS)


def test_a_chance_agreement_at_the_ends_is_refused():
    rng = np.random.default_rng(11)
    one, other = irregular(rng, 10), irregular(rng, 10)
    end = [one[-1] + 50, one[-1] + 57]  # the only two marks at the same distance in both
    eeg = eeg_frame([*one, *end], ["1"] * 12)
    eye = eye_frame([*end, *(end[1] + other)], ["1"] * 12)
    with pytest.raises(ReadError, match="same session"):
        fit_clock(eeg, eye, SETTINGS)


def test_a_late_trigger_does_not_bend_the_clock():
    time = irregular(np.random.default_rng(8), 12)
    late = time.copy()
    late[-1] += 0.12
    eye = eye_frame(time, [str(c) for c in range(12)])
    clock = fit_clock(eeg_frame(late, range(12)), eye, SETTINGS)
    assert clock.n_shared == 11
    assert error_ms(clock, time, 0.0, 0.0) < 0.01


def test_no_shared_mark_names_both_sides():
    eye = eye_frame([1.0], ["calibrated"])
    with pytest.raises(ReadError, match=r"'7'.*'calibrated'.*eye_offset"):
        fit_clock(eeg_frame([1.0], ["S  7"]), eye, SETTINGS)
    with pytest.raises(ReadError, match="eye has none"):
        fit_clock(eeg_frame([1.0], ["S  7"]), empty_messages(), SETTINGS)


@pytest.mark.parametrize(
    ("limit_ms", "message"), [(12.0, r"lie 1\d\.\d ms"), (2.0, r"only \d+ of 59 shared marks")]
)
def test_marks_too_far_off_the_line_are_refused(limit_ms, message):
    rng = np.random.default_rng(5)
    time = irregular(rng, 60)
    eye = eye_frame(time + rng.uniform(-0.032, 0.032, 60), [str(c) for c in range(60)])
    eeg = eeg_frame(time, range(60))
    assert 12 < fit_clock(eeg, eye, SETTINGS).residual_ms < 20
    with pytest.raises(ReadError, match=f"{message}.*eye_offset"):
        fit_clock(eeg, eye, ClockSettings(max_residual_ms=limit_ms))


def test_trial_ends_with_the_same_number_as_trial_starts():
    rng = np.random.default_rng(6)
    start = irregular(rng, 15, 60, 90)
    stop = start + rng.uniform(20, 50, 15)
    text = [f"trial_start {i}" for i in range(15)] + [f"trial_end {i}" for i in range(15)]
    eye = eye_frame(np.concatenate([start, stop]) - 7.5, text)
    clock = fit_clock(eeg_frame(start, range(15)), eye, SETTINGS)
    assert clock.intercept == pytest.approx(7.5, abs=1e-6)
    assert clock.n_shared == 15


def test_thousands_of_identical_marks():
    rng = np.random.default_rng(7)
    time = irregular(rng, 3000, 0.5, 2.5)
    eye = eye_frame(eye_time(time[5:], 3.25, 60), ["1"] * 2995)
    clock = fit_clock(eeg_frame(time[:-5], ["1"] * 2995), eye, SETTINGS)
    assert clock.n_shared == 2990
    assert error_ms(clock, time, 3.25, 60) < 0.5


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(12, 40),
    n_codes=st.integers(1, 40),
    offset=st.floats(-1e5, 1e5),
    drift=st.floats(-190, 190),
)
def test_random_offsets_losses_and_repeats(seed, n, n_codes, offset, drift):
    rng = np.random.default_rng(seed)
    time, code = irregular(rng, n), rng.integers(0, n_codes, n)
    in_eeg, in_eye = (np.sort(rng.choice(n, n - 2, replace=False)) for _ in range(2))
    eye = eye_frame(
        eye_time(time[in_eye], offset, drift) + rng.normal(0, 0.0005, n - 2),
        [f"Message: {c}" for c in code[in_eye]],
    )
    clock = fit_clock(eeg_frame(time[in_eeg], code[in_eeg]), eye, SETTINGS)
    # eight marks, 0.5 ms off each, tell the drift to some ppm only: 2.0006 ms at the ends was found
    assert error_ms(clock, time, offset, drift) < 3


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("81", "81"),
        (81, "81"),
        ("Stimulus/S 81", "81"),
        ("S  1", "1"),
        ("Trigger/Trigger#2", "2"),
        ("Message: 81", "81"),
        ("INPUT 127", "127"),
        ("trial_start 3", "3"),
        ("TRIALID 3 cond 2", "trialid 3 cond 2"),
        ("ERROR 0.35 avg.", "error 0.35 avg."),
        ("  Rest ", "rest"),
        ("", ""),
    ],
)
def test_names_of_marks(text, name):
    assert mark_name(text) == name


def test_eeg_marks_are_the_annotations_that_can_be_triggers():
    text = ["7", "EDGE", "BAD_muscle", "boundary", "New Segment/", "S  1"]
    frame = pd.DataFrame({"time": np.arange(6.0), "duration": 0.0, "text": text})
    assert eeg_marks(frame).to_dict("list") == {"time": [0.0, 5.0], "code": ["7", "S  1"]}
    assert eeg_marks(frame[:0]).empty


def test_eeg_marks_count_from_the_first_sample():
    raw = mne.io.RawArray(np.zeros((1, 1000)), mne.create_info(1, 100.0), first_samp=500)
    raw.set_meas_date(0)
    raw.set_annotations(mne.Annotations([6.0], [0.0], ["7"], orig_time=raw.info["meas_date"]))
    assert eeg_marks(read_marks(raw)).to_dict("list") == {"time": [1.0], "code": ["7"]}


def recording(times):
    samples = pd.concat([empty_samples(), pd.DataFrame({"time": times})])
    events = pd.DataFrame({"kind": ["blink"], "eye": ["left"], "onset": [2.0], "duration": [0.2]})
    messages = pd.DataFrame({"time": [3.0, 1.0], "text": ["b", "a"]})
    events = events.reindex(columns=empty_events().columns)
    return EyeRecording(samples, events, messages, {}, 60.0, "made by hand")


def test_times_are_mapped_and_durations_kept():
    clock = offset_clock(5.5)
    eye = on_eeg_clock(recording([1.0, 1.5]), clock)
    assert eye.samples["time"].tolist() == [6.5, 7.0]
    assert eye.events[["onset", "duration"]].to_numpy().tolist() == [[7.5, 0.2]]
    assert eye.messages.to_dict("list") == {"time": [6.5, 8.5], "text": ["a", "b"]}
    assert (eye.sfreq, eye.format) == (60.0, "made by hand")


def test_a_clock_set_anew_is_refused():
    with pytest.raises(ReadError, match=r"goes back by 9\.000 s at sample 2"):
        on_eeg_clock(recording([1.0, 10.0, 1.0]), offset_clock(0.0))


def test_limits_of_options():
    with pytest.raises(ConfigError, match="eye_offset = nan"):
        offset_clock(float("nan"))
    with pytest.raises(ConfigError, match="max_residual_ms = 0"):
        ClockSettings(max_residual_ms=0)
    clock = offset_clock(2)
    assert (clock.source, clock.n_shared, clock.n_left_out) == ("offset", 0, 0)
