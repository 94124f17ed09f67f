"""Fixations, saccades and blinks from samples, for exports that hold no events, or not all.

A blink is a stretch in which gaze and pupil are lost. Fixations are found by dispersion (I-DT) as
SMI's low-speed detector does, or by velocity (I-VT). What lies between two fixations is a saccade,
if every sample of it was seen: else it is unknown what the eye did, or the lid did it.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.eye.coverage import usual_step
from featpipe.eye.degrees import units_per_degree
from featpipe.eye.fixations import (
    MAX_DISPERSION,
    dispersion_fixations,
    lost_stretches,
    velocity,
    velocity_fixations,
)
from featpipe.eye.gaze import Gaze, seen_gaze
from featpipe.eye.merging import merged
from featpipe.eye.settings import EyeSettings
from featpipe.eye.side import best_side, events_of, has_events
from featpipe.readers.eye_frames import events_frame
from featpipe.readers.fixation_dispersion import add_dispersion
from featpipe.readers.plausible_saccades import MAX_DURATION_S
from featpipe.recording import SAME_S, EyeRecording
from featpipe.schema import EYE_EVENT_KINDS

logger = logging.getLogger(__name__)

SAME_PLACE = 0.5
"""Degrees; gaze that moved less across a gap is still in the same fixation (Olsen 2012)."""

FAST_HZ = 200.0
"""From this rate on a speed is a slope through five samples or more, and the noise of a tracker no
longer looks like a saccade, while dispersion gets few saccades right."""

MIN_SACCADE_S = 0.01
"""Where a fixation outgrows its dispersion, the next begins at once; no saccade is that short."""

FEW_FIXATED = 0.5
"""Eyes fixate for nine tenths of the time, so that less than this says that the detector cannot."""

ENOUGH_S = 5.0
"""Of gaze, to say so: in a second or two eyes may do anything."""

MIN_BLINK_S = 0.08
"""Shorter losses are dropouts: of Pupil Labs at 250 to 450 Hz a dozen in a second are."""

SHORT_BLINK_S = {"eyelink_asc": 0.01}
"""The same for formats whose blinks are losses of the pupil, however short."""

Table = Mapping[str, np.ndarray | str]


def with_events(eye: EyeRecording, settings: EyeSettings) -> EyeRecording:
    """Return the recording with events, detected in its samples where that is asked for.

    Parameters
    ----------
    eye : EyeRecording
        On any clock.
    settings : EyeSettings
        `events` "export" takes those of the tracker's software and detects none; "detect" detects
        all from the samples; "auto" keeps the kinds of which the export tells, and detects the
        others in the eyes of which it tells any, saccades between the fixations that there are.

    Returns
    -------
    EyeRecording
        Its units say what the "amplitude" of detected saccades is in: "deg", or the unit of the
        gaze where nobody told how much of it is a degree.

    Raises
    ------
    ReadError
        When "detect" is asked for and there are no samples or no usual limit in their unit; when
        velocities are asked for of a recording whose geometry is unknown, or the geometry told is
        of another unit.
    """
    is_auto = settings.events == "auto"
    side = best_side(eye) if settings.side == "auto" else settings.side
    _warn_of_one_eye(eye, side, settings)
    told = _told(eye, side) if is_auto else ()
    wanted = tuple(kind for kind in EYE_EVENT_KINDS if kind not in told)
    if settings.events == "export" or not wanted:
        return eye
    unit = eye.units["gaze"]
    if not len(eye.samples):
        problem = "the export holds no samples: export them"
    elif settings.max_dispersion is None and unit not in MAX_DISPERSION:
        problem = (
            f"its gaze is in {unit!r}, of which no usual dispersion of a fixation is known: set "
            "[eye] max_dispersion in that unit"
        )
    else:
        return _detected(eye, settings, told, wanted)
    if is_auto:
        return eye
    raise ReadError(f'{eye.format}: [eye] events = "detect", and {problem}, or use events = "auto"')


def _told(eye: EyeRecording, side: str) -> tuple[str, ...]:
    """Return the kinds of which the export tells, of this eye.

    Eyes always fixate and move, so that without one of these it does not; lids may rest.
    """
    if not has_events(eye, side):
        return ()
    happened = {"blink", *eye.events["kind"]}
    return tuple(kind for kind in eye.event_kinds if kind in happened)


def _warn_of_one_eye(eye: EyeRecording, side: str, settings: EyeSettings) -> None:
    """Say what becomes of an export that tells events of one eye and samples of both."""
    told = [name for name in ("left", "right") if has_events(eye, name)]
    seen = [name for name in ("left", "right") if eye.samples[f"valid_{name}"].to_numpy().any()]
    if len(told) != 1 or len(seen) < 2 or settings.events == "detect":
        return
    done = (
        f"they are NaN for the {side} one" if settings.events == "export" else "both are detected"
    )
    if side in told:
        done = f"the {side} one is taken, whatever the share of its valid samples"
    if side not in told or settings.side == "auto":
        logger.warning("%s: it tells events of the %s eye only: %s", eye.format, told[0], done)


def _detected(
    eye: EyeRecording, settings: EyeSettings, told: tuple[str, ...], wanted: tuple[str, ...]
) -> EyeRecording:
    """Return the recording with the wanted kinds of events detected and the told ones kept."""
    per_degree = units_per_degree(eye, settings.px_per_degree)
    settings = _suited(eye, settings, per_degree)
    if settings.detector == "ivt" and "fixation" in wanted and per_degree is None:
        raise ReadError(
            f'{eye.format}: [eye] detector = "ivt" needs velocities in degrees per second, and the '
            "export does not tell the geometry: set [eye] px_per_degree (pixels of the screen in "
            'one degree at the eye), or use detector = "idt"'
        )
    kept = np.flatnonzero(eye.events["kind"].isin(told))
    tables: list[Table | pd.DataFrame] = [eye.events.take(kept)]
    for side in ("left", "right"):
        is_meant = not told or has_events(eye, side)  # or the other eye would no longer have none
        if is_meant and eye.samples[f"valid_{side}"].to_numpy().any():
            tables += _found(eye, side, wanted, settings, per_degree)
    source = settings.detector
    if told:
        how = f"by {source}" if "fixation" in wanted else "between its fixations"
        how = "where it lost the eye" if wanted == ("blink",) else how
        source = f"export, {' and '.join(f'{kind}s' for kind in wanted)} {how}"
    units = dict(eye.units)
    if "saccade" in wanted:  # told amplitudes keep their own
        units["amplitude"] = "deg" if per_degree else units["gaze"]
    return replace(
        eye,
        events=add_dispersion(events_frame(tables), eye.samples, with_last=True),
        units=units,
        events_from=source,
        event_kinds=EYE_EVENT_KINDS,
    )


def _suited(eye: EyeRecording, settings: EyeSettings, per_degree: float | None) -> EyeSettings:
    """Return the settings with what suits the recording where the study leaves it open."""
    is_fast = usual_step(eye.samples["time"].to_numpy()) <= 1 / FAST_HZ + SAME_S
    suited = "ivt" if is_fast and per_degree else "idt"
    return replace(
        settings,
        detector=suited if settings.detector == "auto" else settings.detector,
        min_blink_s=settings.min_blink_s or SHORT_BLINK_S.get(eye.format, MIN_BLINK_S),
    )


def _found(
    eye: EyeRecording,
    side: str,
    wanted: tuple[str, ...],
    settings: EyeSettings,
    per_degree: float | None,
) -> list[Table]:
    """Find the wanted kinds of events of one eye."""
    columns = ("time", f"gaze_x_{side}", f"gaze_y_{side}", f"pupil_x_{side}")
    time, x, y, size = (eye.samples[name].to_numpy(float) for name in columns)
    fixations, blinks = (events_of(eye, side, kind) for kind in ("fixation", "blink"))
    blink = blinks.onset, np.maximum.accumulate(blinks.stop)
    if "blink" in wanted:
        is_lost = (np.isnan(x) | np.isnan(y)) & np.isnan(size)  # lids hide the pupil as well
        blink = lost_stretches(time, is_lost, settings.min_blink_s or 0.0)
    gaze = seen_gaze(time, x, y, *blink)
    if "fixation" in wanted:
        first, last = _fixations(gaze, eye.units["gaze"], settings, per_degree)
        if gaze.time.size * usual_step(time) >= ENOUGH_S:
            share = (last - first + 1).sum() / gaze.time.size
            _warn_of_noise(eye, side, share, settings.detector)
    else:
        first = np.searchsorted(gaze.time, fixations.onset - SAME_S)
        last = np.searchsorted(gaze.time, fixations.stop + SAME_S) - 1
        was_seen = (first < gaze.time.size) & (last >= first)
        first, last = first[was_seen], last[was_seen]
    min_saccade_s = 0.0 if settings.detector == "ivt" else MIN_SACCADE_S
    onset, stop = gaze.time[first], gaze.time[last]
    pupil = {f"pupil_{axis}": _means(eye.samples, axis, side, gaze, first, last) for axis in "xy"}
    tables = {
        "fixation": {"onset": onset, "duration": stop - onset, **pupil},
        "saccade": _saccades(gaze, first, last, min_saccade_s, per_degree),
        "blink": {"onset": blink[0], "duration": blink[1] - blink[0]},
    }
    return [{"kind": kind, "eye": side, **tables[kind]} for kind in wanted]


def _warn_of_noise(eye: EyeRecording, side: str, share: float, detector: str) -> None:
    limit = "max_dispersion" if detector == "idt" else "max_fixation_velocity"
    if share < FEW_FIXATED:
        logger.warning(
            "%s: %.0f %% of the gaze of the %s eye are in fixations found by %s, where about 90 "
            "are usual: it is noisier than the limit allows; raise [eye] %s, or choose the other "
            "detector", eye.format, 100 * share, side, detector, limit,
        )  # fmt: skip


def _fixations(
    gaze: Gaze, unit: str, settings: EyeSettings, per_degree: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the first and last seen sample of each fixation."""
    if settings.detector == "idt" or per_degree is None:
        limit = settings.max_dispersion or MAX_DISPERSION[unit]
        found = dispersion_fixations(
            gaze.time, gaze.x, gaze.y, gaze.is_gap, limit, settings.min_fixation_s
        )
        return merged(gaze, *found, limit)
    is_break = gaze.is_break | (gaze.is_gap & (gaze.moved > SAME_PLACE * per_degree))
    speed = velocity(gaze.time, gaze.x / per_degree, gaze.y / per_degree, is_break)
    return velocity_fixations(
        gaze.time, speed, is_break, settings.max_fixation_velocity, settings.min_fixation_s
    )


