"""The rate that time stamps mean, and whether it can be one of an eye tracker."""

from pathlib import Path

import numpy as np

from featpipe.errors import ReadError
from featpipe.recording import SAME_S

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_RATES_HZ = (5.0, 5000.0)
"""No tracker is outside, and none is inside when its time is taken for another unit."""
_MAX_STEP = 1.5
"""Steps above so many medians are gaps."""
_COARSE_S, _COARSE_MAX_STEP = 0.001, 2.5
"""Stamps in whole ms of trackers above 700 Hz: steps are 0, 1 or 2 ms, of which the median tells
nothing."""
_FEW_REPEAT, _MANY_EVEN = 0.01, 0.5
"""Above 1000 Hz they repeat; below, every so many steps one is of 2 ms, as regular as the tracker.
Of one that loses samples neither is so."""
_ENOUGH = 100_000
"""Steps that tell how stamps are rounded."""


def sampling_rate(time: np.ndarray) -> float | None:
    """Return the rate in Hz that time stamps mean.

    Parameters
    ----------
    time : numpy.ndarray, shape (n_times,)
        Seconds, in order.

    Returns
    -------
    float or None
        Steps over their total duration, gaps left out: the median alone would make 58.8 Hz of
        60 Hz in whole ms. None where no step is known.

    Examples
    --------
    >>> sampling_rate(np.round(np.arange(600) / 60, 3))
    60.0
    """
    step = np.diff(time)
    moves = step[step > 0]
    if not moves.size:
        return None
    are_coarse = are_whole_ms(step[:_ENOUGH])
    longest = (_COARSE_MAX_STEP if are_coarse else _MAX_STEP) * np.median(moves) + SAME_S
    steps = step if are_coarse else moves  # stamps that repeat among slower ones are rows twice
    return round(1.0 / float(steps[steps <= longest].mean()), 2)


def are_whole_ms(step: np.ndarray) -> bool:
    """Tell whether steps of 0 and 2 ms among those of 1 ms come of rounding, not of lost samples.

    Parameters
    ----------
    step : numpy.ndarray, shape (n_steps,)
        Seconds between samples that follow each other, 0 or more.

    Returns
    -------
    bool
    """
    moves = step[step > 0]
    if not moves.size or abs(np.median(moves) - _COARSE_S) >= SAME_S:
        return False
    if 1 - moves.size / step.size > _FEW_REPEAT:
        return True
    apart = np.diff(np.flatnonzero(np.abs(step - 2 * _COARSE_S) < SAME_S))
    is_even = np.abs(apart - np.median(apart)) <= 1 if apart.size else np.zeros(1)
    return float(np.mean(is_even)) > _MANY_EVEN


def refuse_other_unit(path: Path, time: np.ndarray, unit: str, called: str, remedy: str) -> None:
    """Refuse a rate that no tracker has.

    Parameters
    ----------
    path : Path
        The file.
    time : numpy.ndarray, shape (n_times,)
        Seconds.
    unit : str
        Key of `PER_SECOND`: what they were taken for in the file.
    called : str
        How the message calls the times.
    remedy : str
        What to do, in front of the units that fit.

    Raises
    ------
    ReadError
        When the rate is not within 5 to 5000 Hz.
    """
    rate = sampling_rate(time)
    lowest, highest = _RATES_HZ
    if rate is None or lowest <= rate <= highest:
        return
    per_s = {other: rate * n / PER_SECOND[unit] for other, n in PER_SECOND.items()}
    fitting = [f'"{other}" ({hz:.4g} Hz)' for other, hz in per_s.items() if lowest <= hz <= highest]
    raise ReadError(
        f"{path}: {called} gives {rate:.4g} samples per second, where {lowest:g} to {highest:g} "
        "are expected; "
        + (f"{remedy} {' or '.join(fitting)}" if fitting else "name the column of the time")
    )
