import dataclasses

import numpy as np
import pytest

from featpipe.simulate.pupil import LIGHT_MM, pupil_course, pupil_response
from featpipe.simulate.scanpath import MARGIN, SCREEN_PX, Scanpath, draw_scanpath
from featpipe.simulate.session import Session, draw_session
from featpipe.simulate.subject import EYE_EFFECTS, Subject, draw_subject
from featpipe.simulate.tracker import TRACKER_HZ, track_eyes
from featpipe.simulate.world import COURSE_HZ, SimulationSettings

LONG = SimulationSettings(n_trials=30, trial_s=20.0)


@pytest.fixture(scope="module")
def session() -> Session:
    return draw_session(LONG, 1, 1)


@pytest.fixture(scope="module")
def subject() -> Subject:
    """The average person: reacts as the population does."""
    effects = np.array(list(EYE_EFFECTS.values()))
    person = draw_subject(LONG, 1, 1)
    return dataclasses.replace(
        person, eye_effects=effects, fixation_s=0.28, amplitude_deg=3.5, blink_hz=0.2
    )


@pytest.fixture(scope="module")
def scanpath(subject, session) -> Scanpath:
    return draw_scanpath(LONG, subject, session)


def feeling_all_along(session: Session, label: int) -> Session:
    feeling = np.zeros_like(session.feeling)
    feeling[label] = 1.0
    return dataclasses.replace(session, feeling=feeling)


def test_fixations_and_what_lies_between_them_fill_the_time(scanpath, session):
    assert scanpath.start[0] < min(0.0, session.tracker_start_s)
    assert scanpath.stop[-1] > session.duration_s
    assert np.all(scanpath.stop - scanpath.start >= 0.1 - 1e-9)
    between = scanpath.start[1:] - scanpath.stop[:-1]
    assert between.min() > 0.02
    is_blink = np.zeros(scanpath.start.size, dtype=bool)
    is_blink[scanpath.blinks] = True
    assert between[~is_blink[:-1]].max() < 0.065
    assert np.all(scanpath.closed > scanpath.stop[scanpath.blinks])
    opened = scanpath.opened[: (scanpath.blinks < scanpath.start.size - 1).sum()]
    assert np.all(opened < scanpath.start[scanpath.blinks[: opened.size] + 1])
    for place, size in ((scanpath.x, SCREEN_PX[0]), (scanpath.y, SCREEN_PX[1])):
        assert np.all((place >= MARGIN * size) & (place <= (1 - MARGIN) * size))


def test_habits_at_rest_are_as_promised(subject, session):
    rest = dataclasses.replace(session, feeling=np.zeros_like(session.feeling))
    scanpath = draw_scanpath(LONG, subject, rest)
    n_events, length = scanpath.start.size, session.duration_s + 2.0
    assert np.median(scanpath.stop - scanpath.start) == pytest.approx(0.28, rel=0.08)
    assert scanpath.closed.size / length == pytest.approx(0.2 * 0.9, rel=0.35)
    assert 1.8 < n_events / length < 3.2


@pytest.mark.parametrize(("quantity", "row"), [("duration", 1), ("amplitude", 2), ("blinks", 3)])
def test_emotion_moves_each_habit_by_the_known_factor(quantity, row, subject, session):
    def measure(label: int) -> float:
        path = draw_scanpath(LONG, subject, feeling_all_along(session, label))
        if quantity == "duration":
            return float(np.median(path.stop - path.start))
        if quantity == "blinks":
            return path.blinks.size / (path.stop - path.start).sum()
        return float(np.median(np.hypot(np.diff(path.x), np.diff(path.y))))

    effects = list(EYE_EFFECTS.values())[row]
    ratio = np.log(measure(0) / measure(2))
    assert ratio == pytest.approx(effects[0] - effects[2], abs=0.4 * abs(effects[0] - effects[2]))


def test_pupil_response_peaks_after_its_lag():
    response = pupil_response()
    assert response.sum() == pytest.approx(1.0)
    assert np.argmax(response) / COURSE_HZ == pytest.approx(0.93, abs=0.5 / COURSE_HZ)
    assert response[-1] < 1e-3 * response.max()


def test_pupil_widens_with_feeling_and_narrows_with_light(subject, session):
    calm = dataclasses.replace(
        session,
        feeling=np.zeros_like(session.feeling),
        luminance=np.zeros_like(session.luminance),
    )
    rest = pupil_course(LONG, subject, calm)
    assert rest.mean() == pytest.approx(subject.pupil_mm, abs=0.1)
    bright = dataclasses.replace(calm, luminance=np.ones_like(calm.luminance))
    late = slice(100, None)  # after the response
    assert pupil_course(LONG, subject, bright)[late] - rest[late] == pytest.approx(-LIGHT_MM)
    for label, effect in enumerate(EYE_EFFECTS["pupil"]):
        felt = dataclasses.replace(calm, feeling=feeling_all_along(session, label).feeling)
        assert pupil_course(LONG, subject, felt)[late] - rest[late] == pytest.approx(effect)


def test_the_tracker_runs_on_its_own_clock_and_loses_few_frames(subject, session, scanpath):
    track = track_eyes(LONG, subject, session, scanpath)
    interval = np.diff(track.stamp)
    assert np.median(interval) == pytest.approx(1e6 / TRACKER_HZ, abs=5)
    assert 0 < (interval > 25000).sum() < 0.001 * interval.size
    assert np.all(interval > 16000)
    time = session.clock.eeg_s(track.stamp)
    assert time[0] == pytest.approx(session.tracker_start_s, abs=1e-3)
    assert session.clock.stamp(time) == pytest.approx(track.stamp, abs=1)
    assert abs(session.clock.drift) < 150e-6
    assert session.clock.offset_s > 100.0


def test_both_eyes_are_nearly_but_not_exactly_alike(subject, session, scanpath):
    events = track_eyes(LONG, subject, session, scanpath).events
    counts = events.groupby(["kind", "eye"]).size().unstack()
    assert np.all(np.abs(counts["left"] - counts["right"]) <= 2)
    left, right = (
        events[(events["eye"] == eye) & (events["kind"] == "fixation")].reset_index(drop=True)
        for eye in ("left", "right")
    )
    assert np.mean(left["stop"] == right["stop"]) < 0.9
    assert np.mean(np.abs(left["stop"] - right["stop"]) < 40000) > 0.99
    ratio = np.mean(right["pupil"] / left["pupil"])
    assert ratio == pytest.approx(1.0 + subject.anisocoria, abs=0.01)


def test_detected_events_find_the_true_ones(subject, session, scanpath):
    events = track_eyes(LONG, subject, session, scanpath).events
    left = events.query("eye == 'left'")
    inside = (scanpath.start > session.tracker_start_s) & (scanpath.stop < session.tracker_stop_s)
    fixations = left.query("kind == 'fixation'")
    onset = session.clock.eeg_s(np.asarray(fixations["start"]))
    nearest = np.abs(onset[:, None] - scanpath.start[inside]).min(0)
    assert nearest.max() < 0.04
    blinks = left.query("kind == 'blink'")
    closed = session.clock.eeg_s(np.asarray(blinks["start"]))
    truth = scanpath.closed[(scanpath.closed > onset[1]) & (scanpath.opened < onset[-1])]
    assert len(blinks) == pytest.approx(truth.size, abs=1)
    assert np.abs(closed[:, None] - truth).min(axis=0).max() < 0.06
