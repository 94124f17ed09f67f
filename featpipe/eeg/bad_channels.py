"""Find flat, clipped, lost, noisy and uncorrelated channels in one pass over a recording.

Blocks go in, a few numbers per channel stay. Each criterion is a share: of 1-s stretches in which
the channel failed, for clipping of samples. Blocks may be cut anywhere: what is left of one waits
for the next, and an incomplete second at the end is not judged. Nothing is repaired here.

References
----------
Bigdely-Shamlo et al. (2015). The PREP pipeline: standardized preprocessing for large-scale EEG
analysis. https://doi.org/10.3389/fninf.2015.00016
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from featpipe.eeg.clipping import Clipping
from featpipe.errors import few

Reason = Literal["flagged", "clipped", "flat", "lost", "noisy", "uncorrelated"]

MIN_CHANNELS = 4
"""With fewer there is nothing to compare with: flat and clipped only. Ours."""

CLIPPED_SHARE = 0.01
"""Share of samples in runs at the highest or lowest number. Ours."""

FLAT_SHARE = 0.05
"""Ours; stricter is EEGLAB's clean_flatlines, which gives a channel up after 5 s."""

BROKEN_SHARE = 0.4
"""For lost, noisy and uncorrelated: MaxBrokenTime of EEGLAB's clean_channels. PREP's 0.01 for
correlation condemns a channel for 36 s of an hour."""

Z_LIMIT = 5.0
"""Robust z of amplitude and of high-frequency noise: PREP."""

SPREAD_LOW, SPREAD_HIGH = 0.3, 0.2
"""Least robust SD of log amplitude that z is formed with. Ours: channels beside the reference are
small without being bad, so z = 5 is a factor of 4.5 at least; above `HIGH_HZ` it is 2.7."""

MIN_CORRELATION = 0.4
"""Highest absolute correlation with another channel below which a stretch fails: PREP."""

LOW_HZ, HIGH_HZ = (1.0, 40.0), 45.0
"""Band of amplitude and correlation, without mains; above begins what is mostly noise. Ours."""

SILENT_UV = 0.01
"""An amplitude below that of any amplifier's own noise says nothing more."""


class BadChannel(NamedTuple):
    """A channel that should not be trusted.

    Attributes
    ----------
    name : str
        Channel.
    reason : {"flagged", "clipped", "flat", "lost", "noisy", "uncorrelated"}
        The first that applies, in this order. "flagged" is what the file itself calls bad; a
        channel without any number is "flat".
    share : float
        Share of the samples (clipped) or of the seconds in which that was so.
    """

    name: str
    reason: Reason
    share: float


def describe_bad(bad: Sequence[BadChannel], n_channels: int) -> str:
    """Say how many channels are bad and name some; where it is most of them, what to look at.

    Parameters
    ----------
    bad : sequence of BadChannel
        From `ChannelSurvey.bad_channels`.
    n_channels : int
        Channels there are.

    Returns
    -------
    str
        For a message.
    """
    names = few([f"{channel.name} {channel.reason}" for channel in bad])
    text = f"{len(bad)} of {n_channels} channels are bad ({names})"
    if 2 * len(bad) <= n_channels:
        return text
    return (
        f"{text}. Electrodes seldom break together: look at the unit of the recording, at its "
        "reference ([eeg] reference), and whether these channels are EEG ([eeg] channels)"
    )


