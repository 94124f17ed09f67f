"""The texts of a BrainVision recording as MNE reads them without a mistake: UTF-8, units spelt µV.

MNE takes every unit it does not know for volt, and knows one of the two letters mu in the code
page that the header declares; an amplifier's software writes either of them in whatever code page
the computer had.
"""

import re
from pathlib import Path

from featpipe.errors import ReadError
from featpipe.montage import CAP62, standard_name
from featpipe.readers.text_lines import decode

_CHANNEL = re.compile(r"(?im)^(Ch\d+)[ \t]*=([^,\n]*),([^,\n]*),([^,\n]*),([^,\n]*)")
_CODEPAGE = re.compile(r"(?im)^(Codepage)[ \t]*=.*$")
_VOLTS = {"V", "mV", "µV", "nV"}


def unit_of(text: str) -> str:
    """Spell a unit of a header as MNE knows it.

    Of the prefixes of volt micro alone has no letter of ASCII, so what stands in the place of the
    prefix and is none of ASCII is a micro sign, whatever a code page has made of it.

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
    >>> [unit_of(text) for text in ("\u03bcV", "uV", "", "?V", "mV", "\u00b5S")]
    ['µV', 'µV', 'µV', 'µV', 'mV', 'µS']
    """
    unit = text.strip()
    is_micro = re.fullmatch(r"([uU]|\?+|[^\x00-\x7f]{1,4})[vV]", unit)
    return "µV" if not unit or is_micro else unit


def write_texts(folder: Path, header: Path, markers: Path | None) -> Path:
    """Write a recording's header and markers in UTF-8, with units that MNE knows.

    Parameters
    ----------
    folder : Path
        Where to.
    header : Path
        The .vhdr or .ahdr file.
    markers : Path or None
        The .vmrk or .amrk file.

    Returns
    -------
    Path
        The header; the markers lie beside it under their own name.

    Raises
    ------
    ReadError
        When an electrode of the cap has a unit that is no voltage.
    """
    text = _CHANNEL.sub(_respell, decode(header.read_bytes()))
    copy = folder / f"header{header.suffix.lower()}"
    copy.write_text(_CODEPAGE.sub(r"\1=UTF-8", text), "utf-8")
    if markers is not None:
        text = _CODEPAGE.sub(r"\1=UTF-8", decode(markers.read_bytes()))
        (folder / markers.name).write_text(text, "utf-8")
    return copy


def _respell(line: re.Match[str]) -> str:
    key, name, reference, resolution, text = line.groups()
    unit = unit_of(text)
    if unit not in _VOLTS and standard_name(name) in CAP62:
        raise ReadError(
            f"the unit of channel {name} ({key}) in the header is {text!r}, where V, mV, µV or nV "
            "is expected; correct it there, or export the recording again"
        )
    return f"{key}={name},{reference},{resolution},{unit}"
