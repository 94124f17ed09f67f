"""When an eye recording runs, and the share of a window in which it saw the eye (`good`)."""

import numpy as np

from featpipe.errors import ReadError
from featpipe.eye.side import events_of
from featpipe.readers.sample_rate import are_whole_ms
from featpipe.recording import SAME_S, EyeRecording
from featpipe.schema import EYE_EVENT_KINDS

STEADY_MAX_STEP = 1.5
"""Steps above so many medians hold lost samples of a tracker whose steps are all alike, but for
these."""

PAUSE_S, MAX_STEP = 0.025, 2.5
"""Of one whose steps are not, those that are longer than 25 ms, or so many times longer than four
of five, and than 1.5 medians. Pupil Labs matches frames of two eyes, whose steps of 2.5 ms are
followed by some of 7."""

_ALIKE, _MOST, _SINGLE = 0.15, 0.9, 0.35
"""A steady tracker's steps are whole periods, but for so much of one; most of them are so, and
single periods fill that share of the time, where they fill a quarter in frames of two eyes."""

_N_AROUND = 250
"""Samples on either side of what is asked that tell the usual step, should most of it be lost."""

BETWEEN_S = 0.1
"""Events follow each other within this, or the track was lost: saccades, which some exports leave
out between fixations, last no longer."""

_N_STEPS = 10_000
"""The usual step is known from so many; an hour at 1000 Hz has 3.6 million."""


def recorded_span(
    eye: EyeRecording, begin: float = -np.inf, end: float = np.inf
) -> tuple[float, float]:
    """Return the first and the last moment that samples or events of either eye cover.

    Lost samples count as well: the tracker ran. An export of single trials covers these.

    Parameters
    ----------
    eye : EyeRecording
        On any clock.
    begin, end : float
        Of an export of single trials, only those that overlap [begin, end) count; where none does,
        both moments are infinitely late.

    Returns
    -------
    first, last : float
        Seconds on the recording's clock: time of the first sample or onset of the first event, and
        time of the last sample or end of the last event, whichever is further out.

    Raises
    ------
    ReadError
        If the recording holds neither samples nor events.
    """
    if eye.trials:
        near = [span for span in eye.trials if span.start < end and span.stop > begin]
        first = min((span.start for span in near), default=np.inf)
        return first, max((span.stop for span in near), default=np.inf)
    time = eye.samples["time"].to_numpy(dtype=float)
    onset = eye.events["onset"].to_numpy(dtype=float)
    duration = eye.events["duration"].to_numpy(dtype=float)
    moments = np.concatenate([time, onset, onset + np.fmax(duration, 0)])
    moments = moments[np.isfinite(moments)]
    if not moments.size:
        raise ReadError(
            f"{eye.format}: the eye recording holds neither samples nor events with a time; export "
            "it anew, or leave out this recording"
        )
    return float(moments.min()), float(moments.max())


