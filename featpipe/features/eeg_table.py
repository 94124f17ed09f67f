"""One EEG recording -> the values of its feature tables."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import mne
import numpy as np

from featpipe.eeg.bad_channels import describe_bad
from featpipe.eeg.cleaning import OpenSamples, open_stream
from featpipe.eeg.marks import flagged_samples
from featpipe.eeg.settings import NOTCH_HZ, EegSettings
from featpipe.eeg.stream import Stream
from featpipe.errors import ReadError, few
from featpipe.features.de import SEED_BANDS
from featpipe.features.eeg_header import look_ahead
from featpipe.features.measures import MEASURES
from featpipe.features.psd import bands_below
from featpipe.features.table import (
    FAMILIES,
    FeatureSettings,
    FeatureTable,
    key_columns,
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
        Of the families that are possible; `impossible` names the others.

    Raises
    ------
    ConfigError
        When the file lacks a channel that was asked for, a band or a trial holds nothing, or none
        of the families is possible; before any of the signal is read.
    ReadError
        When all trials lie outside the recording, or too many channels are bad.
    """
    picks, columns, grids, impossible = look_ahead(raw, source, families, eeg, features)
    channels = list(picks)
    open_samples = open_samples or partial(samples_through_mne, raw)
    stream = open_stream(raw, picks, eeg, open_samples, source.name)
    _warn_of_notches(source.name, stream, eeg)
    _warn_of_average(source.name, raw, channels, eeg)
    _warn_of_bad_channels(source.name, stream)
    flagged = flagged_samples(raw, stream.sfreq, stream.n_times)
    kinds = {_kind(name, features) for name in columns}
    is_bad = np.isin(
        channels, [] if stream.spatial is None else [b.name for b in stream.spatial.bad]
    )
    ends = np.cumsum([len(grid.starts) for grid in grids])
    values = {name: np.empty((ends[-1], len(of)), np.float32) for name, of in columns.items()}
    good, is_flat = np.empty(ends[-1]), np.zeros(len(channels), dtype=bool)
    for trial, grid, end in zip(source.trials, grids, ends.tolist(), strict=True):
        _warn_of_lost_windows(source.name, trial, grid, stream.n_times)
        try:
            part = trial_features(stream, grid, kinds, eeg, flagged, is_bad)
        except ReadError as error:
            raise ReadError(f"trial {trial.trial}: {error}") from error
        _warn_of_lost_baseline(source.name, trial, np.asarray(channels)[part.lacks_level], eeg)
        rows = slice(end - len(grid.starts), end)
        good[rows] = part.good
        is_flat |= part.is_flat.any(axis=0)
        for name in columns:
            values[name][rows] = _values(part, name, channels, features)
    return FeatureTable(
        keys=key_columns(source, grids, good),
        values=values,
        columns=columns,
        facts={name: _facts(name, channels, features, stream.how.h_freq) for name in columns},
        qc=_quality(raw, stream, good)
        | {
            "n_channels": len(channels),
            "n_trials": len(grids),
            "trials_cut_short": _cut_short(source.trials, grids, stream.n_times),
            "flat_channels": " ".join(np.asarray(channels)[is_flat]),
        },
        impossible=impossible,
    )


def _kind(family: str, features: FeatureSettings) -> str:
    """Name what of `trial_features` a family is made from."""
    kind = MEASURES[FAMILIES[family].measure].kind
    return "seed_entropy" if kind == "entropy" and features.convention == "seed" else kind


def bands_of(family: str, features: FeatureSettings) -> Mapping[str, tuple[float, float]]:
    """Bands of a family, name -> (low, high) Hz, whatever a recording has of them.

    Parameters
    ----------
    family : str
        EEG family.
    features : FeatureSettings
        Whose convention counts.
    """
    return SEED_BANDS if _kind(family, features) == "seed_entropy" else BANDS


def _values(
    part: TrialFeatures, family: str, channels: list[str], features: FeatureSettings
) -> np.ndarray:
    """Derive and smooth what was computed of a trial, shape (n_windows, n_columns)."""
    derive, smooth = MEASURES[FAMILIES[family].measure].derive, FAMILIES[family].smooth
    x = part.values[_kind(family, features)]
    x = x if derive is None else derive(x, channels)
    x = x if smooth is None else smooth(x)
    return x.reshape(len(x), x.shape[1] * x.shape[2])


