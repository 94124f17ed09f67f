"""Trials that are stored one by one, as one recording: laid end to end, each on ground of its own.

Every trial has its first and last sample held for a second on either side, which is what the filter
sees at the ends of a recording. No filter that reaches less far mixes two trials, and a mark
between them tells those that do.
"""

from collections.abc import Mapping, Sequence

import mne
import numpy as np
from mne.io import RawArray

from featpipe.recording import TrialSpan

HELD_S = 1.0
"""How long the first and the last sample of a trial are held, s."""


def trial_spans(n_times: Mapping[int, int], sfreq: float) -> list[TrialSpan]:
    """Tell where trials lie in the recording that `end_to_end` makes of them.

    Parameters
    ----------
    n_times : mapping of int to int
        Trial number -> samples, in the order in which they are laid.
    sfreq : float
        Their rate, Hz.

    Returns
    -------
    list of TrialSpan
        Seconds of that recording.
    """
    held, at, spans = round(HELD_S * sfreq), 0, []
    for trial, length in n_times.items():
        begin = at + held
        spans.append(TrialSpan(trial, begin / sfreq, (begin + length) / sfreq))
        at = begin + length + held
    return spans


def end_to_end(trials: Sequence[np.ndarray], ch_names: Sequence[str], sfreq: float) -> RawArray:
    """Lay trials end to end.

    Parameters
    ----------
    trials : sequence of array, each of shape (n_channels, n_times), microvolt
        In order.
    ch_names : sequence of str
        EEG channels.
    sfreq : float
        Rate, Hz.

    Returns
    -------
    mne.io.RawArray
        Volts, with a mark "EDGE boundary" between trials.
    """
    held = round(HELD_S * sfreq)
    total = sum(trial.shape[1] + 2 * held for trial in trials)
    volts, at, edges = np.empty((len(ch_names), total)), 0, []
    for trial in trials:
        stop = at + trial.shape[1] + 2 * held
        volts[:, at:stop] = np.pad(trial, ((0, 0), (held, held)), mode="edge")
        edges.append(stop / sfreq)
        at = stop
    volts *= 1e-6
    info = mne.create_info(list(ch_names), sfreq, "eeg")
    raw = RawArray(volts, info, verbose="ERROR")
    raw.set_annotations(mne.Annotations(edges[:-1], 0.0, "EDGE boundary"), verbose="ERROR")
    return raw
