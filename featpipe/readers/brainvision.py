"""BrainVision recordings (.vhdr or .ahdr with its data and marker files) through MNE."""

import re
from dataclasses import dataclass
from pathlib import Path

import mne
from mne.io import BaseRaw

from featpipe.errors import ReadError
from featpipe.readers.breaks import log_breaks
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.readers.through_mne import open_raw

MAGIC = re.compile(r"Brain ?Vision( Core| V-Amp)? Data( Exchange)? Header File")
_WIDTHS = {"INT_16": 2, "UINT_16": 2, "INT_32": 4, "IEEE_FLOAT_32": 4}


@dataclass(frozen=True)
class Header:
    """What the pre-flight needs of a BrainVision header.

    Attributes
    ----------
    data, markers : Path or None
        Companion files; None for a recording without markers.
    n_channels : int
        Numbers per sample: V-Amp files (.ahdr) hold the trigger line besides their channels.
    width : int or None
        Bytes per number; None when the data are text.
    """

    data: Path
    markers: Path | None
    n_channels: int
    width: int | None


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
        When it is not such a header, or lacks what the data need.
    """
    text = path.read_bytes().decode("utf-8", "replace")
    if not MAGIC.match(text.lstrip("\ufeff")):
        raise ReadError("its first line is not that of a BrainVision header")
    fields = {
        key.strip().lower(): value.strip()
        for key, equals, value in (line.partition("=") for line in text.splitlines())
        if equals and not key.startswith(";")
    }
    for needed in ("datafile", "numberofchannels", "samplinginterval"):
        if not fields.get(needed):
            raise ReadError(f"the header lacks {needed}; export the recording again")
    form = fields.get("binaryformat", "INT_16").upper()
    is_text = fields.get("dataformat", "BINARY").upper() == "ASCII"
    if not is_text and form not in _WIDTHS:
        raise ReadError(f"BinaryFormat {form} is none of {', '.join(_WIDTHS)}")
    markers = fields.get("markerfile")
    return Header(
        data=_beside(path, fields["datafile"]),
        markers=_beside(path, markers) if markers else None,
        n_channels=int(fields["numberofchannels"]) + (path.suffix.lower() == ".ahdr"),
        width=None if is_text else _WIDTHS[form],
    )


def _beside(path: Path, name: str) -> Path:
    return path.parent / name.replace("$b", path.stem)


def sources(path: Path) -> tuple[Path, ...]:
    """Return the header and its companions.

    Parameters
    ----------
    path : Path
        The .vhdr or .ahdr file.

    Returns
    -------
    tuple of Path
        The header first.

    Raises
    ------
    ReadError
        When a companion is missing.
    """
    header = read_header(path)
    companions = [file for file in (header.data, header.markers) if file is not None]
    for file in companions:
        if not file.is_file():
            raise ReadError(
                f"{path}: it needs {file.name} beside it, which is not there; copy it too, or "
                "correct the name in the header if the file was renamed"
            )
    return (path, *companions)


def check(path: Path) -> Check:
    """Compare a BrainVision header with the size of the data and the places of the markers.

    Parameters
    ----------
    path : Path
        The .vhdr or .ahdr file.

    Returns
    -------
    Check
    """
    return verdict(path, lambda: _inspect(path))


def _inspect(path: Path) -> Check:
    sources(path)
    header = read_header(path)
    if header.n_channels < 1:
        return Check("corrupt", f"the header declares {header.n_channels} channels")
    if header.width is None:
        return OK
    size = header.data.stat().st_size
    n_times, n_rest = divmod(size, header.n_channels * header.width)
    if not n_times or n_rest:
        return Check(
            "truncated",
            f"{header.data.name} has {size} bytes, which is not a whole number of samples of "
            f"{header.n_channels} channels of {header.width} bytes; copy it again",
        )
    last = max(_marker_positions(header.markers), default=0)
    if last > n_times:
        return Check(
            "suspicious",
            f"a marker lies at sample {last}, {header.data.name} ends at sample {n_times}: "
            "the data may have been cut",
        )
    return OK


def _marker_positions(path: Path | None) -> list[int]:
    if path is None:
        return []
    text = path.read_bytes().decode("utf-8", "replace")
    return [int(place) for place in re.findall(r"(?m)^Mk\d+=[^,\r\n]*,[^,\r\n]*,(\d{1,12})", text)]


def read(path: Path) -> BaseRaw:
    """Open a BrainVision recording.

    Parameters
    ----------
    path : Path
        The .vhdr or .ahdr file.

    Returns
    -------
    mne.io.BaseRaw
        Markers as annotations; new segments behind the first sample are logged.

    Raises
    ------
    ReadError
        When MNE cannot read it.
    """
    raw = open_raw(path, lambda: mne.io.read_raw_brainvision(path, preload=False))
    log_breaks(path, raw)
    return raw
