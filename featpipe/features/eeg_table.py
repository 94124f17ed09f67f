"""One EEG recording -> the values of its feature tables."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import mne
import numpy as np

from featpipe.eeg.cleaning import OpenSamples, open_stream
from featpipe.eeg.marks import read_marks
from featpipe.eeg.settings import EegSettings
from featpipe.eeg.stream import Stream
from featpipe.errors import ConfigError, ReadError
from featpipe.features.de import SEED_BANDS
from featpipe.features.measures import MEASURES
from featpipe.features.table import (
    FAMILIES,
    FeatureSettings,
    FeatureTable,
    key_columns,
    lay_grids,
)
from featpipe.features.trial_features import TrialFeatures, trial_features
from featpipe.montage import pick_channels
from featpipe.readers.through_mne import samples_through_mne
from featpipe.recording import Source, Trial
from featpipe.schema import BANDS
from featpipe.windows import Grid

logger = logging.getLogger(__name__)


def eeg_table(
    raw: mne.io.BaseRaw,
    source: Source,
    families: Sequence[str],
    eeg: EegSettings,
    features: FeatureSettings,
    open_samples: OpenSamples | None = None,
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
    open_samples : callable, optional
        Channel names of the file -> Samples; without it MNE is asked for volts, block by block.

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
    channels = list(picks)
    columns = {name: MEASURES[FAMILIES[name].measure].columns(channels) for name in families}
    stream = open_stream(raw, picks, eeg, open_samples or partial(samples_through_mne, raw))
    _check_bands(stream, features)
    grids = lay_grids(source.trials, stream.sfreq, features)
    flagged = _flagged(raw, stream)
    kinds = {_kind(name, features) for name in families}
    is_bad = np.isin(
        channels, [] if stream.spatial is None else [b.name for b in stream.spatial.bad]
    )
    parts = []
    for trial, grid in zip(source.trials, grids, strict=True):
        _warn_of_lost_windows(source.name, trial, grid, stream.n_times)
        try:
            parts.append(trial_features(stream, grid, kinds, eeg, flagged, is_bad))
        except ReadError as error:
            raise ReadError(f"trial {trial.trial}: {error}") from error
    good = np.concatenate([part.good for part in parts])
    return FeatureTable(
        keys=key_columns(source, grids, good),
        values={name: _values(parts, name, channels, features) for name in families},
        columns=columns,
        facts={name: _facts(name, channels, features) for name in families},
        qc=_quality(raw, stream, good)
        | {
            "n_channels": len(channels),
            "n_trials": len(grids),
            "flat_channels": _names(channels, np.concatenate([part.is_flat for part in parts])),
        },
    )


def _kind(family: str, features: FeatureSettings) -> str:
    """Name what of `trial_features` a family is made from."""
    kind = MEASURES[FAMILIES[family].measure].kind
    return "seed_entropy" if kind == "entropy" and features.convention == "seed" else kind


def _values(
    parts: Sequence[TrialFeatures], family: str, channels: list[str], features: FeatureSettings
) -> np.ndarray:
    """Derive and smooth, each trial by itself; float32, shape (n_windows, n_columns)."""
    derive, smooth = MEASURES[FAMILIES[family].measure].derive, FAMILIES[family].smooth
    values = []
    for part in parts:
        x = part.values[_kind(family, features)]
        x = x if derive is None else derive(x, channels)
        x = x if smooth is None else smooth(x)
        values.append(x.reshape(len(x), x.shape[1] * x.shape[2]).astype(np.float32))
    return np.concatenate(values)


def _facts(family: str, channels: list[str], features: FeatureSettings) -> dict[str, Any]:
    is_seed = _kind(family, features) == "seed_entropy"
    bands = SEED_BANDS if is_seed else BANDS
    unit = MEASURES[FAMILIES[family].measure].unit
    return {
        "channels": channels,
        "bands": {name: list(edges) for name, edges in bands.items()},
        "units": {
            FAMILIES[family].measure: unit.replace(
                "entropy", "bit, SEED convention" if is_seed else "nat"
            ),
            "eeg": "microvolt",
        },
    }


def _quality(raw: mne.io.BaseRaw, stream: Stream, good: np.ndarray) -> dict[str, Any]:
    """Tell what the recording is and what was done to it; its row of the quality table."""
    spatial = stream.spatial
    bad = () if spatial is None else spatial.bad
    return {
        "eeg_sfreq": float(raw.info["sfreq"]),
        "sfreq": stream.sfreq,
        "h_freq": stream.how.h_freq,
        "eeg_duration_s": raw.n_times / float(raw.info["sfreq"]),
        "n_windows": len(good),
        "eeg_good": float(good.mean()) if len(good) else float("nan"),
        "bad_channels": " ".join(f"{b.name}:{b.reason}" for b in bad),
        "interpolated_channels": "" if spatial is None else " ".join(spatial.interpolated),
        "reference": "" if spatial is None else " ".join(spatial.reference),
        "eog_channels": "" if spatial is None else " ".join(spatial.eog),
    }


def _names(channels: Sequence[str], is_flat: np.ndarray) -> str:
    """Name the channels that are flat in some window, is_flat (n_windows, n_channels)."""
    return " ".join(name for name, flat in zip(channels, is_flat.T, strict=True) if flat.any())


def _warn_of_lost_windows(name: str, trial: Trial, grid: Grid, n_recorded: int) -> None:
    if not grid.starts.size:
        logger.warning("%s trial %d is shorter than a window", name, trial.trial)
    elif grid.start + grid.n_times > n_recorded:
        n_lost = int((grid.start + grid.starts + grid.n_window > n_recorded).sum())
        logger.warning(
            "%s trial %d ends after the recording: %d of its %d windows are NaN",
            name, trial.trial, n_lost, len(grid.starts),
        )  # fmt: skip


def _check_bands(stream: Stream, features: FeatureSettings) -> None:
    bands: Mapping[str, tuple[float, float]] = (
        SEED_BANDS if features.convention == "seed" else BANDS
    )
    window_s, h_freq = features.window_s, stream.how.h_freq
    for name, (low, high) in bands.items():
        if np.ceil(high * window_s - 1e-9) <= np.ceil(low * window_s - 1e-9):
            raise ConfigError(
                f"[features] window_s = {window_s:g}: a window this short holds no frequency of "
                f"{name} ({low:g}-{high:g} Hz); use at least {1 / (high - low):.3g} s"
            )
        if low >= h_freq:
            raise ConfigError(
                f"nothing of {name} ({low:g}-{high:g} Hz) is left below {h_freq:g} Hz, where "
                "the pass band ends: raise [eeg] h_freq, or leave such recordings out"
            )
        if high > h_freq:
            logger.warning("%s is cut off at %g Hz, the end of the pass band", name, h_freq)


def _flagged(raw: mne.io.BaseRaw, stream: Stream) -> np.ndarray:
    """Mark the samples somebody called bad, at the rate of the features, shape (n_times,)."""
    flagged = np.zeros(stream.n_times, dtype=bool)
    for onset, duration, text in read_marks(raw).itertuples(index=False):
        if text.upper().startswith("BAD"):
            begin, end = np.floor(onset * stream.sfreq), np.ceil((onset + duration) * stream.sfreq)
            flagged[max(0, int(begin)) : max(0, int(end))] = True
    return flagged
