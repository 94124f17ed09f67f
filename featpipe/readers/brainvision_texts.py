"""The texts of a BrainVision recording as MNE reads them without a mistake: UTF-8, units spelt µV.

MNE takes every unit it does not know for volt, and knows one of the two letters mu in the code
page that the header declares; an amplifier's software writes either of them in whatever code page
the computer had. Names that stand there twice, and lines that begin with blanks, confuse it. It
takes an electrode without a place ("0,0,0") for no EEG, and fails on tables of the amplifier that
are free text, so that it is given nothing but what places and scales the numbers.
"""

import re
from pathlib import Path

from featpipe.readers.brainvision_header import MOST_TEXT
from featpipe.readers.brainvision_units import known_units
from featpipe.readers.distinct_names import distinct_names, tell_renamed
from featpipe.readers.text_lines import decode
from featpipe.regular_files import content_of

_COMMENT = re.compile(r"(?im)^\[Comment\]")
_NEEDED = re.compile(r"(?ims)^\[(?:Common|Binary|ASCII|Channel) Infos\].*?(?=^\[|\Z)")
_CHANNEL = re.compile(r"(?im)^(Ch\d+)[ \t]*=(.*)$")
_CODEPAGE = re.compile(r"(?im)^(Codepage)[ \t]*=.*$")


def write_texts(folder: Path, header: Path, markers: Path | None) -> Path:
    """Write a recording's header and markers in UTF-8, with names and units that MNE knows.

    Left out of the header are places of electrodes, filters and impedances.

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
        When an electrode has a unit that is no voltage.
    """
    text = re.sub(r"(?m)^[ \t]+", "", decode(content_of(header, MOST_TEXT)))
    title = text.partition("\n")[0]
    settings = "".join(_NEEDED.findall(_COMMENT.split(text)[0]))
    settings = _respell(_CODEPAGE.sub(r"\1=UTF-8", settings), header.name)
    copy = folder / f"header{header.suffix.lower()}"
    copy.write_text(f"{title}\n{settings}", "utf-8")
    if markers is not None:
        text = _CODEPAGE.sub(r"\1=UTF-8", decode(content_of(markers, MOST_TEXT)))
        (folder / markers.name).write_text(text, "utf-8")
    return copy


def _respell(settings: str, file: str) -> str:
    """Give each channel a name of its own, and a unit that MNE knows."""
    channels = [
        [field.strip() for field in (line + ",,,").split(",")[:4]]
        for _, line in _CHANNEL.findall(settings)
    ]
    names = [channel[0] for channel in channels]
    units = known_units(file, names, [channel[3] for channel in channels])
    found = distinct_names(names)  # MNE would number channels too, and then miss their units
    tell_renamed(file, names, found)
    for channel, name, unit in zip(channels, found, units, strict=True):
        channel[0], channel[3] = name, unit
    respelt = iter(channels)
    return _CHANNEL.sub(lambda line: f"{line[1]}={','.join(next(respelt))}", settings)
