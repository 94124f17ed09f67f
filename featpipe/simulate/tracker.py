"""A remote binocular eye tracker at 60 Hz and its low-speed event detector.

Samples come first; the events are then measured on the samples as they will stand in the file, so
that the two exports agree to the last digit. The detector knows the true fixations (it makes no
false alarms) and ends some of them a sample early, differently for the two eyes.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from featpipe.simulate.pupil import pupil_course
from featpipe.simulate.scanpath import PX_PER_DEG, Scanpath
from featpipe.simulate.session import Session
from featpipe.simulate.subject import Subject
from featpipe.simulate.world import COURSE_HZ, SimulationSettings, stream

TRACKER_HZ = 60.0

MM_PER_PX = 0.224
"""Size of an eye-camera pixel at the eye, mm."""

JITTER_US, DROPPED = 25.0, 1.5e-4
"""SD of a frame's time stamp, and share of frames that never arrive."""

GAZE_NOISE_PX, DRIFT_DEG_S, BIAS_PX = 5.0, 0.3, 12.0
"""Noise of a sample, slow eye movement in a fixation, calibration error of an eye (all SD)."""

PUPIL_NOISE_PX = 0.15

LID_S, LID_PUPIL, LID_GAZE_PX = 0.03, 0.94, 25.0
"""Near a blink the lid covers the pupil's edge: for how long, what is left, how gaze sinks."""

SIDES = ("left", "right")


@dataclass(frozen=True)
class EyeTrack:
    """What the tracker stored.

    Attributes
    ----------
    stamp : numpy.ndarray of int64, shape (n_samples,)
        Time of each sample, microseconds of the tracker's clock.
    gaze : numpy.ndarray, shape (n_eyes, 2, n_samples)
        x and y on the screen, px, two decimals; 0 where the eye was lost.
    pupil : numpy.ndarray, shape (n_eyes, n_samples)
        Diameter in the eye camera, px, two decimals; 0 where the eye was lost.
    events : pandas.DataFrame
        kind, eye, number, start, stop (microseconds), and what the detector measured: x, y,
        dispersion_x, dispersion_y, pupil of a fixation; x, y, to_x, to_y, amplitude (degrees) of
        a saccade. Left eye first, each eye in order of time.
    """

    stamp: np.ndarray
    gaze: np.ndarray
    pupil: np.ndarray
    events: pd.DataFrame


def track_eyes(
    settings: SimulationSettings, subject: Subject, session: Session, scanpath: Scanpath
) -> EyeTrack:
    """Record a session with the eye tracker.

    Parameters
    ----------
    settings : SimulationSettings
        Only `seed` matters.
    subject, session, scanpath
        The world to look at.

    Returns
    -------
    EyeTrack
    """
    rng = stream(settings, "tracker", session.subject, session.session)
    stamp = _frames(rng, session)
    time = session.clock.eeg_s(stamp)
    gaze, size = _true_gaze(rng, scanpath, time), _true_pupil(settings, subject, session, time)
    all_gaze, all_pupil, events = [], [], []
    for side, factor in zip(SIDES, (1.0, 1.0 + subject.anisocoria), strict=True):
        lid = rng.normal(0.0, 0.004, (2, scanpath.closed.size))
        covered = np.searchsorted(time, [scanpath.closed + lid[0], scanpath.opened + lid[1]])
        seen = gaze + rng.normal(0.0, BIAS_PX, (2, 1)) + rng.normal(0.0, GAZE_NOISE_PX, gaze.shape)
        pupil = size * factor + rng.normal(0.0, PUPIL_NOISE_PX, size.shape)
        pupil, seen = _behind_lid(pupil, seen, covered, time)
        all_gaze.append(seen)
        all_pupil.append(pupil)
        events.append(_detect(rng, scanpath, time, stamp, seen, pupil, covered).assign(eye=side))
    return EyeTrack(
        stamp, np.array(all_gaze), np.array(all_pupil), pd.concat(events, ignore_index=True)
    )


def _frames(rng: np.random.Generator, session: Session) -> np.ndarray:
    """Time stamps of the frames that arrived, microseconds."""
    first, last = session.clock.stamp(np.array([session.tracker_start_s, session.tracker_stop_s]))
    regular = np.arange(first, last, 1e6 / TRACKER_HZ)
    stamp = np.rint(regular + rng.normal(0.0, JITTER_US, regular.size)).astype(np.int64)
    return stamp[rng.uniform(size=stamp.size) >= DROPPED]


def _true_gaze(rng: np.random.Generator, scanpath: Scanpath, time: np.ndarray) -> np.ndarray:
    """Gaze without the tracker's errors, px, shape (2, n_samples)."""
    last = np.searchsorted(scanpath.start, time, side="right") - 1
    velocity = PX_PER_DEG * rng.normal(0.0, DRIFT_DEG_S, (2, scanpath.start.size))
    middle = 0.5 * (scanpath.start + scanpath.stop)
    drift = velocity[:, last] * (np.minimum(time, scanpath.stop[last]) - middle[last])
    flight = (time - scanpath.stop[last]) / (scanpath.start[last + 1] - scanpath.stop[last])
    flight = np.clip(flight, 0.0, 1.0)
    # minimum-jerk course of a saccade
    gone = flight**3 * (10 - 15 * flight + 6 * flight**2)
    place = np.stack([scanpath.x, scanpath.y])
    return place[:, last] + gone * (place[:, last + 1] - place[:, last]) + (1 - gone) * drift