class ChannelSurvey:
    """What one pass over a recording tells about its channels.

    A second in which none of them moves is a pause, and held against no channel.

    Parameters
    ----------
    ch_names : sequence of str
        Channels to judge; each is compared with the others, so EEG only.
    sfreq_raw : float
        Rate of the recording, Hz.
    sfreq : float
        Rate after resampling, Hz.
    h_freq : float
        Upper end of the pass band after resampling, Hz.
    """

    def __init__(
        self, ch_names: Sequence[str], sfreq_raw: float, sfreq: float, h_freq: float
    ) -> None:
        self.ch_names = tuple(ch_names)
        self._clipping = Clipping(len(ch_names), len(ch_names) >= MIN_CHANNELS)
        self._flatness = Flatness(len(ch_names), sfreq_raw)
        self._comparison = Comparison(len(ch_names), sfreq, h_freq)

    def add(self, raw_block: np.ndarray, block: np.ndarray) -> None:
        """Look at the next part of the recording; the two parts need not be of equal duration.

        Parameters
        ----------
        raw_block : numpy.ndarray, shape (n_channels, n_times_raw), microvolt
            As recorded: filtered data show no clipping. NaN where lost.
        block : numpy.ndarray, shape (n_channels, n_times), microvolt
            Resampled and band-limited.
        """
        raw_block = np.ascontiguousarray(raw_block, dtype=np.float64)
        self._clipping.add(raw_block)
        self._flatness.add(raw_block)
        self._comparison.add(np.asarray(block, dtype=np.float64))

    def bad_channels(self) -> tuple[BadChannel, ...]:
        """Return the bad channels of what was added so far, in channel order.

        Returns
        -------
        tuple of BadChannel
            At most one per channel. If these are more than half, comparing each with the others
            has lost its ground: `spatial.plan` then refuses to repair.
        """
        lost, noisy, uncorrelated = self._comparison.shares()
        found: dict[Reason, tuple[np.ndarray, float]] = {
            "clipped": (self._clipping.share(), CLIPPED_SHARE),
            "flat": (self._flatness.share(), FLAT_SHARE),
            "lost": (lost, BROKEN_SHARE),
            "noisy": (noisy, BROKEN_SHARE),
            "uncorrelated": (uncorrelated, BROKEN_SHARE),
        }
        bad: dict[int, BadChannel] = {}
        for reason, (share, limit) in reversed(found.items()):  # the first reason has the last word
            for i in np.flatnonzero(share > limit):
                bad[int(i)] = BadChannel(self.ch_names[i], reason, float(share[i]))
        return tuple(bad[i] for i in sorted(bad))


class Stretches:
    """Cut blocks of any length into stretches of one length; the rest waits for more."""

    def __init__(self, n_channels: int, n_stretch: int) -> None:
        self.n_stretch = n_stretch
        self.rest = np.empty((n_channels, 0))

    def add(self, block: np.ndarray) -> np.ndarray:
        """Return the stretches that are complete, shape (n_channels, n_stretches, n_stretch)."""
        x = np.concatenate([self.rest, block], axis=1)
        stop = x.shape[1] - x.shape[1] % self.n_stretch
        self.rest = x[:, stop:].copy()
        return np.ascontiguousarray(x[:, :stop]).reshape(len(x), -1, self.n_stretch)


class Flatness:
    """Share of seconds in which a channel does not move, or is lost, while another does move."""

    def __init__(self, n_channels: int, sfreq: float) -> None:
        self._stretches = Stretches(n_channels, max(2, round(sfreq)))
        self._n_still = np.zeros(n_channels, dtype=np.int64)
        self._n_stretches = self._n_pauses = 0

    def add(self, raw_block: np.ndarray) -> None:
        """Count on, shape (n_channels, n_times_raw)."""
        x = self._stretches.add(raw_block)
        is_known = np.isfinite(x)
        top = np.where(is_known, x, -np.inf).max(axis=2)
        is_still = top <= np.where(is_known, x, np.inf).min(axis=2)
        self._n_still += is_still.sum(axis=1)
        self._n_stretches += x.shape[1]
        self._n_pauses += int(is_still.all(axis=0).sum()) if len(x) >= MIN_CHANNELS else 0

    def share(self) -> np.ndarray:
        """Return the share per channel; all 1 when nothing ever moved."""
        n_pauses = self._n_pauses if self._n_pauses < self._n_stretches else 0
        return (self._n_still - n_pauses) / max(self._n_stretches - n_pauses, 1)


