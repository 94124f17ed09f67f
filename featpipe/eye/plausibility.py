"""Reasons not to believe a line between two clocks, though some marks lie on it.

Each function raises a ReadError that says what contradicts the line, or does nothing.
"""

import logging

import numpy as np

from featpipe.errors import ReadError
from featpipe.eye.alignment import Line, Marks, equal_pairs, left_over, match
from featpipe.eye.voting import vote

logger = logging.getLogger(__name__)

REACH = 3.0
"""Marks up to so many times the largest median residual away are taken for partners."""

MIN_SHARE_FITTED = 0.5
"""Of the marks that could have a partner, this share must have one on the line."""

MIN_PAUSE_MARKS, MIN_PAUSE_SHARE = 3, 0.1
"""So many marks, and this share of them, must agree on another offset to tell of a pause.

Lost and spurious marks leave partners of equal names over as well, but at distances of chance.
"""

MIN_LEAD_AT_AN_END = 2
"""At the begin or the end of the EEG so many more marks on another offset tell of a pause, too.

Marks that are left over by chance lie anywhere; those behind a pause follow each other.
"""

GIVE_OFFSET = (
    "give eye_offset for this recording in recordings.csv "
    "(seconds; EEG time = eye time + eye_offset)."
)


def refuse_misfit(eye: Marks, eeg: Marks, line: Line, tolerance: float) -> None:
    """Raise if too few of the marks lie near the line, or too far from it.

    Parameters
    ----------
    eye, eeg : Marks
        Marks of shared names.
    line : Line
        From eye to EEG.
    tolerance : float
        Largest median distance of a mark from the line, s.
    """
    reach = REACH * tolerance
    near = match(eye, eeg, line, reach)
    possible = _possible_pairs(eye, eeg, line, reach)
    if near.shape[1] < MIN_SHARE_FITTED * possible:
        raise ReadError(
            f"only {near.shape[1]} of {possible} shared marks fit one clock within "
            f"{1000 * reach:.0f} ms; do both files belong to the same session, and was neither "
            f"recording paused? If so, {GIVE_OFFSET}"
        )
    residual = float(np.median(np.abs(near[1] - line(near[0]))))
    if residual > tolerance:
        raise ReadError(
            f"{near.shape[1]} shared marks lie {1000 * residual:.1f} ms (median) off the fitted "
            f"clock, more than max_residual_ms = {1000 * tolerance:g}; {GIVE_OFFSET}"
        )


def refuse_drift(line: Line, fitted: np.ndarray, max_drift_ppm: float) -> None:
    """Raise if the fitted clocks differ in speed by more than the limit.

    Parameters
    ----------
    line : Line
        From eye to EEG.
    fitted : numpy.ndarray, shape (2, n_fitted)
        Eye and EEG times of the marks that it was fitted to.
    max_drift_ppm : float
        Limit, parts per million.
    """
    drift = 1e6 * (line.slope - 1)
    if abs(drift) > max_drift_ppm:
        raise ReadError(
            f"the clocks drift apart by {drift:.0f} ppm ({fitted.shape[1]} shared marks over "
            f"{np.ptp(fitted[0]):.0f} s), more than max_drift_ppm = {max_drift_ppm:g}; is the "
            "sampling rate of either file wrong? If the drift is real, raise max_drift_ppm; "
            f"otherwise {GIVE_OFFSET}"
        )


def refuse_lone_mark(fitted: np.ndarray, n_marks: int) -> None:
    """Raise if the line rests on one mark although others could have confirmed it.

    Parameters
    ----------
    fitted : numpy.ndarray, shape (2, n_fitted)
        Eye and EEG times of the marks that the line was fitted to.
    n_marks : int
        Marks of any name in the recording that holds fewer of them.
    """
    if fitted.shape[1] > 1:
        return
    where = f"at {fitted[0, 0]:.3f} s of the eye recording and {fitted[1, 0]:.3f} s of the EEG"
    if n_marks > 1:
        raise ReadError(
            f"only one mark fits both recordings, {where}, though each holds {n_marks} or more; it "
            f"may be a coincidence of names; {GIVE_OFFSET}"
        )
    logger.warning("the clocks are aligned on a single mark, %s: nothing confirms it", where)


