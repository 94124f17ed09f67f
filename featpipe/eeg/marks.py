"""Triggers and flags of an EEG recording, in seconds from its first sample."""

import mne
import pandas as pd


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
    spans = raw.annotations
    return pd.DataFrame(
        {
            # MNE counts from before the first sample where a recording was cropped
            "time": spans.onset - raw.first_time,
            "duration": spans.duration,
            "text": [str(text) for text in spans.description],
        }
    )
