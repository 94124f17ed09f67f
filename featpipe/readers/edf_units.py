"""The physical dimensions of EDF and BDF signals: which are volts, and what to make of the others.

MNE knows "uV" in three spellings and "mV"; it takes whatever else is written there, a UTF-8 "µV"
included, for volts.
"""

import logging

from mne.io import BaseRaw

from featpipe.errors import ReadError
from featpipe.montage import counts_its_own_way, is_eeg_name, is_surely_eeg_name
from featpipe.readers.edf_header import Header

logger = logging.getLogger(__name__)

_VOLTS = {"uv": 1e-6, "microv": 1e-6, "nv": 1e-9, "mv": 1e-3, "v": 1.0}
_MU = ("\xc2\xb5", "\xce\xbc", "\xa6\xcc", "\x83\xca", "\xb5")
"""UTF-8 (micro sign, Greek letter), GB 2312, Shift JIS and Latin-1, each read as Latin-1."""
_NO_UNIT = ("", "-", "?", "n/a", "none")
NOT_VOLTS = frozenset(
    """
    % degc °c mmhg cmh2o kpa bpm 1/min /min rpm hz khz l/s l/min ml/s ml mm cm m s ms deg rad
    ohm kohm us g mg m/s2 m/s^2 m/s² deg/s lux boolean
    """.split()
)
"""Units of other quantities, in lower case."""


def volts_per_unit(dimension: str) -> float | None:
    """Return how many volts a physical dimension stands for.

    Parameters
    ----------
    dimension : str
        As `Header.dimensions` holds it.

    Returns
    -------
    float or None
        None for what is no voltage, and for "MV", which may be either of two.

    Examples
    --------
    >>> [volts_per_unit(text) for text in ("uV", "UV", "nV", "MV", "uV/cm")]
    [1e-06, 1e-06, 1e-09, None, None]
    """
    for mu in _MU:
        dimension = dimension.replace(mu, "u")
    return None if dimension[:2] in ("MV", "Mv") else _VOLTS.get(dimension.lower())


def may_be_volts(dimension: str) -> bool:
    """Tell whether a physical dimension is a voltage, or none is given.

    Parameters
    ----------
    dimension : str
        As `Header.dimensions` holds it.

    Returns
    -------
    bool
    """
    return volts_per_unit(dimension) is not None or dimension.lower() in _NO_UNIT


def without_unit(header: Header) -> list[int]:
    """Return the signals that look like EEG and have no physical dimension.

    Parameters
    ----------
    header : Header
        Of the file.

    Returns
    -------
    list of int
        Indices among all signals.

    Raises
    ------
    ReadError
        When a signal that looks like EEG is in a unit that nobody can convert.
    """
    eeg = _eeg_signals(header)
    strange = [i for i in eeg if not _is_understood(header.dimensions[i])]
    if strange:
        names = ", ".join(header.labels[i] for i in strange[:4]) + ", ..." * (len(strange) > 4)
        units = ", ".join(sorted({repr(header.dimensions[i]) for i in strange}))
        raise ReadError(
            f"the physical dimension of {names} is {units}, where uV, mV, V or nV is expected: the "
            "size of the EEG is unknown; export the recording in microvolt, or correct the header"
        )
    return [i for i in eeg if _is_bare(header, i)]


def _eeg_signals(header: Header) -> list[int]:
    """Signals that may be EEG.

    Beside electrodes with a unit, what has none must name a place, and what has no name is none.
    """
    named = [i for i in header.signals if is_eeg_name(header.labels[i])]
    sure = [i for i in named if is_surely_eeg_name(header.labels[i])]
    labels = [header.labels[i] for i in named]
    if counts_its_own_way(labels) or all(_is_bare(header, i) for i in sure):
        return named
    return [i for i in named if i in sure or (header.labels[i] and not _is_bare(header, i))]


def _is_bare(header: Header, i: int) -> bool:
    return header.dimensions[i].lower() in _NO_UNIT


def _is_understood(dimension: str) -> bool:
    return may_be_volts(dimension) or dimension.lower() in NOT_VOLTS


def correct_units(raw: BaseRaw, header: Header) -> None:
    """Give each channel of an EDF or BDF recording the scale that its header means.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        As MNE opened it, not loaded; changed in place. EEG without a unit is taken for microvolt;
        what looks like EEG by name but is in another quantity ("%", "degC"), has no range to
        scale it by, or has no unit beside electrodes that have one, gets the type "misc".
    header : Header
        Of the same file.
    """
    extras = raw._raw_extras[0]  # MNE has no public way to scale data it has not loaded
    gains, signals = extras["units"], extras["sel"].tolist()
    others, eeg = [], _eeg_signals(header)
    channels = zip(raw.ch_names, raw.get_channel_types(), signals, strict=True)
    for i_channel, (name, kind, i_signal) in enumerate(channels):
        dimension = header.dimensions[i_signal]
        volts = volts_per_unit(dimension)
        is_eeg = is_eeg_name(header.labels[i_signal])
        if kind == "stim":
            continue
        if volts is None and is_eeg and _is_bare(header, i_signal):
            volts = 1e-6
        if is_eeg and not header.has_scale[i_signal]:
            logger.warning(
                "%s: its physical or digital minimum and maximum are equal, its size is unknown; "
                "not taken for EEG", name,
            )  # fmt: skip
            others.append(name)
            continue
        if volts is not None:
            gains[i_channel] = volts
        if is_eeg and (volts is None or i_signal not in eeg):
            others.append(name)
    if others:
        raw.set_channel_types(dict.fromkeys(others, "misc"), on_unit_change="ignore")
        logger.info("no EEG by their units: %s", ", ".join(others))
