"""The 33 eye columns per window: pupil, dispersion, fixation, blink, saccade, event statistics.

What the literature leaves open is decided here, and only here (pupil trace and entropy:
`featpipe.eye.pupil`; share of valid samples: `featpipe.eye.coverage`).

* An event belongs to every window [start, stop) that holds its onset, with its whole duration,
  also where that ends outside the window. Fixations, saccades and blinks of one eye only.
* Mean, std, total, maximum and frequency of events that a window does not hold are 0; so is the
  std of one event. Standard deviations are those of the population.
* An event of which a quantity is unknown (NaN) is left out of that quantity's statistics, but
  counted. A quantity that no event of the recording has is NaN everywhere, since unknown is not
  zero; so are all event columns of a recording without any events of the eye, and those of a kind
  of which its export tells nothing (`EyeRecording.event_kinds`): fixations alone say nothing about
  saccades and blinks, not that there were none. Dispersion is a matter of fixations.
* Pupil mean and std: over the valid samples of the window, unfiltered, without those at the edges
  of a blink. Where fewer than a tenth are clear, all that are at edges make up for the rest of that
  tenth, so that one clear sample more changes little; in a recording that never gives a size of a
  sample, over the average sizes of the fixations that overlap it, weighted by the time they share
  with it.
* Dispersion mean and std are statistics of fixations like their durations, hence 0 where none
  starts. The dispersion of one fixation in the event statistics is X + Y.
* The pupil's entropies know nothing of what lies outside their trial: samples, and fixations by
  their midpoint, are cut to the trial before gaps are bridged, and the first and last size hold up
  to its ends. A trial shorter than 5 s cannot hold all bands: where a period of a band's upper
  edge is longer than the trial (5, 2.5, 1.7 and 1 s), or no multiple of 1 / length lies in the
  band, its column is NaN.
* All pupil and dispersion columns are NaN in a window without a valid sample (`good` is 0). The
  pupil's are NaN as well where no size was measured: in an export of events only, a window that no
  fixation overlaps. An entropy of zero power is NaN, and so is one of a stretch with a gap longer
  than `pupil_max_gap_s`.
* Sizes that leap (`featpipe.eye.pupil_cleaning`) are lost before anything is computed.
* A window without a valid sample that lies wholly outside the recording or in a pause of it
  (`was_recorded`) is unknown: its event columns are NaN, not 0. The same holds for a trial when
  the scope is the trial.
* A blink longer than `max_blink_s` is a loss of the track, not a blink.
* Saccade latency: time from the end of the previous saccade of the trial to the start of this one,
  at least 0; it belongs to this saccade's window, though the previous one may lie before it. The
  first saccade of a trial has none, nor has the first after a pause or a loss longer than
  `max_blink_s` (`featpipe.eye.unseen`). The average is total / number of saccades of the window.
* Duration and amplitude average of the event statistics equal the means of the saccade columns
  when the scope is the window; they differ when it is the trial.

References
----------
Lu Y, Zheng W-L, Li B, Lu B-L. Combining eye movements and EEG to enhance emotion recognition.
IJCAI 2015. Zheng W-L, Liu W, Lu Y, Lu B-L, Cichocki A. EmotionMeter. IEEE Trans Cybern 2019.
"""

from collections.abc import Mapping
from dataclasses import astuple, fields, replace

import numpy as np

from featpipe.eye.coverage import valid_share, was_recorded
from featpipe.eye.pupil import pupil_trace, slow_band_entropy
from featpipe.eye.pupil_samples import MIN_CLEAR, filled_in, pupil_period, pupil_samples
from featpipe.eye.settings import EyeSettings
from featpipe.eye.side import Events, events_of
from featpipe.eye.unseen import unseen_stretches
from featpipe.features.saccade_latency import saccade_latency
from featpipe.features.spans import (
    Spans,
    Statistics,
    overlapping,
    starting,
    statistics,
    trial_span,
    weighted_mean_std,
    window_spans,
)
from featpipe.recording import EyeRecording
from featpipe.schema import EYE_EVENT_KINDS, EYE_EVENT_STATISTICS, EYE_FEATURES
from featpipe.windows import Grid

CONTEXT_S = 30.0
"""Samples so far before and after a trial tell whether those at its ends border on a blink; their
sizes count nowhere."""

Columns = dict[str, np.ndarray]


