"""The filters that bring a recording from its own rate to 200 Hz and 0-75 Hz.

One linear-phase FIR does the anti-aliasing and the band limit, evaluated at output samples only; a
second one, at the output rate, holds the high-pass and the notches where they are asked for. Both
are applied to the continuous recording, never per trial.
"""

from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from featpipe.eeg.settings import NOTCH_HZ, EegSettings
from featpipe.errors import ConfigError

_DESIGN_DB = 81.5  # promised are 80; Kaiser's estimate of the length is a fit
_AT_NYQUIST_DB = 6.0  # more where the stop band begins there and meets its own mirror image
_NOTCH_DB = 64.0
_LARGEST_UP = 1000
_CLOSE = 1e-5  # what two rates may differ by and be called the same: amplifiers' clocks are worse


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
    second : numpy.ndarray, shape (odd,)
        High-pass and notches at the output rate; a single 1.0 when there are none.
    notch : tuple of float
        Frequencies that are taken out, Hz: of those asked for the ones inside the band.
    """

    sfreq: float
    h_freq: float
    up: int
    down: int
    taps: np.ndarray
    second: np.ndarray
    notch: tuple[float, ...] = ()


def output_band(sfreq_in: float, settings: EegSettings) -> tuple[float, float]:
    """Return the rate of the features of a recording, and where its pass band ends.

    Parameters
    ----------
    sfreq_in : float
        Rate of the recording, Hz.
    settings : EegSettings
        Wanted rate and band.

    Returns
    -------
    sfreq, h_freq : float
        Hz. A recording slower than `settings.sfreq` keeps its rate and loses what lies above
        0.4 * rate.

    Examples
    --------
    >>> output_band(1000.0, EegSettings()), output_band(100.0, EegSettings())
    ((200.0, 75.0), (100.0, 40.0))
    """
    if sfreq_in < settings.sfreq:
        return sfreq_in, min(settings.h_freq, 0.4 * sfreq_in)
    return settings.sfreq, settings.h_freq


def design(sfreq_in: float, settings: EegSettings, n_times: int = 0) -> Resampler:
    """Design the filters for recordings of one rate.

    Parameters
    ----------
    sfreq_in : float
        Rate of the recording, Hz.
    settings : EegSettings
        Wanted rate, band and notches.
    n_times : int
        Samples of the recording: how far a ratio that is nearly right would lead astray.

    Returns
    -------
    Resampler
        Flat within 0.005 dB from DC (or `l_freq`) to `h_freq`, 80 dB down from the new Nyquist
        frequency, zero delay. A recording slower than `settings.sfreq` keeps its rate and the
        pass band ends at min(h_freq, 0.4 * rate); notches beyond its band are left out. Rates as
        headers round them (499.9999 Hz, 3333.333 microseconds) have the ratio that is meant, as
        long as the last sample lies within half an output sample of its place.

    Raises
    ------
    ConfigError
        When the two rates have no usable ratio.
    """
    sfreq, h_freq = output_band(sfreq_in, settings)
    up, down = _ratio(sfreq_in, sfreq, n_times)
    decibel = _DESIGN_DB + (_AT_NYQUIST_DB if up == down else 0.0)
    taps = _lowpass(h_freq, sfreq / 2, sfreq_in * up, decibel).copy()
    for phase in range(up):  # every branch passes DC alike, or a flat channel would ripple
        taps[phase::up] /= taps[phase::up].sum()
    second = _highpass(settings.l_freq, sfreq)
    notch = tuple(f for f in settings.notch if f <= sfreq / 2 - NOTCH_HZ)
    for frequency in notch:
        second = np.convolve(second, _notch(frequency, sfreq))
    return Resampler(sfreq, h_freq, up, down, taps, second, notch)


def n_output(n_times: int, how: Resampler) -> int:
    """Return how many output samples a recording of `n_times` samples holds."""
    return -(-n_times * how.up // how.down)


def _ratio(sfreq_in: float, sfreq: float, n_times: int) -> tuple[int, int]:
    """Return numerator and denominator of sfreq / sfreq_in, exact or as good as that."""
    exact = _fraction(sfreq) / _fraction(sfreq_in)
    if exact.numerator <= _LARGEST_UP:
        return exact.numerator, exact.denominator
    near = 1 / (1 / exact).limit_denominator(_LARGEST_UP)
    error = abs(float(near / exact) - 1)
    astray = error * n_times * sfreq / sfreq_in  # output samples, at the end
    if error > _CLOSE or astray > 0.5:
        raise ConfigError(
            f"[eeg] sfreq = {sfreq!r}: {sfreq_in!r} Hz would have to be resampled by {exact}, or "
            f"by {near}, which leads {astray / sfreq:.3g} s astray; set [eeg] sfreq = "
            f"{float(near) * sfreq_in!r}, which is {near} of it"
        )
    return near.numerator, near.denominator


def _fraction(sfreq: float) -> Fraction:
    return Fraction(sfreq).limit_denominator(1_000_000)


@lru_cache(maxsize=8)
def _lowpass(pass_hz: float, stop_hz: float, sfreq: float, decibel: float) -> np.ndarray:
    from scipy import signal  # half a second to import, and a run with nothing to do needs none

    n_taps, beta = signal.kaiserord(decibel, (stop_hz - pass_hz) / (sfreq / 2))
    window: Any = ("kaiser", beta)
    return np.asarray(signal.firwin(n_taps | 1, (pass_hz + stop_hz) / 2, window=window, fs=sfreq))


def _highpass(l_freq: float, sfreq: float) -> np.ndarray:
    """All that a low-pass ending at l_freq leaves over; DC is removed exactly."""
    if l_freq == 0:
        return np.ones(1)
    taps = -_lowpass(0.0, l_freq, sfreq, _DESIGN_DB)
    taps[len(taps) // 2] += 1.0
    return taps


def _notch(frequency: float, sfreq: float) -> np.ndarray:
    """60 dB down within a quarter of NOTCH_HZ, flat beyond NOTCH_HZ."""
    from scipy import signal

    n_taps, beta = signal.kaiserord(_NOTCH_DB, NOTCH_HZ / 2 / (sfreq / 2))
    window: Any = ("kaiser", beta)
    edges = [frequency - NOTCH_HZ / 2, frequency + NOTCH_HZ / 2]
    return np.asarray(signal.firwin(n_taps | 1, edges, window=window, fs=sfreq))
