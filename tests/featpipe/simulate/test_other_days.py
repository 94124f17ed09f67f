"""What the oracle of `tests/truth` is told: the same person and clips, everything else anew."""

import numpy as np
import pytest
from truth.simulated import Who, eyes

from featpipe.schema import EYE_FEATURES
from featpipe.simulate.session import draw_session
from featpipe.simulate.study import draw_world, record_eyes, simulate_eye
from featpipe.simulate.world import COURSE_HZ, SimulationSettings

SETTINGS = SimulationSettings(n_trials=6, trial_s=8.0)


@pytest.fixture(scope="module")
def windows():
    return eyes(SETTINGS, [Who(1, 1), Who(1, 1001), Who(2, 2)])


def of(windows, name):
    return windows.x["eye"][(windows.keys["subject"] == name).to_numpy(bool)]


def test_the_own_day_is_that_of_the_study():
    eye, trials = simulate_eye(SETTINGS, 1, 1)
    same, rows = record_eyes(draw_world(SETTINGS, 1, 1))
    assert eye.samples.equals(same.samples)
    assert trials.equals(rows)


def test_another_day_has_the_same_person_and_other_noise(windows):
    assert windows.keys["subject"].unique().tolist() == ["1", "1-1001", "2"]
    mine, again, other = (of(windows, name) for name in ("1", "1-1001", "2"))
    assert mine.shape == again.shape == other.shape
    assert not np.isclose(mine, again).all(axis=1).any()
    size = list(EYE_FEATURES).index("eye_pupil_x_mean")
    near, far = (abs(x[:, size].mean() - mine[:, size].mean()) for x in (again, other))
    assert near < far


def test_clips_are_the_same_on_all_days_and_feelings_are_not():
    own, later = (draw_session(SETTINGS, day, 1) for day in (1, 1001))
    assert own.trials["label"].equals(later.trials["label"])
    clip = int(SETTINGS.trial_s * COURSE_HZ)
    bright, felt = [], []
    for session in own, later:  # of the first clip, which begins at the same time
        begin = int(np.ceil(session.trials["onset"][0] * COURSE_HZ))
        bright.append(session.luminance[begin : begin + clip])
        felt.append(session.feeling[:, begin : begin + clip])
    assert np.array_equal(*bright)
    assert not np.allclose(*felt)
