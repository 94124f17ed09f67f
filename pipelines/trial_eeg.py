"""The EEG of one trial beside the eyes, in a picture: blinks have to lie on its deflections.

Lids that close move the potential of the forehead by a hundred microvolts. Where the blinks of the
tracker coincide with that, the two clocks agree; nothing else in a picture shows it.
"""

from typing import NamedTuple

import mne
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from featpipe.eeg.marks import read_marks
from featpipe.eeg.resampling import resample
from featpipe.eeg.settings import EegSettings
from featpipe.eye.clock import eeg_marks
from featpipe.montage import is_eog_name, standard_name
from featpipe.recording import Trial

_NEAR_THE_EYES = ("FP1", "FPZ", "FP2", "AF7", "AF3", "AFZ", "AF4", "AF8")
_FRONTAL = ("F7", "F3", "FZ", "F4", "F8")
_REACH_S = 1.0  # of the low-pass, generously
_COLOUR, _EEG_MARK, _EYE_MARK = "#3d3d3d", "#5b3f8c", "#c0561b"


class FrontalTrace(NamedTuple):
    """A channel in which blinks are seen, during one trial.

    Attributes
    ----------
    name : str
        As the recording spells it.
    time : numpy.ndarray, shape (n_times,)
        Seconds from the trial's onset.
    value : numpy.ndarray, shape (n_times,)
        Microvolt, around the median.
    marks : numpy.ndarray, shape (n_marks,)
        Triggers of the EEG, s from the trial's onset.
    """

    name: str
    time: np.ndarray
    value: np.ndarray
    marks: np.ndarray


def frontal_channel(ch_names: list[str]) -> str | None:
    """Return the channel in which blinks are seen best, if there is one.

    Electrodes above the eyes, then those beside them, then the other frontal ones.

    Examples
    --------
    >>> [frontal_channel(names) for names in (["Cz", "EEG Fp2"], ["F3", "VEOG"], ["Cz", "O1"])]
    ['EEG Fp2', 'VEOG', None]
    """
    by_place = {standard_name(name): name for name in reversed(ch_names)}
    eog = [name for name in ch_names if is_eog_name(name, ch_names)]
    vertical_first = sorted(eog, key=lambda name: "V" not in name.upper())
    found = [by_place.get(place) for place in _NEAR_THE_EYES] + vertical_first
    found += [by_place.get(place) for place in _FRONTAL]
    return next((name for name in found if name is not None), None)


def frontal_trace(
    raw: mne.io.BaseRaw | None, trial: Trial, settings: EegSettings
) -> FrontalTrace | None:
    """Read the channel in which blinks are seen, low-passed as for the features.

    Parameters
    ----------
    raw : mne.io.BaseRaw or None
        The EEG of the recording.
    trial : Trial
        Its onset and offset.
    settings : EegSettings
        Rate and band.

    Returns
    -------
    FrontalTrace or None
        None where there is no such channel, or the EEG does not reach into the trial.
    """
    name = None if raw is None else frontal_channel(raw.ch_names)
    if raw is None or name is None:
        return None
    rate = raw.info["sfreq"]
    first = max(int((trial.onset - _REACH_S) * rate), 0)
    last = min(int((trial.offset + _REACH_S) * rate), raw.n_times)
    if last <= max(first, trial.onset * rate):
        return None
    pick = np.array([raw.ch_names.index(name)])
    stored = 1e6 * np.asarray(raw.get_data(picks=pick, start=first, stop=last))
    [value] = resample(stored - np.median(stored), rate, settings)
    time = first / rate - trial.onset + np.arange(value.size) * (last - first) / rate / value.size
    is_inside = (time >= 0) & (time < trial.offset - trial.onset)
    marks = eeg_marks(read_marks(raw))["time"].to_numpy(float)
    return FrontalTrace(name, time[is_inside], value[is_inside], _within(marks, trial))


def draw_frontal(axes: Axes, trace: FrontalTrace, messages: pd.DataFrame, trial: Trial) -> None:
    """Draw the channel, with the marks of both recordings as ticks at its lower and upper edge.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        To draw in.
    trace : FrontalTrace
        From `frontal_trace`.
    messages : pandas.DataFrame
        Of the tracker, on the EEG's clock.
    trial : Trial
        Its onset and offset.
    """
    axes.plot(trace.time, trace.value, color=_COLOUR, linewidth=0.7)
    axes.set_ylabel(f"{trace.name} (µV)")
    of_tracker = _within(messages["time"].to_numpy(float), trial)
    edges = axes.get_xaxis_transform()
    for marks, place, colour, label in (
        (trace.marks, (0.0, 0.09), _EEG_MARK, "triggers of the EEG"),
        (of_tracker, (0.91, 1.0), _EYE_MARK, "messages of the tracker"),
    ):
        if marks.size:
            axes.vlines(marks, *place, transform=edges, color=colour, linewidth=1.2, label=label)
    if trace.marks.size or of_tracker.size:
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1, ncols=2,
                    frameon=False, fontsize="small")  # fmt: skip


def _within(time: np.ndarray, trial: Trial) -> np.ndarray:
    """Return those moments that lie in a trial, s from its onset."""
    return time[(time >= trial.onset) & (time < trial.offset)] - trial.onset
