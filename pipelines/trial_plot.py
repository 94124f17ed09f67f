"""One trial as a picture: gaze over events, a frontal channel, pupil before and after, windows."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from featpipe.errors import ConfigError, ReadError, few
from featpipe.eye.pupil import TRACE_SFREQ, pupil_trace
from featpipe.eye.pupil_cleaning import clean_pupil
from featpipe.eye.settings import EyeSettings
from featpipe.eye.side import Events, choose_side
from featpipe.features.eye_statistics import events_by_kind, eye_features
from featpipe.features.table import lay_grids
from featpipe.publishing import publish_bytes
from featpipe.reading import read_eeg
from featpipe.recording import EyeRecording, Source, Trial
from featpipe.schema import EYE_EVENT_KINDS
from featpipe.windows import Grid
from pipelines.job import Job
from pipelines.ownership import owned
from pipelines.published import record
from pipelines.source_settings import eeg_settings
from pipelines.steps.choose import is_released
from pipelines.steps.extract import grid_sfreq
from pipelines.steps.eye_on_clock import read_on_eeg_clock
from pipelines.study import Study
from pipelines.trial_eeg import FrontalTrace, draw_frontal, frontal_trace

_COLOURS = dict(zip(EYE_EVENT_KINDS, ("#8fbf8f", "#e0a458", "#7a7a7a"), strict=True))
_FOUND_BY = {
    "export": "events from the export",
    "idt": "events found by I-DT (dispersion)",
    "ivt": "events found by I-VT (velocity)",
}
_LOST: dict[str, Any] = {"facecolor": "none", "edgecolor": "#bdbdbd", "hatch": "////", "lw": 0}
_ABOVE_RIGHT: dict[str, Any] = {
    "loc": "lower right",
    "bbox_to_anchor": (1, 1),
    "borderaxespad": 0.1,
    "frameon": False,
    "fontsize": "small",
    "title_fontsize": "small",
}
_X, _Y, _BEFORE = "#1f6f9f", "#a0403c", "#b8b8b8"


class Drawn(NamedTuple):
    """What came of one recording.

    Attributes
    ----------
    name : str
        The recording.
    path : Path
        `OUT/plots/<recording>_trial-<number>.png`.
    failure : str
        Why there is no such picture; empty where there is.
    """

    name: str
    path: Path
    failure: str = ""


def plot_trials(job: Job, number: int) -> Iterator[Drawn]:
    """Draw one trial of each recording that is meant, has an eye file and this trial.

    Parameters
    ----------
    job : Job
        From `open_job`.
    number : int
        The trial.

    Yields
    ------
    Drawn
        As each is done; one that cannot be read costs no other its picture.

    Raises
    ------
    ConfigError
        When there is no such recording, or the tables are imported ones.
    """
    if is_released(job.study):
        raise ConfigError(
            f"{job.study.path}: imported features have no recordings to draw: name the study of "
            "the recordings"
        )
    with_eye = [(source, source.eye) for source in job.sources if source.eye is not None]
    if not with_eye:
        raise ConfigError(
            f"{job.study.study.recordings}: column eye names no file of these recordings, and plot "
            "draws eye recordings"
        )
    numbers = sorted({trial.trial for source, _ in with_eye for trial in source.trials})
    if number not in numbers:
        known = few([str(other) for other in numbers])
        raise ConfigError(
            f"--trial {number}: no recording with an eye file has it; there are {known}"
        )
    with owned(job.out):
        for source, eye in with_eye:
            for trial in source.trials:
                if trial.trial == number:
                    yield _drawn(job, source, eye, trial)


def _drawn(job: Job, source: Source, file: Path, trial: Trial) -> Drawn:
    path = job.out / "plots" / f"{source.name}_trial-{trial.trial}.png"
    try:
        picture = _picture(job.study, source, file, trial)
    except (ReadError, ConfigError) as error:
        return Drawn(source.name, path, str(error))
    record(job.out, {str(path): publish_bytes(picture, path, job.out / ".staging")})
    return Drawn(source.name, path)


def _picture(study: Study, source: Source, file: Path, trial: Trial) -> bytes:
    settings = eeg_settings(source, study)
    raw = None if source.eeg is None else read_eeg(source.eeg, settings, source.eeg_part)
    eye, _ = read_on_eeg_clock(file, raw, source, study)
    [grid] = lay_grids([trial], grid_sfreq(raw, study), study.features)
    frontal = frontal_trace(raw, trial, settings)
    figure = draw_trial(eye, trial, grid, study.eye, frontal)
    title = f"{study.study.name}: {source.name}, trial {trial.trial}"
    figure.suptitle(title, x=0.01, ha="left", parse_math=False)  # dollars are dollars
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=130)
    return stream.getvalue()


def draw_trial(
    eye: EyeRecording,
    trial: Trial,
    grid: Grid,
    settings: EyeSettings,
    frontal: FrontalTrace | None = None,
) -> Figure:
    """Draw what the eye columns of one trial are computed from, and blinks as the EEG sees them.

    Parameters
    ----------
    eye : EyeRecording
        On the EEG's clock.
    trial : Trial
        Its onset and offset.
    grid : Grid
        Its windows.
    settings : EyeSettings
        As for the table.
    frontal : FrontalTrace, optional
        A channel of the EEG in which blinks are seen.

    Returns
    -------
    matplotlib.figure.Figure
        Gaze over the events; that channel over the blinks; pupil as exported and as the slow bands
        see it; share of each window that was seen and not interpolated.
    """
    side = choose_side(eye, settings.side)
    cleaned = clean_pupil(eye, settings.pupil == "both")
    events = events_by_kind(eye, side, settings.max_blink_s)
    heights = [3, 3, 1] if frontal is None else [3, 2, 3, 1]
    figure = Figure(figsize=(12, 7 if frontal is None else 9), layout="constrained")
    gaze, *middle, pupil, share = figure.subplots(
        len(heights), 1, sharex=True, height_ratios=heights
    )
    _draw_gaze(gaze, eye, side, trial)
    _draw_events(gaze, eye, events, side, trial)
    if frontal is not None:
        _shade(middle[0], events["blink"], _COLOURS["blink"], trial)
        draw_frontal(middle[0], frontal, eye.messages, trial)
    _draw_pupil(pupil, eye, cleaned, side, trial, settings)
    _draw_share(share, eye_features(cleaned, side, grid, settings)[1], grid)
    share.set_xlim(0, trial.offset - trial.onset)
    for axes in (gaze, *middle, pupil, share):
        axes.spines[["top", "right"]].set_visible(False)
        for start in grid.starts / grid.sfreq:
            axes.axvline(start, color="#dddddd", linewidth=0.6, zorder=0)
    return figure


def _during(eye: EyeRecording, trial: Trial) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the samples of a trial and their seconds from its onset."""
    is_inside = eye.samples["time"].between(trial.onset, trial.offset, inclusive="left")
    samples = eye.samples.loc[is_inside]
    return samples, samples["time"].to_numpy(float) - trial.onset


