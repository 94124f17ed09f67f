"""Which events belong to which stretch of time, and what they amount to there.

A span is a window or a whole trial. Windows may overlap, so that an event can belong to several:
every function works on (event, span) pairs, found by bisection and summed per span.
"""

from dataclasses import dataclass

import numpy as np

from featpipe.windows import Grid

TIME_DECIMALS = 6
"""Onsets are compared with the bounds of spans in microseconds, the finest step of any tracker.

Mapping onto the EEG's clock rounds in the last digits of a float; without this an event on the
border of two windows could fall into either.
"""


@dataclass(frozen=True)
class Spans:
    """Stretches [start, stop) of time in s, in order of both.

    Attributes
    ----------
    start, stop : numpy.ndarray, shape (n_spans,)
        Seconds on the EEG's clock.
    length_s : float
        Length of every span, s.
    """

    start: np.ndarray
    stop: np.ndarray
    length_s: float


@dataclass(frozen=True)
class Statistics:
    """What the events of each span amount to; 0 where there is none.

    Attributes
    ----------
    count, total, mean, std, maximum : numpy.ndarray, shape (n_spans,)
        Population standard deviation; `maximum` of values that are not negative.
    """

    count: np.ndarray
    total: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    maximum: np.ndarray


def window_spans(grid: Grid) -> Spans:
    """Return the windows of a trial."""
    return _spans(grid.start + grid.starts, grid.n_window, grid.sfreq)


def trial_span(grid: Grid) -> Spans:
    """Return the whole trial as the only span."""
    return _spans(np.array([grid.start]), grid.n_times, grid.sfreq)


def starting(time: np.ndarray, spans: Spans) -> tuple[np.ndarray, np.ndarray]:
    """Pair points in time with every span that holds them.

    Parameters
    ----------
    time : numpy.ndarray, shape (n_events,)
        Onsets of events, or times of samples, s.
    spans : Spans
        Windows, or a trial.

    Returns
    -------
    i_event, i_span : numpy.ndarray of int, shape (n_pairs,)
        Where start <= time < stop.
    """
    time = np.round(time, TIME_DECIMALS)
    first = np.searchsorted(np.round(spans.stop, TIME_DECIMALS), time, side="right")
    end = np.searchsorted(np.round(spans.start, TIME_DECIMALS), time, side="right")
    return _pairs(first, end)


def overlapping(
    onset: np.ndarray, stop: np.ndarray, spans: Spans
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pair events with every span that they share time with.

    Parameters
    ----------
    onset, stop : numpy.ndarray, shape (n_events,)
        Begin and end of the events, s.
    spans : Spans
        Windows, or a trial.

    Returns
    -------
    i_event, i_span : numpy.ndarray of int, shape (n_pairs,)
    seconds : numpy.ndarray, shape (n_pairs,)
        Shared time; always above 0.
    """
    first = np.searchsorted(spans.stop, onset, side="right")
    end = np.searchsorted(spans.start, stop, side="left")
    i_event, i_span = _pairs(first, end)
    seconds = np.minimum(stop[i_event], spans.stop[i_span])
    seconds = seconds - np.maximum(onset[i_event], spans.start[i_span])
    shared = seconds > 0
    return i_event[shared], i_span[shared], seconds[shared]


def weighted_mean_std(
    values: np.ndarray, i_span: np.ndarray, weights: np.ndarray, n_spans: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and population standard deviation of the values of each span.

    Parameters
    ----------
    values, weights : numpy.ndarray, shape (n_pairs,)
        Values and their weights, above 0; values that are NaN are left out.
    i_span : numpy.ndarray of int, shape (n_pairs,)
        The span of each.
    n_spans : int
        Number of spans.

    Returns
    -------
    mean, std : numpy.ndarray, shape (n_spans,)
        NaN where a span has no value.
    """
    known = ~np.isnan(values)
    values, i_span, weights = values[known], i_span[known], weights[known]
    weight = _summed(weights, i_span, n_spans)
    weight[weight == 0] = np.nan
    mean = _summed(weights * values, i_span, n_spans) / weight
    deviation = values - mean[i_span]
    return mean, np.sqrt(_summed(weights * deviation**2, i_span, n_spans) / weight)


def statistics(values: np.ndarray, onset: np.ndarray, spans: Spans) -> Statistics:
    """Return what the events that start in each span amount to.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_events,)
        One value per event, not negative; events whose value is NaN are left out.
    onset : numpy.ndarray, shape (n_events,)
        Seconds.
    spans : Spans
        Windows, or a trial.

    Returns
    -------
    Statistics
    """
    known = ~np.isnan(values)
    values = values[known]
    i_event, i_span = starting(onset[known], spans)
    values, n_spans = values[i_event], spans.start.size
    mean, std = weighted_mean_std(values, i_span, np.ones(values.size), n_spans)
    maximum = np.zeros(n_spans)
    np.maximum.at(maximum, i_span, values)
    return Statistics(
        count=_summed(np.ones(values.size), i_span, n_spans),
        total=_summed(values, i_span, n_spans),
        mean=np.nan_to_num(mean, nan=0.0),
        std=np.nan_to_num(std, nan=0.0),
        maximum=maximum,
    )


def _summed(values: np.ndarray, i_span: np.ndarray, n_spans: int) -> np.ndarray:
    """Return the sum of the values of each span."""
    return np.bincount(i_span, values, n_spans).astype(float)


def _spans(first: np.ndarray, n_times: int, sfreq: float) -> Spans:
    """Return spans of so many samples from these samples of the recording on."""
    return Spans(first / sfreq, (first + n_times) / sfreq, n_times / sfreq)


def _pairs(first: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair event i with the spans first[i] to end[i] - 1."""
    n_spans = np.maximum(end - first, 0)
    i_event = np.repeat(np.arange(first.size), n_spans)
    n_before = np.cumsum(n_spans) - n_spans
    return i_event, np.arange(i_event.size) - n_before[i_event] + first[i_event]