class Comparison:
    """Shares of seconds in which a channel is lost, or differs from the others.

    Lost: some sample of it is not known, though all of another channel are. The others are judged
    on seconds that are known, detrended and taken apart by a Fourier transform. Noisy: the
    amplitude in `LOW_HZ` is far too big or too small, or that above `HIGH_HZ` far too big.
    Uncorrelated: no other channel is like it in `LOW_HZ`, power weighted by frequency: in a 1 / f
    spectrum one second has so few slow waves that strangers correlate by chance.
    """

    def __init__(self, n_channels: int, sfreq: float, h_freq: float) -> None:
        self._stretches = Stretches(n_channels, max(2, round(sfreq)))
        freqs = np.fft.rfftfreq(self._stretches.n_stretch, 1 / sfreq)
        self._low = (freqs >= LOW_HZ[0]) & (freqs < min(LOW_HZ[1], h_freq))
        self._high = (freqs >= HIGH_HZ) & (freqs <= h_freq)
        self._weight = np.sqrt(freqs[self._low])
        self._n_failed = np.zeros((2, n_channels), dtype=np.int64)
        self._n_judged = np.zeros((2, n_channels), dtype=np.int64)
        self._n_lost = np.zeros(n_channels, dtype=np.int64)
        self._n_seconds = 0

    def add(self, block: np.ndarray) -> None:
        """Count on, shape (n_channels, n_times)."""
        x = self._stretches.add(block)
        is_known = np.asarray(np.isfinite(x).all(axis=2))
        is_second = is_known.any(axis=0)
        self._n_lost += (~is_known & is_second).sum(axis=1)
        self._n_seconds += int(is_second.sum())
        if len(x) < MIN_CHANNELS:
            return
        spectrum = np.fft.rfft(_detrend(np.where(is_known[:, :, None], x, 0.0)))
        low, high = (_amplitude(spectrum[:, :, b], x.shape[2]) for b in (self._low, self._high))
        is_noisy = np.abs(_robust_z(np.log(low), is_known, SPREAD_LOW)) > Z_LIMIT
        is_noisy |= _robust_z(np.log(high), is_known, SPREAD_HIGH) > Z_LIMIT
        is_heard = is_known & (low > SILENT_UV)
        likeness = _highest_correlation(spectrum[:, :, self._low] * self._weight, is_heard)
        failed = np.stack([is_noisy, likeness < MIN_CORRELATION])
        judged = np.stack([is_known, is_heard])
        judged &= judged.sum(axis=1, keepdims=True) >= MIN_CHANNELS
        self._n_failed += (failed & judged).sum(axis=2)
        self._n_judged += judged.sum(axis=2)

    def shares(self) -> np.ndarray:
        """Return the shares of lost, noisy and uncorrelated seconds, shape (3, n_channels)."""
        lost = self._n_lost / max(self._n_seconds, 1)
        return np.vstack([lost, self._n_failed / np.maximum(self._n_judged, 1)])


def _detrend(x: np.ndarray) -> np.ndarray:
    """Take the straight line off each stretch; what is slower than a second is not judged."""
    time = np.arange(x.shape[2]) - (x.shape[2] - 1) / 2
    x = x - x.mean(axis=2, keepdims=True)
    slope = (x * time).sum(axis=2, keepdims=True) / (time**2).sum()
    return x - slope * time


def _amplitude(spectrum: np.ndarray, n_stretch: int) -> np.ndarray:
    """Root mean square of what the bins hold, at least `SILENT_UV`, (n_channels, n_stretches)."""
    power = (np.abs(spectrum) ** 2).sum(axis=2)
    return np.maximum(np.sqrt(2 * power) / n_stretch, SILENT_UV)


def _robust_z(value: np.ndarray, is_known: np.ndarray, least_spread: float) -> np.ndarray:
    """Distance from the known channels' median in robust SDs, 0.7413 times their quartiles'."""
    ranked = np.sort(np.where(is_known, value, np.inf), axis=0)
    position = np.multiply.outer([0.25, 0.5, 0.75], np.maximum(is_known.sum(axis=0) - 1, 0))
    below = np.floor(position).astype(np.int64)
    above = np.ceil(position).astype(np.int64)
    ranked[np.isinf(ranked)] = 0.0  # only looked at where no channel is known
    lower, upper = np.take_along_axis(ranked, below, 0), np.take_along_axis(ranked, above, 0)
    first, median, third = lower + (position - below) * (upper - lower)
    return (value - median) / np.maximum(0.7413 * (third - first), least_spread)


def _highest_correlation(spectrum: np.ndarray, is_heard: np.ndarray) -> np.ndarray:
    """Highest absolute correlation with another channel, shape (n_channels, n_stretches)."""
    x = np.concatenate([np.real(spectrum), np.imag(spectrum)], axis=2).transpose(1, 0, 2)
    size = np.sqrt((x**2).sum(axis=2, keepdims=True))
    x = np.where(is_heard.T[:, :, None], x / np.where(size > 0, size, 1.0), 0.0)
    likeness = np.abs(x @ x.transpose(0, 2, 1))
    likeness[:, np.arange(likeness.shape[1]), np.arange(likeness.shape[1])] = 0.0
    return likeness.max(axis=2).T
