"""Signals of known truth for the look-alikes: white noise whose variance tells the class.

Everything here is simulated; no recording of a person has been seen.
"""

from dataclasses import replace

import numpy as np

from featpipe.datasets.facts import Facts, SessionFacts

STEP = 0.25
"""How much louder each class is than the one before it, in natural logarithms of the deviation."""


def deviation(label: int, channel: int) -> float:
    """Standard deviation of a channel in a trial, microvolt."""
    return 10.0 * np.exp(STEP * label) * (1.0 + 0.01 * channel)


def trial_eeg(rng: np.random.Generator, label: int, n_channels: int, n_times: int) -> np.ndarray:
    """White noise, (n_channels, n_times), microvolt."""
    scale = np.array([deviation(label, channel) for channel in range(n_channels)])
    return scale[:, np.newaxis] * rng.standard_normal((n_channels, n_times))


def true_de(label: int, channel: int, low: float, high: float, sfreq: float) -> float:
    """Differential entropy of the band [low, high) Hz of that noise sampled at sfreq, nats."""
    power = deviation(label, channel) ** 2 * 2 * (high - low) / sfreq
    return 0.5 * np.log(2 * np.pi * np.e * power)


def shrunk(facts: Facts, divisor: int) -> Facts:
    """The same data set with all its times divided, trials of whole seconds; for small files."""
    return replace(facts, sessions=tuple(_shrunk(of, divisor) for of in facts.sessions))


def _shrunk(of: SessionFacts, divisor: int) -> SessionFacts:
    onsets = tuple(float(int(onset / divisor)) for onset in of.onsets)
    lengths = of.seconds or tuple(b - a for a, b in zip(of.onsets, of.offsets, strict=True))
    seconds = tuple(max(4, int(length / divisor)) for length in lengths)
    spread = [onset + 4 * i for i, onset in enumerate(onsets)]  # so that none overlap
    offsets = tuple(onset + length for onset, length in zip(spread, seconds, strict=False))
    return replace(of, seconds=seconds if of.seconds else (), onsets=tuple(spread), offsets=offsets)
