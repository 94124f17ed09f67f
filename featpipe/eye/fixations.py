"""Fixations in the gaze by dispersion (I-DT) or by velocity (I-VT), and losses of the track."""

import numpy as np

from featpipe.compiling import kernel
from featpipe.eye.coverage import usual_step
from featpipe.eye.gaze import MAX_GAP_S, longest_step
from featpipe.recording import SAME_S

MAX_DISPERSION = {"px": 50.0, "norm": 0.06, "mm": 20.0, "href": 420.0, "deg": 1.6}
"""Largest dispersion of a fixation by the unit of the gaze: 1.6 degrees.

SMI's software was found at 50 px on a screen of 800 px and 321 mm, 700 mm away; a degree is 260
units of EyeLink's HREF.
"""

VELOCITY_S = 0.02
"""Stretch of gaze from which a speed is taken, s."""


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
        so without a blink; so does each side of a pause, longer than `MAX_GAP_S`, since nobody
        knows what the eye did in it. Fewer frames dropped leave a blink whole.
    """
    steps = np.diff(is_lost.astype(np.int8))
    begins, ends = np.flatnonzero(steps == 1) + 1, np.flatnonzero(steps == -1) + 1
    if is_lost.size and is_lost[0]:
        ends = ends[1:]
    begins = begins[: ends.size]
    is_pause = np.diff(time) > max(MAX_GAP_S, longest_step(time))
    n_pauses = np.concatenate([[0], np.cumsum(is_pause)])
    is_long = time[ends] - time[begins] >= min_s - SAME_S
    is_blink = is_long & (n_pauses[ends] == n_pauses[begins - 1])
    return time[begins[is_blink]], time[ends[is_blink]]


def dispersion_fixations(
    time: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    is_break: np.ndarray,
    max_dispersion: float,
    min_s: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Find fixations by dispersion (I-DT).

    A fixation is grown from its first sample while (max x - min x) + (max y - min y) stays within
    the limit, until a break.

    Parameters
    ----------
    time : array, shape (n_times,), s
        Ascending.
    x, y : array, shape (n_times,)
        Gaze; finite.
    is_break : array of bool, shape (n_times - 1,)
        Whether a fixation may not go on from one sample to the next (`gaze.Gaze`).
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
    found = _grow(*arrays, np.array(is_break, bool), float(max_dispersion), min_s - SAME_S)
    return found[:, 0], found[:, 1]


def velocity(time: np.ndarray, x: np.ndarray, y: np.ndarray, is_break: np.ndarray) -> np.ndarray:
    """Return the speed of the gaze around each sample.

    The slopes of straight lines through the samples within `VELOCITY_S`, or through both
    neighbours of a tracker too slow for that. From one sample to the next, the noise of a tracker
    of 1000 Hz alone is faster than a saccade's onset.

    Parameters
    ----------
    time : array, shape (n_times,), s
        Ascending.
    x, y : array, shape (n_times,)
        Gaze; finite.
    is_break : array of bool, shape (n_times - 1,)
        Whether nothing is known of the motion from one sample to the next.

    Returns
    -------
    numpy.ndarray, shape (n_times,), per second
        NaN where a break, or an end, is within reach.

    References
    ----------
    Olsen, "The Tobii I-VT fixation filter", 2012: a window of 20 ms. Its velocity is that between
    the window's ends; a line through all of it follows EyeLink's own events more closely.
    """
    step = usual_step(time)
    reach = max(1, round(VELOCITY_S / 2 / step)) if step > 0 else 1
    arrays = (np.array(a, float, order="C") for a in (time, x, y))
    return _slopes(*arrays, np.array(is_break, bool), reach)


def velocity_fixations(
    time: np.ndarray, speed: np.ndarray, is_break: np.ndarray, max_velocity: float, min_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Find fixations by velocity (I-VT): runs of samples that move no faster than the limit.

    Parameters
    ----------
    time : array, shape (n_times,), s
    speed : array, shape (n_times,)
        From `velocity`; unknown speeds end a fixation.
    is_break : array of bool, shape (n_times - 1,)
        As for `velocity`.
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
    goes_on = is_slow[:-1] & is_slow[1:] & ~is_break
    first = np.flatnonzero(is_slow & ~np.concatenate([[False], goes_on]))
    last = np.flatnonzero(is_slow & ~np.concatenate([goes_on, [False]]))
    is_long = time[last] - time[first] >= min_s - SAME_S
    return first[is_long], last[is_long]


@kernel
def _grow(time, x, y, is_break, max_dispersion, min_s):
    found = np.empty((time.size, 2), dtype=np.int64)
    n_found, first = 0, 0
    while first < time.size:
        last = first - 1
        low_x, high_x, low_y, high_y = np.inf, -np.inf, np.inf, -np.inf
        for i in range(first, time.size):
            if i > first and is_break[i - 1]:
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


@kernel
def _slopes(time, x, y, is_break, reach):
    speed = np.full(time.size, np.nan)
    for i in range(reach, time.size - reach):
        mean_t, mean_x, mean_y, is_whole = 0.0, 0.0, 0.0, True
        for j in range(i - reach, i + reach + 1):
            is_whole &= j == i - reach or not is_break[j - 1]
            mean_t += time[j] - time[i]
            mean_x += x[j]
            mean_y += y[j]
        n = 2 * reach + 1
        mean_t, mean_x, mean_y = mean_t / n, mean_x / n, mean_y / n
        over, slope_x, slope_y = 0.0, 0.0, 0.0
        for j in range(i - reach, i + reach + 1):
            t = time[j] - time[i] - mean_t
            over += t * t
            slope_x += t * (x[j] - mean_x)
            slope_y += t * (y[j] - mean_y)
        if is_whole and over > 0:
            speed[i] = np.hypot(slope_x, slope_y) / over
    return speed
