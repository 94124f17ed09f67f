"""The 66 channels of a recording in microvolt: brain, eyes, mains, drift and amplifier.

Brain activity comes from one source under each cap electrode: Gaussian noise with the spectrum
1 / f^chi and an alpha peak, cut into the five bands. The amplitude of each band follows its
region's course: the person's level, slow changes of its own, and emotion. So the power that an
emotion adds to the sources is known exactly; at an electrode it is diluted by the other regions.
"""

from typing import cast

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq

from featpipe.montage import CAP62
from featpipe.schema import BANDS
from featpipe.simulate.eog import eog_sources, eog_weights
from featpipe.simulate.head import FILE_CHANNELS, REGIONS, electrode_positions, lead_field
from featpipe.simulate.scanpath import Scanpath
from featpipe.simulate.session import Session
from featpipe.simulate.subject import EEG_EFFECTS, Subject
from featpipe.simulate.world import BRAIN_HZ, COURSE_HZ, SimulationSettings, slow_noise, stream

BACKGROUND_UV2_HZ = 1.0
"""Power density of the background at 10 Hz, microvolt^2 / Hz."""

BRAIN_LIMIT_HZ = 110.0
"""No brain activity above; the amplifier's own noise goes on."""

ALPHA_WIDTH_HZ, ALPHA_FRONT = 1.0, 0.1
"""SD of the alpha peak; its power at the front as a share of that at the back."""

NUISANCE_DB = {"delta": 1.0, "theta": 0.8, "alpha": 1.5, "beta": 1.0, "gamma": 1.5}
NUISANCE_TIMESCALE_S = 6.0
"""Power changes that have nothing to do with emotion (vigilance, muscle tone): SD, timescale."""

AMPLIFIER_UV = 0.4
DRIFT_UV, DRIFT_LIMIT_HZ = 15.0, 0.3
OFFSET_UV = 500.0
"""Amplifier noise over the whole spectrum, electrode drift, and constant offset (all SD)."""

MAINS_HZ, MAINS_UV = 50.0, 0.7
"""Line noise: frequency and median amplitude over the channels."""


