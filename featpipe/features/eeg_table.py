"""One EEG recording -> the values of its feature tables."""

import logging
from collections.abc import Mapping, Sequence

import mne
import numpy as np

from featpipe.eeg.marks import read_marks
from featpipe.eeg.resampling import EegSettings, Resampler, design, n_output
from featpipe.eeg.trials import read_trial
from featpipe.errors import ConfigError, ReadError
from featpipe.features.de import SEED_BANDS, entropy_at
from featpipe.features.table import (
    FAMILIES,
    FeatureSettings,
    FeatureTable,
    key_columns,
    lay_grids,
)
from featpipe.montage import pick_channels
from featpipe.recording import Source, Trial
from featpipe.schema import BANDS, eeg_columns
from featpipe.windows import Grid

logger = logging.getLogger(__name__)


def eeg_table(
    raw: mne.io.BaseRaw,
    source: Source,
    families: Sequence[str],
    eeg: EegSettings,
    features: FeatureSettings,
) -> FeatureTable:
    """Compute EEG features of every window of every trial.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording; need not be loaded.
    source : Source
        Its identity and trials.
    families : sequence of str
        Names from `FAMILIES`.
    eeg, features : EegSettings, FeatureSettings
        Options.

    Returns
    -------
    FeatureTable

    Raises
    ------
    ConfigError
        When the file lacks a channel that was asked for, or a band holds no frequency.
    ReadError
        When a trial lies outside the recording.
    """
    picks = pick_channels(raw.ch_names, raw.get_channel_types(), eeg.channels or None)
    how = design(raw.info["sfreq"], eeg)
    bands = SEED_BANDS if features.convention == "seed" else BANDS
    _check_bands(bands, how, features.window_s)
    grids = lay_grids(source.trials, how.sfreq, features)
    flagged = _flagged(raw, how)
    entropies, goods, flat = [], [], np.zeros(len(picks), dtype=bool)
    for trial, grid in zip(source.trials, grids, strict=True):
        _warn_of_lost_windows(source.name, trial, grid, n_output(raw.n_times, how))
        try:
            x = read_trial(raw, list(picks.values()), how, grid, eeg)
        except ReadError as error:
            raise ReadError(f"trial {trial.trial}: {error}") from error
        de = entropy_at(
            x, how.sfreq, grid.starts, grid.n_window, bands=bands, convention=features.convention
        )
        good = _good(x, flagged, grid)
        is_flat = np.isnan(de).any(axis=2) & _is_complete(x, grid)
        good[is_flat.any(axis=1)] = 0.0
        flat |= is_flat.any(axis=0)
        entropies.append(de)
        goods.append(good)
    good = np.concatenate(goods)
    return FeatureTable(
        keys=key_columns(source, grids, good),
        values={name: _smoothed(entropies, name) for name in families},
        columns=eeg_columns("de", bands, list(picks)),
        facts={
            "channels": list(picks),
            "bands": {name: list(edges) for name, edges in bands.items()},
            "units": {"de": "bit, SEED convention" if features.convention == "seed" else "nat",
                      "eeg": "microvolt"},
        },
        qc={
            "eeg_sfreq": float(raw.info["sfreq"]),
            "sfreq": how.sfreq,
            "h_freq": how.h_freq,
            "eeg_duration_s": raw.n_times / float(raw.info["sfreq"]),
            "n_channels": len(picks),
            "n_trials": len(grids),
            "n_windows": len(good),
            "eeg_good": float(good.mean()) if len(good) else float("nan"),
            "flat_channels": " ".join(np.array(list(picks))[flat]),
        },
    )  # fmt: skip


def _warn_of_lost_windows(name: str, trial: Trial, grid: Grid, n_recorded: int) -> None:
    if not grid.starts.size:
        logger.warning("%s trial %d is shorter than a window", name, trial.trial)
    elif grid.start + grid.n_times > n_recorded:
        n_lost = int((grid.start + grid.starts + grid.n_window > n_recorded).sum())
        logger.warning(
            "%s trial %d ends after the recording: %d of its %d windows are NaN",
            name, trial.trial, n_lost, len(grid.starts),
        )  # fmt: skip


def _check_bands(bands: Mapping[str, tuple[float, float]], how: Resampler, window_s: float) -> None:
    for name, (low, high) in bands.items():
        if np.ceil(high * window_s - 1e-9) <= np.ceil(low * window_s - 1e-9):
            raise ConfigError(
                f"[features] window_s = {window_s:g}: a window this short holds no frequency of "
                f"{name} ({low:g}-{high:g} Hz); use at least {1 / (high - low):.3g} s"
            )
        if low >= how.h_freq:
            raise ConfigError(
                f"nothing of {name} ({low:g}-{high:g} Hz) is left below {how.h_freq:g} Hz, where "
                "the pass band ends: raise [eeg] h_freq, or leave such recordings out"
            )
        if high > how.h_freq:
            logger.warning("%s is cut off at %g Hz, the end of the pass band", name, how.h_freq)


def _smoothed(entropies: list[np.ndarray], family: str) -> np.ndarray:
    """Smooth along each trial if the family says so; (n_windows, n_channels * n_bands)."""
    smooth = FAMILIES[family].smooth
    parts = [de if smooth is None else smooth(de) for de in entropies]
    return np.concatenate(
        [part.reshape(len(part), part.shape[1] * part.shape[2]) for part in parts]
    )


def _flagged(raw: mne.io.BaseRaw, how: Resampler) -> np.ndarray:
    """Mark the samples somebody called bad, at the rate of the features, shape (n_times,)."""
    flagged = np.zeros(n_output(raw.n_times, how), dtype=bool)
    for onset, duration, text in read_marks(raw).itertuples(index=False):
        if text.upper().startswith("BAD"):
            begin, end = np.floor(onset * how.sfreq), np.ceil((onset + duration) * how.sfreq)
            flagged[max(0, int(begin)) : max(0, int(end))] = True
    return flagged


def _good(x: np.ndarray, flagged: np.ndarray, grid: Grid) -> np.ndarray:
    """Share of each window's samples that are there and not flagged, shape (n_windows,)."""
    share = np.isfinite(x).mean(axis=0)
    bad = flagged[grid.start : grid.start + grid.n_times]
    share[: len(bad)][bad] = 0.0
    return _moving_sum(share[np.newaxis], grid)[:, 0] / grid.n_window


def _is_complete(x: np.ndarray, grid: Grid) -> np.ndarray:
    """Whether a window holds no lost sample, shape (n_windows, n_channels)."""
    return _moving_sum((~np.isfinite(x)).astype(np.float64), grid) == 0


def _moving_sum(x: np.ndarray, grid: Grid) -> np.ndarray:
    total = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)
    return (total[:, grid.starts + grid.n_window] - total[:, grid.starts]).T
