"""Triggers and flags of an EEG recording, in seconds from its first sample."""

from collections.abc import Iterator

import mne
import numpy as np
import pandas as pd

_BREAKS = ("New Segment", "boundary", "BAD boundary", "EDGE boundary")
"""As BrainVision and EEGLAB write them, and MNE where recordings were put end to end."""

HELD = "BAD held"
"""The text of spans that were not recorded, between trials that are stored one by one."""

HELD_S = 30.0
"""How long the sample next to such a gap is held, s: a high-pass at 0.1 Hz reaches 26 s."""

_SAME_SAMPLE = 1e-6  # of a sample; onsets are not exact in binary


def read_marks(raw: mne.io.BaseRaw) -> pd.DataFrame:
    """Return the annotations of a recording.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Need not be loaded.

    Returns
    -------
    pandas.DataFrame
        Columns time and duration (s; time counts from the first sample of the file, whatever
        clock the annotations are kept on) and text.
    """
    return pd.DataFrame(_spans(raw), columns=["time", "duration", "text"])


def _spans(raw: mne.io.BaseRaw) -> Iterator[tuple[float, float, str]]:
    """Yield time, duration and text of each annotation."""
    spans = raw.annotations
    # MNE counts from before the first sample where a recording was cropped
    times = (spans.onset - raw.first_time).tolist()
    yield from zip(times, spans.duration.tolist(), map(str, spans.description), strict=True)


def break_times(raw: mne.io.BaseRaw) -> list[float]:
    """Return where a recording goes on after a pause: the data before lie end to end with it.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Need not be loaded.

    Returns
    -------
    list of float
        Seconds from its first sample, ascending; a mark there is the start of the recording.
    """
    half_sample = 0.5 / raw.info["sfreq"]
    times = sorted(time for time, _, text in _spans(raw) if text.startswith(_BREAKS))
    before = [half_sample, *(time + half_sample for time in times)]
    return [time for time, least in zip(times, before, strict=False) if time > least]


def flagged_samples(
    raw: mne.io.BaseRaw, sfreq: float, n_times: int, begins: str = "BAD"
) -> np.ndarray:
    """Mark the samples of spans that annotations call BAD.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Need not be loaded.
    sfreq : float
        Rate of the samples meant, Hz.
    n_times : int
        How many there are.
    begins : str
        What their texts begin with, in capitals.

    Returns
    -------
    numpy.ndarray of bool, shape (n_times,)
    """
    flagged = np.zeros(n_times, dtype=bool)
    for onset, duration, text in _spans(raw):
        if text.upper().startswith(begins):
            begin = np.floor(onset * sfreq + _SAME_SAMPLE)
            end = np.ceil((onset + duration) * sfreq - _SAME_SAMPLE)
            if text == HELD:  # what lies between trials, whose ends are rounded
                places = np.array([onset, onset + duration]) * sfreq
                begin, end = np.floor(places + 0.5 + _SAME_SAMPLE)
            flagged[max(0, int(begin)) : max(0, int(end))] = True
    return flagged
