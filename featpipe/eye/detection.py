"""Fixations, saccades and blinks from samples, for exports that hold no events.

A blink is a stretch of lost samples. Fixations are found by dispersion (I-DT) as SMI's low-speed
detector does, or by velocity (I-VT). What lies between two fixations is a saccade, unless the track
was lost in between: then the lid, not the eye, made it.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from featpipe.compiling import kernel
from featpipe.errors import ReadError
from featpipe.eye.settings import EyeSettings
from featpipe.readers.eye_frames import events_frame
from featpipe.readers.fixation_dispersion import add_dispersion
from featpipe.recording import EyeRecording

SAME = 1e-6
"""Seconds; the finest step of any tracker's clock, so what differs by less is equal."""


def with_events(eye: EyeRecording, settings: EyeSettings) -> EyeRecording:
    """Return the recording with events, detected in its samples where that is asked for.

    Parameters
    ----------
    eye : EyeRecording
        On any clock.
    settings : EyeSettings
        `events` "export" takes those of the tracker's software and detects none; "detect" detects
        all from the samples; "auto" does so in a recording that came without any.

    Returns
    -------
    EyeRecording
        Its units say of which kind the "amplitude" of saccades is: "deg", or "px" where nobody
        told how many pixels are a degree.

    Raises
    ------
    ReadError
        When "detect" is asked for and there are no samples, or velocities are asked for of a
        recording whose geometry is unknown.
    """
    if settings.events == "export" or (settings.events == "auto" and len(eye.events)):
        return eye
    if not len(eye.samples):
        if settings.events == "auto":
            return eye
        raise ReadError(
            f'{eye.format}: [eye] events = "detect", and the export holds no samples: export them, '
            'or use events = "auto"'
        )
    px_per_degree = settings.px_per_degree or eye.px_per_degree
    tables = [
        table
        for side in ("left", "right")
        if eye.samples[f"valid_{side}"].to_numpy().any()
        for table in _events_of(eye, side, settings, px_per_degree)
    ]
    events = add_dispersion(events_frame(tables), eye.samples)
    unit = eye.units.get("gaze", "px") if px_per_degree is None else "deg"
    units = {**eye.units, "amplitude": unit}
    return replace(eye, events=events, units=units, events_from=settings.detector)


def _events_of(
    eye: EyeRecording, side: str, settings: EyeSettings, px_per_degree: float | None
) -> list[Mapping[str, np.ndarray | str]]:
    time, x, y = (eye.samples[name].to_numpy(float) for name in _columns(side))
    is_lost = np.isnan(x) | np.isnan(y)
    blink_onset, blink_stop = lost_stretches(time, is_lost, settings.min_blink_s)
    if settings.detector == "idt":
        limit = settings.max_dispersion or default_dispersion(eye.units.get("gaze", "px"))
        first, last = dispersion_fixations(time, x, y, limit, settings.min_fixation_s)
    elif px_per_degree is None:
        raise ReadError(
            f'{eye.format}: [eye] detector = "ivt" needs velocities in degrees per second, and the '
            "export does not tell the geometry: set [eye] px_per_degree (pixels of the screen in "
            'one degree at the eye), or use detector = "idt"'
        )
    else:
        speed = velocity(time, x / px_per_degree, y / px_per_degree)
        first, last = velocity_fixations(
            time, speed, settings.max_fixation_velocity, settings.min_fixation_s
        )
    onset, stop = time[first], time[last]
    pupil = {f"pupil_{axis}": _means(eye.samples, axis, side, first, last) for axis in "xy"}
    is_saccade = ~_any_between(blink_onset, stop[:-1], onset[1:]) & (onset[1:] > stop[:-1])
    moved = np.hypot(x[first[1:]] - x[last[:-1]], y[first[1:]] - y[last[:-1]])
    return [
        {"kind": "fixation", "eye": side, "onset": onset, "duration": stop - onset, **pupil},
        {
            "kind": "saccade",
            "eye": side,
            "onset": stop[:-1][is_saccade],
            "duration": (onset[1:] - stop[:-1])[is_saccade],
            "amplitude": moved[is_saccade] / (px_per_degree or 1.0),
        },
        {
            "kind": "blink",
            "eye": side,
            "onset": blink_onset,
            "duration": blink_stop - blink_onset,
        },
    ]


def default_dispersion(unit: str) -> float:
    """Return the largest dispersion of a fixation: 50 pixels, or as much of a normalised screen.

    SMI's software was found at 50 px on a screen of 800 (1.6 degrees at 70 cm).
    """
    return 0.06 if unit == "norm" else 50.0


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


def _columns(side: str) -> tuple[str, str, str]:
    return "time", f"gaze_x_{side}", f"gaze_y_{side}"


def _means(
    samples: pd.DataFrame, axis: str, side: str, first: np.ndarray, last: np.ndarray
) -> np.ndarray:
    """Mean pupil size over the samples of each fixation; NaN where none is known."""
    pupil = samples[f"pupil_{axis}_{side}"].to_numpy(float)
    is_known = np.isfinite(pupil)
    total = np.concatenate([[0.0], np.cumsum(np.where(is_known, pupil, 0.0))])
    count = np.concatenate([[0], np.cumsum(is_known)])
    with np.errstate(invalid="ignore"):
        return (total[last + 1] - total[first]) / (count[last + 1] - count[first])


def _any_between(moments: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Tell for each stretch [begin, end] whether some moment lies in it."""
    return np.searchsorted(moments, end, side="right") > np.searchsorted(moments, begin)


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