def was_recorded(eye: EyeRecording, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Tell in which windows the tracker ran.

    Parameters
    ----------
    eye : EyeRecording
        Rows ordered by time, on the clock of the windows.
    start, stop : numpy.ndarray, shape (n_windows,)
        Windows [start, stop) in s.

    Returns
    -------
    numpy.ndarray of bool, shape (n_windows,)
        With samples: one of the window, valid or not, or an event of either eye that reaches into
        it. With events only, which do not tell pauses: some of it lies in `recorded_span`.
    """
    first, last = recorded_span(eye, start.min(), stop.max())
    inside = (stop > first) & (start < last)
    if not len(eye.samples):
        return inside
    begin, end = np.searchsorted(eye.samples["time"].to_numpy(dtype=float), [start, stop])
    onset = np.sort(eye.events["onset"].to_numpy(dtype=float))
    duration = eye.events["duration"].to_numpy(dtype=float)
    over = np.sort(eye.events["onset"].to_numpy(dtype=float) + np.fmax(duration, 0))
    n_begun, n_over = np.searchsorted(onset, stop), np.searchsorted(over, start, side="right")
    return inside & ((end > begin) | (n_begun > n_over))


def usual_step(time: np.ndarray) -> float:
    """Return the median of the steps between moments, of some thousand spread over them.

    Parameters
    ----------
    time : numpy.ndarray, shape (n_times,)
        Seconds, ordered.

    Returns
    -------
    float
        Seconds; NaN without two different moments.
    """
    n_steps = min(max(time.size - 1, 0), _N_STEPS)
    first = np.linspace(0, time.size - 2, n_steps).astype(int)
    step = time[first + 1] - time[first]
    step = step[step > 0]
    return float(np.median(step)) if step.size else np.nan


def valid_share(
    eye: EyeRecording,
    side: str,
    start: np.ndarray,
    stop: np.ndarray,
    is_filled_in: np.ndarray | None = None,
) -> np.ndarray:
    """Return the share of each window's samples that are valid.

    With samples: valid samples among those in the window, where samples that should be there,
    but are not, count as lost: in pauses of the recording, before its begin and after its end.
    With events only: the share of the window's time that the eye's events cover, gaps of up to
    `BETWEEN_S` bridged, without its blinks, however long. An export that does not tell fixations
    covers all the time from the first to the last event of either eye, or that of its trials.

    Parameters
    ----------
    eye : EyeRecording
        Rows ordered by time, on the clock of the windows.
    side : str
        "left" or "right".
    start, stop : numpy.ndarray, shape (n_windows,)
        Windows [start, stop) in s, ordered, of any overlap.
    is_filled_in : array of bool, shape (n_samples,), optional
        Valid samples to count as lost, because others are taken in their place.

    Returns
    -------
    numpy.ndarray, shape (n_windows,)
        0 to 1.
    """
    if not start.size:
        return np.zeros(0)
    if len(eye.samples):
        time = eye.samples["time"].to_numpy(dtype=float)
        valid = eye.samples[f"valid_{side}"].to_numpy(dtype=bool)
        if is_filled_in is not None:
            valid = valid & ~is_filled_in
        first, last = np.searchsorted(time, [start[0], stop[-1]])
        near = slice(max(first - 1, 0), last + 1)
        around = time[max(first - _N_AROUND, 0) : last + _N_AROUND]  # rates may change in a file
        longest = _longest_step(np.diff(around))
        return _valid_samples(time[near], valid[near], longest, start, stop)
    lost = _time_inside(lost_time(eye, side), start, stop) / (stop - start)
    return np.round(np.clip(1 - lost, 0, 1), 9)


def _longest_step(step: np.ndarray) -> float:
    """Return the longest of some steps in which no sample is lost, s; NaN where none is known."""
    moves = step[step > 0]
    if not moves.size:
        return np.nan
    median = float(np.median(moves))
    steady = STEADY_MAX_STEP * median + SAME_S
    period = moves[moves <= steady].mean()  # whole ms spoil the median
    off = np.abs(moves / period - np.maximum(np.rint(moves / period), 1))
    are_alike = np.mean(off <= _ALIKE) >= _MOST
    in_time = moves[moves <= max(MAX_STEP * median, PAUSE_S)]
    is_filled = moves[moves <= steady].sum() >= _SINGLE * in_time.sum()
    if are_alike and is_filled and not are_whole_ms(step):
        return steady
    return max(steady, min(PAUSE_S, MAX_STEP * float(np.quantile(moves, 0.8))))


def _valid_samples(
    time: np.ndarray, valid: np.ndarray, longest: float, start: np.ndarray, stop: np.ndarray
) -> np.ndarray:
    """Return the share of valid samples, counting those that are missing as lost."""
    if not time.size or not np.isfinite(longest):
        return np.zeros(start.size)
    step = np.diff(time)
    is_pause = step > longest
    pause = np.flatnonzero(is_pause)
    # the mean, since stamps may be coarser than samples and repeat
    period = step[~is_pause].sum() / max((~is_pause).sum(), 1) or longest / STEADY_MAX_STEP
    begin = np.concatenate([[-np.inf], time[pause] + period, [time[-1] + period]])
    end = np.concatenate([[time[0]], time[pause + 1], [np.inf]])
    n_missing = _time_inside(np.stack([begin, end]), start, stop) / period
    first, last = np.searchsorted(time, start), np.searchsorted(time, stop)
    n_valid = np.concatenate([[0], np.cumsum(valid)])
    n_samples = last - first + n_missing
    share = np.zeros(start.size)
    np.divide(n_valid[last] - n_valid[first], n_samples, out=share, where=n_samples > 0)
    return share


def lost_time(eye: EyeRecording, side: str) -> np.ndarray:
    """Return disjoint stretches without data in an export of events, blinks among them.

    Parameters
    ----------
    eye : EyeRecording
        Any clock.
    side : str
        "left" or "right".

    Returns
    -------
    numpy.ndarray, shape (2, n_stretches)
        Begin and end, s, in order.
    """
    seen = _covered(eye, side) if "fixation" in eye.event_kinds else _spanned(eye)
    blinks = events_of(eye, side, "blink")
    begin = np.concatenate([[-np.inf], seen[1], blinks.onset])
    end = np.concatenate([seen[0], [np.inf], blinks.stop])
    return _merged(begin, end)


def _covered(eye: EyeRecording, side: str) -> np.ndarray:
    """Return disjoint stretches (begin, end) in which events of the eye follow each other."""
    told = [events_of(eye, side, kind) for kind in EYE_EVENT_KINDS]
    onset, stop = (np.concatenate([getattr(e, at) for e in told]) for at in ("onset", "stop"))
    if not onset.size:
        return np.zeros((2, 0))
    begin, end = _merged(onset, stop + BETWEEN_S)
    return np.stack([begin, end - BETWEEN_S])


def _spanned(eye: EyeRecording) -> np.ndarray:
    """Return the trials, or the one stretch (begin, end) that holds all events of either eye."""
    if not eye.trials and not len(eye.events):
        return np.zeros((2, 0))
    spans = [span[1:] for span in eye.trials] or [recorded_span(eye)]
    return np.array(spans).T


def _merged(begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the union of stretches as disjoint ones, in order."""
    order = np.argsort(begin, kind="stable")
    begin, end = begin[order], np.maximum.accumulate(end[order])
    is_new = np.concatenate([[True], begin[1:] > end[:-1]])
    is_last = np.concatenate([is_new[1:], [True]])
    return np.stack([begin[is_new], end[is_last]])


def _time_inside(stretches: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Return the seconds of each window that lie within disjoint, ordered stretches."""
    begin, end = np.clip(stretches, start[0], stop[-1])
    until = np.concatenate([[0.0], np.cumsum(end - begin)])
    time = np.stack([begin, end], axis=1).ravel()
    total = np.stack([until[:-1], until[1:]], axis=1).ravel()
    return np.interp(stop, time, total) - np.interp(start, time, total)