def refuse_pause(eye: Marks, eeg: Marks, line: Line, tolerance: float, max_drift: float) -> None:
    """Raise if marks that the line leaves over on both sides agree on another one.

    That is what a pause or a restart of one of the recordings leaves behind: each part has its own
    offset, and a line through the longer part knows nothing of the other. The shorter part may be
    a single trial: two marks are enough where no other mark stands between them and an end.

    Parameters
    ----------
    eye, eeg : Marks
        Marks of shared names.
    line : Line
        From eye to EEG.
    tolerance : float
        Largest median distance of a mark from a line, s.
    max_drift : float
        Largest |slope - 1| of the other line.
    """
    reach = REACH * tolerance
    rest = left_over(eye, eeg, line, reach)
    pairs = equal_pairs(*rest)
    if not pairs.size:
        return
    near, other = match(eye, eeg, line, reach), vote(pairs, tolerance, max_drift)
    others, closest = (match(*rest, other, limit) for limit in (reach, tolerance))
    enough = max(MIN_PAUSE_MARKS, MIN_PAUSE_SHARE * min(eye.time.size, eeg.time.size))
    if others.shape[1] >= enough or _lead_at_an_end(near, closest) >= MIN_LEAD_AT_AN_END:
        raise ReadError(
            "one of the recordings was probably paused or restarted: two offsets are needed, "
            f"{agreement(near, line)} and {agreement(others, other)}; "
            f"split the recording there, or {GIVE_OFFSET}"
        )


def _lead_at_an_end(near: np.ndarray, others: np.ndarray) -> int:
    """Return by how many marks others lead over those near the line, at the end where most do.

    Ends are those of the EEG, whose clock never begins anew. Marks at the opposite end of the eye
    recording do not count: where one recording began earlier and the other ended later, each has
    marks of its own there.
    """
    on_other = np.repeat([-1, 1], [near.shape[1], others.shape[1]])
    in_order = on_other[np.argsort(np.concatenate([near, others], axis=1), axis=1, kind="stable")]
    ends = (in_order, in_order[:, ::-1])
    eye, eeg = np.array([np.cumsum(marks, axis=1).max(axis=1) for marks in ends]).T
    return int((eeg - np.maximum(eye[::-1], 0)).max())


def _possible_pairs(eye: Marks, eeg: Marks, line: Line, reach: float) -> int:
    """Return how many marks could have a partner where the line lays both recordings."""
    mapped = line(eye.time)
    eye_codes = eye.code[(mapped >= eeg.time.min() - reach) & (mapped <= eeg.time.max() + reach)]
    eeg_codes = eeg.code[(eeg.time >= mapped.min() - reach) & (eeg.time <= mapped.max() + reach)]
    n_codes = max(eye.code.max(), eeg.code.max()) + 1
    paired = np.minimum(
        np.bincount(eye_codes, None, n_codes), np.bincount(eeg_codes, None, n_codes)
    )
    # Two wrong files may by chance agree at the end of one and the begin of the other.
    return max(int(paired.sum()), min(eye.time.size, eeg.time.size) // 2)


def agreement(pairs: np.ndarray, line: Line) -> str:
    """Return offset, number, place and distances of marks that agree, for a message.

    Parameters
    ----------
    pairs : numpy.ndarray, shape (2, n_pairs)
        Eye and EEG times.
    line : Line
        On which they agree.
    """
    begin, end = pairs[1].min(), pairs[1].max()
    offset = float(np.mean(pairs[1] - pairs[0]))
    distance_ms = 1000 * float(np.median(np.abs(pairs[1] - line(pairs[0]))))
    return (
        f"{offset:.3f} s ({pairs.shape[1]} marks, EEG {begin:.1f} to {end:.1f} s, "
        f"{distance_ms:.1f} ms off in the median)"
    )
