"""A recording at its own rate -> one trial at 200 Hz, 0-75 Hz, microvolt.

One linear-phase FIR does the anti-aliasing and the band limit. It is applied to the continuous
recording: a trial is computed from the samples around it, so its numbers are those of filtering
the whole file, and memory holds one block of raw samples and one trial. Notch, re-reference and
bad channels are not done here.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, NamedTuple

import mne
import numpy as np
from scipy import signal

from featpipe.errors import ConfigError

_DESIGN_DB = 86.0  # promised are 80; Kaiser's estimate of the length is a fit
_BLOCK_S = 20.0
_LARGEST_UP = 1000


@dataclass(frozen=True)
class EegSettings:
    """Options of the signal path, section [eeg] of a study.

    Attributes
    ----------
    sfreq : float
        Hz after resampling. A slower recording keeps its own rate.
    l_freq : float
        Hz, lower end of the pass band; 0 keeps DC, which the baseline removes.
    h_freq : float
        Hz, upper end of the pass band.
    baseline : {"trial", "pre", "none"}
        Subtract each channel's mean over the trial, over `baseline_s` before its onset, or nothing.
    baseline_s : float
        Seconds before the onset that `baseline = "pre"` uses.
    channels : tuple of str
        Channels to take, in this order; empty takes the cap or else every EEG channel.
    """

    sfreq: float = 200.0
    l_freq: float = 0.0
    h_freq: float = 75.0
    baseline: Literal["trial", "pre", "none"] = "trial"
    baseline_s: float = 1.0
    channels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.l_freq < self.h_freq < self.sfreq / 2:
            raise ConfigError(
                f"[eeg] l_freq = {self.l_freq:g}, h_freq = {self.h_freq:g}, sfreq = {self.sfreq:g}"
                ": expected 0 <= l_freq < h_freq < sfreq / 2; lower h_freq or raise sfreq"
            )
        if self.baseline_s <= 0:
            raise ConfigError(f"[eeg] baseline_s = {self.baseline_s:g}: expected seconds above 0")


class Resampler(NamedTuple):
    """How to get from the rate of a recording to the rate of the features.

    Attributes
    ----------
    sfreq : float
        Output rate, Hz.
    h_freq : float
        Upper end of the pass band, Hz.
    up, down : int
        Output rate = input rate * up / down.
    taps : numpy.ndarray, shape (odd,)
        Low-pass at input rate * up, gain `up`.
    highpass : numpy.ndarray, shape (odd,)
        Second filter at the output rate; a single 1.0 when `l_freq` is 0.
    """

    sfreq: float
    h_freq: float
    up: int
    down: int
    taps: np.ndarray
    highpass: np.ndarray


def design(sfreq_in: float, settings: EegSettings) -> Resampler:
    """Design the filter for recordings of one rate.

    Parameters
    ----------
    sfreq_in : float
        Rate of the recording, Hz.
    settings : EegSettings
        Wanted rate and band.

    Returns
    -------
    Resampler
        Flat within 0.005 dB from DC (or `l_freq`) to `h_freq`, 80 dB down from the new Nyquist
        frequency, zero delay. A recording slower than `settings.sfreq` keeps its rate and the
        pass band ends at min(h_freq, 0.4 * rate).

    Raises
    ------
    ConfigError
        When the two rates have no usable ratio.
    """
    is_slow = sfreq_in < settings.sfreq
    sfreq = sfreq_in if is_slow else settings.sfreq
    h_freq = min(settings.h_freq, 0.4 * sfreq) if is_slow else settings.h_freq
    ratio = _exact(sfreq) / _exact(sfreq_in)
    up, down = ratio.numerator, ratio.denominator
    if up > _LARGEST_UP:
        raise ConfigError(
            f"[eeg] sfreq = {sfreq:g}: {sfreq_in:g} Hz would have to be resampled by {up}/{down}; "
            f"choose a rate in a simpler ratio to {sfreq_in:g}"
        )
    taps = _lowpass(h_freq, sfreq / 2, sfreq_in * up)
    for phase in range(up):  # every branch passes DC alike, or a flat channel would ripple
        taps[phase::up] /= taps[phase::up].sum()
    return Resampler(sfreq, h_freq, up, down, taps, _highpass(settings.l_freq, sfreq))


def _exact(sfreq: float) -> Fraction:
    return Fraction(sfreq).limit_denominator(1_000_000)


def _lowpass(pass_hz: float, stop_hz: float, sfreq: float) -> np.ndarray:
    n_taps, beta = signal.kaiserord(_DESIGN_DB, (stop_hz - pass_hz) / (sfreq / 2))
    window: Any = ("kaiser", beta)
    return np.asarray(signal.firwin(n_taps | 1, (pass_hz + stop_hz) / 2, window=window, fs=sfreq))


def _highpass(l_freq: float, sfreq: float) -> np.ndarray:
    """All that a low-pass ending at l_freq leaves over; DC is removed exactly."""
    if l_freq == 0:
        return np.ones(1)
    taps = -_lowpass(0.0, l_freq, sfreq)
    taps[len(taps) // 2] += 1.0
    return taps


def resample(x: np.ndarray, sfreq: float, settings: EegSettings | None = None) -> np.ndarray:
    """Resample and band-limit a whole recording that is in memory.

    Parameters
    ----------
    x : array, shape (n_channels, n_times)
        Any unit.
    sfreq : float
        Rate of x, Hz.
    settings : EegSettings, optional
        Wanted rate and band; baseline and channels are not looked at.

    Returns
    -------
    numpy.ndarray, shape (n_channels, ceil(n_times * new rate / sfreq))
        Sample m lies at m / new rate seconds.
    """
    x = np.atleast_2d(np.asarray(x, dtype=np.float64))
    how = design(sfreq, settings or EegSettings())
    raw = mne.io.RawArray(x, mne.create_info(len(x), sfreq, "misc"), copy="auto", verbose="ERROR")
    return read_span(raw, list(raw.ch_names), how, 0, n_output(raw.n_times, how))


def n_output(n_times: int, how: Resampler) -> int:
    """Return how many output samples a recording of `n_times` samples holds."""
    return -(-n_times * how.up // how.down)


def read_span(
    raw: mne.io.BaseRaw, ch_names: list[str], how: Resampler, start: int, stop: int
) -> np.ndarray:
    """Read output samples [start, stop) of a recording, band-limited.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording; need not be loaded.
    ch_names : list of str
        Channels, as the file names them.
    how : Resampler
        From `design`.
    start, stop : int
        Bounds in output samples. What lies outside the recording is computed from its first or
        last sample repeated.

    Returns
    -------
    numpy.ndarray of float64, shape (n_channels, stop - start)
        In the unit of MNE (volt for EEG).
    """
    margin = len(how.highpass) // 2
    first, last = start - margin, stop + margin
    block = max(1, round(_BLOCK_S * how.sfreq))
    parts = [
        _decimate(raw, ch_names, how, begin, min(begin + block, last))
        for begin in range(first, last, block)
    ]
    x = np.concatenate(parts, axis=1)
    if margin == 0:
        return x
    return _convolve(x, how.highpass)


def _convolve(x: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Filter along time where taps cover x; an FFT must not spread a NaN beyond the taps."""
    is_lost = ~np.isfinite(x)
    y = signal.oaconvolve(np.where(is_lost, 0.0, x), taps[np.newaxis], mode="valid", axes=1)
    if is_lost.any():
        lost = np.cumsum(np.pad(is_lost, ((0, 0), (1, 0))), axis=1)
        y[lost[:, len(taps) :] > lost[:, : -len(taps)]] = np.nan
    return y


