"""Trials that are stored one by one, as one recording: laid end to end, each on ground of its own.

Between two trials the last sample of one and the first of the next are held, which is what filters
see at the ends of a recording, for longer than any of them reaches: none mixes two trials. What is
held is marked as bad: nothing is learnt from it, and no baseline is taken from it.
"""

from collections.abc import Mapping, Sequence

import mne
import numpy as np
from mne.io import RawArray

from featpipe.eeg.marks import HELD, HELD_S
from featpipe.recording import TrialSpan


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
        spans.append(TrialSpan(trial, at / sfreq, (at + length) / sfreq))
        at += length + 2 * held
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
    held, last = round(HELD_S * sfreq), len(trials) - 1
    parts = [
        np.pad(trial, ((0, 0), (held * (i > 0), held * (i < last))), mode="edge")
        for i, trial in enumerate(trials)
    ]
    volts = 1e-6 * np.concatenate(parts, axis=1)
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
        Between trials "BAD held", and "EDGE boundary" where they meet.
    """
    stops = [span.stop for span in spans[:-1]]
    n, onsets = len(stops), stops + [stop + HELD_S for stop in stops]
    texts = [HELD] * n + ["EDGE boundary"] * n
    return mne.Annotations(onsets, [2 * HELD_S] * n + [0.0] * n, texts)
