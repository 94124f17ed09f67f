"""Which signals of an EDF or BDF file are read where they have several sampling rates.

The rate of a recording is that of its EEG. MNE brings whatever it reads to the highest rate in the
file, and the EEG would be taken for faster than it is: by its spectrum, and by the table of
qualities.
"""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from featpipe.eeg.settings import EegSettings
from featpipe.errors import MixedRatesError, ReadError, few
from featpipe.montage import (
    counts_its_own_way,
    is_eeg_name,
    is_eog_name,
    is_surely_eeg_name,
    standard_name,
)
from featpipe.readers.edf_header import Header
from featpipe.readers.edf_units import may_be_volts

logger = logging.getLogger(__name__)

_TRIGGERS = ("STATUS", "TRIGGER")


def left_out(path: Path, header: Header, settings: EegSettings) -> list[int]:
    """Return the signals that do not have the rate of the EEG.

    Parameters
    ----------
    path : Path
        The file, for messages.
    header : Header
        Its header.
    settings : EegSettings
        The signals that `channels` names decide about the rate, else those that are EEG; what
        `eog` and `reference` name has to have it.

    Returns
    -------
    list of int
        Indices among all signals, never of annotations. They are logged, with a warning where EOG,
        or what may be EEG, is among them.

    Raises
    ------
    MixedRatesError
        When the signals that decide have several rates.
    ReadError
        When one named for cleaning has another, or a signal of another rate has the name of one
        that is read: MNE can leave out both of them or none.
    """
    if not header.has_mixed_rates:
        return []
    rate = _rate_of(header, settings.channels)
    for option in ("eog", "reference"):
        strays = [i for i in _named(header, getattr(settings, option)) if header.rate(i) != rate]
        if strays:
            raise ReadError(
                f"[eeg] {option}: the EEG has {rate:g} Hz, and {_listed(header, strays)}; name "
                "channels of the EEG's rate, or leave the option out"
            )
    others = [i for i in header.signals if header.rate(i) != rate]
    _refuse_namesakes(header, others, settings)
    lost = [i for i in others if i not in triggers(header)]
    is_missed = any(is_eog_name(header.labels[i]) or _is_eeg(header, i) for i in lost)
    if lost:
        logger.log(
            logging.WARNING if is_missed else logging.INFO,
            "%s: not read, because the EEG has %g Hz: %s", path.name, rate, _listed(header, lost),
        )  # fmt: skip
    return others


def _refuse_namesakes(header: Header, others: list[int], settings: EegSettings) -> None:
    named = _named(header, [*settings.channels, *settings.eog, *settings.reference])
    needed = {
        header.labels[i]
        for i in header.signals
        if i not in others and (i in named or _is_eeg(header, i) or is_eog_name(header.labels[i]))
    }
    if both := [i for i in others if header.labels[i] in needed]:
        raise ReadError(
            f"signals of the same name as EEG have another rate: {_listed(header, both)}; rename "
            "them in the header, or export the recording without them"
        )


def triggers(header: Header) -> list[int]:
    """Return the signals that MNE takes for triggers.

    Parameters
    ----------
    header : Header
        Of the file.

    Returns
    -------
    list of int
        Indices among all signals.
    """
    return [i for i in header.signals if header.labels[i].upper() in _TRIGGERS]


def _rate_of(header: Header, channels: Sequence[str]) -> float:
    """Rate of the named signals, or of the EEG; without any the highest."""
    named = _named(header, channels)
    decisive = named or _eeg(header)
    rates = {header.rate(i) for i in decisive or header.signals}
    if decisive and len(rates) > 1:
        what = "the signals of [eeg] channels" if named else "its EEG signals"
        raise MixedRatesError(
            f"{what} have several sampling rates, where one is expected: "
            f"{_listed(header, decisive)}; name those of one rate in [eeg] channels"
        )
    return max(rates)


def _eeg(header: Header) -> list[int]:
    """Signals that are EEG; where any name "EEG" or a place, these ("THOR RES" may be anything)."""
    found = [i for i in header.signals if _is_eeg(header, i)]
    labels = [header.labels[i] for i in found]
    if counts_its_own_way(labels):
        return found
    return [i for i in found if is_surely_eeg_name(header.labels[i])] or found


def _is_eeg(header: Header, i: int) -> bool:
    is_scaled = header.has_scale[i] and may_be_volts(header.dimensions[i])
    return is_scaled and is_eeg_name(header.labels[i])


def _named(header: Header, names: Iterable[str]) -> list[int]:
    wanted = {standard_name(name) for name in names}
    return [i for i in header.signals if standard_name(header.labels[i]) in wanted]


def _listed(header: Header, signals: Iterable[int]) -> str:
    """Write signals by their rate: "ECG, EMG 500 Hz; TEMP 1 Hz"."""
    by_rate: dict[float, list[str]] = {}
    for i in signals:
        by_rate.setdefault(header.rate(i), []).append(header.labels[i])
    return "; ".join(f"{few(names)} {rate:g} Hz" for rate, names in by_rate.items())
