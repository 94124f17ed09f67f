"""The header of a BrainVision recording, as far as the pre-flight and the data need it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.preflight import FASTEST_HZ
from featpipe.readers.text_lines import decode
from featpipe.regular_files import content_of

MOST_TEXT = 64 << 20
"""Bytes of a header or of markers; a million of these have 40 MB."""
MAGIC = re.compile(r"Brain ?Vision( Core| V-Amp)? Data( Exchange)? Header File")
_FORMS = {"INT_16": "<i2", "INT_32": "<i4", "IEEE_FLOAT_32": "<f4"}
_ORIENTATIONS = ("MULTIPLEXED", "VECTORIZED")

_ONLY = {
    "DataType": ("TIMEDOMAIN", "export the signal in the time domain"),
    "UseBigEndianOrder": ("NO", "export it in little-endian order"),
    "DataOffset": ("0", "export it without a header before the data"),
    "ChannelOffset": ("0", "export it without bytes before each channel"),
    "SegmentHeaderSize": ("0", "export it without headers before its segments"),
    "TrailerSize": ("0", "export it without bytes behind the data"),
}
"""Of fields that place the numbers elsewhere: the only value that is read, and the remedy.

MNE passes over them all without a word and would read noise.
"""

_LONGEST_US = 1e6
"""Between two samples; slower than one a second is no EEG."""


@dataclass(frozen=True)
class Header:
    """What a BrainVision header says of the files beside it.

    Attributes
    ----------
    data, markers : Path or None
        Companion files; None for a recording without markers.
    n_channels : int
        Numbers per sample: V-Amp files (.ahdr) hold the trigger line besides their channels.
    n_declared : int or None
        Samples per channel, where the header says.
    form : str or None
        Type of a number as NumPy names it, for example "<i2"; None when the data are text.
    is_multiplexed : bool
        Sample after sample; False for channel after channel.
    """

    data: Path
    markers: Path | None
    n_channels: int
    n_declared: int | None
    form: str | None
    is_multiplexed: bool

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample of all channels; 0 when the data are text."""
        return 0 if self.form is None else self.n_channels * np.dtype(self.form).itemsize


def read_header(path: Path) -> Header:
    """Parse the header of a BrainVision recording.

    Parameters
    ----------
    path : Path
        The .vhdr or .ahdr file.

    Returns
    -------
    Header

    Raises
    ------
    ReadError
        When it is not such a header, lacks what the data need, contradicts itself, or tells of
        data that lie otherwise than they are read.
    """
    text = decode(content_of(path, MOST_TEXT))
    if not MAGIC.match(text.lstrip("\ufeff")):
        raise ReadError(
            "its first line is not that of a BrainVision header; give the .vhdr or .ahdr file"
        )
    sections = _sections(text)
    common = sections.get("common infos", {})
    for needed in ("datafile", "numberofchannels", "samplinginterval"):
        if not common.get(needed):
            raise ReadError(f"the header lacks {needed}; export the recording again")
    _check_interval(common["samplinginterval"])
    is_text = common.get("dataformat", "BINARY").upper() == "ASCII"
    binary = {} if is_text else sections.get("binary infos", {})
    _check_layout({**common, **binary})
    n_channels = _n_channels(common, sections.get("channel infos", {}))
    form = binary.get("binaryformat", "INT_16").upper()
    markers = common.get("markerfile")
    points = common.get("datapoints")
    return Header(
        data=_beside(path, common["datafile"]),
        markers=_beside(path, markers) if markers else None,
        n_channels=n_channels + (path.suffix.lower() == ".ahdr"),
        n_declared=_integer("DataPoints", points) if points else None,
        form=None if is_text else _FORMS[_one_of("BinaryFormat", form, _FORMS)],
        is_multiplexed=_orientation(common) == "MULTIPLEXED",
    )


@lru_cache(maxsize=2)  # of one recording it is asked for several times
def _sections(text: str) -> dict[str, dict[str, str]]:
    """Key and value of each line, by section, in lower case; comments are free text."""
    sections: dict[str, dict[str, str]] = {}
    fields: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            fields = sections.setdefault(line.strip("[] \t").lower(), {})
        elif not line.startswith(";"):
            key, equals, value = line.partition("=")
            if equals:
                fields[key.strip().lower()] = value.strip()
    return sections


def _beside(path: Path, name: str) -> Path:
    return path.parent / name.replace("$b", path.stem)


def _check_interval(text: str) -> None:
    try:
        is_time = 1e6 / FASTEST_HZ <= float(text) <= _LONGEST_US
    except ValueError:
        is_time = False
    if not is_time:
        raise ReadError(
            f"SamplingInterval in the header is {text!r}, where a number of microseconds from "
            f"{1e6 / FASTEST_HZ:g} to {_LONGEST_US:g} is expected; export the recording again"
        )


def _check_layout(fields: Mapping[str, str]) -> None:
    for name, (only, remedy) in _ONLY.items():
        value = fields.get(name.lower(), "")
        if value.upper() not in ("", only):
            raise ReadError(f"{name} in the header is {value}, and only {only} is read; {remedy}")


def _n_channels(common: Mapping[str, str], channels: Mapping[str, str]) -> int:
    declared = _integer("NumberOfChannels", common["numberofchannels"])
    if declared < 1:
        raise ReadError(
            f"NumberOfChannels in the header is {declared}, where one or more are expected; "
            "export the recording again"
        )
    listed = sum(re.fullmatch(r"ch\d+", key) is not None for key in channels)
    if listed != declared:
        raise ReadError(
            f"NumberOfChannels in the header is {declared}, and it lists {listed} channels under "
            "Channel Infos; export the recording again, or correct the number that is wrong"
        )
    return declared


def _orientation(common: Mapping[str, str]) -> str:
    return _one_of(
        "DataOrientation", common.get("dataorientation", "MULTIPLEXED").upper(), _ORIENTATIONS
    )


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ReadError(
            f"{name} in the header is {text!r}, where a whole number is expected; copy or export "
            "the recording again"
        ) from error


def _one_of(name: str, value: str, known: Mapping[str, str] | tuple[str, ...]) -> str:
    if value not in known:
        raise ReadError(
            f"{name} {value} is none of {', '.join(known)}; export the recording in one of these"
        )
    return value
