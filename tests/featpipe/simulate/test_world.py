import dataclasses

import numpy as np
import pytest

from featpipe.errors import ConfigError
from featpipe.schema import TRIALS
from featpipe.simulate.session import draw_session
from featpipe.simulate.stimulus import draw_stimulus
from featpipe.simulate.study import draw_world
from featpipe.simulate.subject import EEG_EFFECTS, EYE_EFFECTS, draw_subject
from featpipe.simulate.world import COURSE_HZ, SimulationSettings, slow_noise, stream

SMALL = SimulationSettings(n_subjects=2, n_trials=6, trial_s=6.0)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("n_trials", 101),
        ("n_subjects", 0),
        ("sfreq", 300),
        ("sfreq", 1000.0),
        ("lead_s", 1.0),
        ("trial_s", float("nan")),
        ("seed", -1),
    ],
)
def test_an_impossible_setting_is_refused_by_name(option, value):
    with pytest.raises(ConfigError, match=f"{option} = {value}: expected"):
        SimulationSettings(**{option: value})


def test_a_stream_depends_on_seed_name_and_numbers_only():
    other_seed = dataclasses.replace(SMALL, seed=1)
    other_size = dataclasses.replace(SMALL, n_subjects=50, n_sessions=3, trial_s=9.0)
    first = stream(SMALL, "scanpath", 1, 2).uniform(size=5)
    assert np.array_equal(first, stream(other_size, "scanpath", 1, 2).uniform(size=5))
    for other in (
        stream(other_seed, "scanpath", 1, 2),
        stream(SMALL, "pupil", 1, 2),
        stream(SMALL, "scanpath", 2, 1),
        stream(SMALL, "scanpath", 12),
    ):
        assert not np.any(first == other.uniform(size=5))


@pytest.mark.parametrize("timescale_s", [0.5, 2.0])
def test_slow_noise_has_unit_variance_and_its_timescale(timescale_s):
    noise = slow_noise(np.random.default_rng(0), (400, 600), timescale_s)
    lag = round(timescale_s * COURSE_HZ)
    correlation = (noise[:, :-lag] * noise[:, lag:]).mean()
    assert noise.mean() == pytest.approx(0.0, abs=0.03)
    assert noise.var() == pytest.approx(1.0, abs=0.05)
    assert correlation == pytest.approx(np.exp(-0.25), abs=0.05)
    assert abs((noise[:, 0] * noise[:, -1]).mean()) < 0.15  # the ends do not touch


def test_all_subjects_of_a_session_see_the_same_balanced_clips():
    settings = SimulationSettings(n_trials=12)
    labels = draw_stimulus(settings, 1).labels
    assert np.array_equal(np.bincount(labels), [4, 4, 4])
    for subject in (1, 2, 40):
        assert np.array_equal(draw_session(settings, subject, 1).trials["label"], labels)
    assert not np.array_equal(draw_stimulus(settings, 2).labels, labels)
    uneven = np.bincount(draw_stimulus(SimulationSettings(n_trials=14), 1).labels)
    assert uneven.min() == 4
    assert uneven.max() == 5


def test_trials_lie_on_samples_and_never_overlap():
    session = draw_session(SMALL, 1, 1)
    trials = session.trials
    assert {name: str(dtype) for name, dtype in trials.dtypes.items()} == dict(TRIALS)
    assert list(trials["trial"]) == [1, 2, 3, 4, 5, 6]
    times = trials[["onset", "offset"]].to_numpy()
    assert np.allclose(times * 1000, np.round(times * 1000), atol=1e-6)
    gaps = times[1:, 0] - times[:-1, 1]
    assert np.all((gaps > 0.79 * SMALL.gap_s) & (gaps < 1.21 * SMALL.gap_s))
    assert np.allclose(times[:, 1] - times[:, 0], SMALL.trial_s)
    assert times[0, 0] == SMALL.lead_s
    assert session.duration_s == pytest.approx(times[-1, 1] + SMALL.lead_s)
    assert session.tracker_start_s < times[0, 0]
    assert session.tracker_stop_s > times[-1, 1]


