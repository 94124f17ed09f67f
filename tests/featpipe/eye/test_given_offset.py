"""An offset that the study gives, beside marks that agree with it or do not."""

import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ConfigError
from featpipe.eye.clock import ClockSettings
from featpipe.eye.given_offset import checked_offset_clock

TIME = np.cumsum(np.random.default_rng(0).uniform(1.0, 6.0, 40))
TRUE_OFFSET_S = -499.995


def checked(offset, eeg_time=TIME, code=("rt",) * 40, eye_time=TIME - TRUE_OFFSET_S, text=None):
    eeg = pd.DataFrame({"time": eeg_time, "code": code})
    eye = pd.DataFrame({"time": eye_time, "text": code if text is None else text})
    return checked_offset_clock(offset, eeg, eye, ClockSettings())


def test_marks_that_agree_are_counted_and_the_offset_stays(caplog):
    clock = checked(TRUE_OFFSET_S + 0.004, eeg_time=[*TIME[:-1], 900.0])
    assert (clock.slope, clock.intercept, clock.source) == (1.0, TRUE_OFFSET_S + 0.004, "offset")
    assert (clock.n_shared, clock.n_left_out) == (39, 2)
    assert (clock.residual_ms, clock.residual_max_ms) == pytest.approx((4.0, 4.0), abs=1e-6)
    assert not caplog.records


def test_marks_that_contradict_the_offset_are_told_with_the_one_that_they_fit(caplog):
    clock = checked(-505.0)
    assert (clock.intercept, clock.source) == (-505.0, "offset")
    assert "eye_offset = -505.000 s is used as given, but the marks contradict it" in caplog.text
    assert f"{clock.n_shared} fit; 40 fit at -499.995 s, 0.0 ms off in the median" in caplog.text
    assert clock.n_shared < 20


def test_an_offset_that_only_a_drift_spoils_is_told(caplog):
    hour = 60.0 * np.arange(60)
    names = [str(i) for i in range(60)]
    checked(0.0, eeg_time=hour * (1 + 100e-6), code=names, eye_time=hour)
    assert "60 fit at 0.177 s" in caplog.text
    assert "drift 100 ppm" in caplog.text


def test_equal_pulses_that_fit_the_offset_are_believed(caplog):
    pulse = 2.0 * np.arange(40)
    assert checked(3.0, eeg_time=pulse + 3.0, eye_time=pulse).n_shared == 40
    assert not caplog.records
    clock = checked(4.0, eeg_time=pulse + 3.0, eye_time=pulse)
    assert (clock.n_shared, clock.n_left_out) == (0, 80)
    assert np.isnan([clock.residual_ms, clock.residual_max_ms]).all()
    assert "nor does any other offset fit them beyond doubt" in caplog.text


def test_recordings_without_equal_names_have_nothing_to_say(caplog):
    clock = checked(3.0, text=("calibrated",) * 40)
    assert (clock.n_shared, clock.n_left_out, clock.intercept) == (0, 0, 3.0)
    with pytest.raises(ConfigError, match="eye_offset = nan"):
        checked(float("nan"))
    assert not caplog.records