def _true_pupil(
    settings: SimulationSettings, subject: Subject, session: Session, time: np.ndarray
) -> np.ndarray:
    """Diameter of the left pupil at the samples, px of the eye camera."""
    course = pupil_course(settings, subject, session)
    return np.interp(time, np.arange(course.size) / COURSE_HZ, course) / MM_PER_PX


def _behind_lid(
    pupil: np.ndarray, gaze: np.ndarray, covered: np.ndarray, time: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return pupil and gaze as stored: dented around blinks, 0 in them, two decimals."""
    pupil, gaze = pupil.copy(), gaze.copy()
    lost = np.zeros(time.size, dtype=bool)
    near = round(LID_S * TRACKER_HZ)
    for begin, end in covered[:, covered[0] < covered[1]].T:
        dented = slice(max(0, begin - near), end + near)
        pupil[dented] *= LID_PUPIL
        gaze[1, dented] += LID_GAZE_PX
        lost[begin:end] = True
    return np.round(np.where(lost, 0.0, pupil), 2), np.round(np.where(lost, 0.0, gaze), 2)


def _detect(
    rng: np.random.Generator,
    scanpath: Scanpath,
    time: np.ndarray,
    stamp: np.ndarray,
    gaze: np.ndarray,
    pupil: np.ndarray,
    covered: np.ndarray,
) -> pd.DataFrame:
    """Measure the events of one eye on its samples; rows in order of time."""
    first = np.searchsorted(time, scanpath.start, side="left")
    last = np.searchsorted(time, scanpath.stop, side="right") - 1
    long = last - first >= 7
    last = last - (long & (rng.uniform(size=last.size) < 0.2))
    is_whole = last - first >= 4  # at the recording's ends only: others last 100 ms
    blinks, saccades = [], []  # first and last sample of each
    landed = dict(zip(scanpath.blinks.tolist(), covered.T.tolist(), strict=True))
    for i in np.flatnonzero(is_whole[:-1] & is_whole[1:]).tolist():
        begin, end = last[i], first[i + 1]
        if i in landed:
            blinks.append(landed[i])
            begin = landed[i][1]
        if begin < end:
            saccades.append((begin, end))
    parts = [
        _fixations(first[is_whole], last[is_whole], stamp, gaze, pupil),
        _saccades(_pairs(saccades), stamp, gaze),
        _spans("blink", _pairs(blinks), stamp),
    ]
    events = pd.concat([part for part in parts if len(part)], ignore_index=True)
    events["number"] = events.groupby("kind").cumcount() + 1
    return events.sort_values("start", kind="stable", ignore_index=True)


def _pairs(spans: list) -> np.ndarray:
    return np.array(spans, dtype=int).reshape(-1, 2)


def _spans(kind: str, spans: np.ndarray, stamp: np.ndarray) -> pd.DataFrame:
    start, stop = stamp[spans].T
    return pd.DataFrame({"kind": kind, "start": start, "stop": stop})


def _fixations(
    first: np.ndarray, last: np.ndarray, stamp: np.ndarray, gaze: np.ndarray, pupil: np.ndarray
) -> pd.DataFrame:
    """Means and ranges over the samples from first to last, both included."""
    rows = np.pad(np.vstack([gaze, pupil]), ((0, 0), (0, 1)))  # a last + 1 may lie one beyond
    cuts = np.stack([first, last + 1], axis=1).ravel()
    mean = np.add.reduceat(rows, cuts, axis=1)[:, ::2] / (last + 1 - first)
    high = np.maximum.reduceat(rows, cuts, axis=1)[:2, ::2]
    low = np.minimum.reduceat(rows, cuts, axis=1)[:2, ::2]
    extent = np.floor(np.round(high - low, 2))
    return _spans("fixation", np.stack([first, last], axis=1), stamp).assign(
        **dict(zip(("x", "y", "pupil"), np.round(mean, 2), strict=True)),
        dispersion_x=extent[0],
        dispersion_y=extent[1],
    )


def _saccades(spans: np.ndarray, stamp: np.ndarray, gaze: np.ndarray) -> pd.DataFrame:
    """Where each saccade began and ended, as the samples say."""
    begin, end = spans.T
    (x, y), (to_x, to_y) = gaze[:, begin], gaze[:, end]
    amplitude = np.round(np.hypot(to_x - x, to_y - y) / PX_PER_DEG, 2)
    return _spans("saccade", spans, stamp).assign(
        x=x, y=y, to_x=to_x, to_y=to_y, amplitude=amplitude
    )