def render_eeg(
    settings: SimulationSettings, subject: Subject, session: Session, scanpath: Scanpath
) -> np.ndarray:
    """Return the recording that an amplifier would have made.

    Parameters
    ----------
    settings : SimulationSettings
        Sampling rate and seed.
    subject, session, scanpath
        The world to record.

    Returns
    -------
    numpy.ndarray of float32, shape (n_channels, n_times), microvolt
        Channels as `head.FILE_CHANNELS`. Needs about three times this array in memory.
    """
    rng = stream(settings, "eeg", session.subject, session.session)
    n_times = round(session.duration_s * settings.sfreq)
    factor = settings.sfreq // BRAIN_HZ
    n_slow = cast(int, next_fast_len(-(-n_times // factor), real=True))
    sources = _sources(rng, subject, _gains(rng, subject, session), n_slow)
    spectrum = rfft(lead_field().astype(np.float32) @ sources)
    spectrum += _drift(rng, n_slow, len(spectrum))
    channels = _signal(spectrum, n_slow * factor)[:, :n_times] * np.float32(factor)
    channels += AMPLIFIER_UV * rng.standard_normal(channels.shape, dtype=np.float32)
    channels += _artefacts(rng, subject, scanpath, n_times, settings.sfreq)
    channels += rng.normal(0.0, OFFSET_UV, (len(channels), 1)).astype(np.float32)
    return channels


def emotion_gain_db(subject: Subject, feeling: np.ndarray) -> np.ndarray:
    """Return what emotion adds to the power of each region's sources.

    Parameters
    ----------
    subject : Subject
        Whose reactions.
    feeling : numpy.ndarray, shape (n_classes, n_course)
        Intensity of each emotion.

    Returns
    -------
    numpy.ndarray, shape (n_regions, n_bands, n_course), dB
    """
    regions, bands = list(REGIONS), list(BANDS)
    gain = np.zeros((len(regions), len(bands), feeling.shape[1]))
    for (region, band), effect in zip(EEG_EFFECTS, subject.eeg_effects, strict=True):
        gain[regions.index(region), bands.index(band)] += effect @ feeling
    return gain


def source_density(subject: Subject, freqs: np.ndarray) -> np.ndarray:
    """Return the power density of the sources at rest, before regional levels.

    Parameters
    ----------
    subject : Subject
        Exponent, alpha frequency and height.
    freqs : numpy.ndarray, shape (n_freqs,)
        Hz.

    Returns
    -------
    numpy.ndarray, shape (n_sources, n_freqs), microvolt^2 / Hz
        Flat below 1 Hz, 0 at 0 Hz and above `BRAIN_LIMIT_HZ`.
    """
    background = BACKGROUND_UV2_HZ * (np.maximum(freqs, 1.0) / 10.0) ** -subject.exponent
    backness = 0.5 - 0.5 * electrode_positions(CAP62)[:, 1] / 0.95  # 0 at FPZ, 1 at OZ
    height = 10 ** (subject.alpha_db / 10) * (ALPHA_FRONT + (1 - ALPHA_FRONT) * backness**2)
    peak = np.exp(-0.5 * ((freqs - subject.alpha_hz) / ALPHA_WIDTH_HZ) ** 2)
    at_peak = BACKGROUND_UV2_HZ * (subject.alpha_hz / 10.0) ** -subject.exponent
    density = background + at_peak * height[:, None] * peak
    return density * ((freqs > 0) & (freqs < BRAIN_LIMIT_HZ))


def _gains(rng: np.random.Generator, subject: Subject, session: Session) -> np.ndarray:
    """Amplitude factor per region, band and moment, shape (n_regions, n_bands, n_course)."""
    n_course = session.feeling.shape[1]
    shape = (len(REGIONS), len(BANDS), n_course)
    nuisance = slow_noise(rng, shape, NUISANCE_TIMESCALE_S)
    nuisance *= np.array([NUISANCE_DB[band] for band in BANDS])[:, None]
    total_db = subject.level_db[:, :, None] + nuisance + emotion_gain_db(subject, session.feeling)
    return 10 ** (total_db / 20)


def _sources(
    rng: np.random.Generator, subject: Subject, gains: np.ndarray, n_slow: int
) -> np.ndarray:
    """Activity of the 62 sources at `BRAIN_HZ`, float32, microvolt."""
    freqs = rfftfreq(n_slow, 1 / BRAIN_HZ)
    # E|X_k|^2 = density * sfreq * n / 2 gives that one-sided density after irfft
    amplitude = np.sqrt(source_density(subject, freqs) * BRAIN_HZ * n_slow / 4)
    draws = rng.standard_normal((2, *amplitude.shape), dtype=np.float32)
    spectrum = (amplitude * (draws[0] + 1j * draws[1])).astype(np.complex64)
    time = np.arange(n_slow) / BRAIN_HZ
    course_time = np.arange(gains.shape[2]) / COURSE_HZ
    region_of = {name: i for i, names in enumerate(REGIONS.values()) for name in names}
    region = np.array([region_of[name] for name in CAP62])
    edges = [edge for band in BANDS.values() for edge in band]
    outside = (freqs < min(edges)) | (freqs >= max(edges))
    sources = _signal(spectrum * outside, n_slow)
    for i_band, (low_hz, high_hz) in enumerate(BANDS.values()):
        inside = (freqs >= low_hz) & (freqs < high_hz)
        gain = [np.interp(time, course_time, course) for course in gains[:, i_band]]
        sources += _signal(spectrum * inside, n_slow) * np.array(gain, dtype=np.float32)[region]
    return sources


def _signal(spectrum: np.ndarray, n_times: int) -> np.ndarray:
    return np.asarray(irfft(spectrum, n_times))


def _drift(rng: np.random.Generator, n_slow: int, n_channels: int) -> np.ndarray:
    """Spectrum of slow electrode drift, power ~ 1 / f^2 below `DRIFT_LIMIT_HZ`."""
    freqs = rfftfreq(n_slow, 1 / BRAIN_HZ)
    inside = (freqs > 0) & (freqs < DRIFT_LIMIT_HZ)
    shape = np.zeros(freqs.size)
    shape[inside] = 1 / freqs[inside]
    shape *= DRIFT_UV * n_slow / 2 / np.sqrt((shape**2).sum())
    draws = rng.standard_normal((2, n_channels, freqs.size))
    return (shape * (draws[0] + 1j * draws[1])).astype(np.complex64)


def _artefacts(
    rng: np.random.Generator, subject: Subject, scanpath: Scanpath, n_times: int, sfreq: int
) -> np.ndarray:
    """Eyes, lids and mains as the channels see them, microvolt."""
    n_channels = len(FILE_CHANNELS)
    phase = 2 * np.pi * MAINS_HZ * (1 + rng.normal(0.0, 2e-4)) * np.arange(n_times) / sfreq
    waves = np.array([np.sin(phase), np.cos(phase)], dtype=np.float32)
    size = MAINS_UV * np.exp(rng.normal(0.0, 0.4, n_channels))
    turn = rng.normal(0.0, 0.5, n_channels)
    mains = np.stack([size * np.cos(turn), size * np.sin(turn)], axis=1)
    weights = np.hstack([eog_weights(subject.blink_uv), mains]).astype(np.float32)
    return weights @ np.vstack([eog_sources(scanpath, n_times, sfreq), waves])
