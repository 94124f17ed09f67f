"""Fixations, saccades and blinks from samples, for exports that hold no events.

A blink is a stretch of lost samples. Fixations are found by dispersion (I-DT) as SMI's low-speed
detector does, or by velocity (I-VT). What lies between two fixations is a saccade, unless the track
was lost in between: then the lid, not the eye, made it.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.eye.fixations import (
    MAX_DISPERSION,
    SAME,
    dispersion_fixations,
    lost_stretches,
    velocity,
    velocity_fixations,
)
from featpipe.eye.settings import EyeSettings
from featpipe.eye.side import events_of
from featpipe.readers.eye_frames import events_frame, in_order
from featpipe.readers.fixation_dispersion import add_dispersion
from featpipe.recording import EyeRecording
from featpipe.schema import EYE_EVENT_KINDS


def with_events(eye: EyeRecording, settings: EyeSettings) -> EyeRecording:
    """Return the recording with events, detected in its samples where that is asked for.

    Parameters
    ----------
    eye : EyeRecording
        On any clock.
    settings : EyeSettings
        `events` "export" takes those of the tracker's software and detects none; "detect" detects
        all from the samples; "auto" does so in a recording that came without any, and finds the
        saccades, and blinks, where the software told fixations, and blinks, only.

    Returns
    -------
    EyeRecording
        Its units say of which kind the "amplitude" of saccades is: "deg", or "px" where nobody
        told how many pixels are a degree.

    Raises
    ------
    ReadError
        When "detect" is asked for and there are no samples or no usual limit in their unit, or
        velocities are asked for of a recording whose geometry is unknown.
    """
    is_auto, kinds = settings.events == "auto", set(eye.events["kind"])
    if settings.events == "export" or (is_auto and "saccade" in kinds):
        return eye
    if not len(eye.samples):
        if is_auto:
            return eye
        raise ReadError(
            f'{eye.format}: [eye] events = "detect", and the export holds no samples: export them, '
            'or use events = "auto"'
        )
    unit = eye.units["gaze"]
    if settings.max_dispersion is None and unit not in MAX_DISPERSION:
        if is_auto:
            return eye
        raise ReadError(
            f"{eye.format}: its gaze is in {unit!r}, of which no usual dispersion of a fixation is "
            "known: set [eye] max_dispersion in that unit"
        )
    px_per_degree = 1.0 if unit == "deg" else settings.px_per_degree or eye.px_per_degree
    seen = [side for side in ("left", "right") if eye.samples[f"valid_{side}"].to_numpy().any()]
    if is_auto and "fixation" in kinds:
        of_eyes = [_between_fixations(eye, side, settings, px_per_degree) for side in seen]
        found = events_frame([table for tables in of_eyes for table in tables])
        events = in_order(pd.concat([eye.events, found], ignore_index=True), "onset")
        what = "saccades" if "blink" in eye.event_kinds else "saccades and blinks"
        source = f"export, {what} between its fixations"
    else:
        of_eyes = [_events_of(eye, side, settings, px_per_degree) for side in seen]
        events = events_frame([table for tables in of_eyes for table in tables])
        source = settings.detector
    unit = unit if px_per_degree is None else "deg"
    return replace(
        eye, events=add_dispersion(events, eye.samples),
        units={**eye.units, "amplitude": unit}, events_from=source, event_kinds=EYE_EVENT_KINDS,
    )  # fmt: skip


def _events_of(
    eye: EyeRecording, side: str, settings: EyeSettings, px_per_degree: float | None
) -> list[Mapping[str, np.ndarray | str]]:
    time, x, y = (eye.samples[name].to_numpy(float) for name in _columns(side))
    is_lost = np.isnan(x) | np.isnan(y)
    blink_onset, blink_stop = lost_stretches(time, is_lost, settings.min_blink_s)
    if settings.detector == "idt":
        limit = settings.max_dispersion or MAX_DISPERSION[eye.units["gaze"]]
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
    return [
        {"kind": "fixation", "eye": side, "onset": onset, "duration": stop - onset, **pupil},
        _saccades(side, time, x, y, first, last, blink_onset, px_per_degree),
        {
            "kind": "blink",
            "eye": side,
            "onset": blink_onset,
            "duration": blink_stop - blink_onset,
        },
    ]


def _between_fixations(
    eye: EyeRecording, side: str, settings: EyeSettings, px_per_degree: float | None
) -> list[Mapping[str, np.ndarray | str]]:
    """Find the saccades, and the blinks if untold, beside the fixations of the tracker's software.

    A loss that begins in a fixation is a blink as well, since some software bridges it.
    """
    time, x, y = (eye.samples[name].to_numpy(float) for name in _columns(side))
    fixations, blinks = (events_of(eye, side, kind) for kind in ("fixation", "blink"))
    tables, blink_onset = [], blinks.onset
    if "blink" not in eye.event_kinds:
        blink_onset, stop = lost_stretches(time, np.isnan(x) | np.isnan(y), settings.min_blink_s)
        times = {"onset": blink_onset, "duration": stop - blink_onset}
        tables = [{"kind": "blink", "eye": side, **times}]
    first = np.searchsorted(time, fixations.onset - SAME)
    last = np.searchsorted(time, fixations.stop + SAME) - 1
    keep = (first < time.size) & (last >= first)
    first, last = first[keep], last[keep]
    return [*tables, _saccades(side, time, x, y, first, last, blink_onset, px_per_degree)]


def _saccades(
    side: str,
    time: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    blink_onset: np.ndarray,
    px_per_degree: float | None,
) -> Mapping[str, np.ndarray | str]:
    """Make the table of saccades from the first and last sample of each fixation."""
    onset, stop = time[first], time[last]
    is_saccade = ~_any_between(blink_onset, stop[:-1], onset[1:]) & (onset[1:] > stop[:-1])
    moved = np.hypot(x[first[1:]] - x[last[:-1]], y[first[1:]] - y[last[:-1]])
    return {
        "kind": "saccade",
        "eye": side,
        "onset": stop[:-1][is_saccade],
        "duration": (onset[1:] - stop[:-1])[is_saccade],
        "amplitude": moved[is_saccade] / (px_per_degree or 1.0),
    }


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