def _saccades(
    gaze: Gaze, first: np.ndarray, last: np.ndarray, min_s: float, per_degree: float | None
) -> dict[str, np.ndarray]:
    """Return the saccades between fixations, given by the first and last seen sample of each."""
    begin, end = last[:-1], first[1:]
    n_gaps = np.concatenate([[0], np.cumsum(gaze.is_gap)])
    is_after = end > begin  # fixations of an export may overlap
    begin, end = begin[is_after], end[is_after]
    duration = gaze.time[end] - gaze.time[begin]
    is_saccade = (n_gaps[end] == n_gaps[begin]) & (duration >= min_s - SAME_S)
    is_saccade &= duration <= MAX_DURATION_S
    begin, end = begin[is_saccade], end[is_saccade]
    moved = np.hypot(gaze.x[end] - gaze.x[begin], gaze.y[end] - gaze.y[begin])
    return {
        "onset": gaze.time[begin],
        "duration": duration[is_saccade],
        "amplitude": moved / (per_degree or 1.0),
    }


def _means(
    samples: pd.DataFrame, axis: str, side: str, gaze: Gaze, first: np.ndarray, last: np.ndarray
) -> np.ndarray:
    """Mean pupil size over the seen samples of each fixation; NaN where none is known."""
    pupil = samples[f"pupil_{axis}_{side}"].to_numpy(float)[gaze.rows]
    is_known = np.isfinite(pupil)
    total = np.concatenate([[0.0], np.cumsum(np.where(is_known, pupil, 0.0))])
    count = np.concatenate([[0], np.cumsum(is_known)])
    with np.errstate(invalid="ignore"):
        return (total[last + 1] - total[first]) / (count[last + 1] - count[first])
