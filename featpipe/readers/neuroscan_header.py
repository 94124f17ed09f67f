"""The header of a Neuroscan .cnt file as it is stored; what to believe of it is decided elsewhere.

Layout after Paul Bourke's description of the format (paulbourke.net/dataformats/eeg), checked on
real files: SETUP of 900 bytes, 75 bytes per channel, data, event table.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.distinct_names import distinct_names
from featpipe.readers.neuroscan_events import EventTable, find_event_table
from featpipe.readers.preflight import read_head

SETUP_BYTES = 900
CHANNEL_BYTES = 75
_VOLTS_PER_COUNT = 1e-6 / 204.8


@dataclass(frozen=True)
class Setup:
    """The header as stored, nothing corrected but names.

    Attributes
    ----------
    ch_names : tuple of str
        Channel names, told apart where there is one twice or none.
    stored_names : tuple of str
        As they stand in the file.
    sfreq : float
        Hz.
    n_declared : int
        NumSamples of the header; not to be trusted.
    seconds : float
        Declared length; 0 in many files.
    block_bytes : int
        Bytes per channel and block; 0 or 1 means sample after sample.
    baseline, scale : numpy.ndarray, shape (n_channels,)
        Volt = (count - baseline) * scale.
    bads : tuple of str
        Channels that were flagged bad at the amplifier.
    date : str
        Date and time as written, local wall clock.
    table_position : int
        EventTablePos as stored; wraps at 4 GiB.
    events : EventTable or None
        The event table; its place is where the data end. None when there is none at that place.
    """

    ch_names: tuple[str, ...]
    stored_names: tuple[str, ...]
    sfreq: float
    n_declared: int
    seconds: float
    block_bytes: int
    baseline: np.ndarray
    scale: np.ndarray
    bads: tuple[str, ...]
    date: str
    table_position: int
    events: EventTable | None

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return len(self.ch_names)

    @property
    def data_start(self) -> int:
        """First byte of the data."""
        return SETUP_BYTES + CHANNEL_BYTES * self.n_channels


def read_setup(path: Path) -> Setup:
    """Parse the header of a Neuroscan .cnt file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Setup

    Raises
    ------
    ReadError
        When the header is not one of a Neuroscan .cnt file.
    """
    head = read_head(path, SETUP_BYTES)
    if len(head) < SETUP_BYTES:
        raise ReadError(
            f"{len(head)} bytes, but a Neuroscan header alone has {SETUP_BYTES}; copy it again"
        )
    if not head.startswith(b"Version 3"):
        raise ReadError(
            f"it begins with {head[:12]!r}, not with 'Version 3.0' as Neuroscan .cnt; copy it again"
        )
    n_channels, sfreq = (struct.unpack_from("<H", head, at)[0] for at in (370, 376))
    if not n_channels or not sfreq:
        raise ReadError(
            f"the header declares {n_channels} channels at {sfreq} Hz, where one or more are "
            "expected; copy it again or repair it in the program that recorded it"
        )
    table = read_head(path, CHANNEL_BYTES * n_channels, SETUP_BYTES)
    if len(table) < CHANNEL_BYTES * n_channels:
        raise ReadError(
            f"the header declares {n_channels} channels, and the file ends after {len(table)} of "
            f"the {CHANNEL_BYTES * n_channels} bytes that describe them; copy it again"
        )
    rows = [table[at : at + CHANNEL_BYTES] for at in range(0, len(table), CHANNEL_BYTES)]
    stored_names = [_text(row[:10]) for row in rows]
    ch_names = distinct_names(stored_names)
    size = path.stat().st_size
    seconds, block_bytes = struct.unpack_from("<fi", head, 890)
    (stored,) = struct.unpack_from("<I", head, 886)
    return Setup(
        ch_names=tuple(ch_names),
        stored_names=tuple(stored_names),
        sfreq=float(sfreq),
        n_declared=struct.unpack_from("<i", head, 864)[0],
        seconds=float(seconds),
        block_bytes=block_bytes,
        baseline=_column(rows, 47, "<h"),
        scale=_column(rows, 59, "<f") * _column(rows, 71, "<f") * _VOLTS_PER_COUNT,
        bads=tuple(name for name, row in zip(ch_names, rows, strict=True) if row[14]),
        date=f"{_text(head[225:235])} {_text(head[235:247])}",
        table_position=stored,
        events=find_event_table(path, stored, SETUP_BYTES + len(table), size),
    )


def _column(rows: list[bytes], at: int, form: str) -> np.ndarray:
    return np.array([struct.unpack_from(form, row, at)[0] for row in rows], float)


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("latin-1").strip()
