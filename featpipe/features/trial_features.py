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

_BLOCK_S = 20.0  # windows computed from one stretch of signal
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
    parts = [
        _block(read, grid, block, kinds, level, flagged, is_bad) for block in _blocks(grid)
    ] or [_empty(stream, kinds)]
    values = {
        kind: np.concatenate([part.values[kind] for part in parts]) for kind in parts[0].values
    }
    if "bandpass_entropy" in kinds and len(grid.starts):
        values["bandpass_entropy"] = _bandpass(read, stream, grid)
    good = np.concatenate([part.good for part in parts])
    is_flat = np.concatenate([part.is_flat for part in parts])
    for of_kind in values.values():
        of_kind[is_flat] = np.nan
    return TrialFeatures(values, good, is_flat)


def _blocks(grid: Grid) -> Iterator[slice]:
    """Neighbouring windows that lie within one block of signal, at least one."""
    first = 0
    while first < len(grid.starts):
        end = grid.starts[first] + max(_BLOCK_S * grid.sfreq, grid.n_window)
        last = int(np.searchsorted(grid.starts + grid.n_window, end, side="right"))
        yield slice(first, max(last, first + 1))
        first = max(last, first + 1)


def _block(
    read: Read,
    grid: Grid,
    block: slice,
    kinds: set[str],
    level: np.ndarray | None,
    flagged: np.ndarray,
    is_bad: np.ndarray,
) -> TrialFeatures:
    starts = grid.starts[block] - grid.starts[block][0]
    begin = grid.start + int(grid.starts[block][0])
    x = read(begin, begin + int(starts[-1]) + grid.n_window)
    power = band_power_at(x, grid.sfreq, starts, grid.n_window, silent=SILENT_UV)
    values = {}
    if "entropy" in kinds:
        values["entropy"] = entropy(power)
    if "density" in kinds:
        values["density"] = density_from_power(power, BANDS, grid.sfreq, grid.n_window)
    if level is not None:
        values["seed_entropy"] = seed_entropy_at(
            take_off(x, level), grid.sfreq, starts, grid.n_window, SEED_BANDS
        )
    good = _good(x, flagged[begin : begin + x.shape[1]], is_bad, starts, grid.n_window)
    is_flat = power.sum(axis=2) == 0  # lost samples make it NaN
    good[is_flat.any(axis=1)] = 0.0
    return TrialFeatures(values, good, is_flat)


def _empty(stream: Stream, kinds: set[str]) -> TrialFeatures:
    """Of a trial that no window fits into."""
    none = np.empty((0, stream.n_channels, len(BANDS)))
    is_flat = np.empty((0, stream.n_channels), dtype=bool)
    return TrialFeatures(dict.fromkeys(kinds, none), np.empty(0), is_flat)


def _good(
    x: np.ndarray, flagged: np.ndarray, is_bad: np.ndarray, starts: np.ndarray, n_window: int
) -> np.ndarray:
    """Share of each window's samples that are there and that nobody flagged, (n_windows,)."""
    is_good = np.isfinite(x)
    if is_good.all() and not flagged.any():
        return np.full(len(starts), 1 - is_bad.mean())
    is_good[is_bad] = False
    is_good[:, : len(flagged)][:, flagged] = False
    total = np.concatenate([[0.0], np.cumsum(is_good.mean(axis=0))])
    return (total[starts + n_window] - total[starts]) / n_window


def _bandpass(read: Read, stream: Stream, grid: Grid) -> np.ndarray:
    """DE of the band-passed trial; of few channels at a time where the trial is long."""
    n_group = _HELD_BYTES // (8 * max(1, grid.n_times)) // TOGETHER * TOGETHER
    entropies = []
    for first in range(0, stream.n_channels, max(n_group, TOGETHER)):
        group = slice(first, first + max(n_group, TOGETHER))
        x = np.concatenate([read(*span)[group] for span in _spans(grid)], axis=1)
        entropies.append(bandpass_entropy_at(x, grid.sfreq, grid.starts, grid.n_window))
    return np.concatenate(entropies, axis=1)


def _spans(grid: Grid) -> Iterator[tuple[int, int]]:
    step, end = round(_BLOCK_S * grid.sfreq), grid.start + grid.n_times
    for begin in range(grid.start, end, step):
        yield begin, min(begin + step, end)


def _bytes(stream: Stream, grid: Grid) -> int:
    return 8 * stream.n_channels * grid.n_times


def _cut(x: np.ndarray, origin: int, start: int, stop: int) -> np.ndarray:
    return x[:, start - origin : stop - origin]
