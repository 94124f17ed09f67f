"""Triggers that a file keeps in a channel (BDF Status, STI 014) as annotations."""

import numpy as np
from mne.io import BaseRaw

_TRIGGER_BITS = 0xFFFF  # BioSemi keeps the battery and the speed mode in the bits above
_LARGEST = 1 << 31  # what a broken file holds beyond is no code
_BLOCK_S = 60.0


def annotate_stim(raw: BaseRaw) -> None:
    """Add the trigger codes of the stim channels to the annotations of a recording.

    One annotation per change to a code other than 0, described by the code. The level at the
    first sample is the state of the line, not a trigger.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Changed in place; read block by block when it has a stim channel, untouched otherwise.
    """
    for channel in np.flatnonzero(np.array(raw.get_channel_types()) == "stim"):
        samples, codes = _onsets(raw, channel)
        onsets = samples / raw.info["sfreq"] + raw.first_time
        raw.annotations.append(onsets, np.zeros(len(onsets)), codes.astype(str))


def _onsets(raw: BaseRaw, channel: np.integer) -> tuple[np.ndarray, np.ndarray]:
    n_block = max(1, round(_BLOCK_S * raw.info["sfreq"]))
    samples, codes, before = [], [], None
    for start in range(0, raw.n_times, n_block):
        stop = min(start + n_block, raw.n_times)
        level = raw.get_data(picks=np.array([channel]), start=start, stop=stop, verbose="ERROR")[0]
        code = np.nan_to_num(np.clip(level, -_LARGEST, _LARGEST)).astype(np.int64) & _TRIGGER_BITS
        changed = np.diff(code, prepend=code[0] if before is None else before) != 0
        at = np.flatnonzero(changed & (code != 0))
        samples.append(start + at)
        codes.append(code[at])
        before = code[-1]
    return np.concatenate(samples), np.concatenate(codes)
