"""One eye recording -> the values of its feature table, on the EEG's window grid."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.eye.coverage import recorded_span
from featpipe.eye.pupil_cleaning import clean_pupil
from featpipe.eye.settings import EyeSettings
from featpipe.eye.side import choose_side
from featpipe.features.eye_statistics import events_by_kind, eye_features
from featpipe.features.pupil_traces import without_light
from featpipe.features.table import FeatureSettings, FeatureTable, key_columns, lay_grids
from featpipe.recording import EyeRecording, Source
from featpipe.schema import EYE_FEATURES, PUPIL_BANDS


def eye_table(
    eye: EyeRecording,
    source: Source,
    sfreq: float,
    settings: EyeSettings,
    features: FeatureSettings,
    others: Mapping[str, pd.DataFrame] | None = None,
) -> FeatureTable:
    """Compute the 33 eye columns of every window of every trial.

    Parameters
    ----------
    eye : EyeRecording
        Already on the EEG's clock.
    source : Source
        The recording's identity and trials.
    sfreq : float
        Rate of the EEG features, Hz; with it the grid is the EEG's.
    settings, features : EyeSettings, FeatureSettings
        Options.
    others : mapping, optional
        Subject -> traces of the same session, from `featpipe.features.pupil_traces`: the response
        to light that they share is taken out. None leaves it in.

    Returns
    -------
    FeatureTable
        One family, "eye".

    Raises
    ------
    ReadError
        When the recording and the trials have no moment in common, or the response to light cannot
        be learnt from the others.
    """
    _refuse_apart(eye, source)
    side = choose_side(eye, settings.side)
    if others is None:
        eye = clean_pupil(eye, settings.pupil == "both")
    else:
        eye = without_light(eye, source, settings, others)
    grids = lay_grids(source.trials, sfreq, features)
    parts = [eye_features(eye, side, grid, settings) for grid in grids]
    good = np.concatenate([good for _, good in parts])
    of_kind = events_by_kind(eye, side, settings.max_blink_s)
    return FeatureTable(
        keys=key_columns(source, grids, good),
        values={"eye": np.concatenate([values for values, _ in parts])},
        columns={"eye": list(EYE_FEATURES)},
        facts={
            "eye": {
                "channels": [],
                "bands": {f"de{i}": list(band) for i, band in enumerate(PUPIL_BANDS, start=1)},
                "units": {"amplitude": "deg"} | dict(eye.units),
                "events_from": eye.events_from,
                "onsets": eye.onsets,
                "event_scope": settings.event_scope,
            }
        },
        qc={
            "eye_format": eye.format,
            "eye_sfreq": float("nan") if eye.sfreq is None else float(eye.sfreq),
            "eye_side": side,
            "eye_events_from": eye.events_from,
            "eye_onsets": eye.onsets,
            "eye_good": float(good.mean()) if len(good) else float("nan"),
            **{
                f"n_{kind}s": events.onset.size if kind in eye.event_kinds else None
                for kind, events in of_kind.items()
            },
        },
    )


def _refuse_apart(eye: EyeRecording, source: Source) -> None:
    first, last = recorded_span(eye)
    if not any(trial.onset < last and trial.offset > first for trial in source.trials):
        onset, offset = source.trials[0].onset, source.trials[-1].offset
        remedy = "correct the trials"
        if source.eeg is None or source.eye_offset is not None:  # else the marks say how it lies
            together = (source.eye_offset or 0.0) - first
            remedy += (
                ", or eye_offset in recordings.csv (EEG time = eye time + eye_offset; "
                f"{together:.3f} if both were started together)"
            )
        raise ReadError(
            f"the eye recording lies at {first:.3f} to {last:.3f} s, the trials at {onset:.3f} to "
            f"{offset:.3f} s: {remedy}"
        )