def _shade(axes: Axes, events: Events, colour: str, trial: Trial) -> int:
    """Shade the events of a trial, and return how many there are."""
    is_inside = (events.stop > trial.onset) & (events.onset < trial.offset)
    for onset, stop in zip(events.onset[is_inside], events.stop[is_inside], strict=True):
        axes.axvspan(onset - trial.onset, stop - trial.onset, color=colour, alpha=0.35, lw=0)
    return int(is_inside.sum())


def _draw_events(
    axes: Axes, eye: EyeRecording, events: dict[str, Events], side: str, trial: Trial
) -> None:
    handles = []
    for kind, colour in _COLOURS.items():
        n_events = _shade(axes, events[kind], colour, trial)
        label = f"{n_events} {kind}s" if kind in eye.event_kinds else f"{kind}s not told"
        handles.append(Patch(color=colour, alpha=0.35, label=label))
    samples, time = _during(eye, trial)
    is_lost = ~samples[f"valid_{side}"].to_numpy(bool)
    if is_lost.any():
        axes.fill_between(time, 0, 1, where=is_lost, transform=axes.get_xaxis_transform(), **_LOST)
        handles.append(Patch(**_LOST, label="lost"))
    found_by = _FOUND_BY.get(eye.events_from, f"events from {eye.events_from}")
    axes.legend(handles=handles, ncols=len(handles), title=found_by, **_ABOVE_RIGHT)


def _draw_gaze(axes: Axes, eye: EyeRecording, side: str, trial: Trial) -> None:
    samples, time = _during(eye, trial)
    unit = eye.units.get("gaze", "")
    axes.set_ylabel(f"gaze, {side} eye" + f" ({unit})" * bool(unit))
    if not time.size:
        _say_no_samples(axes, eye)
        return
    valid = samples[f"valid_{side}"].to_numpy(bool)
    for axis, colour in (("x", _X), ("y", _Y)):
        place = np.where(valid, samples[f"gaze_{axis}_{side}"].to_numpy(float), np.nan)
        axes.plot(time, place, color=colour, linewidth=0.9, label=axis)
    legend = axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1, ncols=2,
                         frameon=False, fontsize="small")  # fmt: skip
    axes.add_artist(legend)  # that of the events would take its place


def _draw_pupil(
    axes: Axes,
    eye: EyeRecording,
    cleaned: EyeRecording,
    side: str,
    trial: Trial,
    settings: EyeSettings,
) -> None:
    samples, time = _during(eye, trial)
    unit = eye.units.get("pupil", "")
    axes.set_ylabel("pupil X" + f" ({unit})" * bool(unit))
    if not time.size:
        _say_no_samples(axes, eye)
        return
    exported = samples[f"pupil_x_{side}"].to_numpy(float)
    exported = np.where(samples[f"valid_{side}"].to_numpy(bool), exported, np.nan)
    if np.isnan(exported).all():
        _say(axes, "no pupil sizes in this trial")
        return
    axes.plot(time, exported, ".", color=_BEFORE, markersize=3, label="as exported")
    at, size, _ = pupil_trace(cleaned, side, trial.onset, trial.offset, settings.pupil_max_gap_s)
    axes.plot(at - trial.onset, size, color=_X, linewidth=1.2,
              label=f"without blinks and leaps, {TRACE_SFREQ:g} Hz")  # fmt: skip
    axes.legend(ncols=2, **_ABOVE_RIGHT)


def _draw_share(axes: Axes, good: np.ndarray, grid: Grid) -> None:
    """Draw the share of good data of each window at its centre: windows may overlap."""
    centres = (grid.starts + grid.n_window / 2) / grid.sfreq
    axes.step(centres, good, where="mid", color=_X, linewidth=1.2, marker="o", markersize=3)
    axes.set(ylabel="good", ylim=(0, 1.05), xlabel="seconds from the trial's onset")


def _say_no_samples(axes: Axes, eye: EyeRecording) -> None:
    _say(axes, f"no samples in this {'trial' if len(eye.samples) else 'export'}")


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="#555555")
    axes.set_yticks([])
