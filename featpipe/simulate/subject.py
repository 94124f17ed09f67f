"""What an emotion does to brain and eyes, and how people differ in it.

The population effects below were fixed from the literature and from the reasoning in this
package's README before any model was trained; they are not tuned on results.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from featpipe.schema import BANDS
from featpipe.simulate.head import REGIONS
from featpipe.simulate.world import SimulationSettings, stream

EEG_EFFECTS: Mapping[tuple[str, str], tuple[float, float, float]] = {
    ("frontal_left", "alpha"): (+1.5, 0.0, -1.5),
    ("frontal_right", "alpha"): (-1.5, 0.0, +1.5),
    ("temporal_left", "beta"): (-0.9, 0.0, +3.5),
    ("temporal_right", "beta"): (-0.9, 0.0, +3.5),
    ("temporal_left", "gamma"): (-0.9, 0.0, +4.5),
    ("temporal_right", "gamma"): (-0.9, 0.0, +4.5),
    ("prefrontal", "gamma"): (+2.4, 0.0, +0.8),
    ("parietal", "alpha"): (-0.5, +2.0, -0.5),
    ("occipital", "alpha"): (-0.5, +2.0, -0.5),
    ("parietal", "delta"): (+1.6, 0.0, 0.0),
    ("occipital", "delta"): (+1.6, 0.0, 0.0),
}
"""Change of the power of a region's sources in a band at full intensity, dB, per class.

At the region's electrodes a quarter (temporal) to six tenths (posterior) of the power comes from
the region, so there the change is accordingly smaller.
"""

EYE_EFFECTS: Mapping[str, tuple[float, float, float]] = {
    "pupil": (+0.30, 0.0, +0.15),  # mm
    "fixation_duration": (+0.15, 0.0, -0.10),  # natural log of the median
    "saccade_amplitude": (-0.20, 0.0, +0.25),  # natural log of the median
    "blink_rate": (-0.25, 0.0, +0.25),  # natural log
}
"""Change of the eyes' behaviour at full intensity, per class."""

EFFECT_UNITS = {
    "pupil": "mm",
    "fixation_duration": "ln",
    "saccade_amplitude": "ln",
    "blink_rate": "ln",
}

IDIOSYNCRASY = 0.35
"""SD of a subject's own deviation from an effect, as a share of its root mean square."""


@dataclass(frozen=True)
class Subject:
    """A person on the day of a session.

    Attributes
    ----------
    reactivity : float
        Factor on all effects, mean 1; about one person in twelve is below 0.4.
    eeg_effects : numpy.ndarray, shape (n_eeg_effects, n_classes)
        dB at full intensity, rows in the order of `EEG_EFFECTS`.
    eye_effects : numpy.ndarray, shape (n_eye_effects, n_classes)
        Rows in the order of `EYE_EFFECTS`, in their units.
    level_db : numpy.ndarray, shape (n_regions, n_bands)
        Power of the region's sources against the population, dB.
    exponent : float
        chi of the background spectrum 1 / f^chi.
    alpha_hz, alpha_db : float
        Peak frequency, and its height over the background at the back of the head.
    blink_uv : float
        Height of a blink in VEO, microvolt.
    pupil_mm : float
        Mean diameter of the left pupil at rest.
    anisocoria : float
        Right pupil = left pupil x (1 + anisocoria).
    fixation_s, amplitude_deg, blink_hz : float
        Median fixation duration, median saccade amplitude, blink rate at rest.
    """

    reactivity: float
    eeg_effects: np.ndarray
    eye_effects: np.ndarray
    level_db: np.ndarray
    exponent: float
    alpha_hz: float
    alpha_db: float
    blink_uv: float
    pupil_mm: float
    anisocoria: float
    fixation_s: float
    amplitude_deg: float
    blink_hz: float


def draw_subject(settings: SimulationSettings, subject: int, session: int) -> Subject:
    """Draw a person, and what is different about this person on the day of a session.

    Parameters
    ----------
    settings : SimulationSettings
        Only `seed` matters.
    subject, session : int
        Numbers from 1.

    Returns
    -------
    Subject
        Reactions, alpha frequency and anisocoria are the person's; levels also shift by session.
    """
    rng = stream(settings, "subject", subject)
    day = stream(settings, "day", subject, session)
    reactivity = rng.gamma(4.0, 0.25)
    shape = (len(REGIONS), len(BANDS))
    level_db = rng.normal(0.0, 2.0) + rng.normal(0.0, 1.2, shape) + day.normal(0.0, 0.7, shape)
    return Subject(
        reactivity=reactivity,
        eeg_effects=_own(rng, np.array(list(EEG_EFFECTS.values())), reactivity),
        eye_effects=_own(rng, np.array(list(EYE_EFFECTS.values())), reactivity),
        level_db=level_db,
        exponent=rng.normal(1.2, 0.15) + day.normal(0.0, 0.05),
        alpha_hz=float(np.clip(rng.normal(10.2, 0.8), 8.7, 12.3)),
        alpha_db=rng.normal(9.0, 2.5) + day.normal(0.0, 1.0),
        blink_uv=float(180.0 * np.exp(rng.normal(0.0, 0.25))),
        pupil_mm=float(np.clip(rng.normal(4.0, 0.6) + day.normal(0.0, 0.2), 2.5, 6.5)),
        anisocoria=rng.normal(0.0, 0.03),
        fixation_s=float(0.28 * np.exp(rng.normal(0.0, 0.15) + day.normal(0.0, 0.04))),
        amplitude_deg=float(3.5 * np.exp(rng.normal(0.0, 0.20) + day.normal(0.0, 0.05))),
        blink_hz=float(0.2 * np.exp(rng.normal(0.0, 0.50) + day.normal(0.0, 0.15))),
    )


def _own(rng: np.random.Generator, population: np.ndarray, reactivity: float) -> np.ndarray:
    """One person's effects: scaled as a whole, scaled one by one, and bent a little."""
    size = np.sqrt((population**2).mean(1, keepdims=True))
    gain = np.exp(rng.normal(0.0, 0.30, (len(population), 1)) + rng.normal(0.0, 0.25))
    bent = IDIOSYNCRASY * size * rng.standard_normal(population.shape)
    return reactivity * (gain * population + bent)
