"""Fixations in the gaze by dispersion (I-DT) or by velocity (I-VT), and losses of the track."""

import numpy as np

from featpipe.compiling import kernel

SAME = 1e-6
"""Seconds; the finest step of any tracker's clock, so what differs by less is equal."""

MAX_DISPERSION = {"px": 50.0, "norm": 0.06, "mm": 20.0, "href": 420.0}
"""Largest dispersion of a fixation by the unit of the gaze: 1.6 degrees.

SMI's software was found at 50 px on a screen of 800 px and 321 mm, 700 mm away; a degree is 260
units of EyeLink's HREF.
"""


def lost_stretches(
    time: np.ndarray, is_lost: np.ndarray, min_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Find stretches of lost samples that last long enough.

    Parameters
    ----------
    time : array, shape (n_times,), s
    is_lost : array of bool, shape (n_times,)
    min_s : float
        Shorter ones are dropouts.

    Returns
    -------
    onset, stop : numpy.ndarray, shape (n_stretches,), s
        From the first lost sample to the next valid one. A recording that begins or ends lost does
        so without a blink.
    """
    steps = np.diff(is_lost.astype(np.int8))
    begins, ends = np.flatnonzero(steps == 1) + 1, np.flatnonzero(steps == -1) + 1
    if is_lost.size and is_lost[0]:
        ends = ends[1:]
    begins = begins[: ends.size]
    is_long = time[ends] - time[begins] >= min_s - SAME
    return time[begins[is_long]], time[ends[is_long]]


def dispersion_fixations(
    time: np.ndarray, x: np.ndarray, y: np.ndarray, max_dispersion: float, min_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Find fixations by dispersion (I-DT).

    A fixation is grown from its first sample while (max x - min x) + (max y - min y) stays within
    the limit; a lost sample or a pause ends it.

    Parameters
    ----------
    time : array, shape (n_times,), s
        Ascending.
    x, y : array, shape (n_times,)
        Gaze, NaN where lost.
    max_dispersion : float
        In the unit of the gaze.
    min_s : float
        From the first to the last sample.

    Returns
    -------
    first, last : numpy.ndarray of int, shape (n_fixations,)
        Samples; `last` is included.

    References
    ----------
    Salvucci and Goldberg, "Identifying fixations and saccades in eye-tracking protocols", ETRA
    2000.
    """
    # copies, because columns of a frame cannot be written and would be compiled for once more
    arrays = (np.array(a, float, order="C") for a in (time, x, y))
    found = _grow(*arrays, float(max_dispersion), min_s - SAME, _longest_step(time))
    return found[:, 0], found[:, 1]


def velocity(time: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the speed of the gaze between each sample's neighbours, shape (n_times,), per second.

    NaN at the ends and where a neighbour is lost.
    """
    speed = np.full(time.size, np.nan)
    step = time[2:] - time[:-2]
    with np.errstate(divide="ignore", invalid="ignore"):
        speed[1:-1] = np.hypot(x[2:] - x[:-2], y[2:] - y[:-2]) / step
    return speed


def velocity_fixations(
    time: np.ndarray, speed: np.ndarray, max_velocity: float, min_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Find fixations by velocity (I-VT): runs of samples that move no faster than the limit.

    Parameters
    ----------
    time : array, shape (n_times,), s
    speed : array, shape (n_times,)
        From `velocity`; unknown speeds end a fixation.
    max_velocity : float
        In the unit of the speed.
    min_s : float
        From the first to the last sample.

    Returns
    -------
    first, last : numpy.ndarray of int, shape (n_fixations,)
        Samples; `last` is included.
    """
    with np.errstate(invalid="ignore"):
        is_slow = speed <= max_velocity
    is_pause = np.concatenate([[True], np.diff(time) > _longest_step(time), [True]])
    begins = is_slow & (is_pause[:-1] | ~np.concatenate([[False], is_slow[:-1]]))
    ends = is_slow & (is_pause[1:] | ~np.concatenate([is_slow[1:], [False]]))
    first, last = np.flatnonzero(begins), np.flatnonzero(ends)
    is_long = time[last] - time[first] >= min_s - SAME
    return first[is_long], last[is_long]


def _longest_step(time: np.ndarray) -> float:
    """Return the time between samples above which the tracker paused, s."""
    return 2.5 * float(np.median(np.diff(time))) if time.size > 1 else np.inf


@kernel
def _grow(time, x, y, max_dispersion, min_s, longest_step):
    found = np.empty((time.size, 2), dtype=np.int64)
    n_found, first = 0, 0
    while first < time.size:
        last = first - 1
        low_x, high_x, low_y, high_y = np.inf, -np.inf, np.inf, -np.inf
        for i in range(first, time.size):
            if np.isnan(x[i]) or np.isnan(y[i]):
                break
            if i > first and time[i] - time[i - 1] > longest_step:
                break
            low_x, high_x = min(low_x, x[i]), max(high_x, x[i])
            low_y, high_y = min(low_y, y[i]), max(high_y, y[i])
            if (high_x - low_x) + (high_y - low_y) > max_dispersion:
                break
            last = i
        if last > first and time[last] - time[first] >= min_s:
            found[n_found, 0], found[n_found, 1] = first, last
            n_found += 1
            first = last + 1
        else:
            first += 1
    return found[:n_found]
