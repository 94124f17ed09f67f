"""Whether numbers that were read past MNE are the ones that MNE gives."""

from collections.abc import Sequence

import numpy as np
from mne.io import BaseRaw

from featpipe.eeg.samples import Samples, microvolt
from featpipe.readers.untouched import channel_indices

_N_SPAN = 100  # samples compared at the start, in the middle and at the end
_TOLERANCE = 1e-9


def agrees(samples: Samples, raw: BaseRaw, ch_names: Sequence[str]) -> bool:
    """Compare stored numbers with what MNE makes of them at three places of the recording.

    Parameters
    ----------
    samples : Samples
        Numbers read past MNE.
    raw : mne.io.BaseRaw
        The recording as MNE opened it.
    ch_names : sequence of str
        The channels of `samples`, as `raw` names them.

    Returns
    -------
    bool
        True when length and rate are the same and the microvolts differ by less than 1e-9 of the
        largest value of their channel (its zero point included); NaN equals NaN.
    """
    if (samples.n_times, samples.sfreq) != (raw.n_times, raw.info["sfreq"]):
        return False
    picks = channel_indices(raw, ch_names)
    if not len(picks) == len(samples.first) == len(samples.offset) == len(samples.scale):
        return False
    last = max(0, raw.n_times - _N_SPAN)
    for start in sorted({0, last // 2, last}):
        stop = min(start + _N_SPAN, raw.n_times)
        volts = np.asarray(raw.get_data(picks=picks, start=start, stop=stop, verbose="ERROR"))
        if not _are_close(microvolt(samples, start, stop), 1e6 * volts, samples):
            return False
    return True


def _are_close(found: np.ndarray, expected: np.ndarray, samples: Samples) -> bool:
    sizes = np.abs(np.where(np.isfinite(expected), expected, 0.0)).max(axis=1)
    # around a zero point that is far away neither way of computing has more digits
    sizes = np.maximum(sizes, np.abs(samples.offset * samples.scale))
    atol = _TOLERANCE * np.nan_to_num(sizes, posinf=0.0)[:, None]
    return bool(np.isclose(found, expected, rtol=0.0, atol=atol, equal_nan=True).all())
