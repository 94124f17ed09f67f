"""One trial of an eye recording as a picture: gaze, pupil before and after, events, windows."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from featpipe.errors import ConfigError, ReadError, few
from featpipe.eye.pupil import TRACE_SFREQ, pupil_trace
from featpipe.eye.pupil_cleaning import clean_pupil
from featpipe.eye.settings import EyeSettings
from featpipe.eye.side import choose_side, events_of
from featpipe.features.eye_statistics import eye_features
from featpipe.features.table import lay_grids
from featpipe.reading import read_eeg
from featpipe.recording import EyeRecording, Source, Trial
from featpipe.schema import EYE_EVENT_KINDS
from featpipe.windows import Grid
from pipelines.job import Job
from pipelines.steps.extract import grid_sfreq
from pipelines.steps.eye_on_clock import read_on_eeg_clock
from pipelines.study import Study

_COLOURS = dict(zip(EYE_EVENT_KINDS, ("#8fbf8f", "#e0a458", "#7a7a7a"), strict=True))
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
        When there is no such recording.
    """
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
    for source, eye in with_eye:
        for trial in source.trials:
            if trial.trial == number:
                path = job.out / "plots" / f"{source.name}_trial-{number}.png"
                try:
                    _draw(job.study, source, eye, trial, path)
                except (ReadError, ConfigError) as error:
                    yield Drawn(source.name, path, str(error))
                else:
                    yield Drawn(source.name, path)


def _draw(study: Study, source: Source, file: Path, trial: Trial, path: Path) -> None:
    raw = None if source.eeg is None else read_eeg(source.eeg, study.eeg)
    eye, _ = read_on_eeg_clock(file, raw, source, study)
    [grid] = lay_grids([trial], grid_sfreq(raw, study), study.features)
    figure = draw_trial(eye, trial, grid, study.eye)
    figure.suptitle(f"{study.study.name}: {source.name}, trial {trial.trial}", x=0.01, ha="left")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def draw_trial(eye: EyeRecording, trial: Trial, grid: Grid, settings: EyeSettings) -> Figure:
    """Draw what the eye columns of one trial are computed from.

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

    Returns
    -------
    matplotlib.figure.Figure
        Gaze over the events; pupil as exported and as the slow bands see it; share of each window
        that was seen and not interpolated.
    """
    side = choose_side(eye, settings.side)
    cleaned = clean_pupil(eye, settings.pupil == "both")
    figure = Figure(figsize=(12, 7), layout="constrained")
    gaze, pupil, share = figure.subplots(3, 1, sharex=True, height_ratios=[3, 3, 1])
    _draw_events(gaze, eye, side, trial)
    _draw_gaze(gaze, eye, side, trial)
    _draw_pupil(pupil, eye, cleaned, side, trial, settings)
    _, good = eye_features(cleaned, side, grid, settings)
    starts = grid.starts / grid.sfreq
    share.bar(starts, good, width=grid.n_window / grid.sfreq, align="edge", color="#c9dbe8",
              edgecolor="white")  # fmt: skip
    share.set(ylabel="good", ylim=(0, 1.05), xlabel="seconds from the trial's onset",
              xlim=(0, trial.offset - trial.onset))  # fmt: skip
    for axes in (gaze, pupil, share):
        axes.spines[["top", "right"]].set_visible(False)
        for start in starts:
            axes.axvline(start, color="#dddddd", linewidth=0.6, zorder=0)
    return figure


def _during(eye: EyeRecording, trial: Trial) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the samples of a trial and their seconds from its onset."""
    is_inside = eye.samples["time"].between(trial.onset, trial.offset, inclusive="left")
    samples = eye.samples.loc[is_inside]
    return samples, samples["time"].to_numpy(float) - trial.onset


def _draw_events(axes: Axes, eye: EyeRecording, side: str, trial: Trial) -> None:
    handles = []
    for kind, colour in _COLOURS.items():
        events = events_of(eye, side, kind)
        is_inside = (events.stop > trial.onset) & (events.onset < trial.offset)
        for onset, stop in zip(events.onset[is_inside], events.stop[is_inside], strict=True):
            axes.axvspan(onset - trial.onset, stop - trial.onset, color=colour, alpha=0.35, lw=0)
        handles.append(Patch(color=colour, alpha=0.35, label=f"{is_inside.sum()} {kind}s"))
    legend = axes.legend(handles=handles, loc="upper right", ncols=3, frameon=False,
                         bbox_to_anchor=(1, 1.15), title=f"events from {eye.events_from}",
                         title_fontsize="small", fontsize="small")  # fmt: skip
    axes.add_artist(legend)


def _draw_gaze(axes: Axes, eye: EyeRecording, side: str, trial: Trial) -> None:
    samples, time = _during(eye, trial)
    valid = samples[f"valid_{side}"].to_numpy(bool)
    for axis, colour in (("x", _X), ("y", _Y)):
        place = np.where(valid, samples[f"gaze_{axis}_{side}"].to_numpy(float), np.nan)
        axes.plot(time, place, color=colour, linewidth=0.9, label=axis)
    unit = eye.units.get("gaze", "")
    axes.set_ylabel(f"gaze, {side} eye" + f" ({unit})" * bool(unit))
    if time.size:
        axes.legend(loc="upper left", ncols=2, frameon=False, fontsize="small")


def _draw_pupil(
    axes: Axes,
    eye: EyeRecording,
    cleaned: EyeRecording,
    side: str,
    trial: Trial,
    settings: EyeSettings,
) -> None:
    samples, time = _during(eye, trial)
    exported = samples[f"pupil_x_{side}"].to_numpy(float)
    exported = np.where(samples[f"valid_{side}"].to_numpy(bool), exported, np.nan)
    axes.plot(time, exported, ".", color=_BEFORE, markersize=3, label="as exported")
    at, size, _ = pupil_trace(cleaned, side, trial.onset, trial.offset, settings.pupil_max_gap_s)
    axes.plot(at - trial.onset, size, color=_X, linewidth=1.2,
              label=f"without blinks and leaps, {TRACE_SFREQ:g} Hz")  # fmt: skip
    unit = eye.units.get("pupil", "")
    axes.set_ylabel("pupil X" + f" ({unit})" * bool(unit))
    axes.legend(loc="upper right", ncols=2, frameon=False, fontsize="small")
