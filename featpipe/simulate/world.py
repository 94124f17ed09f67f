"""Settings of a simulated study, its random streams and its slow random courses.

Everything random is drawn from a stream named by what it describes and by the subject, session or
trial it belongs to. Subject 3 is therefore the same person, and does the same things, however many
subjects are simulated and whatever else is rendered before.
"""

import zlib
from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, rfftfreq

from featpipe.errors import ConfigError

CLASSES = ("negative", "neutral", "positive")
"""Emotions in label order."""

COURSE_HZ = 20.0
"""Rate of the slow courses (intensity, luminance, pupil, band power), Hz."""

BRAIN_HZ = 250
"""Rate at which brain activity is made before it is brought to the recording's rate, Hz."""

MAX_TRIALS = 100
"""Codes 1-100 mark onsets, 101-200 offsets: both fit the eight bits of a parallel port."""


@dataclass(frozen=True)
class SimulationSettings:
    """What to simulate; the physics is fixed and listed in this package's README.

    Attributes
    ----------
    n_subjects, n_sessions : int
        Recordings are made for every subject and session; all are numbered from 1.
    n_trials : int
        Trials per session, at most 100. Labels are balanced up to one trial per class.
    trial_s : float
        Length of a trial, s.
    gap_s : float
        Mean pause between two trials, s; each pause differs by up to a fifth.
    lead_s : float
        Time before the first and after the last trial, s.
    sfreq : int
        Sampling rate of the EEG, Hz: a multiple of 250.
    seed : int
        Another seed is another world.

    Raises
    ------
    ConfigError
        When a value is not possible.
    """

    n_subjects: int = 8
    n_sessions: int = 1
    n_trials: int = 12
    trial_s: float = 20.0
    gap_s: float = 3.0
    lead_s: float = 5.0
    sfreq: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        whole = ("n_subjects", "n_sessions", "n_trials", "sfreq", "seed")
        least = {"trial_s": 1.0, "gap_s": 0.0, "lead_s": 2.0, "seed": 0}
        most = {"n_trials": MAX_TRIALS, "sfreq": 65535}
        for name, value in vars(self).items():
            low, high = least.get(name, 1), most.get(name, float("inf"))
            kind = "a whole number" if name in whole else "a number"
            if (name in whole and not isinstance(value, int)) or not low <= value <= high:
                upper = f" to {high}" if name in most else " upwards"
                raise ConfigError(f"{name} = {value!r}: expected {kind} from {low}{upper}")
        if self.sfreq % BRAIN_HZ:
            raise ConfigError(f"sfreq = {self.sfreq!r}: expected a multiple of {BRAIN_HZ} Hz")


def stream(settings: SimulationSettings, name: str, *numbers: int) -> np.random.Generator:
    """Return the random generator of one named thing.

    Parameters
    ----------
    settings : SimulationSettings
        Only `seed` matters.
    name : str
        What is drawn, for example "scanpath".
    *numbers : int
        Whose it is, for example subject and session.

    Returns
    -------
    numpy.random.Generator
        Always the same for the same arguments, independent of all others.
    """
    key = (zlib.crc32(name.encode()), *numbers)
    return np.random.default_rng(np.random.SeedSequence(settings.seed, spawn_key=key))


def slow_noise(rng: np.random.Generator, shape: tuple[int, ...], timescale_s: float) -> np.ndarray:
    """Draw smooth Gaussian courses at `COURSE_HZ` with mean 0 and variance 1.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    shape : tuple of int
        The last axis is time.
    timescale_s : float
        tau of the autocorrelation exp(-t^2 / (4 tau^2)), s: two moments further apart than
        about 4 tau have nothing to do with each other.

    Returns
    -------
    numpy.ndarray of float64, shape `shape`
    """
    n_times = shape[-1]
    # beyond the wanted end the course has time to forget, so that its ends are independent
    n_padded = n_times + int(6 * timescale_s * COURSE_HZ) + 1
    n_padded += n_padded % 2
    weight = np.exp(-0.5 * (2 * np.pi * timescale_s * rfftfreq(n_padded, 1 / COURSE_HZ)) ** 2)
    # weight^2 is the power spectrum; the mean over the two-sided spectrum is the variance
    variance = (2 * (weight**2).sum() - weight[0] ** 2 - weight[-1] ** 2) / n_padded
    draws = rng.standard_normal((2, *shape[:-1], weight.size))
    spectrum = (draws[0] + 1j * draws[1]) * (weight * np.sqrt(n_padded / (2 * variance)))
    spectrum[..., 0] *= np.sqrt(2)  # irfft keeps the real part only
    return np.asarray(irfft(spectrum, n_padded))[..., :n_times]
