"""One trial of a recording -> band power, entropies and quality of its windows, block by block."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from featpipe.eeg.bad_channels import SILENT_UV
from featpipe.eeg.settings import EegSettings
from featpipe.eeg.stream import Stream, read_stream
from featpipe.eeg.trials import check_inside, take_off, trial_level
from featpipe.features.band_power import band_power_at
from featpipe.features.bandpass import TOGETHER, bandpass_entropy_at
from featpipe.features.de import SEED_BANDS, entropy, seed_entropy_at
from featpipe.features.psd import density_from_power
from featpipe.schema import BANDS
from featpipe.windows import Grid

_BLOCK_S = 30.0  # windows computed from one stretch of signal
_HELD_BYTES = 1 << 26  # of a trial, where the whole of it has to be seen

Read = Callable[[int, int], np.ndarray]


class TrialFeatures(NamedTuple):
    """What is computed of one trial.

    Attributes
    ----------
    values : dict of str to array, shape (n_windows, n_channels, n_bands)
        By kind: "entropy", "seed_entropy", "density", "bandpass_entropy".
    good : numpy.ndarray, shape (n_windows,)
        Share of the samples that were recorded and not flagged; 0 where a channel is flat.
    is_flat : numpy.ndarray of bool, shape (n_windows, n_channels)
        Where a channel shows nothing, or less than any amplifier's noise; its values are NaN.
    """

    values: dict[str, np.ndarray]
    good: np.ndarray
    is_flat: np.ndarray


def trial_features(
    stream: Stream,
    grid: Grid,
    kinds: set[str],
    settings: EegSettings,
    flagged: np.ndarray,
    is_bad: np.ndarray,
) -> TrialFeatures:
    """Compute what is wanted of every window of a trial.

    Parameters
    ----------
    stream : Stream
        The recording.
    grid : Grid
        The trial and its windows, at the rate of the stream.
    kinds : set of str
        Keys of `TrialFeatures.values`.
    settings : EegSettings
        The baseline is read from here.
    flagged : array of bool, shape (n_times of the stream,)
        Samples that somebody called bad.
    is_bad : array of bool, shape (n_channels,)
        Channels that are bad for the whole recording, interpolated or not.

    Returns
    -------
    TrialFeatures

    Raises
    ------
    ReadError
        When the trial lies outside the recording.
    """
    check_inside(stream, grid)
    read: Read = partial(read_stream, stream)
    if "bandpass_entropy" in kinds and _bytes(stream, grid) <= _HELD_BYTES:
        read = partial(_cut, read(grid.start, grid.start + grid.n_times), grid.start)
    level = trial_level(stream, grid, settings) if "seed_entropy" in kinds else None
    n_windows, n_channels = len(grid.starts), stream.n_channels
    found = TrialFeatures(
        {kind: np.empty((n_windows, n_channels, len(BANDS))) for kind in sorted(kinds)},
        np.empty(n_windows),
        np.empty((n_windows, n_channels), dtype=bool),
    )
    for block in _blocks(grid):
        _fill_block(found, read, grid, block, level, flagged, is_bad)
    if "bandpass_entropy" in kinds and n_windows:
        _fill_bandpass(found, read, grid)
    for values in found.values.values():
        values[found.is_flat] = np.nan
    return found


def _blocks(grid: Grid) -> Iterator[slice]:
    """Neighbouring windows that lie within one block of signal, at least one."""
    first = 0
    while first < len(grid.starts):
        end = grid.starts[first] + max(_BLOCK_S * grid.sfreq, grid.n_window)
        last = int(np.searchsorted(grid.starts + grid.n_window, end, side="right"))
        yield slice(first, max(last, first + 1))
        first = max(last, first + 1)


def _fill_block(
    found: TrialFeatures,
    read: Read,
    grid: Grid,
    block: slice,
    level: np.ndarray | None,
    flagged: np.ndarray,
    is_bad: np.ndarray,
) -> None:
    starts = grid.starts[block] - grid.starts[block][0]
    begin = grid.start + int(grid.starts[block][0])
    x = read(begin, begin + int(starts[-1]) + grid.n_window)
    power = band_power_at(x, grid.sfreq, starts, grid.n_window, silent=SILENT_UV)
    if "entropy" in found.values:
        found.values["entropy"][block] = entropy(power)
    if "density" in found.values:
        density = density_from_power(power, BANDS, grid.sfreq, grid.n_window)
        found.values["density"][block] = density
    if level is not None:
        found.values["seed_entropy"][block] = seed_entropy_at(
            take_off(x, level), grid.sfreq, starts, grid.n_window, SEED_BANDS
        )
    total = power.sum(axis=2)  # 0 of a flat window, NaN where a sample is lost
    flagged = flagged[begin : begin + x.shape[1]]
    if np.isfinite(total).all() and not flagged.any():
        good = np.full(len(starts), 1 - is_bad.mean())
    else:
        good = _good(x, flagged, is_bad, starts, grid.n_window)
    is_flat = total == 0
    good[is_flat.any(axis=1)] = 0.0
    found.good[block], found.is_flat[block] = good, is_flat


def _good(
    x: np.ndarray, flagged: np.ndarray, is_bad: np.ndarray, starts: np.ndarray, n_window: int
) -> np.ndarray:
    """Share of each window's samples that are there and that nobody flagged, (n_windows,)."""
    is_good = np.isfinite(x)
    is_good[is_bad] = False
    is_good[:, : len(flagged)][:, flagged] = False
    total = np.concatenate([[0.0], np.cumsum(is_good.mean(axis=0))])
    return (total[starts + n_window] - total[starts]) / n_window


def _fill_bandpass(found: TrialFeatures, read: Read, grid: Grid) -> None:
    """DE of the band-passed trial; of few channels at a time where the trial is long."""
    n_channels = found.is_flat.shape[1]
    n_group = max(_HELD_BYTES // (8 * grid.n_times) // TOGETHER, 1) * TOGETHER
    for first in range(0, n_channels, n_group):
        group = slice(first, first + n_group)
        x = np.concatenate([read(*span)[group] for span in _spans(grid)], axis=1)
        found.values["bandpass_entropy"][:, group] = bandpass_entropy_at(
            x, grid.sfreq, grid.starts, grid.n_window
        )


def _spans(grid: Grid) -> Iterator[tuple[int, int]]:
    step, end = round(_BLOCK_S * grid.sfreq), grid.start + grid.n_times
    for begin in range(grid.start, end, step):
        yield begin, min(begin + step, end)


def _bytes(stream: Stream, grid: Grid) -> int:
    return 8 * stream.n_channels * grid.n_times


def _cut(x: np.ndarray, origin: int, start: int, stop: int) -> np.ndarray:
    return x[:, start - origin : stop - origin]
