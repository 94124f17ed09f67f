"""The clips of a session: which emotion each is meant to raise, how strongly, how bright it is.

All subjects of a session see the same clips in the same order, as in the SEED studies; the order
differs between sessions.
"""

from dataclasses import dataclass

import numpy as np

from featpipe.simulate.world import CLASSES, COURSE_HZ, SimulationSettings, slow_noise, stream

PULL_TIMESCALE_S = 4.0
"""How fast the emotional pull of a scene changes, s."""

LIGHT_TIMESCALE_S = 1.5
"""How fast the brightness of a film changes, s."""


@dataclass(frozen=True)
class Stimulus:
    """The clips of one session.

    Attributes
    ----------
    labels : numpy.ndarray of int, shape (n_trials,)
        Index into `CLASSES`.
    pull : numpy.ndarray, shape (n_trials, n_course)
        Emotional pull of the scenes, unit variance, at `COURSE_HZ` from the clip's begin.
    luminance : numpy.ndarray, shape (n_trials, n_course)
        Brightness, unit variance, mean 0 within every clip: the clips of the classes are
        matched in mean luminance, as careful studies do.
    """

    labels: np.ndarray
    pull: np.ndarray
    luminance: np.ndarray


def draw_stimulus(settings: SimulationSettings, session: int) -> Stimulus:
    """Draw the clips of a session.

    Parameters
    ----------
    settings : SimulationSettings
        Number and length of trials.
    session : int
        From 1.

    Returns
    -------
    Stimulus
    """
    rng = stream(settings, "stimulus", session)
    labels = rng.permutation(np.arange(settings.n_trials) % len(CLASSES))
    shape = (settings.n_trials, int(np.ceil(settings.trial_s * COURSE_HZ)) + 1)
    pull = scene_course(rng, shape)
    luminance = slow_noise(rng, shape, LIGHT_TIMESCALE_S)
    return Stimulus(labels, pull, luminance - luminance.mean(1, keepdims=True))


def scene_course(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw courses that differ between trials (36 % of the variance) and change within them.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    shape : tuple of int
        (n_trials, n_course).

    Returns
    -------
    numpy.ndarray, shape `shape`
        Unit variance.
    """
    whole_trial = rng.standard_normal((shape[0], 1))
    return 0.6 * whole_trial + 0.8 * slow_noise(rng, shape, PULL_TIMESCALE_S)
