"""Whether another line between two clocks fits the marks as well as the one that was found.

Of a mark's partner it is known only that it has the same name. Marks at about regular intervals
lie within the reach of partners on many lines, those shifted by whole intervals; what tells them
apart is how near the partners are. A rival has to be as near as the best line is.
"""

import numpy as np

from featpipe.errors import ReadError
from featpipe.eye.alignment import Line, Marks, count_pairs, equal_pairs, match, refine
from featpipe.eye.plausibility import GIVE_OFFSET, REACH, agreement
from featpipe.eye.voting import may_agree, vote

MAX_RIVAL = 0.7
"""A second line that fits this share of the marks of the best one makes it ambiguous.

As near as those of the best one, that is. Identical pulses of which either recording lost up to a
third do not fit one line that much better than all others, unless it is the right one.
"""

MIN_MARKS_ALONE, MAX_RIVAL_ALONE = 10, 0.5
"""So many marks of one name decide by themselves where no other line fits this share of them.

A train of pulses fits a line shifted by a pulse; a dozen answers at irregular times do not.
"""

MIN_NEAR_S = 0.02
"""Marks this close to a line are as near as any: a tracker at 30 to 60 Hz stamps no finer."""

SPREADS = 3 * 1.4826
"""Three standard deviations, in medians of the absolute residual."""


def refuse_ambiguity(
    eye: Marks, eeg: Marks, line: Line, tolerance: float, max_drift: float
) -> None:
    """Raise if another line fits about as many marks as well, be they the same ones.

    Also where every mark has its partner: of identical pulses at regular intervals either recording
    may have lost some at another end.

    Parameters
    ----------
    eye, eeg : Marks
        Marks of shared names.
    line : Line
        From eye to EEG.
    tolerance : float
        Largest median distance of a mark from the line, s.
    max_drift : float
        Largest |slope - 1| of the other line.
    """
    reach = REACH * tolerance
    near = match(eye, eeg, line, reach)
    residual = float(np.median(np.abs(near[1] - line(near[0]))))
    limits = min(max(MIN_NEAR_S, SPREADS * residual), reach), reach, max_drift
    rival = _rival(eye, eeg, line, limits, MAX_RIVAL)
    if rival is None or _one_name_decides(eye, eeg, line, limits):
        return
    raise ReadError(
        f"the marks fit two offsets about equally well, {agreement(near, line)} and "
        f"{agreement(match(eye, eeg, rival, reach), rival)}, of {eye.time.size} in the eye "
        f"recording and {eeg.time.size} in the EEG; marks of one name at such intervals cannot "
        f"tell which is right; {GIVE_OFFSET}"
    )


def _one_name_decides(
    eye: Marks, eeg: Marks, line: Line, limits: tuple[float, float, float]
) -> bool:
    """Tell whether enough marks of one name lie on the line, and half as many on no other."""
    for code in np.intersect1d(eye.code, eeg.code):
        of_eye, of_eeg = _named(eye, code), _named(eeg, code)
        if match(of_eye, of_eeg, line, limits[0]).shape[1] < MIN_MARKS_ALONE:
            continue
        if _rival(of_eye, of_eeg, line, limits, MAX_RIVAL_ALONE) is None:
            return True
    return False


def _named(marks: Marks, code: int) -> Marks:
    is_named = marks.code == code
    return Marks(marks.time[is_named], marks.code[is_named])


def _rival(
    eye: Marks, eeg: Marks, line: Line, limits: tuple[float, float, float], share: float
) -> Line | None:
    """Return another line with such a share of the marks of this one, or all of them but two.

    `limits` are how near marks have to be, how far pairs of the other line are from this one
    (both s), and the other's drift.
    """
    near, reach, max_drift = limits
    n_near = match(eye, eeg, line, near).shape[1]
    n_rival = min(share * n_near, max(n_near - 2, 2)) if n_near > 2 else 1
    pairs = equal_pairs(eye, eeg)
    share_voting = pairs.shape[1] / count_pairs(eye, eeg)
    pairs = pairs[:, np.abs(pairs[1] - line(pairs[0])) > reach]
    # half of what it takes, since votes are a sample, and a rival may cross the line
    if not pairs.size or not may_agree(
        pairs, near, max_drift, 2 * near, n_rival * share_voting / 2
    ):
        return None
    for width in (near, reach / REACH):
        other, _ = refine(eye, eeg, vote(pairs, width, max_drift), 2 * width)
        if match(eye, eeg, other, near).shape[1] >= n_rival:
            return other
    return None
