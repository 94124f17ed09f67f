"""The pupil: follows light and arousal with the lag of its muscles, and wanders on its own."""

import numpy as np

from featpipe.simulate.session import Session
from featpipe.simulate.subject import EYE_EFFECTS, Subject
from featpipe.simulate.world import COURSE_HZ, SimulationSettings, slow_noise, stream

LIGHT_MM = 0.15
"""Constriction for one SD of luminance, mm."""

HIPPUS_MM, HIPPUS_TIMESCALE_S = 0.10, 0.8
"""SD and timescale of the pupil's unrest."""

TREND_MM, TREND_TIMESCALE_S = 0.08, 20.0
"""SD and timescale of slow changes (fatigue)."""

_ORDER, _PEAK_S = 10.1, 0.93


def pupil_response() -> np.ndarray:
    """Return the pupil's response to an impulse, at `COURSE_HZ`, sum 1.

    Returns
    -------
    numpy.ndarray
        t^n exp(-n t / t_max) with n = 10.1 and its peak at t_max = 0.93 s.

    References
    ----------
    Hoeks & Levelt, Behavior Research Methods 25 (1993), 16-26.
    """
    time = np.arange(int(4.0 * COURSE_HZ)) / COURSE_HZ
    response = (time / _PEAK_S) ** _ORDER * np.exp(_ORDER * (1 - time / _PEAK_S))
    return response / response.sum()


def pupil_course(settings: SimulationSettings, subject: Subject, session: Session) -> np.ndarray:
    """Return the diameter of the left pupil over the session.

    Parameters
    ----------
    settings : SimulationSettings
        Only `seed` matters.
    subject : Subject
        Mean size and what emotion does to it.
    session : Session
        Courses of emotion and luminance.

    Returns
    -------
    numpy.ndarray, shape (n_course,)
        mm at `COURSE_HZ` from the begin of the EEG recording.
    """
    rng = stream(settings, "pupil", session.subject, session.session)
    effect = subject.eye_effects[list(EYE_EFFECTS).index("pupil")]
    drive = effect @ session.feeling - LIGHT_MM * session.luminance
    n_course = drive.size
    hippus = HIPPUS_MM * slow_noise(rng, (n_course,), HIPPUS_TIMESCALE_S)
    trend = TREND_MM * slow_noise(rng, (n_course,), TREND_TIMESCALE_S)
    lagged = np.convolve(drive, pupil_response())[:n_course]
    return np.clip(subject.pupil_mm + lagged + hippus + trend, 1.8, 8.5)