def test_intensity_stays_in_bounds_moves_within_a_trial_and_belongs_to_its_emotion():
    session = draw_session(SimulationSettings(), 1, 1)
    time = np.arange(session.feeling.shape[1]) / COURSE_HZ
    assert session.feeling.min() >= 0.0
    assert session.feeling.max() <= 1.0
    assert np.all(session.feeling[:, time < 5.0] == 0.0)
    for onset, offset, label in session.trials[["onset", "offset", "label"]].to_numpy(float):
        late = (time > onset + 3.0) & (time < offset)  # risen, and the last emotion has faded
        mine = session.feeling[int(label), late]
        others = np.delete(session.feeling[:, late], int(label), axis=0)
        assert mine.mean() > 0.15
        assert np.ptp(mine) > 0.02
        assert others.max() < 0.05


def test_intensity_is_half_shared_between_subjects():
    settings = SimulationSettings(n_trials=60, trial_s=10.0)
    courses = []
    for subject in (1, 2):
        session = draw_session(settings, subject, 1)
        for onset, label in session.trials[["onset", "label"]].to_numpy(float):
            begin = round((onset + 4.0) * COURSE_HZ)
            courses.append(session.feeling[int(label), begin : begin + 100 : 20])
    one, two = np.split(np.array(courses).ravel(), 2)
    assert 0.25 < np.corrcoef(one, two)[0, 1] < 0.75
    assert 0.45 < one.mean() < 0.70


def test_people_differ_as_much_as_promised():
    people = [draw_subject(SMALL, subject, 1) for subject in range(1, 401)]
    reactivity = np.array([person.reactivity for person in people])
    assert reactivity.mean() == pytest.approx(1.0, abs=0.1)
    assert 0.03 < (reactivity < 0.4).mean() < 0.15
    for name, population in (("eeg_effects", EEG_EFFECTS), ("eye_effects", EYE_EFFECTS)):
        own = np.array([getattr(person, name) for person in people])
        expected = np.array(list(population.values()))
        size = np.sqrt((expected**2).mean(1, keepdims=True))
        # the gains are log-normal, so the mean person reacts a little more than the median
        assert np.all(np.abs(own.mean(0) - 1.08 * expected) < 0.15 * size)
        spread = own.std(0) / size
        assert np.all((spread > 0.25) & (spread < 2.0))
    for name, expected, spread in (
        ("pupil_mm", 4.0, 0.6),
        ("alpha_hz", 10.2, 0.8),
        ("exponent", 1.2, 0.15),
    ):
        values = np.array([getattr(person, name) for person in people])
        assert values.mean() == pytest.approx(expected, abs=0.1)
        assert values.std() == pytest.approx(spread, rel=0.2)


def test_a_day_shifts_levels_and_keeps_the_person():
    first, second = draw_subject(SMALL, 3, 1), draw_subject(SMALL, 3, 2)
    assert np.array_equal(first.eeg_effects, second.eeg_effects)
    assert np.array_equal(first.eye_effects, second.eye_effects)
    assert first.alpha_hz == second.alpha_hz
    assert first.pupil_mm != second.pupil_mm
    shift = second.level_db - first.level_db
    assert 0.5 < shift.std() < 1.6


def test_a_subject_does_not_depend_on_how_many_there_are():
    alone = draw_world(SMALL, 2, 1)
    among = draw_world(dataclasses.replace(SMALL, n_subjects=80, n_sessions=3), 2, 1)
    assert np.array_equal(alone.subject.eeg_effects, among.subject.eeg_effects)
    assert np.array_equal(alone.session.feeling, among.session.feeling)
    assert np.array_equal(alone.track.stamp, among.track.stamp)
    assert np.array_equal(alone.track.gaze, among.track.gaze)
    assert alone.track.events.equals(among.track.events)
    assert not alone.track.events.equals(draw_world(SMALL, 1, 1).track.events)
