"""From the numbers in a file to microvolt at the rate of the features, in one pass.

A polyphase FIR, evaluated at output samples only. The kernel converts a stretch of stored numbers
that fits the cache, whatever their type and layout, and computes four output samples at a time
from it, with the channels side by side in the vector registers. Groups of four begin at fixed
places of the recording, so that numbers do not depend on where somebody begins to read.
"""

from functools import lru_cache

import numpy as np

from featpipe.compiling import kernel
from featpipe.eeg.filtering import Resampler
from featpipe.eeg.samples import Samples

GROUP = 4  # output samples that share every load of an input sample
_TILE = 128  # output samples per stretch of input kept in the cache
_LANES = 8  # channels are padded to full vector registers
_CHUNK = 4096  # output samples per read from the file


def decimate(samples: Samples, how: Resampler, start: int, stop: int) -> np.ndarray:
    """Compute output samples [start, stop) of a recording.

    Parameters
    ----------
    samples : Samples
        The recording.
    how : Resampler
        From `filtering.design`; its second filter is not applied here.
    start, stop : int
        Bounds in output samples. What lies outside the recording is computed from its first or
        last sample repeated.

    Returns
    -------
    numpy.ndarray of float64, shape (stop - start, n_channels), microvolt
        NaN where the filter covers a lost sample of the channel. Bit-equal for any bounds.
    """
    out = np.empty((max(0, stop - start), len(samples.first)))
    for begin in range(start, stop, _CHUNK):
        end = min(begin + _CHUNK, stop)
        _fill(samples, how, begin, end, out[begin - start : end - start])
    return out