def _facts(
    family: str, channels: list[str], features: FeatureSettings, h_freq: float
) -> dict[str, Any]:
    is_seed = _kind(family, features) == "seed_entropy"  # takes its bins whatever they hold
    bands = bands_of(family, features)
    if not is_seed and _kind(family, features) != "bandpass_entropy":  # a filter takes it whole
        bands = bands_below(bands, h_freq)
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
        "notch": " ".join(f"{frequency:g}" for frequency in stream.how.notch),
        "eeg_duration_s": raw.n_times / float(raw.info["sfreq"]),
        "n_windows": len(good),
        "eeg_good": float(good.mean()) if len(good) else float("nan"),
        "bad_channels": " ".join(f"{b.name}:{b.reason}" for b in bad),
        "interpolated_channels": "" if spatial is None else " ".join(spatial.interpolated),
        "reference": "" if spatial is None else " ".join(spatial.reference),
        "eog_channels": "" if spatial is None else " ".join(spatial.eog),
        "eog_weights": "" if spatial is None else _per_channel(spatial.eog_weights),
    }


def _per_channel(weights: Mapping[str, Sequence[float]]) -> str:
    """Write weights as "FP1:0.41,0.02 FP2:0.39,-0.01", in the order of the EOG channels."""
    return " ".join(f"{name}:{','.join(f'{w:.3g}' for w in row)}" for name, row in weights.items())


def _warn_of_lost_windows(name: str, trial: Trial, grid: Grid, n_recorded: int) -> None:
    if not grid.starts.size:
        logger.warning("%s trial %d is shorter than a window", name, trial.trial)
    elif n_lost := _n_lost(grid, n_recorded):
        logger.warning(
            "%s trial %d %s after the recording: %d of its %d windows are NaN",
            name, trial.trial, "ends" if grid.start < n_recorded else "lies", n_lost,
            len(grid.starts),
        )  # fmt: skip


def _warn_of_lost_baseline(name: str, trial: Trial, channels: np.ndarray, eeg: EegSettings) -> None:
    """Tell what `good`, which is about the windows, does not."""
    if eeg.baseline == "pre" and channels.size:
        logger.warning(
            '%s trial %d: all of the %g s before it, which [eeg] baseline = "pre" needs, is lost '
            "in %s: NaN there",
            name, trial.trial, eeg.baseline_s, few(channels.tolist()),
        )  # fmt: skip


def _cut_short(trials: Sequence[Trial], grids: Sequence[Grid], n_recorded: int) -> str:
    """Name the trials that lost windows to the end of the recording."""
    pairs = zip(trials, grids, strict=True)
    return " ".join(str(trial.trial) for trial, grid in pairs if _n_lost(grid, n_recorded))


def _n_lost(grid: Grid, n_recorded: int) -> int:
    """Count the windows that reach beyond the end of the recording."""
    return int((grid.start + grid.starts + grid.n_window > n_recorded).sum())


def _warn_of_average(
    name: str, raw: mne.io.BaseRaw, channels: Sequence[str], eeg: EegSettings
) -> None:
    if eeg.reference == ("average",) and eeg.channels:
        n_all = len(pick_channels(raw.ch_names, raw.get_channel_types()))
        if len(channels) < n_all:
            logger.warning(
                "%s: the average reference is that of the %d channels of [eeg] channels; the "
                "recording has %d EEG channels",
                name, len(channels), n_all,
            )  # fmt: skip


def _warn_of_bad_channels(name: str, stream: Stream) -> None:
    spatial = stream.spatial
    if spatial is not None and spatial.bad:
        logger.warning("%s: %s", name, describe_bad(spatial.bad, stream.n_channels))


def _warn_of_notches(name: str, stream: Stream, eeg: EegSettings) -> None:
    for frequency in eeg.notch:
        if frequency not in stream.how.notch:
            logger.warning(
                "%s: the notch at %g Hz is left out: it needs a rate of %g Hz, and this recording "
                "has %g Hz",
                name, frequency, 2 * (frequency + NOTCH_HZ), stream.sfreq,
            )  # fmt: skip