def eye_features(
    eye: EyeRecording, side: str, grid: Grid, settings: EyeSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Return the 33 eye columns of every window of a trial; see the module for their definition.

    Parameters
    ----------
    eye : EyeRecording
        On the EEG's clock, ordered by time (`featpipe.eye.clock.on_eeg_clock`).
    side : str
        "left" or "right" (`featpipe.eye.side.choose_side`).
    grid : Grid
        Windows of one trial.
    settings : EyeSettings
        Options.

    Returns
    -------
    values : numpy.ndarray, shape (n_windows, 33)
        In the order of `schema.EYE_FEATURES`: ms, degrees, 1/s, nats, the tracker's units.
    good : numpy.ndarray, shape (n_windows,)
        Share of the window's samples that are valid and not interpolated (edges of blinks,
        pupil lost or an outlier; a window of edges only has a tenth of their share, as they count
        for its pupil); without samples, of its time that is recorded and in no blink.
    """
    if not grid.starts.size:
        return np.zeros((0, len(EYE_FEATURES))), np.zeros(0)
    windows, of_kind = window_spans(grid), events_by_kind(eye, side, settings.max_blink_s)
    seen = valid_share(eye, side, windows.start, windows.stop)
    period = pupil_period(eye, side)
    columns = pupil_columns(eye, side, grid, settings, period)
    if any(events.onset.size for events in of_kind.values()):
        per_window = dispersion_columns(of_kind["fixation"], windows)
        per_window |= duration_columns(of_kind, windows)
        columns |= _if_recorded(per_window, eye, windows, seen)
        scope, best = windows, seen
        if settings.event_scope == "trial":
            scope, best = trial_span(grid), seen.max(keepdims=True)
        unseen = unseen_stretches(eye, side, *_bounds(grid), settings.max_blink_s)
        latency = saccade_latency(of_kind["saccade"], unseen, grid)
        columns |= _if_recorded(event_statistics(of_kind, latency, scope), eye, scope, best)
    values = np.full((seen.size, len(EYE_FEATURES)), np.nan)
    for i, name in enumerate(EYE_FEATURES):
        if name in columns:
            values[:, i] = columns[name]
    values[:, [name.startswith(_untold(eye)) for name in EYE_FEATURES]] = np.nan
    of_samples = [name.startswith(("eye_pupil", "eye_dispersion")) for name in EYE_FEATURES]
    values[np.ix_(seen == 0, of_samples)] = np.nan
    lacks, is_edge = _filled_in(eye, side, grid, period)
    clear = valid_share(eye, side, windows.start, windows.stop, lacks | is_edge)
    sized = valid_share(eye, side, windows.start, windows.stop, lacks)
    good = np.maximum(clear, MIN_CLEAR * sized)
    values[good < settings.min_good] = np.nan
    return values, good


def _untold(eye: EyeRecording) -> tuple[str, ...]:
    """Return what the columns begin with that describe a kind of event the export is silent on."""
    kinds = [kind for kind in EYE_EVENT_KINDS if kind not in eye.event_kinds]
    return tuple(f"eye_{kind}_" for kind in kinds) + ("eye_dispersion_",) * ("fixation" in kinds)


def _filled_in(eye: EyeRecording, side: str, grid: Grid, period: float) -> np.ndarray:
    """Tell which samples of a trial lack a size, and which are edges; False outside of it."""
    filled = np.zeros((2, len(eye.samples)), dtype=bool)
    near = _samples_near(eye, *_context(grid))
    filled[:, near] = filled_in(_near(eye, *_context(grid)), side, period)
    return filled


def pupil_columns(
    eye: EyeRecording, side: str, grid: Grid, settings: EyeSettings, period: float
) -> Columns:
    """Return mean, std and slow-band entropies of the pupil size, 12 columns."""
    windows = window_spans(grid)
    begin, end = _bounds(grid)
    eye = _near(eye, *_context(grid))
    pupil, i_window, weights = _pupil_pairs(eye, side, windows, period)
    time, *trace = pupil_trace(eye, side, begin, end, settings.pupil_max_gap_s, period)
    centre = (windows.start + windows.stop) / 2
    columns: Columns = {}
    for i_axis, axis in enumerate("xy"):
        mean, std = weighted_mean_std(pupil[i_axis], i_window, weights, centre.size)
        entropy = slow_band_entropy(time, trace[i_axis], centre, settings.pupil_window_s)
        entropy[np.isnan(mean)] = np.nan
        columns |= {f"eye_pupil_{axis}_mean": mean, f"eye_pupil_{axis}_std": std}
        columns |= {f"eye_pupil_{axis}_de{band + 1}": de for band, de in enumerate(entropy.T)}
    return columns


def dispersion_columns(fixations: Events, windows: Spans) -> Columns:
    """Return mean and std of the dispersion of fixations, 4 columns."""
    columns: Columns = {}
    for axis, dispersion in (("x", fixations.dispersion_x), ("y", fixations.dispersion_y)):
        of_span = _statistics(dispersion, fixations.onset, windows)
        columns[f"eye_dispersion_{axis}_mean"] = of_span.mean
        columns[f"eye_dispersion_{axis}_std"] = of_span.std
    return columns


def duration_columns(of_kind: Mapping[str, Events], windows: Spans) -> Columns:
    """Return mean and std of durations (ms) and saccade amplitudes (degrees), 8 columns."""
    saccades = of_kind["saccade"]
    amplitude = _statistics(saccades.amplitude, saccades.onset, windows)
    columns = {
        "eye_saccade_amplitude_mean": amplitude.mean,
        "eye_saccade_amplitude_std": amplitude.std,
    }
    for kind, events in of_kind.items():
        duration = statistics(1000 * events.duration, events.onset, windows)
        columns[f"eye_{kind}_duration_mean"] = duration.mean
        columns[f"eye_{kind}_duration_std"] = duration.std
    return columns


def event_statistics(of_kind: Mapping[str, Events], latency: np.ndarray, spans: Spans) -> Columns:
    """Return the last nine columns, of the windows of a trial or (one value) of the trial."""
    fixations, saccades, blinks = (of_kind[kind] for kind in ("fixation", "saccade", "blink"))
    fixation = statistics(1000 * fixations.duration, fixations.onset, spans)
    dispersion = fixations.dispersion_x + fixations.dispersion_y
    dispersed = _statistics(dispersion, fixations.onset, spans)
    saccade = statistics(1000 * saccades.duration, saccades.onset, spans)
    waited = statistics(latency, saccades.onset, spans)
    columns = (
        statistics(blinks.duration, blinks.onset, spans).count / spans.length_s,
        fixation.count / spans.length_s,
        fixation.maximum,
        dispersed.total,
        dispersed.maximum,
        saccade.count / spans.length_s,
        saccade.mean,
        _statistics(saccades.amplitude, saccades.onset, spans).mean,
        waited.total / np.maximum(saccade.count, 1),
    )
    return dict(zip(EYE_EVENT_STATISTICS, columns, strict=True))


def events_by_kind(eye: EyeRecording, side: str, max_blink_s: float) -> dict[str, Events]:
    """Return fixations, saccades and blinks of one eye, of any trial, without losses of track."""
    of_kind = {kind: events_of(eye, side, kind) for kind in EYE_EVENT_KINDS}
    blinks = of_kind["blink"]
    short = blinks.duration <= max_blink_s
    kept = {field.name: getattr(blinks, field.name)[short] for field in fields(Events)}
    return of_kind | {"blink": Events(**kept)}


def _statistics(values: np.ndarray, onset: np.ndarray, spans: Spans) -> Statistics:
    """Return statistics of a quantity that the export, or all events of a span, may lack.

    NaN then, not 0.
    """
    found = statistics(values, onset, spans)
    n_events = statistics(np.ones(values.size), onset, spans).count
    is_told = (found.count > 0) | (n_events == 0)
    if values.size and np.isnan(values).all():
        is_told[:] = False
    return Statistics(*(np.where(is_told, column, np.nan) for column in astuple(found)))


def _if_recorded(columns: Columns, eye: EyeRecording, spans: Spans, good: np.ndarray) -> Columns:
    """Return the columns with NaN in spans in which the tracker did not run."""
    is_unknown = (good == 0) & ~was_recorded(eye, spans.start, spans.stop)
    return {name: np.where(is_unknown, np.nan, values) for name, values in columns.items()}


def _bounds(grid: Grid) -> tuple[float, float]:
    return grid.start / grid.sfreq, (grid.start + grid.n_times) / grid.sfreq


def _context(grid: Grid) -> tuple[float, float]:
    begin, end = _bounds(grid)
    return begin - CONTEXT_S, end + CONTEXT_S


def _samples_near(eye: EyeRecording, begin: float, end: float) -> slice:
    first, last = np.searchsorted(eye.samples["time"].to_numpy(dtype=float), [begin, end])
    return slice(int(first), int(last))


def _near(eye: EyeRecording, begin: float, end: float) -> EyeRecording:
    """Return the recording with only those samples and events that lie in [begin, end)."""
    samples = eye.samples.iloc[_samples_near(eye, begin, end)]
    is_near = eye.events["onset"].between(begin, end, inclusive="left")
    return replace(eye, samples=samples, events=eye.events.loc[is_near])


def _pupil_pairs(
    eye: EyeRecording, side: str, windows: Spans, period: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pupil sizes, shape (2, n_pairs), the window of each and its weight."""
    if np.isnan(period):
        fixations = events_of(eye, side, "fixation")
        i_event, i_window, seconds = overlapping(fixations.onset, fixations.stop, windows)
        return np.stack([fixations.pupil_x, fixations.pupil_y])[:, i_event], i_window, seconds
    samples = pupil_samples(eye, side, period)
    i_sample, i_window = starting(samples.time, windows)
    is_clear = samples.is_clear[i_sample]
    n_clear, n_edge = (
        np.bincount(i_window[of], None, windows.start.size) for of in (is_clear, ~is_clear)
    )
    wanting = np.maximum(MIN_CLEAR * (n_clear + n_edge) - n_clear, 0)
    of_edge = wanting / np.maximum(n_edge, 1)
    weights = np.where(is_clear, 1.0, of_edge[i_window])
    used = weights > 0
    pupil = np.stack([samples.x[i_sample], samples.y[i_sample]])
    return pupil[:, used], i_window[used], weights[used]
