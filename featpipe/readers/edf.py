"""EDF, EDF+, BDF and BDF+ files through MNE, after a pre-flight of the header."""

from dataclasses import dataclass
from pathlib import Path

import mne
import numpy as np
from mne.io import BaseRaw

from featpipe.errors import ReadError
from featpipe.readers.preflight import (
    NEWLINE_DAMAGE,
    OK,
    Check,
    is_newline_damaged,
    read_head,
    verdict,
)
from featpipe.readers.through_mne import open_raw

EDF_MAGIC = b"0       "
BDF_MAGIC = b"\xffBIOSEMI"
_ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
_FIXED_BYTES = 256
_N_TIMEKEEPING = 64  # records whose time stamp is looked at


@dataclass(frozen=True)
class Header:
    """What the pre-flight needs of an EDF or BDF header.

    Attributes
    ----------
    labels : tuple of str
        Signal names.
    n_samples : numpy.ndarray of int, shape (n_signals,)
        Samples of each signal in a record.
    n_records : int
        Declared number of records; -1 in a recording that was not closed.
    record_s : float
        Length of a record in seconds.
    width : int
        Bytes per number: 2 (EDF) or 3 (BDF).
    """

    labels: tuple[str, ...]
    n_samples: np.ndarray
    n_records: int
    record_s: float
    width: int

    @property
    def data_start(self) -> int:
        """First byte of the data."""
        return _FIXED_BYTES * (1 + len(self.labels))

    @property
    def has_mixed_rates(self) -> bool:
        """Whether the signals, annotations aside, have more than one sampling rate."""
        pairs = zip(self.labels, self.n_samples.tolist(), strict=True)
        return len({n for label, n in pairs if label not in _ANNOTATIONS}) > 1

    @property
    def record_bytes(self) -> int:
        """Bytes of one record."""
        return int(self.n_samples.sum()) * self.width


def read_header(path: Path) -> Header:
    """Parse the header of an EDF or BDF file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Header

    Raises
    ------
    ReadError
        When the file does not begin like one, or when its header is cut or inconsistent.
    """
    fixed = read_head(path, _FIXED_BYTES)
    if not fixed.startswith((EDF_MAGIC, BDF_MAGIC)):
        raise ReadError(f"it begins with {fixed[:8]!r}, neither like EDF nor like BDF")
    if len(fixed) < _FIXED_BYTES:
        raise ReadError(f"it ends after {len(fixed)} of {_FIXED_BYTES} header bytes")
    n_signals = _integer(fixed[252:256], "number of signals")
    declared = _integer(fixed[184:192], "number of header bytes")
    if n_signals < 1 or declared != _FIXED_BYTES * (1 + n_signals):
        raise ReadError(
            f"the header declares {n_signals} signals and {declared} header bytes, "
            "which do not belong together; copy the file again"
        )
    table = read_head(path, declared - _FIXED_BYTES, _FIXED_BYTES)
    if len(table) < declared - _FIXED_BYTES:
        raise ReadError(f"it ends inside the header of {declared} bytes; copy it again")
    counts = table[216 * n_signals : 224 * n_signals]
    return Header(
        labels=tuple(
            table[16 * i : 16 * (i + 1)].decode("latin-1").strip() for i in range(n_signals)
        ),
        n_samples=np.array(
            [_integer(counts[8 * i : 8 * i + 8], "samples per record") for i in range(n_signals)]
        ),
        n_records=_integer(fixed[236:244], "number of records"),
        record_s=float(fixed[244:252].decode("latin-1")),
        width=3 if fixed.startswith(BDF_MAGIC) else 2,
    )


def _integer(field: bytes, what: str) -> int:
    try:
        return int(field.decode("ascii"))
    except ValueError as error:
        raise ReadError(f"{what} in the header is {field!r}, not a number") from error


def check(path: Path) -> Check:
    """Compare the header of an EDF or BDF file with its size and its time stamps.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Check
    """
    return verdict(path, lambda: _inspect(path))


def _inspect(path: Path) -> Check:
    header = read_header(path)
    if np.any(header.n_samples < 0) or not header.record_bytes or header.record_s < 0:
        return Check("corrupt", "the header declares records without samples; copy it again")
    n_data = path.stat().st_size - header.data_start
    n_whole, n_rest = divmod(n_data, header.record_bytes)
    if is_newline_damaged(path, header.data_start):
        return Check("corrupt", NEWLINE_DAMAGE)
    if n_whole < max(header.n_records, 1):
        return Check(
            "truncated",
            f"{header.n_records} records of {header.record_bytes} bytes are declared, "
            f"{n_data / header.record_bytes:.2f} are there; copy the file again",
        )
    for i_record in _lost_time_stamps(path, header, n_whole):
        return Check(
            "corrupt",
            f"the annotations of record {i_record} do not begin with a time stamp: bytes were "
            "lost or added before it; copy the file again",
        )
    if header.n_records < 0:
        return Check("suspicious", f"the recording was not closed; it holds {n_whole} records")
    if n_whole > header.n_records or n_rest:
        return Check(
            "suspicious",
            f"{header.n_records} records are declared, "
            f"{n_data / header.record_bytes:.2f} are there; those declared are read",
        )
    return OK


def _lost_time_stamps(path: Path, header: Header, n_whole: int) -> list[int]:
    """First of some evenly spread records whose time-keeping annotation is not one."""
    annotations = [i for i, label in enumerate(header.labels) if label in _ANNOTATIONS]
    if not annotations:
        return []
    n_records = header.n_records if header.n_records > 0 else n_whole
    skip = int(header.n_samples[: annotations[0]].sum()) * header.width
    for i_record in np.unique(np.linspace(0, n_records - 1, _N_TIMEKEEPING).astype(int)):
        at = header.data_start + int(i_record) * header.record_bytes + skip
        if read_head(path, 1, at) not in (b"+", b"-"):
            return [int(i_record)]
    return []


def read(path: Path) -> BaseRaw:
    """Open an EDF or BDF file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    mne.io.BaseRaw
        EDF+ annotations as annotations; a Status channel as a channel of type "stim". Not loaded,
        unless signals have different rates: MNE resamples those, and pieces of them have edges.

    Raises
    ------
    ReadError
        When MNE cannot read it, in UTF-8 nor in Latin-1.
    """
    header = read_header(path)
    reader = mne.io.read_raw_bdf if header.width == 3 else mne.io.read_raw_edf
    preload = header.has_mixed_rates
    try:
        return open_raw(path, lambda: reader(path, preload=preload))
    except ReadError as error:
        if "encoding" not in str(error.__cause__):
            raise
    return open_raw(path, lambda: reader(path, preload=preload, encoding="latin1"))
