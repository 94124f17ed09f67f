"""Marks that recur: one offset fits them within milliseconds, others within a tenth of a second."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ReadError
from featpipe.eye.clock import ClockSettings, fit_clock

OFFSET_S = -499.995


def at_60_hz(time, offset=OFFSET_S, drift=30e-6):
    """The tracker's time stamps of what the EEG has at these times."""
    return np.ceil((np.asarray(time) - offset) / (1 + drift) * 60) / 60


def fit(eeg_time, eeg_name, eye_time, eye_name):
    eeg = pd.DataFrame({"time": eeg_time, "code": eeg_name})
    return fit_clock(eeg, pd.DataFrame({"time": eye_time, "text": eye_name}), ClockSettings())


def task(n=80, seed=0):
    """Pulses every 3.008 s, most of them answered after 0.2 to 1 s."""
    rng = np.random.default_rng(seed)
    pulse = 1.0 + 3.008 * np.arange(n) + rng.normal(0, 0.001, n)
    answer = rng.choice(pulse, 9 * n // 10, replace=False) + rng.gamma(4, 0.08, 9 * n // 10) + 0.1
    return pulse, np.sort(answer)


@pytest.mark.parametrize("seed", range(5))
def test_answers_decide_between_shifts_by_whole_pulses(seed):
    pulse, answer = task(seed=seed)
    time, name = np.concatenate([pulse, answer]), ["square"] * 80 + ["rt"] * 72
    for which in (slice(None), slice(80, None), slice(80, 89)):  # all, answers, nine of them
        clock = fit(time[which], name[which], at_60_hz(time[which]), name[which])
        assert abs(np.median(clock.slope * at_60_hz(time) + clock.intercept - time)) < 0.01
        assert clock.n_shared == len(time[which])


def test_few_answers_decide_among_many_pulses():
    pulse, answer = task(300)
    time, name = np.concatenate([pulse, answer[:12]]), ["square"] * 300 + ["rt"] * 12
    clock = fit(time, name, at_60_hz(time), name)
    assert (clock.n_shared, round(clock.intercept)) == (312, -500)


def test_pulses_alone_are_refused_with_the_distances_of_both_offsets():
    pulse, _ = task()
    name = ["square"] * 80
    with pytest.raises(ReadError, match=r"two offsets") as error:
        fit(pulse, name, at_60_hz(pulse), name)
    assert str(error.value).count(" ms off in the median)") == 2
    assert "(80 marks, EEG 1.0 to 238.6 s, " in str(error.value)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_few_pulses_of_which_one_was_lost_are_refused(n):
    pulse = 2.0 * np.arange(n + 1)
    with pytest.raises(ReadError, match="two offsets"):
        fit(pulse[:-1], ["1"] * n, pulse[1:], ["1"] * n)


def _train(rng: np.random.Generator):
    """Times and names of marks, and the kind of their intervals."""
    n, period = int(rng.choice([5, 8, 12, 30, 80])), float(rng.choice([0.5, 2.0, 3.008, 10.0]))
    kind = rng.choice(["irregular", "regular", "nearly regular", "answered"])
    spread = {"irregular": 0.8 * period, "nearly regular": rng.choice([0.005, 0.02, 0.1])}
    step = period + rng.uniform(-1, 1, n) * min(spread.get(kind, 0.0), 0.8 * period)
    time, name = np.cumsum(step), np.full(n, "1")
    if kind == "answered":
        time = np.concatenate([time, time + rng.uniform(0.2, 0.9, n) * min(period, 1.0)])
        name = np.repeat(["1", "2"], n)
    return time, name, kind


def _seen(rng, time):
    """Which marks a recording holds: it lost some anywhere and, half the time, some at its ends."""
    is_seen = rng.random(time.size) >= rng.choice([0.0, 0.05, 0.2])
    begin, end = np.quantile(time, [rng.choice([0, 0, 0.1, 0.3]), rng.choice([1, 1, 0.9, 0.7])])
    return is_seen & (time >= begin) & (time <= end)


def test_no_wrong_offset_is_accepted_in_random_recordings():
    outcomes = {kind: Counter() for kind in ("irregular", "regular", "nearly regular", "answered")}
    for seed in range(600):
        rng = np.random.default_rng(seed)
        time, name, kind = _train(rng)
        in_eeg, in_eye = _seen(rng, time), _seen(rng, time)
        if (in_eeg & in_eye).sum() < 3:
            continue
        offset, drift = rng.uniform(-1e4, 1e4), rng.uniform(-150e-6, 150e-6)
        eye_time = at_60_hz(time + rng.normal(0, rng.choice([0, 0.002, 0.01]), time.size),
                            offset, drift)  # fmt: skip
        try:
            clock = fit(time[in_eeg], name[in_eeg], eye_time[in_eye], name[in_eye])
        except ReadError:
            outcomes[kind]["refused"] += 1
        else:
            off = clock.slope * eye_time[in_eye] + clock.intercept - time[in_eye]
            outcomes[kind]["right" if np.median(np.abs(off)) < 0.1 else "wrong"] += 1
    assert not sum(found["wrong"] for found in outcomes.values()), outcomes
    assert outcomes["irregular"]["right"] > 0.7 * outcomes["irregular"].total(), outcomes
    assert outcomes["regular"]["right"] < 0.1 * outcomes["regular"].total(), outcomes
