"""Whether what a recording calls EEG can be EEG, by its size."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mne.io import BaseRaw

from featpipe.montage import is_eeg_name

logger = logging.getLogger(__name__)

_SECONDS = 4.0
_PLAUSIBLE_UV = (0.01, 10_000.0)


def microvolt_spread(raw: BaseRaw, picks: Sequence[int]) -> float | None:
    """Return the median over channels of the standard deviation of the first four seconds.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Need not be loaded.
    picks : sequence of int
        Channels.

    Returns
    -------
    float or None
        Microvolt, over the channels that are finite and not constant; None without any.
    """
    stop = min(raw.n_times, max(2, round(_SECONDS * raw.info["sfreq"])))
    if not len(picks):
        return None
    data = np.asarray(raw.get_data(picks=np.array(picks), stop=stop, verbose="ERROR"))
    data = data[np.isfinite(data).all(axis=1) & (data != data[:, :1]).any(axis=1)]
    with np.errstate(over="ignore"):  # of damaged numbers
        spread = np.std(data, axis=1) * 1e6
    return float(np.median(spread)) if len(spread) else None


def is_plausible(spread: float | None) -> bool:
    """Tell whether a spread in microvolt is one of EEG: between 0.01 and 10 000, or unknown."""
    low, high = _PLAUSIBLE_UV
    return spread is None or low <= spread <= high


def expected() -> str:
    """Range of plausible spreads, for messages."""
    low, high = _PLAUSIBLE_UV
    return f"{low:g} to {high:g} microvolt"


def log_amplitude(path: Path, raw: BaseRaw) -> None:
    """Warn of EEG of a size that no head makes: often the file is in another unit than it says.

    Parameters
    ----------
    path : Path
        The file, for the message.
    raw : mne.io.BaseRaw
        Need not be loaded.
    """
    kinds = zip(raw.ch_names, raw.get_channel_types(), strict=True)
    picks = [i for i, (name, kind) in enumerate(kinds) if kind == "eeg" and is_eeg_name(name)]
    spread = microvolt_spread(raw, picks)
    if not is_plausible(spread):
        logger.warning(
            "%s: the median standard deviation of its EEG is %.3g microvolt in the first seconds, "
            "%s is expected; look at the unit it was exported in",
            path.name,
            spread,
            expected(),
        )
