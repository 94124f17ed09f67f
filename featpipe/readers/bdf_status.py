"""The Status channel of BDF files: which it is, and its codes without reading anything else."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.edf_header import Header, read_header
from featpipe.regular_files import open_file

STATUS = "Status"
_NAMES = ("STATUS", "TRIGGER")
_BDF_WIDTH = 3


class Codes(NamedTuple):
    """Codes of a Status channel.

    Attributes
    ----------
    sample : numpy.ndarray of int, shape (n_codes,)
        Where each begins.
    code : numpy.ndarray of int, shape (n_codes,)
        Low byte.
    sfreq : float
        Rate of the channel, Hz.
    n_times : int
        Samples of the channel.
    """

    sample: np.ndarray
    code: np.ndarray
    sfreq: float
    n_times: int


def nameless_status(header: Header) -> int | None:
    """Return the signal of a BDF file that is its Status channel though it has no name.

    BioSemi's software writes it last. Files of DEAP have lost its name; MNE then takes it for EEG.

    Parameters
    ----------
    header : Header
        Of the file.

    Returns
    -------
    int or None
        Index among all signals.
    """
    names = [header.labels[i].upper() for i in header.signals]
    if header.width != _BDF_WIDTH or set(names) & set(_NAMES):
        return None
    return header.signals[-1] if len(names) > 1 and not names[-1] and names[0] else None


def status_codes(path: Path) -> Codes:
    """Read the codes of the Status channel of a BDF file.

    Parameters
    ----------
    path : Path
        The file; of each record only the bytes of that channel are read.

    Returns
    -------
    Codes
        One per change of the low byte to another value than 0. What stands at the first sample is
        the state of the line, not a code.

    Raises
    ------
    ReadError
        When it is no BDF file, or has no such channel.
    """
    header = read_header(path)
    named = [i for i in header.signals if header.labels[i].upper() in _NAMES]
    status = named[0] if named else nameless_status(header)
    if status is None or header.width != _BDF_WIDTH:
        raise ReadError(f"{path}: no Status channel in it; take the BDF file as it was recorded")
    level = _low_bytes(path, header, status)
    changes = np.flatnonzero(np.diff(level, prepend=level[:1]) != 0)
    sample = changes[level[changes] != 0]
    return Codes(sample, level[sample].astype(int), header.rate(status), len(level))


def _low_bytes(path: Path, header: Header, signal: int) -> np.ndarray:
    """Lowest of the three bytes of each number of a signal."""
    n_bytes = int(header.n_samples[signal]) * _BDF_WIDTH
    before = int(header.n_samples[:signal].sum()) * _BDF_WIDTH
    n_records = header.n_stored(path)
    stored = bytearray()
    with open_file(path, buffering=0) as file:
        for record in range(n_records):
            file.seek(header.data_start + record * header.record_bytes + before, os.SEEK_SET)
            stored += file.read(n_bytes)
    if len(stored) != n_records * n_bytes:
        raise ReadError(f"{path}: it has become shorter while it was read; copy it again")
    return np.frombuffer(bytes(stored), np.uint8)[::_BDF_WIDTH]