def _decimate(
    raw: mne.io.BaseRaw, ch_names: list[str], how: Resampler, start: int, stop: int
) -> np.ndarray:
    half = len(how.taps) // 2
    begin = -(-(start * how.down - half) // how.up)  # first raw sample under the filter
    end = ((stop - 1) * how.down + half) // how.up + 1
    x = _read_padded(raw, ch_names, begin, end)
    # upfirdn gives every `down`-th sample of the convolution: zeros in front shift the phase
    shift = (begin * how.up - start * how.down - half) % how.down
    taps = np.concatenate([np.zeros(shift), how.taps])
    skip = (start * how.down + half + shift - begin * how.up) // how.down
    y = signal.upfirdn(taps, x, how.up, how.down, axis=1)
    return y[:, skip : skip + stop - start]


def _read_padded(raw: mne.io.BaseRaw, ch_names: list[str], start: int, stop: int) -> np.ndarray:
    """Read raw samples [start, stop), repeating the first and last one beyond the recording."""
    inside = np.clip([start, stop], 0, raw.n_times)
    if inside[0] == inside[1]:  # wholly outside: one sample of the nearer end
        inside = np.array([0, 1]) if stop <= 0 else np.array([raw.n_times - 1, raw.n_times])
    picks: Any = ch_names  # MNE takes a list; its annotation does not say so
    x = np.asarray(raw.get_data(picks, int(inside[0]), int(inside[1]), verbose="ERROR"))
    before, after = max(0, int(inside[0]) - start), max(0, stop - int(inside[1]))
    if before or after:
        x = np.pad(x, ((0, 0), (before, after)), mode="edge")[:, : stop - start]
    return x
