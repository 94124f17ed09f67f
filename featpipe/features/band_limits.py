"""Whether a recording and a window hold anything of each band."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np

from featpipe.eeg.filtering import output_band
from featpipe.eeg.settings import EegSettings
from featpipe.errors import ConfigError
from featpipe.features.de import SEED_BANDS
from featpipe.features.measures import MEASURES
from featpipe.features.table import FAMILIES, FeatureSettings
from featpipe.schema import BANDS

logger = logging.getLogger(__name__)


def check_bands(name: str, sfreq_in: float, eeg: EegSettings, features: FeatureSettings) -> None:
    """Refuse what no window, or no recording of this rate, can hold; log what is cut off.

    Parameters
    ----------
    name : str
        The recording, for messages.
    sfreq_in : float
        Its rate, Hz.
    eeg, features : EegSettings, FeatureSettings
        Options.

    Raises
    ------
    ConfigError
        When a band holds no frequency of a window, or nothing of the signal.
    """
    h_freq = output_band(sfreq_in, eeg)[1]
    bands: Mapping[str, tuple[float, float]] = (
        SEED_BANDS if features.convention == "seed" else BANDS
    )
    for band, (low, high) in bands.items():
        _check_window(band, low, high, features.window_s)
        about = f"{band} ({low:g}-{high:g} Hz)"
        if low >= h_freq:
            raise ConfigError(
                f"{name}: nothing of {about}, which every EEG family takes, is left below "
                f"{h_freq:g} Hz, where the pass band ends: "
                f"{'raise [eeg] h_freq, or ' if h_freq == eeg.h_freq else ''}leave this recording "
                "out"
            )
        if high <= eeg.l_freq:
            raise ConfigError(
                f"{name}: nothing of {about}, which every EEG family takes, is left above "
                f"{eeg.l_freq:g} Hz, where the pass band begins: lower [eeg] l_freq"
            )
        if high > h_freq:
            logger.warning(
                "%s: %s is cut off at %g Hz, the end of the pass band", name, about, h_freq
            )
        if low < eeg.l_freq:
            logger.warning(
                "%s: %s is cut off below %g Hz, the beginning of the pass band",
                name, about, eeg.l_freq,
            )  # fmt: skip


def _check_window(band: str, low: float, high: float, window_s: float) -> None:
    if np.ceil(high * window_s - 1e-9) <= np.ceil(low * window_s - 1e-9):
        raise ConfigError(
            f"[features] window_s = {window_s:g}: a window this short holds no frequency of "
            f"{band} ({low:g}-{high:g} Hz); use at least {1 / (high - low):.3g} s"
        )


def impossible_bandpass(
    sfreq_in: float, families: Sequence[str], eeg: EegSettings
) -> dict[str, str]:
    """Name the band-passes that do not end below half the rate, whatever the signal holds there.

    Parameters
    ----------
    sfreq_in : float
        Rate of the recording, Hz.
    families : sequence of str
        Names from `FAMILIES`.
    eeg : EegSettings
        Options.

    Returns
    -------
    dict
        Family -> why it cannot be made, and the next step.
    """
    sfreq = output_band(sfreq_in, eeg)[0]
    band, (low, high) = max(BANDS.items(), key=lambda item: item[1][1])
    if high < sfreq / 2:
        return {}
    why = (
        f"a band-pass of {band} ({low:g}-{high:g} Hz) needs a rate above {2 * high:g} Hz, and here "
        f"it is {sfreq:g} Hz: take the family out of [features] eeg"
        f"{', raise [eeg] sfreq' if sfreq < sfreq_in else ''}"
    )
    kinds = {family: MEASURES[FAMILIES[family].measure].kind for family in families}
    return {family: why for family, kind in kinds.items() if kind == "bandpass_entropy"}
