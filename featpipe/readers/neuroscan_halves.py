"""Whether neighbouring 16-bit words of a Neuroscan file behave as the halves of 32-bit numbers.

In 32-bit data the upper half changes by one where the lower half passes its end, and stays as it is
everywhere else; or the lower half runs through its whole range from sample to sample while the
upper one moves quietly. In 16-bit data both words are channels, alike in behaviour, and read as one
number they are volts.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from featpipe.readers.preflight import read_head

_N_PROBE = 1 << 16  # 16-bit words looked at in each of three places
_LEAST_PROBE = 128
_LEAST_CARRIES = 8
_CARRIED = 0.7  # of the steps; one of more than half the range looks like one back
_RESTLESS = 15_000  # uniform over 16 bits: SD 18 918, mean step 21 845
_MANY_CHANNELS = 4  # so many do not all lie flat, each beside one that moves
_HUGE = 0.01  # volt: no EEG has this as its median, or moves by it from sample to sample


def vote_of_halves(
    path: Path, start: int, stop: int, n_channels: int, volts_per_count: float
) -> int | None:
    """Width that the numbers themselves suggest.

    Parameters
    ----------
    path : Path
        The file.
    start, stop : int
        Where its data lie, bytes.
    n_channels : int
        Channels.
    volts_per_count : float
        Usual scale.

    Returns
    -------
    int or None
        2 or 4 bytes; None when the beginning, the middle and the end of the data do not agree, or
        tell nothing. Zeros and samples that repeat the one before tell nothing: a 16-bit file may
        begin with a minute of them, or be held or railed where it is looked at.
    """
    votes = {
        vote
        for words in _probes(path, start, stop, 4 * n_channels)
        if (vote := _vote(words.reshape(-1, n_channels, 2), volts_per_count))
    }
    return votes.pop() if len(votes) == 1 else None


def _probes(path: Path, start: int, stop: int, step: int) -> Iterator[np.ndarray]:
    """Words from three places, whole pairs of samples each."""
    n_steps = (stop - start) // step
    n_probe = min(n_steps, 2 * _N_PROBE // step + 1)
    for first in sorted({0, (n_steps - n_probe) // 2, n_steps - n_probe}):
        yield np.frombuffer(read_head(path, n_probe * step, start + first * step), "<i2")


def _vote(words: np.ndarray, volts_per_count: float) -> int | None:
    is_new = np.append(True, (words[1:] != words[:-1]).any(axis=(1, 2)))
    words = words[is_new & words.any(axis=(1, 2))]
    low, high = np.moveaxis(words.astype(np.int64), 2, 0)  # (n_times, n_channels)
    tells = (low != 0) | ((high != 0) & (high != -1))
    if tells.sum() < _LEAST_PROBE or not low.any():
        return None
    if _is_carried(low, high) or _is_restless(low, high):
        return None if _leaps(high, volts_per_count) else 4
    level, spread = np.median(np.abs(high)), np.std(high, axis=0)
    usual = 0.02 * np.median(np.std(low, axis=0))
    if np.max(spread) <= usual:
        return 4 if level > 0 < usual and _cannot_lie_beside(low.shape[1]) else None
    is_volts = level * 65536 * volts_per_count > _HUGE
    return 2 if np.median(spread) > usual and is_volts else None


def _cannot_lie_beside(n_channels: int) -> bool:
    """Whether words that stand still and words that move cannot be channels of a 16-bit file.

    Of an odd number of channels every one is lower and upper word in turn; of an even number every
    second one may be dead, at a rail or at any other value.
    """
    return n_channels % 2 == 1 and n_channels > _MANY_CHANNELS


def _is_carried(low: np.ndarray, high: np.ndarray) -> bool:
    """Whether the upper word counts how often the lower one, without its sign, went round.

    A dead channel beside a living one agrees between the carries, two channels alike at them.
    """
    step = np.diff(low & 0xFFFF, axis=0)
    carry = np.where(np.abs(step) > 1 << 15, -np.sign(step), 0)
    agrees = np.diff(high, axis=0) == carry
    n_carries = int(np.count_nonzero(carry))
    if n_carries < _LEAST_CARRIES:
        return False
    is_lively = low[1:].any(axis=0)  # where the lower word is dead nothing could be carried
    at_carries = float(agrees[carry != 0].mean())
    return at_carries > _CARRIED and float(agrees[:, is_lively].mean()) > _CARRIED


def _is_restless(low: np.ndarray, high: np.ndarray) -> bool:
    """Whether the lower word takes any value, sample by sample, and the upper one does not."""
    step = np.mean(np.abs(np.diff(low, axis=0)))
    is_any = float(np.std(low)) > _RESTLESS and float(step) > _RESTLESS
    return is_any and float(np.mean(np.abs(np.diff(high, axis=0)))) < float(step) / 2


def _leaps(high: np.ndarray, volts_per_count: float) -> bool:
    """Whether the upper words, if that is what they are, move as no EEG does.

    Every second channel of a 16-bit file may be an open input, whose mains or noise takes any
    value. Then 0.15 microvolt a sample in the channel beside it, taken 65536 times, are `_HUGE`.
    White noise and mains of 5 mV in 32-bit files stay below 0.0075 V, whatever their offsets.
    """
    step = np.median(np.mean(np.abs(np.diff(high, axis=0)), axis=0))
    return float(step) * 65536 * volts_per_count > _HUGE
