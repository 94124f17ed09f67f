"""Every name and unit that passes between the parts: columns, bands, dtypes.

This module is a leaf: it imports nothing of ours, so that readers, features, models and
pipelines can all agree on names without knowing each other.
"""

from collections.abc import Iterable, Mapping, Sequence

SCHEMA_VERSION = 1

KEYS: Mapping[str, str] = {
    "dataset": "string",
    "subject": "string",
    "session": "string",
    "trial": "int32",
    "window": "int32",
    "start_s": "float64",
    "stop_s": "float64",
    "label": "int8",
    "label_name": "string",
    "good": "float32",
}
"""Key columns of every table, in order, with their Arrow types. Only the labels may be null."""

WINDOW_KEYS = ("dataset", "subject", "session", "trial", "window")
"""What identifies a window; EEG and eye tables join on these, never by row number."""

NULLABLE_KEYS = ("label", "label_name")

BANDS: Mapping[str, tuple[float, float]] = {
    "delta": (1.0, 4.0),
    "theta": (4.0, 8.0),
    "alpha": (8.0, 14.0),
    "beta": (14.0, 31.0),
    "gamma": (31.0, 51.0),
}
"""EEG bands, [low, high) Hz. At 1-s windows these are the bins 1-3, 4-7, 8-13, 14-30, 31-50."""

PUPIL_BANDS: tuple[tuple[float, float], ...] = ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 1.0))
"""Slow bands of the pupil trace, Hz, for `eye_pupil_*_de1` to `de4`."""

TRIALS: Mapping[str, str] = {
    "trial": "int32",
    "onset": "float64",
    "offset": "float64",
    "label": "Int8",
}
"""Columns of a trials frame; onset and offset in seconds of the EEG recording."""

EYE_SAMPLES = (
    "time",
    *(f"{what}_{side}" for side in ("left", "right") for what in ("gaze_x", "gaze_y")),
    *(f"{what}_{side}" for side in ("left", "right") for what in ("pupil_x", "pupil_y")),
    "valid_left",
    "valid_right",
)
"""Columns of an eye-samples frame: time in s as the tracker wrote it; lost values are NaN."""

EYE_EVENTS = (
    "kind",
    "eye",
    "onset",
    "duration",
    "pupil_x",
    "pupil_y",
    "dispersion_x",
    "dispersion_y",
    "amplitude",
)
"""Columns of an eye-events frame: onset and duration in s, amplitude in degrees, NaN if absent."""

EYE_EVENT_KINDS = ("fixation", "saccade", "blink")

EYE_MESSAGES = ("time", "text")
"""Columns of a messages frame: what the experiment wrote into the eye recording."""

EYE_FEATURES = (
    *(f"eye_pupil_{axis}_{stat}" for stat in ("mean", "std") for axis in "xy"),
    *(f"eye_pupil_{axis}_de{band}" for axis in "xy" for band in (1, 2, 3, 4)),
    *(f"eye_dispersion_{axis}_{stat}" for stat in ("mean", "std") for axis in "xy"),
    *(
        f"eye_{event}_duration_{stat}"
        for event in ("fixation", "blink")
        for stat in ("mean", "std")
    ),
    *(
        f"eye_saccade_{what}_{stat}"
        for stat in ("mean", "std")
        for what in ("duration", "amplitude")
    ),
    "eye_blink_frequency",
    "eye_fixation_frequency",
    "eye_fixation_duration_max",
    "eye_fixation_dispersion_total",
    "eye_fixation_dispersion_max",
    "eye_saccade_frequency",
    "eye_saccade_duration_average",
    "eye_saccade_amplitude_average",
    "eye_saccade_latency_average",
)
"""The 33 eye columns of the SEED family, in order."""

EYE_EVENT_STATISTICS = EYE_FEATURES[-9:]
"""The columns that describe a window or, as published, a whole trial (`event_scope`)."""

PREDICTION_KEYS = (
    *("method", "variant", "seed", "protocol", "split", "fold", "policy"),
    *("manner", "scaling", "marks", "eeg"),
)
"""What identifies a prediction beside its window; `eeg` is the family of the EEG tables."""


def eeg_columns(stem: str, bands: Iterable[str], ch_names: Sequence[str]) -> list[str]:
    """Names of the feature columns of one EEG family, channel-major.

    Parameters
    ----------
    stem : str
        First part of the name, for example "de".
    bands : iterable of str
        Band names, low to high.
    ch_names : sequence of str
        Channel names in table order.

    Returns
    -------
    list of str
        `<stem>_<band>_<CHANNEL>`: all bands of the first channel, then of the next.

    Examples
    --------
    >>> eeg_columns("de", ["delta", "theta"], ["FP1", "OZ"])
    ['de_delta_FP1', 'de_theta_FP1', 'de_delta_OZ', 'de_theta_OZ']
    """
    bands = list(bands)
    return [f"{stem}_{band}_{channel}" for channel in ch_names for band in bands]
