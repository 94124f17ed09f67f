"""Options of the EEG signal path, section [eeg] of a study."""

from dataclasses import dataclass
from typing import Literal

from featpipe.errors import ConfigError

NOTCH_HZ = 2.0
"""A notch leaves alone what is this far from its frequency."""

LOWEST_HZ = 0.001
"""A lower end of the pass band below this takes a filter of hours, and its memory."""

_WORDS = {
    "eog": ("auto", ("yes", "on", "true", "all", "automatic")),
    "reference": ("average", ("avg", "ave", "aver", "mean", "car", "common", "common average")),
}
"""Of options that list channels, the word that stands for all, and what people write for it."""

_OFF = ("none", "off", "no", "false")
"""What people write to turn an option off that lists channels."""


@dataclass(frozen=True)
class EegSettings:
    """Options of the signal path, section [eeg] of a study.

    Attributes
    ----------
    sfreq : float
        Hz after resampling. A slower recording keeps its own rate.
    l_freq : float
        Hz, lower end of the pass band, 0.001 or more; 0 keeps DC, which the baseline removes.
    h_freq : float
        Hz, upper end of the pass band.
    baseline : {"trial", "pre", "none"}
        Subtract each channel's mean over the trial, over `baseline_s` before its onset, or nothing.
    baseline_s : float
        Seconds before the onset that `baseline = "pre"` uses.
    channels : tuple of str
        Channels to take, in this order; empty takes the cap or else every EEG channel.
    notch : tuple of float
        Frequencies to take out, Hz, for example 50 and its multiples below `sfreq / 2`.
    eog : tuple of str
        EOG channels whose share is regressed out of the EEG; "auto" takes every EOG channel.
    bad_channels : {"keep", "mark", "interpolate"}
        Do not look for bad channels; find them and lower `good`; or also interpolate them.
    reference : tuple of str
        Channels whose mean becomes the reference, or "average"; empty keeps the recording's.

    Notes
    -----
    The words "auto" and "average" may be written in any case; they are kept in lower case.
    """

    sfreq: float = 200.0
    l_freq: float = 0.0
    h_freq: float = 75.0
    baseline: Literal["trial", "pre", "none"] = "trial"
    baseline_s: float = 1.0
    channels: tuple[str, ...] = ()
    notch: tuple[float, ...] = ()
    eog: tuple[str, ...] = ()
    bad_channels: Literal["keep", "mark", "interpolate"] = "keep"
    reference: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.l_freq < self.h_freq < self.sfreq / 2:
            raise ConfigError(
                f"[eeg] l_freq = {self.l_freq:g}, h_freq = {self.h_freq:g}, sfreq = {self.sfreq:g}"
                ": expected 0 <= l_freq < h_freq < sfreq / 2; correct the one that is out of order"
            )
        if 0 < self.l_freq < LOWEST_HZ:
            raise ConfigError(
                f"[eeg] l_freq = {self.l_freq:g}: expected 0, or {LOWEST_HZ:g} Hz and more: the "
                "filter would be longer than any recording"
            )
        if self.baseline_s <= 0:
            raise ConfigError(f"[eeg] baseline_s = {self.baseline_s:g}: expected seconds above 0")
        for frequency in self.notch:
            if not NOTCH_HZ <= frequency <= self.sfreq / 2 - NOTCH_HZ:
                raise ConfigError(
                    f"[eeg] notch = {frequency:g} Hz: expected {NOTCH_HZ:g} to "
                    f"{self.sfreq / 2 - NOTCH_HZ:g} Hz, below half the rate of "
                    f"{self.sfreq:g} Hz; leave it out"
                )
        for option, (word, others) in _WORDS.items():
            names = tuple(
                word if name.strip().lower() == word else name for name in getattr(self, option)
            )
            object.__setattr__(self, option, names)
            if any(name.strip().lower() in _OFF for name in names):
                raise ConfigError(
                    f"[eeg] {option} = {list(names)}: expected channels; to turn it off leave it "
                    f"out, or write {option} = []"
                )
            if len(names) == 1 and names[0].strip().lower() in others:
                raise ConfigError(
                    f"[eeg] {option} = {list(names)}: expected names of channels, or {word!r}: "
                    f'did you mean {option} = "{word}"?'
                )
            if word in names and len(names) > 1:
                raise ConfigError(
                    f'[eeg] {option} = {list(names)}: either "{word}" or names of channels'
                )
