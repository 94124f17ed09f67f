"""Where a person looked and when the lids closed: the events behind both recordings.

Fixations follow each other with saccades between them; some saccades happen under a closed lid.
The eye tracker (`tracker.py`) sees this at 60 Hz, the EEG amplifier (`eog.py`) as potentials.
"""

from dataclasses import dataclass

import numpy as np

from featpipe.simulate.session import Session
from featpipe.simulate.subject import EYE_EFFECTS, Subject
from featpipe.simulate.world import COURSE_HZ, SimulationSettings, stream

SCREEN_PX = (1680, 1050)
SCREEN_MM = (474, 297)
DISTANCE_MM = 650
"""A 22-inch screen in front of a remote tracker."""

PX_PER_DEG = DISTANCE_MM * float(np.tan(np.radians(1.0))) * SCREEN_PX[0] / SCREEN_MM[0]

MARGIN = 0.08
"""Share of the screen at each edge that is not looked at."""

FIXATION_SPREAD, SHORTEST_FIXATION_S = 0.55, 0.10
"""SD of the log of fixation durations; the shortest one, long enough for any detector."""

AMPLITUDE_SPREAD, AMPLITUDE_RANGE_DEG = 0.65, (0.6, 18.0)
"""SD of the log of saccade amplitudes and their limits."""

CLOSED_MEDIAN_S, CLOSED_SPREAD, SHORTEST_CLOSED_S = 0.16, 0.30, 0.09
"""How long the pupil is covered in a blink."""

CLOSING_S, OPENING_S = 0.05, 0.06
"""From the end of a fixation to the covered pupil, and from the free pupil to the next."""


@dataclass(frozen=True)
class Scanpath:
    """Fixations in order of time; between two of them lies a saccade or a blink.

    Attributes
    ----------
    start, stop : numpy.ndarray, shape (n_fixations,)
        s of the EEG recording; the first is before both recordings, the last after.
    x, y : numpy.ndarray, shape (n_fixations,)
        Place on the screen, px from the top left corner.
    blinks : numpy.ndarray of int, shape (n_blinks,)
        Fixations that end in a blink.
    closed, opened : numpy.ndarray, shape (n_blinks,)
        When the lid covers and frees the pupil, s.
    """

    start: np.ndarray
    stop: np.ndarray
    x: np.ndarray
    y: np.ndarray
    blinks: np.ndarray
    closed: np.ndarray
    opened: np.ndarray


def saccade_duration(amplitude_deg: float) -> float:
    """Return the duration of a saccade in s: 21 ms + 2.2 ms per degree (Carpenter 1988)."""
    return 0.021 + 0.0022 * amplitude_deg


def draw_scanpath(settings: SimulationSettings, subject: Subject, session: Session) -> Scanpath:
    """Draw the eye movements and blinks of a session.

    Parameters
    ----------
    settings : SimulationSettings
        Only `seed` matters.
    subject : Subject
        Habits, and what emotion does to them.
    session : Session
        The course of the emotions.

    Returns
    -------
    Scanpath
        Covers the EEG and the eye recording.
    """
    rng = stream(settings, "scanpath", session.subject, session.session)
    first = min(0.0, session.tracker_start_s) - 1.0
    last = session.duration_s + 1.0
    shift = _log_shift(subject, session)
    n_most = int((last - first) / SHORTEST_FIXATION_S) + 2
    draws = rng.standard_normal((4, n_most))
    chance, angle = rng.uniform(size=n_most), rng.uniform(-np.pi, np.pi, n_most)
    rows: list[tuple[float, float, float, float]] = []
    blinks: list[tuple[int, float, float]] = []
    time, place = first, (SCREEN_PX[0] / 2, SCREEN_PX[1] / 2)
    while time < last:
        i = len(rows)
        longer, wider, blinkier = shift[:, min(max(int(time * COURSE_HZ), 0), shift.shape[1] - 1)]
        duration = subject.fixation_s * np.exp(FIXATION_SPREAD * draws[0, i] + longer)
        stop = time + max(SHORTEST_FIXATION_S, duration)
        rows.append((time, stop, *place))
        amplitude = subject.amplitude_deg * np.exp(AMPLITUDE_SPREAD * draws[1, i] + wider)
        amplitude = min(max(amplitude, AMPLITUDE_RANGE_DEG[0]), AMPLITUDE_RANGE_DEG[1])
        place = _next_place(place, amplitude, angle[i])
        if chance[i] < 1 - np.exp(-subject.blink_hz * np.exp(blinkier) * (stop - time)):
            covered = CLOSED_MEDIAN_S * np.exp(CLOSED_SPREAD * draws[2, i])
            opened = stop + CLOSING_S + max(SHORTEST_CLOSED_S, covered)
            blinks.append((i, stop + CLOSING_S, opened))
            time = opened + OPENING_S
        else:
            time = stop + saccade_duration(amplitude)
    start, stops, x, y = np.array(rows).T
    which, closed, opens = np.array(blinks).reshape(-1, 3).T
    return Scanpath(start, stops, x, y, which.astype(int), closed, opens)


def _log_shift(subject: Subject, session: Session) -> np.ndarray:
    """Return what emotion adds to the logs of fixation duration, amplitude and blink rate."""
    rows = [list(EYE_EFFECTS).index(name) for name in list(EYE_EFFECTS)[1:]]
    return subject.eye_effects[rows] @ session.feeling


def _next_place(
    place: tuple[float, float], amplitude_deg: float, angle: float
) -> tuple[float, float]:
    """Go this far in this direction, or the other way where the screen ends."""
    step = PX_PER_DEG * amplitude_deg
    x = _reflect(place[0], step * np.cos(angle), SCREEN_PX[0])
    return x, _reflect(place[1], 0.7 * step * np.sin(angle), SCREEN_PX[1])


def _reflect(at: float, step: float, size: int) -> float:
    low, high = MARGIN * size, (1 - MARGIN) * size
    target = at + step
    if not low <= target <= high:
        target = at - step
    return min(max(target, low), high)