def _fill(samples: Samples, how: Resampler, start: int, stop: int, out: np.ndarray) -> None:
    half = len(how.taps) // 2
    table = _table(how.taps.tobytes(), how.up, how.down)
    group, last_group = (m // GROUP * GROUP for m in (start, stop - 1))
    begin = -((half - group * how.down) // how.up)  # first and last input sample to be loaded
    end = -((half - last_group * how.down) // how.up) + table.shape[2] - 1
    first_record, last_record = (
        min(max(i, 0), samples.n_times - 1) // samples.n_per_record for i in (begin, end)
    )
    _decimate(
        samples.read(first_record, last_record + 1), first_record, samples.n_per_record,
        samples.n_times, samples.first, _runs(tuple(samples.first.tolist())), table,
        how.up, how.down, half, samples.offset, samples.scale, start, out,
    )  # fmt: skip


@lru_cache(maxsize=8)
def _runs(first: tuple[int, ...]) -> np.ndarray:
    """Channels that lie side by side in multiplexed data: (from, to, how many), (n_runs, 3)."""
    runs: list[list[int]] = []
    for channel, place in enumerate(first):
        if runs and place == runs[-1][0] + runs[-1][2]:
            runs[-1][2] += 1
        else:
            runs.append([place, channel, 1])
    return np.array(runs, dtype=np.int64)


@lru_cache(maxsize=8)
def _table(taps: bytes, up: int, down: int) -> np.ndarray:
    """Taps as a group of outputs meets them, shape (n_phases, GROUP, n_inputs).

    All outputs of a group run over the same input samples; where one of them has no tap stands 0.
    The phases of the rational ratio come round after `n_phases` groups.
    """
    h = np.frombuffer(taps)
    half = len(h) // 2
    n_phases = up // np.gcd(up, GROUP)
    begins = [-((half - group * down) // up) for group in range(0, GROUP * n_phases, GROUP)]
    ends = [
        ((group + GROUP - 1) * down + half) // up + 1 for group in range(0, GROUP * n_phases, GROUP)
    ]
    longest = max(end - begin for begin, end in zip(begins, ends, strict=True))
    table = np.zeros((n_phases, GROUP, -(-longest // 4) * 4))
    for phase, begin in enumerate(begins):
        for member in range(GROUP):
            output = GROUP * phase + member
            place = output * down + half - (begin + np.arange(table.shape[2])) * up
            has_tap = (place >= 0) & (place < len(h))
            table[phase, member, has_tap] = h[place[has_tap]]
    return table


@kernel
def _load(stored, first_record, n_per_record, n_times, first, runs, begin, buffer, n_rows):
    """Convert input samples begin, begin + 1, ... of all channels into the rows of the buffer."""
    if n_per_record == 1:
        for run in range(runs.shape[0]):
            place, channel, length = runs[run]
            for row in range(n_rows):
                i = min(max(begin + row, 0), n_times - 1) - first_record
                source = stored[i, place : place + length]
                target = buffer[row, channel : channel + length]
                for c in range(length):
                    target[c] = source[c]
        return
    for channel in range(first.size):
        for row in range(n_rows):
            i = min(max(begin + row, 0), n_times - 1)
            record = i // n_per_record
            place = first[channel] + i - record * n_per_record
            buffer[row, channel] = stored[record - first_record, place]


@kernel
def _set_aside(buffer, n_rows, is_lost):
    """Put 0 for lost samples and remember where they were; tell whether there are any."""
    total = 0.0
    for row in range(n_rows):
        line = buffer[row]
        for c in range(line.size):
            total += line[c] - line[c]  # 0, or NaN where a sample is NaN or infinite
    if total == 0.0:
        return False
    for row in range(n_rows):
        for c in range(buffer.shape[1]):
            is_lost[row, c] = not np.isfinite(buffer[row, c])
            if is_lost[row, c]:
                buffer[row, c] = 0.0
    return True


@kernel
def _four_outputs(buffer, row, table, out):
    """Weighted sums over successive rows, shape (4, n_padded channels)."""
    out[:] = 0.0
    n_padded = out.shape[1]
    for k in range(0, table.shape[1], 4):
        a0, a1, a2, a3 = table[0, k], table[0, k + 1], table[0, k + 2], table[0, k + 3]
        b0, b1, b2, b3 = table[1, k], table[1, k + 1], table[1, k + 2], table[1, k + 3]
        c0, c1, c2, c3 = table[2, k], table[2, k + 1], table[2, k + 2], table[2, k + 3]
        d0, d1, d2, d3 = table[3, k], table[3, k + 1], table[3, k + 2], table[3, k + 3]
        for c in range(n_padded):
            x0, x1 = buffer[row + k, c], buffer[row + k + 1, c]
            x2, x3 = buffer[row + k + 2, c], buffer[row + k + 3, c]
            out[0, c] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
            out[1, c] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
            out[2, c] += c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3
            out[3, c] += d0 * x0 + d1 * x1 + d2 * x2 + d3 * x3


@kernel
def _decimate(
    stored, first_record, n_per_record, n_times, first, runs, table,
    up, down, half, offset, scale, start, out,
):  # fmt: skip
    """Fill out, shape (n_outputs, n_channels), with the output samples from `start` on."""
    stop = start + out.shape[0]
    n_channels, n_taps = first.size, table.shape[2]
    n_padded = (n_channels + _LANES - 1) // _LANES * _LANES
    longest = (_TILE * down) // up + 1 + n_taps
    buffer = np.zeros((longest, n_padded))
    is_lost = np.zeros((longest, n_padded), dtype=np.bool_)
    sums = np.empty((GROUP, n_padded))
    for tile in range(start // GROUP * GROUP, stop, _TILE):
        end = min(tile + _TILE, stop)
        begin = -((half - tile * down) // up)
        last_group = (end - 1) // GROUP * GROUP
        n_rows = -((half - last_group * down) // up) - begin + n_taps
        _load(stored, first_record, n_per_record, n_times, first, runs, begin, buffer, n_rows)
        has_lost = _set_aside(buffer, n_rows, is_lost)
        for group in range(tile, end, GROUP):
            row = -((half - group * down) // up) - begin
            _four_outputs(buffer, row, table[group // GROUP % table.shape[0]], sums)
            for member in range(GROUP):
                m = group + member
                if m < start or m >= stop:
                    continue
                for c in range(n_channels):
                    out[m - start, c] = (sums[member, c] - offset[c]) * scale[c]
                if has_lost:
                    low = -((half - m * down) // up) - begin
                    high = (m * down + half) // up - begin + 1
                    for c in range(n_channels):
                        if is_lost[low:high, c].any():
                            out[m - start, c] = np.nan
