"""Pupil sizes as the tracker wrote them, and where lids and losses spoil them."""

from dataclasses import dataclass

import numpy as np

from featpipe.eye.coverage import usual_step
from featpipe.eye.side import events_of
from featpipe.recording import EyeRecording

BLINK_S = 0.05
"""Silences longer than this are blinks or losses, whose edges are distorted."""

SHORT_LOSS_S = {"eyelink_asc": 0.01}
"""The same for formats that lose no more in a blink: of a lid that only half comes down, and hides
24 % of the pupil beside it. Other trackers drop so many samples of an open eye."""

MARGIN_S = 0.05
"""Left out on either side of a blink: the lid covers part of the pupil before and after. As Kret
and Sjak-Shie (2019, https://doi.org/10.3758/s13428-018-1075-y). Beside the 47 blinks of two real
EyeLink files dips of 9 % remain at most; 100 ms leave 8 % and cost another 3 % of the samples."""

MIN_CLEAR = 0.1
"""Share of clear sizes below which those at the edges of blinks make up for the rest."""

_NEXT = 1.5
"""Sizes that lie so many usual steps apart, or less, follow each other: none is missing."""


@dataclass(frozen=True)
class PupilSamples:
    """Valid pupil sizes of one eye as the tracker wrote them.

    Attributes
    ----------
    time : numpy.ndarray, shape (n_valid,)
        Seconds.
    x, y : numpy.ndarray, shape (n_valid,)
        Horizontal and vertical size in the tracker's unit; one of them may be NaN.
    is_clear : numpy.ndarray of bool, shape (n_valid,)
        Further than `MARGIN_S` from every blink of the eye that the export tells, and from every
        silence longer than `BLINK_S`, or `SHORT_LOSS_S` of such a format.
    """

    time: np.ndarray
    x: np.ndarray
    y: np.ndarray
    is_clear: np.ndarray


def pupil_period(eye: EyeRecording, side: str) -> float:
    """Return the usual step between the pupil sizes of one eye, s.

    Trackers may write the pupil in every other row or every fourth.

    Parameters
    ----------
    eye : EyeRecording
        Ordered by time, on any clock.
    side : str
        "left" or "right".

    Returns
    -------
    float
        NaN for an export that never gives a pupil: fewer than two sizes.
    """
    return usual_step(_times(eye)[_has_size(eye, side)])


def pupil_samples(eye: EyeRecording, side: str, period: float | None = None) -> PupilSamples:
    """Return the valid pupil sizes of one eye, and which of them no blink distorts.

    Parameters
    ----------
    eye, side
        As in `pupil_period`.
    period : float, optional
        That of the whole recording, s, where `eye` is a part of it.

    Returns
    -------
    PupilSamples
        Empty if the export has no samples, or none with a pupil of this eye.
    """
    keep = _has_size(eye, side)
    time, (x, y) = _times(eye)[keep], _sizes(eye, side)[:, keep]
    period = usual_step(time) if period is None else period
    return PupilSamples(time, x, y, ~_is_spoilt(time, time, eye, side, period))


def filled_in(
    eye: EyeRecording, side: str, period: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Tell which valid samples give no pupil size to the trace, which is interpolated there.

    Parameters
    ----------
    eye, side, period
        As in `pupil_samples`.

    Returns
    -------
    lacks : numpy.ndarray of bool, shape (n_samples,)
        Valid, but between sizes that lie further apart than usual.
    is_edge : numpy.ndarray of bool, shape (n_samples,)
        Valid, but within `MARGIN_S` of a blink or a silence. Both all False for an eye whose pupil
        the export never gives.
    """
    period = pupil_period(eye, side) if period is None else period
    valid = eye.samples[f"valid_{side}"].to_numpy(dtype=bool)
    if np.isnan(period):
        return np.zeros_like(valid), np.zeros_like(valid)
    time, has_size = _times(eye), _has_size(eye, side)
    known = time[has_size]
    if not known.size:
        return valid, np.zeros_like(valid)
    right = np.searchsorted(known, time)
    before = np.where(right > 0, known[np.maximum(right - 1, 0)], time)
    after = np.where(right < known.size, known[np.minimum(right, known.size - 1)], time)
    lacks = valid & ~has_size & (after - before > _NEXT * period)
    return lacks, valid & _is_spoilt(time, known, eye, side, period)


def _times(eye: EyeRecording) -> np.ndarray:
    return eye.samples["time"].to_numpy(dtype=float)


def _sizes(eye: EyeRecording, side: str) -> np.ndarray:
    return np.stack([eye.samples[f"pupil_{axis}_{side}"].to_numpy(dtype=float) for axis in "xy"])


def _has_size(eye: EyeRecording, side: str) -> np.ndarray:
    valid = eye.samples[f"valid_{side}"].to_numpy(dtype=bool)
    return valid & np.isfinite(_times(eye)) & np.isfinite(_sizes(eye, side)).any(axis=0)


def _is_spoilt(
    time: np.ndarray, known: np.ndarray, eye: EyeRecording, side: str, period: float
) -> np.ndarray:
    """Return which times lie in a blink or a silence between known sizes, or in their margins."""
    shortest = SHORT_LOSS_S.get(eye.format, BLINK_S)
    silence = np.flatnonzero(np.diff(known) - period > shortest)
    blinks = events_of(eye, side, "blink")
    begin = np.concatenate([known[silence], blinks.onset]) - MARGIN_S
    end = np.concatenate([known[silence + 1], blinks.stop]) + MARGIN_S
    depth = np.zeros(time.size + 1, dtype=int)
    np.add.at(depth, np.searchsorted(time, begin), 1)
    np.add.at(depth, np.searchsorted(time, end, side="right"), -1)
    return np.cumsum(depth)[:-1] > 0
