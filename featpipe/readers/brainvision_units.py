"""The units of a BrainVision header as MNE spells them, and what becomes of channels in others."""

import logging
import re
from collections.abc import Sequence

from featpipe.errors import ReadError, few
from featpipe.montage import is_eeg_name, is_place_name
from featpipe.readers.edf_units import NOT_VOLTS

logger = logging.getLogger(__name__)

_PREFIXES = {
    "V": "",
    "mV": r"m|(?i:milli)",  # M is mega
    "µV": r"(?i:u|micro)|\?+|£g|[^\x00-\x7f]{1,4}",  # £g is the Greek letter of Big5
    "nV": r"(?i:n|nano)",
}
_SWALLOWED = re.compile(rb"[\x81-\xfe][vV]")
_NOT_VOLTS = NOT_VOLTS | {"c", "n", "n/a", "aru", "a.u.", "m/s"}


def unit_of(text: str) -> str:
    """Spell a unit of a header as MNE knows it.

    Of the prefixes of volt micro alone has no letter of ASCII, so what stands in the place of the
    prefix and is none of ASCII is a micro sign, whatever a code page has made of it; a Chinese one
    makes one character of it and the V. "volt", "mv" and "uVolts" can mean one thing only; "MV"
    and whatever has a number or a quotient in it are not understood. Blanks, brackets and a full
    stop change nothing.

    Parameters
    ----------
    text : str
        The unit as decoded; empty means microvolt, as the format has it.

    Returns
    -------
    str
        "V", "mV", "µV", "nV", or what is no voltage as it was.

    Examples
    --------
    >>> [unit_of(text) for text in ("\u03bcV", "uV", "", "?V", "mv", "Volt", "MV", "\u00b5S")]
    ['µV', 'µV', 'µV', 'µV', 'mV', 'V', 'MV', 'µS']
    """
    unit = text.strip()
    bare = re.sub(r"[\s()\[\]]|\.$", "", unit)
    if not unit or _SWALLOWED.fullmatch(bare.encode("gb18030", "replace")):
        return "µV"
    for volts, prefix in _PREFIXES.items():
        if re.fullmatch(rf"(?:{prefix})(?i:v|volts?)", bare):
            return volts
    return unit


def known_units(file: str, names: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Spell the units of all channels as MNE knows them.

    Parameters
    ----------
    file : str
        The header's name, for the log.
    names, texts : sequence of str
        Name and unit of each channel.

    Returns
    -------
    list of str
        MNE takes channels whose unit is no voltage for "misc", so that they are no EEG. Logged are
        names that could be electrodes, unless the unit is that of another quantity, and all names
        of places ("O2" in % is oxygen).

    Raises
    ------
    ReadError
        When a channel at a place of the 10-05 system has a unit that is neither a voltage nor
        that of another quantity.
    """
    units = [unit_of(text) for text in texts]
    others = [pair for pair in zip(names, units, strict=True) if pair[1] not in _PREFIXES]
    electrodes = [
        (name, unit)
        for name, unit in others
        if is_place_name(name) and unit.lower() not in NOT_VOLTS
    ]
    if electrodes:
        wrong = ", ".join(sorted({repr(unit) for _, unit in electrodes}))
        raise ReadError(
            f"the unit of {few([name for name, _ in electrodes])} in the header is {wrong}, where "
            "V, mV, µV or nV is expected; correct it there, or export the recording again"
        )
    doubtful = [
        f"{name} ({unit})"
        for name, unit in others
        if is_place_name(name) or (is_eeg_name(name) and _in_ascii(unit.lower()) not in _NOT_VOLTS)
    ]
    if doubtful:
        logger.warning(
            "%s: not taken for EEG, because their units are not V, mV, µV or nV: %s; correct them "
            "in the header if they are electrodes", file, few(doubtful),
        )  # fmt: skip
    return units


def _in_ascii(unit: str) -> str:
    """Leave out the degree or micro sign, of which code pages make anything."""
    return re.sub(r"[^\x00-\x7f]", "", unit)
