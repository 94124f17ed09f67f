"""Cut one trial out of a continuous recording: resampled, in microvolt, baseline taken off."""

import mne
import numpy as np

from featpipe.eeg.resampling import EegSettings, Resampler, n_output, read_span
from featpipe.errors import ReadError
from featpipe.features.de import FLAT
from featpipe.windows import Grid

MICROVOLT = 1e6


def read_trial(
    raw: mne.io.BaseRaw, ch_names: list[str], how: Resampler, grid: Grid, settings: EegSettings
) -> np.ndarray:
    """Read one trial.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording, volts.
    ch_names : list of str
        Channels, as the file names them.
    how : Resampler
        From `resampling.design`.
    grid : Grid
        The trial's bounds at the rate of `how`.
    settings : EegSettings
        The baseline is read from here.

    Returns
    -------
    numpy.ndarray of float64, shape (n_channels, n_times), microvolt
        Samples after the end of the recording are NaN.

    Raises
    ------
    ReadError
        When the trial lies outside the recording altogether.
    """
    n_recorded = n_output(raw.n_times, how)
    begin, end = grid.start, grid.start + grid.n_times
    if end <= 0 or begin >= n_recorded or begin < 0:
        raise ReadError(
            f"trial from {begin / how.sfreq:.3f} to {end / how.sfreq:.3f} s lies outside the "
            f"recording of {n_recorded / how.sfreq:.3f} s: correct its onset and offset"
        )
    x = MICROVOLT * read_span(raw, ch_names, how, begin, min(end, n_recorded))
    level = _baseline(x, raw, ch_names, how, begin, settings)
    x -= level
    x[np.abs(x) <= FLAT * np.abs(level)] = 0.0  # rounding must not look like a living channel
    if end > n_recorded:
        x = np.pad(x, ((0, 0), (0, end - n_recorded)), constant_values=np.nan)
    return x


def _baseline(
    x: np.ndarray,
    raw: mne.io.BaseRaw,
    ch_names: list[str],
    how: Resampler,
    onset: int,
    settings: EegSettings,
) -> np.ndarray:
    """Level to subtract, shape (n_channels, 1)."""
    if settings.baseline == "none":
        return np.zeros((len(x), 1))
    if settings.baseline == "pre":
        begin = onset - round(settings.baseline_s * how.sfreq)
        if begin < 0:
            raise ReadError(
                f'[eeg] baseline = "pre" needs {settings.baseline_s:g} s before the trial at '
                f"{onset / how.sfreq:.3f} s, the recording begins later: shorten baseline_s"
            )
        x = MICROVOLT * read_span(raw, ch_names, how, begin, onset)
    is_known = np.isfinite(x)
    total = np.where(is_known, x, 0.0).sum(axis=1, keepdims=True)
    return total / np.maximum(is_known.sum(axis=1, keepdims=True), 1)
