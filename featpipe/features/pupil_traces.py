"""The pupil of every trial as a trace, and the response to light that others share taken out of it.

Trials of one stimulus are one clip, or, where the study names none, trials of one number in one
session: the traces of all who saw it tell the response. Traces carry the trial's label, so that
clips without a name, in another order for every subject, are noticed.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.eye.light_response import LightResponse, fit_light_response, light_in
from featpipe.eye.pupil import TRACE_SFREQ, pupil_trace
from featpipe.eye.pupil_cleaning import clean_pupil
from featpipe.eye.settings import EyeSettings
from featpipe.eye.side import choose_side
from featpipe.recording import EyeRecording, Source, Trial

_AXES = ("x", "y")


def pupil_traces(eye: EyeRecording, source: Source, settings: EyeSettings) -> pd.DataFrame:
    """Return the pupil of every trial at `TRACE_SFREQ`, from the onset of the trial on.

    Parameters
    ----------
    eye : EyeRecording
        On the clock of the trials.
    source : Source
        The recording's trials.
    settings : EyeSettings
        Side, cleaning and the longest gap.

    Returns
    -------
    pandas.DataFrame
        Columns trial, stimulus, label, x and y, one row per step of the trace, in the tracker's
        unit; NaN in gaps. Labels that nobody knows are missing, names of stimuli empty.

    Raises
    ------
    ReadError
        When the recording holds no pupil samples.
    """
    side = choose_side(eye, settings.side)
    eye = clean_pupil(eye, settings.pupil == "both")
    if not np.isfinite(eye.samples[f"pupil_x_{side}"].to_numpy(float)).any():
        raise ReadError(
            "[eye] light: the export holds no pupil samples, of which the response to light could "
            'be learnt: export them, or set light = "keep"'
        )
    parts = []
    for trial in source.trials:
        x, y = _trace(eye, side, trial, settings.pupil_max_gap_s)
        label = pd.array([trial.label] * len(x), dtype="Int64")
        about = {"trial": trial.trial, "stimulus": trial.stimulus, "label": label}
        parts.append(pd.DataFrame({**about, "x": x, "y": y}, index=range(len(x))))
    return pd.concat(parts, ignore_index=True)


def without_light(
    eye: EyeRecording, source: Source, settings: EyeSettings, others: Mapping[str, pd.DataFrame]
) -> EyeRecording:
    """Clean the pupil sizes and take the response to light that other subjects share out of them.

    Parameters
    ----------
    eye : EyeRecording
        On the clock of the trials, as exported.
    source : Source
        The recording's trials.
    settings : EyeSettings
        As the traces of the others were made with.
    others : mapping
        Subject -> traces of the same session, from `pupil_traces`.

    Returns
    -------
    EyeRecording
        With other sizes in the trials, of either eye where both were combined: taking their mean
        again changes nothing. What leaps is told by the sizes that were measured, light and all.

    Raises
    ------
    ReadError
        When fewer than five others have a trace of a trial without gaps, the own one is lost, or
        another subject's trial of the same number has another label, and neither has a stimulus.
    """
    side = choose_side(eye, settings.side)
    eye = clean_pupil(eye, settings.pupil == "both")  # the light is that of the eyes combined
    time = eye.samples["time"].to_numpy(float)
    sizes = {axis: eye.samples[f"pupil_{axis}_{side}"].to_numpy(float, copy=True) for axis in _AXES}
    for trial in source.trials:
        clip = {subject: _of_clip(trial, subject, traces) for subject, traces in others.items()}
        own = _trace(eye, side, trial, settings.pupil_max_gap_s)
        inside = slice(*np.searchsorted(time, [trial.onset, trial.offset]))
        for axis, trace in zip(_AXES, own, strict=True):
            if not np.isfinite(trace).any():  # nothing was measured
                continue
            course = _response(trial, axis, clip, len(trace))
            n = len(course.course)
            light = light_in(trace[:n], course)
            sizes[axis][inside] -= np.interp(
                time[inside] - trial.onset, np.arange(n) / TRACE_SFREQ, light
            )
    sides = ("left", "right") if settings.pupil == "both" else (side,)
    changed = {f"pupil_{axis}_{name}": sizes[axis] for axis in _AXES for name in sides}
    return replace(eye, samples=eye.samples.assign(**changed))


def _trace(eye: EyeRecording, side: str, trial: Trial, max_gap_s: float) -> np.ndarray:
    """X and Y of a trial from its onset on, (2, n_times)."""
    steps = np.arange(int((trial.offset - trial.onset) * TRACE_SFREQ)) / TRACE_SFREQ
    time, *sizes = pupil_trace(eye, side, trial.onset, trial.offset, max_gap_s)
    if not time.size:
        return np.full((2, steps.size), np.nan)
    return np.stack([np.interp(trial.onset + steps, time, size) for size in sizes])


def _of_clip(trial: Trial, subject: str, traces: pd.DataFrame) -> pd.DataFrame:
    """Return the trace of another subject who saw the same clip, of several the first."""
    number, is_clip = traces["trial"].to_numpy(), (traces["stimulus"] == trial.stimulus).to_numpy()
    if trial.stimulus:
        return traces.loc[is_clip & np.isin(number, number[is_clip][:1])]
    found = traces.loc[is_clip & (number == trial.trial)]
    if trial.label is not None and any(found["label"].dropna().unique() != trial.label):
        raise ReadError(
            f"[eye] light: trial {trial.trial} has another label here than in {subject}, so that "
            "nothing says that they saw one clip, whose light could be learnt: name the clip of "
            "every trial in a column stimulus of trials.csv (labels may be ratings then, and the "
            'order of clips differ), or set light = "keep"'
        )
    return found


def _response(
    trial: Trial, axis: str, clip: Mapping[str, pd.DataFrame], n_times: int
) -> LightResponse:
    """Fit to all traces of the clip without gaps, cut to the shortest of them."""
    found = {subject: traces[axis].to_numpy()[:n_times] for subject, traces in clip.items()}
    found = {subject: trace for subject, trace in found.items() if trace.size}
    # a trial that was broken off must not cut those of all others short
    usual = 0.9 * np.median([len(trace) for trace in found.values()]) if found else 0
    whole = {
        subject: trace
        for subject, trace in found.items()
        if len(trace) > usual and np.isfinite(trace).all()
    }
    n = min((len(trace) for trace in whole.values()), default=0)
    traces = np.array([trace[:n] for trace in whole.values()]).reshape(len(whole), n)
    name = f"trial {trial.trial}" + (f" ({trial.stimulus})" if trial.stimulus else "")
    return fit_light_response(traces, list(whole), name)
