"""Trials that are stored one by one, as one recording: laid end to end, each on ground of its own.

Every trial has its first and last sample held for a second on either side, which is what the filter
sees at the ends of a recording. No filter that reaches less far mixes two trials, and a mark
between them tells those that do. What is held is marked as bad: nothing is learnt from it, and no
baseline is taken from it.
"""

from collections.abc import Mapping, Sequence

import mne
import numpy as np
from mne.io import RawArray

from featpipe.eeg.marks import HELD
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
        Volts, with the marks of `edge_marks`.
    """
    held = round(HELD_S * sfreq)
    total = sum(trial.shape[1] + 2 * held for trial in trials)
    volts, at = np.empty((len(ch_names), total)), 0
    for trial in trials:
        stop = at + trial.shape[1] + 2 * held
        volts[:, at:stop] = np.pad(trial, ((0, 0), (held, held)), mode="edge")
        at = stop
    volts *= 1e-6
    info = mne.create_info(list(ch_names), sfreq, "eeg")
    raw = RawArray(volts, info, verbose="ERROR")
    spans = trial_spans({i: trial.shape[1] for i, trial in enumerate(trials)}, sfreq)
    raw.set_annotations(edge_marks(spans), verbose="ERROR")
    return raw


def edge_marks(spans: Sequence[TrialSpan]) -> mne.Annotations:
    """Mark where trials meet and what was held.

    Parameters
    ----------
    spans : sequence of TrialSpan
        From `trial_spans`.

    Returns
    -------
    mne.Annotations
        "EDGE boundary" between trials; "BAD held" before and behind each.
    """
    marks = [(span.stop + HELD_S, 0.0, "EDGE boundary") for span in spans[:-1]]
    marks += [(at, HELD_S, HELD) for span in spans for at in (span.start - HELD_S, span.stop)]
    columns = ([mark[i] for mark in marks] for i in range(3))
    return mne.Annotations(*columns)
