"""One subject's session: when the trials were, what was felt, and how the two clocks relate."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.signal import lfilter
from scipy.special import expit

from featpipe.schema import TRIALS
from featpipe.simulate.stimulus import draw_stimulus, scene_course
from featpipe.simulate.world import CLASSES, COURSE_HZ, SimulationSettings, stream

FEELING_MEAN, FEELING_SLOPE = 0.4, 1.3
"""Intensity = expit(mean + slope x unit Gaussian): median 0.60, nine tenths within 0.15-0.93."""

SHARED = 0.5
"""Share of the variance of intensity that comes from the clip and is the same for all."""

RISE_S = 1.0
"""Time constant with which a feeling builds up and fades, s."""

OFFSET_CODE = 100
"""Added to the onset code of a trial to mark its offset."""


@dataclass(frozen=True)
class Clock:
    """The eye tracker's clock: tracker time = offset_s + (1 + drift) * EEG time.

    Attributes
    ----------
    offset_s : float
        Uptime of the tracker when the EEG recording began, s.
    drift : float
        Relative difference in speed, for example 25e-6.
    """

    offset_s: float
    drift: float

    def stamp(self, eeg_s: np.ndarray) -> np.ndarray:
        """Convert EEG time in s to the tracker's whole microseconds."""
        return np.rint(1e6 * (self.offset_s + (1 + self.drift) * np.asarray(eeg_s))).astype("i8")

    def eeg_s(self, stamp: np.ndarray) -> np.ndarray:
        """Convert the tracker's microseconds to EEG time in s."""
        return (np.asarray(stamp) * 1e-6 - self.offset_s) / (1 + self.drift)


@dataclass(frozen=True)
class Session:
    """What happened in one session of one subject; times in s of the EEG recording.

    Attributes
    ----------
    subject, session : int
        Numbers from 1.
    trials : pandas.DataFrame
        Columns `schema.TRIALS`.
    duration_s : float
        Length of the EEG recording.
    feeling : numpy.ndarray, shape (n_classes, n_course)
        Intensity of each emotion in [0, 1] at `COURSE_HZ`: slow in coming, slow to fade.
    luminance : numpy.ndarray, shape (n_course,)
        Brightness of the screen, 0 (grey) outside trials.
    clock : Clock
        The tracker's clock.
    tracker_start_s, tracker_stop_s : float
        Begin and end of the eye recording.
    """

    subject: int
    session: int
    trials: pd.DataFrame
    duration_s: float
    feeling: np.ndarray
    luminance: np.ndarray
    clock: Clock
    tracker_start_s: float
    tracker_stop_s: float

    @property
    def codes(self) -> tuple[np.ndarray, np.ndarray]:
        """Trigger codes and their times in s: trial k begins with k and ends with 100 + k."""
        trial = self.trials["trial"].to_numpy()
        times = self.trials[["onset", "offset"]].to_numpy().ravel()
        return np.stack([trial, trial + OFFSET_CODE], axis=1).ravel(), times


def draw_session(settings: SimulationSettings, subject: int, session: int) -> Session:
    """Draw one session of one subject.

    Parameters
    ----------
    settings : SimulationSettings
        Number and length of trials, sampling rate.
    subject, session : int
        Numbers from 1; they may exceed the settings' counts.

    Returns
    -------
    Session
    """
    rng = stream(settings, "session", subject, session)
    gaps = settings.gap_s * rng.uniform(0.8, 1.2, settings.n_trials - 1)
    onset = settings.lead_s + np.cumsum([0.0, *(settings.trial_s + gaps)])
    onset = np.round(onset * settings.sfreq) / settings.sfreq
    offset = np.round((onset + settings.trial_s) * settings.sfreq) / settings.sfreq
    duration_s = float(offset[-1] + settings.lead_s)
    stimulus = draw_stimulus(settings, session)
    trials = pd.DataFrame(
        {
            "trial": np.arange(1, settings.n_trials + 1),
            "onset": onset,
            "offset": offset,
            "label": stimulus.labels,
        }
    ).astype(dict(TRIALS))
    mine = scene_course(rng, stimulus.pull.shape)
    latent = np.sqrt(SHARED) * stimulus.pull + np.sqrt(1 - SHARED) * mine
    intensity = expit(FEELING_MEAN + FEELING_SLOPE * latent)
    return Session(
        subject=subject,
        session=session,
        trials=trials,
        duration_s=duration_s,
        feeling=_feeling(trials, intensity, duration_s),
        luminance=_lay(np.zeros(_n_course(duration_s)), onset, offset, stimulus.luminance),
        clock=Clock(rng.uniform(600.0, 20000.0), rng.normal(0.0, 25e-6)),
        tracker_start_s=rng.uniform(-2.0, 0.4 * settings.lead_s),
        tracker_stop_s=duration_s - rng.uniform(0.1, 0.6) * settings.lead_s,
    )


def _n_course(duration_s: float) -> int:
    return int(np.ceil(duration_s * COURSE_HZ)) + 1


def _lay(
    course: np.ndarray, onset: np.ndarray, offset: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """Write each trial's values (n_trials, n_course) into a course over the whole recording."""
    time = np.arange(course.size) / COURSE_HZ
    for begin, end, value in zip(onset, offset, values, strict=True):
        inside = (time >= begin) & (time < end)
        course[inside] = value[: inside.sum()]
    return course


def _feeling(trials: pd.DataFrame, intensity: np.ndarray, duration_s: float) -> np.ndarray:
    """Return the three courses of emotion: the clip's intensity, low-passed by `RISE_S`."""
    feeling = np.zeros((len(CLASSES), _n_course(duration_s)))
    for label, course in enumerate(feeling):
        mine = (trials["label"] == label).to_numpy(dtype=bool)
        bounds = trials.loc[mine, ["onset", "offset"]].to_numpy()
        _lay(course, bounds[:, 0], bounds[:, 1], intensity[mine])
    keep = np.exp(-1 / (RISE_S * COURSE_HZ))
    # a convex combination of values in [0, 1]; the clip only guards against rounding
    return np.clip(lfilter([1 - keep], [1, -keep], feeling, axis=1), 0.0, 1.0)
