"""What the header of an EEG recording decides: channels, columns, windows, possible families.

No signal is read here, so that what cannot be done is told before any work.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import mne
import numpy as np

from featpipe.eeg.cleaning import cleaning_channels
from featpipe.eeg.filtering import design, n_output
from featpipe.eeg.marks import HELD, HELD_S, flagged_samples
from featpipe.eeg.settings import EegSettings
from featpipe.eeg.trials import check_inside
from featpipe.errors import ConfigError
from featpipe.features.band_limits import check_bands, impossible_bandpass
from featpipe.features.measures import MEASURES
from featpipe.features.table import FAMILIES, FeatureSettings, lay_grids
from featpipe.montage import pick_channels, standard_name
from featpipe.recording import Source
from featpipe.windows import Grid

logger = logging.getLogger(__name__)


class EegHeader(NamedTuple):
    """What is known of a recording's tables before its signal is read.

    Attributes
    ----------
    picks : dict
        Channel name of the tables -> name in the file.
    columns : dict of str to list of str
        Names of the features, by family; possible families only.
    grids : list of Grid
        Windows of each trial.
    impossible : dict of str to str
        Families that cannot be made of this recording -> why.
    """

    picks: dict[str, str]
    columns: dict[str, list[str]]
    grids: list[Grid]
    impossible: dict[str, str]


def look_ahead(
    raw: mne.io.BaseRaw,
    source: Source,
    families: Sequence[str],
    eeg: EegSettings,
    features: FeatureSettings,
) -> EegHeader:
    """Find out from the header of a recording what can be made of it.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording; not loaded.
    source : Source
        Its identity and trials.
    families : sequence of str
        Names from `FAMILIES`.
    eeg, features : EegSettings, FeatureSettings
        Options.

    Returns
    -------
    EegHeader

    Raises
    ------
    ConfigError
        When the file lacks a channel that was asked for, a band or a trial holds nothing, or none
        of the families is possible.
    ReadError
        When all trials lie outside the recording.
    """
    picks = pick_channels(raw.ch_names, raw.get_channel_types(), eeg.channels or None)
    picks = _without_reference(source.name, picks, eeg)
    cleaning_channels(raw, picks, eeg)
    impossible = impossible_bandpass(raw.info["sfreq"], families, eeg)
    columns: dict[str, list[str]] = {}
    for family in families:
        try:
            columns[family] = MEASURES[FAMILIES[family].measure].columns(list(picks))
        except ConfigError as error:
            impossible[family] = str(error)
    if not columns.keys() - impossible.keys():
        raise ConfigError(refusal(source.name, impossible))
    check_bands(source.name, raw.info["sfreq"], eeg, features)
    how = design(raw.info["sfreq"], eeg, raw.n_times)
    grids = lay_grids(source.trials, how.sfreq, features)
    n_times = n_output(raw.n_times, how)
    check_inside(grids, n_times, how.sfreq)
    held = flagged_samples(raw, how.sfreq, n_times, HELD.upper())
    if held.any() and len(how.second) // 2 > HELD_S * how.sfreq:
        raise ConfigError(
            f"[eeg] l_freq = {eeg.l_freq:g} reaches {len(how.second) / 2 / how.sfreq:.0f} s, and "
            f"{source.name} has trials that are stored one by one: take 0, or 0.1 and more"
        )
    if eeg.baseline == "pre":
        _require_time_before(source, grids, held, round(eeg.baseline_s * how.sfreq), eeg)
    possible = {name: names for name, names in columns.items() if name not in impossible}
    return EegHeader(picks, possible, grids, impossible)


def _require_time_before(
    source: Source, grids: Sequence[Grid], held: np.ndarray, n_before: int, eeg: EegSettings
) -> None:
    """Refuse a baseline that nobody recorded: trials may be stored without the time before them."""
    for trial, grid in zip(source.trials, grids, strict=True):
        if held[max(0, grid.start - n_before) : grid.start].any():
            raise ConfigError(
                f'[eeg] baseline = "pre" needs {eeg.baseline_s:g} s before trial {trial.trial} of '
                f"{source.name}, whose file holds less: shorten baseline_s, or take "
                'baseline = "trial"'
            )


def refusal(name: str, impossible: Mapping[str, str]) -> str:
    """Say which families a recording does not allow, and why.

    Parameters
    ----------
    name : str
        The recording.
    impossible : mapping
        Family -> why.

    Returns
    -------
    str
        For a ConfigError.
    """
    by_reason: dict[str, list[str]] = {}
    for family, why in impossible.items():
        by_reason.setdefault(why, []).append(family)
    told = "; ".join(f"{', '.join(which)}: {why}" for why, which in by_reason.items())
    return f"{name}: {told}, or leave this recording out"


def _without_reference(name: str, picks: dict[str, str], eeg: EegSettings) -> dict[str, str]:
    """Leave an electrode out that is the reference by itself: less itself it is nothing."""
    alone = [standard_name(reference) for reference in eeg.reference]
    if len(alone) != 1 or alone[0] not in picks:
        return picks
    if len(picks) == 1:
        raise ConfigError(
            f"[eeg] reference = {list(eeg.reference)}: the only channel is the reference, zero by "
            "definition: name another reference, or more channels"
        )
    logger.warning("%s: %s is the reference, zero by definition, and gets no columns", name, *alone)
    return {channel: file_name for channel, file_name in picks.items() if channel != alone[0]}
