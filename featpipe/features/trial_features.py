"""One trial of a recording -> band power, entropies and quality of its windows, block by block."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from featpipe.eeg.bad_channels import SILENT_UV
from featpipe.eeg.settings import EegSettings
from featpipe.eeg.stream import Stream, read_both, read_stream
from featpipe.eeg.trials import take_off, trial_level
from featpipe.features.band_power import band_power_at
from featpipe.features.bandpass import bandpass_entropy_at
from featpipe.features.de import SEED_BANDS, entropy, seed_entropy_at
from featpipe.features.psd import bands_below, density_from_power
from featpipe.schema import BANDS
from featpipe.windows import Grid

_BLOCK_S = 30.0  # windows computed from one stretch of signal
_WHOLE_S = 360.0  # a trial up to this is band-passed whole, a longer one in segments
_SEGMENT_S = 240.0
_RUN_IN_S = 60.0  # after which nothing is left in the band-pass of what it did not see


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
    lacks_level : numpy.ndarray of bool, shape (n_channels,)
        Which channels lost all of the baseline that "seed_entropy" needs, where it is NaN.
    """

    values: dict[str, np.ndarray]
    good: np.ndarray
    is_flat: np.ndarray
    lacks_level: np.ndarray


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
        Windows that reach beyond the end of the recording are NaN; `good` is the share of them
        that was recorded.

    Raises
    ------
    ReadError
        When the recording begins too late for the baseline.
    """
    n_windows, n_channels = len(grid.starts), stream.n_channels
    found = TrialFeatures(
        {k: np.full((n_windows, n_channels, len(BANDS)), np.nan) for k in sorted(kinds)},
        np.zeros(n_windows),
        np.zeros((n_windows, n_channels), dtype=bool),
        np.zeros(n_channels, dtype=bool),
    )
    if grid.start >= stream.n_times:  # there is nothing to read
        return found
    level = None
    if "seed_entropy" in kinds:
        level = trial_level(stream, grid, settings)
        found.lacks_level[:] = np.isnan(level[:, 0])
    for block in _blocks(grid, _BLOCK_S):
        _fill_block(found, stream, grid, block, level, flagged, is_bad)
    if "bandpass_entropy" in kinds:
        _fill_bandpass(found, stream, grid)
    for values in found.values.values():
        values[found.is_flat] = np.nan
    return found


def _blocks(grid: Grid, seconds: float) -> Iterator[slice]:
    """Neighbouring windows that lie within so many seconds, at least one."""
    first = 0
    while first < len(grid.starts):
        end = grid.starts[first] + max(seconds * grid.sfreq, grid.n_window)
        last = int(np.searchsorted(grid.starts + grid.n_window, end, side="right"))
        yield slice(first, max(last, first + 1))
        first = max(last, first + 1)


def _fill_block(
    found: TrialFeatures,
    stream: Stream,
    grid: Grid,
    block: slice,
    level: np.ndarray | None,
    flagged: np.ndarray,
    is_bad: np.ndarray,
) -> None:
    starts = grid.starts[block] - grid.starts[block][0]
    begin = grid.start + int(grid.starts[block][0])
    before, x = read_both(stream, begin, begin + int(starts[-1]) + grid.n_window)
    bands = bands_below(BANDS, stream.how.h_freq)
    power = band_power_at(x, grid.sfreq, starts, grid.n_window, bands, silent=SILENT_UV)
    if "entropy" in found.values:
        found.values["entropy"][block] = entropy(power)
    if "density" in found.values:
        density = density_from_power(power, bands, grid.sfreq, grid.n_window)
        found.values["density"][block] = density
    if level is not None:
        found.values["seed_entropy"][block] = seed_entropy_at(
            take_off(x, level), grid.sfreq, starts, grid.n_window, SEED_BANDS
        )
    recorded = power  # cleaning and a high-pass can make a dead channel look alive
    if before is not x:
        recorded = band_power_at(before, grid.sfreq, starts, grid.n_window, silent=SILENT_UV)
    is_flat = recorded.sum(axis=2) == 0  # lost samples make it NaN
    if stream.spatial is not None:
        is_flat[:, stream.spatial.is_interpolated] = False
    flagged = flagged[begin : begin + x.shape[1]]
    if np.isfinite(power.sum(axis=2)).all() and not flagged.any():
        good = np.full(len(starts), 1 - is_bad.mean())
    else:
        good = _good(x, flagged, is_bad, starts, grid.n_window)
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


def _fill_bandpass(found: TrialFeatures, stream: Stream, grid: Grid) -> None:
    """DE of the band-passed trial, of a long one in segments that overlap."""
    is_whole = grid.n_times <= _WHOLE_S * grid.sfreq
    run_in = grid.n_times if is_whole else round(_RUN_IN_S * grid.sfreq)
    for block in _blocks(grid, grid.n_times / grid.sfreq if is_whole else _SEGMENT_S):
        starts = grid.starts[block]
        begin = max(int(starts[0]) - run_in, 0)
        end = min(int(starts[-1]) + grid.n_window + run_in, grid.n_times)
        x = read_stream(stream, grid.start + begin, grid.start + end)
        found.values["bandpass_entropy"][block] = bandpass_entropy_at(
            x, grid.sfreq, starts - begin, grid.n_window
        )
