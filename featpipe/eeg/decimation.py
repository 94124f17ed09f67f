"""From the numbers in a file to microvolt at the rate of the features, in one pass.

A polyphase FIR, evaluated at output samples only. The kernel takes a stretch of stored numbers that
fits the cache, whatever their type and layout, lays it out by input phase, and adds it up tap by
tap (`featpipe.eeg.polyphase`) for many output samples and all channels at once.

The filter runs in single precision, around the level that each channel has in the stretch, which is
taken off and added again in double precision: offsets of electrodes cost nothing, and a constant
comes out as itself. Rounding is then below 0.001 microvolt, less than any amplifier's noise and far
less than the 80 dB at which the filter lets through what it should stop. A channel that
moves further from its level within the stretch than a head can, or that lost a sample there, is
computed in double precision.
Stretches begin at fixed places of the recording and no channel sees another: numbers depend neither
on where somebody begins to read nor on what is read beside.
"""

from functools import lru_cache

import numpy as np

from featpipe.compiling import aligned, kernel
from featpipe.eeg.filtering import Resampler
from featpipe.eeg.polyphase import polyphase
from featpipe.eeg.samples import Samples

_TOGETHER = 8  # taps added up in one sweep, as in `polyphase`
_LANES = 16  # channels are padded to full vector registers
_CHUNK = 3072  # output samples per read from the file; 8 MB leave no room for a second worker
_LOST_UV = 1e7  # as in `samples`
_FAR_UV = 5_000.0  # from the level; single precision then rounds by 0.0003 microvolt


def decimate(
    samples: Samples, how: Resampler, start: int, stop: int, *, in_double: bool = False
) -> np.ndarray:
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
    in_double : bool
        Compute everything in double precision, which takes five times as long.

    Returns
    -------
    numpy.ndarray of float64, shape (stop - start, n_channels), microvolt
        NaN where the filter covers a lost sample of the channel. Bit-equal for any bounds.
    """
    out = np.empty((max(0, stop - start), len(samples.first)))
    begin = start
    while begin < stop:
        stretch, end_of_stretch = stretch_of(how, begin)
        n_outputs = end_of_stretch - stretch
        end = min(stretch + max(1, _CHUNK // n_outputs) * n_outputs, stop)  # none is cut in two
        _fill(samples, how, begin, end, in_double, out[begin - start : end - start])
        begin = end
    return out


def stretch_of(how: Resampler, m: int) -> tuple[int, int]:
    """Return begin and end of the stretch that output sample m belongs to."""
    n_outputs = polyphase(how.taps.tobytes(), how.up, how.down).n_outputs
    begin = m // n_outputs * n_outputs
    return begin, begin + n_outputs


def _fill(
    samples: Samples, how: Resampler, start: int, stop: int, in_double: bool, out: np.ndarray
) -> None:
    half = len(how.taps) // 2
    way = polyphase(how.taps.tobytes(), how.up, how.down)
    n_padded = -(-len(samples.first) // _LANES) * _LANES
    laid_out = aligned((how.down, -(-way.n_rows // how.down), n_padded), np.float32)
    sums = aligned((way.n_outputs // how.up, n_padded), np.float32)
    of_channels = aligned((4, n_padded), np.float64)
    (first_stretch, _), (last_stretch, _) = stretch_of(how, start), stretch_of(how, stop - 1)
    begin = -((half - first_stretch * how.down) // how.up)  # first and last input sample loaded
    end = -((half - last_stretch * how.down) // how.up) + way.n_rows - 1
    first_record, last_record = (
        min(max(i, 0), samples.n_times - 1) // samples.n_per_record for i in (begin, end)
    )
    _decimate(
        samples.read(first_record, last_record + 1), first_record, samples.n_per_record,
        samples.n_times, samples.first, _runs(tuple(samples.first.tolist())),
        way.n_outputs, way.n_rows, way.taps, way.places, way.exact, way.begins, way.lengths,
        way.gain, how.up, how.down, half, samples.offset, samples.scale, in_double, laid_out, sums,
        of_channels, start, out,
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


@kernel
def _find_level(stored, first_record, n_per_record, first, scale, i, level):
    """Take the stored numbers of one input sample; 0 for a lost one."""
    record = i // n_per_record
    for channel in range(first.size):
        place = first[channel] + i - record * n_per_record
        number = np.float64(stored[record - first_record, place])
        level[channel] = number if abs(number * scale[channel]) < _LOST_UV else 0.0


@kernel
def _load(
    stored, first_record, n_per_record, n_times, first, runs, level, limit, begin, n_rows,
    laid_out, n_far,
):  # fmt: skip
    """Lay out input samples begin, begin + 1, ... less the level: (phase, step, channel).

    Also count for each channel the samples that are lost or further from the level than the limit.
    """
    n_phases = laid_out.shape[0]
    n_far[:] = 0.0
    if n_per_record == 1:
        for run in range(runs.shape[0]):
            place, channel, length = runs[run, 0], runs[run, 1], runs[run, 2]
            zero, far = level[channel : channel + length], limit[channel : channel + length]
            n = n_far[channel : channel + length]
            for row in range(n_rows):
                i = min(max(begin + row, 0), n_times - 1) - first_record
                source = stored[i, place : place + length]
                target = laid_out[row % n_phases, row // n_phases, channel : channel + length]
                for c in range(length):
                    number = np.float64(source[c]) - zero[c]
                    target[c] = number
                    n[c] += 0.0 if abs(number) <= far[c] else 1.0
        return
    for channel in range(first.size):
        for row in range(n_rows):
            i = min(max(begin + row, 0), n_times - 1)
            record = i // n_per_record
            place = first[channel] + i - record * n_per_record
            number = np.float64(stored[record - first_record, place]) - level[channel]
            laid_out[row % n_phases, row // n_phases, channel] = number
            n_far[channel] += 0.0 if abs(number) <= limit[channel] else 1.0


@kernel
def _add_up(rows, n_padded, taps, places, sums):
    """Sum of taps times rows for all steps of one residue, side by side with all channels."""
    n = sums.size
    sums[:] = 0.0
    for k in range(0, taps.size, _TOGETHER):
        x0, x1 = rows[places[k] * n_padded :][:n], rows[places[k + 1] * n_padded :][:n]
        x2, x3 = rows[places[k + 2] * n_padded :][:n], rows[places[k + 3] * n_padded :][:n]
        x4, x5 = rows[places[k + 4] * n_padded :][:n], rows[places[k + 5] * n_padded :][:n]
        x6, x7 = rows[places[k + 6] * n_padded :][:n], rows[places[k + 7] * n_padded :][:n]
        t0, t1, t2, t3 = taps[k], taps[k + 1], taps[k + 2], taps[k + 3]
        t4, t5, t6, t7 = taps[k + 4], taps[k + 5], taps[k + 6], taps[k + 7]
        for i in range(n):
            sums[i] += (
                t0 * x0[i] + t1 * x1[i] + t2 * x2[i] + t3 * x3[i]
                + t4 * x4[i] + t5 * x5[i] + t6 * x6[i] + t7 * x7[i]
            )  # fmt: skip


@kernel
def _gather(stored, first_record, n_per_record, n_times, first, scale, level, begin, line):
    """Take input samples begin, begin + 1, ... of one channel less its level; NaN for lost ones."""
    for row in range(line.size):
        i = min(max(begin + row, 0), n_times - 1)
        record = i // n_per_record
        number = np.float64(stored[record - first_record, first + i - record * n_per_record])
        line[row] = number - level if abs(number * scale) < _LOST_UV else np.nan


@kernel
def _exactly(line, h):
    total = 0.0
    for k in range(h.size):
        total += h[k] * line[k]
    return total  # NaN where a sample is lost


@kernel
def _in_single(rows, n_padded, taps, places, sums, up, scale, at_zero, stretch, start, out):
    """Write the outputs of a stretch."""
    stop, n_channels = start + out.shape[0], out.shape[1]
    for residue in range(up):
        _add_up(rows, n_padded, taps[residue], places[residue], sums.reshape(sums.size))
        for step in range(sums.shape[0]):
            m = stretch + residue + up * step
            if start <= m < stop:
                for c in range(n_channels):
                    out[m - start, c] = sums[step, c] * scale[c] + at_zero[c]


@kernel
def _decimate(
    stored, first_record, n_per_record, n_times, first, runs, n_outputs, n_rows, taps, places,
    exact, begins, lengths, gain, up, down, half, offset, scale, in_double, laid_out, sums,
    of_channels, start, out,
):  # fmt: skip
    """Fill out, shape (n_outputs, n_channels), with the output samples from `start` on."""
    stop, n_channels = start + out.shape[0], first.size
    n_padded, rows = sums.shape[1], laid_out.reshape(laid_out.size)
    level, at_zero = of_channels[0, :n_channels], of_channels[1, :n_channels]
    limit, n_far = of_channels[2, :n_channels], of_channels[3, :n_channels]
    limit[:], n_far[:], line = _FAR_UV / np.abs(scale), 1.0, np.empty(n_rows)
    for stretch in range(start // n_outputs * n_outputs, stop, n_outputs):
        begin = -((half - stretch * down) // up)
        at_level = min(max(stretch * down // up, 0), n_times - 1)
        _find_level(stored, first_record, n_per_record, first, scale, at_level, level)
        for c in range(n_channels):
            at_zero[c] = (gain * level[c] - offset[c]) * scale[c]
        if not in_double:
            _load(
                stored, first_record, n_per_record, n_times, first, runs, level, limit, begin,
                n_rows, laid_out, n_far,
            )  # fmt: skip
            _in_single(
                rows, n_padded, taps, places, sums, up, scale, at_zero, stretch, start, out
            )  # fmt: skip
        for c in range(n_channels):
            if n_far[c] == 0.0:
                continue
            _gather(
                stored, first_record, n_per_record, n_times, first[c], scale[c], level[c], begin,
                line,
            )  # fmt: skip
            for m in range(max(start, stretch), min(stop, stretch + n_outputs)):
                step, residue = (m - stretch) // up, (m - stretch) % up
                row = begins[residue] + down * step
                total = _exactly(
                    line[row : row + lengths[residue]], exact[residue, : lengths[residue]]
                )
                out[m - start, c] = total * scale[c] + at_zero[c]
