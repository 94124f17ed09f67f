"""The header of EDF, EDF+, BDF and BDF+ files, as far as the pre-flight needs it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.preflight import read_head

EDF_MAGIC = b"0       "
BDF_MAGIC = b"\xffBIOSEMI"
_ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
_FIXED_BYTES = 256
_CLOSE = 1e-5  # what a rate may be off by: amplifiers' clocks are worse


@dataclass(frozen=True)
class Header:
    """What the pre-flight needs of an EDF or BDF header.

    Attributes
    ----------
    labels : tuple of str
        Signal names.
    dimensions : tuple of str
        Physical dimension of each signal, byte by byte: the encoding of a µ is not yet known.
    has_scale : tuple of bool
        Whether the physical and the digital range of a signal are ranges at all.
    n_samples : numpy.ndarray of int, shape (n_signals,)
        Samples of each signal in a record.
    n_records : int
        Declared number of records; -1 in a recording that was not closed.
    record_s : float
        Length of a record in seconds.
    record_digit_s : float
        The last digit of it that the header has room for, in seconds; 0 of a whole number.
    width : int
        Bytes per number: 2 (EDF) or 3 (BDF).
    is_discontinuous : bool
        Whether the file says that time may pass between its records (EDF+D, BDF+D).
    """

    labels: tuple[str, ...]
    dimensions: tuple[str, ...]
    has_scale: tuple[bool, ...]
    n_samples: np.ndarray
    n_records: int
    record_s: float
    record_digit_s: float
    width: int
    is_discontinuous: bool

    @property
    def data_start(self) -> int:
        """First byte of the data."""
        return _FIXED_BYTES * (1 + len(self.labels))

    @property
    def record_bytes(self) -> int:
        """Bytes of one record."""
        return int(self.n_samples.sum()) * self.width

    def rate(self, i_signal: int) -> float:
        """Return the sampling rate of a signal in Hz.

        A record of 255 samples at 256 Hz takes 0.99609375 s, for which the header has no room. A
        whole number is taken for the rate where no more than the last digit is against it.
        """
        n = int(self.n_samples[i_signal])
        rate = n / self.record_s
        whole = round(rate)
        is_close = abs(whole - rate) <= _CLOSE * rate
        missing = abs(n / whole - self.record_s) if is_close and whole else np.inf
        return float(whole) if missing < 0.999 * self.record_digit_s else rate

    def n_stored(self, path: Path) -> int:
        """Return how many whole records a file of this header holds, whatever it declares."""
        return (path.stat().st_size - self.data_start) // self.record_bytes

    @property
    def signals(self) -> list[int]:
        """Indices of the signals that are no annotations, in the order of MNE's channels."""
        return [i for i, label in enumerate(self.labels) if label not in _ANNOTATIONS]

    @property
    def annotations(self) -> int | None:
        """Index of the first annotation signal, which holds the time stamps."""
        return next((i for i, label in enumerate(self.labels) if label in _ANNOTATIONS), None)

    @property
    def has_mixed_rates(self) -> bool:
        """Whether the signals, annotations aside, have more than one sampling rate."""
        return len(set(self.n_samples[self.signals].tolist())) > 1


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
        raise ReadError(
            f"it begins with {fixed[:8]!r}, neither like EDF nor like BDF; copy it again"
        )
    if len(fixed) < _FIXED_BYTES:
        raise ReadError(f"it ends after {len(fixed)} of {_FIXED_BYTES} header bytes; copy it again")
    n_signals = _integer(fixed[252:256], "number of signals")
    declared = _integer(fixed[184:192], "number of header bytes")
    if n_signals < 1:
        raise ReadError(
            f"the header declares {n_signals} signals, where one or more are expected; copy or "
            "export the recording again"
        )
    if declared != _FIXED_BYTES * (1 + n_signals):
        raise ReadError(
            f"the header declares {n_signals} signals and {declared} header bytes, "
            "which do not belong together; copy the file again"
        )
    table = read_head(path, declared - _FIXED_BYTES, _FIXED_BYTES)
    if len(table) < declared - _FIXED_BYTES:
        raise ReadError(f"it ends inside the header of {declared} bytes; copy it again")
    counts = _column(table, n_signals, 216, 8)
    return Header(
        labels=tuple(_text(field) for field in _column(table, n_signals, 0, 16)),
        dimensions=tuple(_text(field) for field in _column(table, n_signals, 96, 8)),
        has_scale=_have_scale(table, n_signals),
        n_samples=np.array([_integer(field, "samples per record") for field in counts]),
        n_records=_integer(fixed[236:244], "number of records"),
        record_s=_seconds(fixed[244:252]),
        record_digit_s=_last_digit(fixed[244:252]),
        width=3 if fixed.startswith(BDF_MAGIC) else 2,
        is_discontinuous=fixed[192:197] in (b"EDF+D", b"BDF+D"),
    )


def _have_scale(table: bytes, n_signals: int) -> tuple[bool, ...]:
    """Tell which signals have two different physical and two different digital limits."""
    physical_min, physical_max, digital_min, digital_max = (
        [_text(field) for field in _column(table, n_signals, before, 8)]
        for before in (104, 112, 120, 128)
    )
    return tuple(
        low != high and digital_low != digital_high
        for low, high, digital_low, digital_high in zip(
            map(_number, physical_min), map(_number, physical_max),
            map(_number, digital_min), map(_number, digital_max), strict=True,
        )
    )  # fmt: skip


def _number(text: str) -> float | None:
    """Return a limit; two that are no numbers count as equal."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _column(table: bytes, n_signals: int, before: int, width: int) -> list[bytes]:
    """Fields of all signals, which lie behind `before` bytes per signal of other fields."""
    start = before * n_signals
    return [table[start + width * i : start + width * (i + 1)] for i in range(n_signals)]


def _text(field: bytes) -> str:
    return field.decode("latin-1").strip(" \0")


def _integer(field: bytes, what: str) -> int:
    try:
        return int(field.decode("ascii").strip(" \0"))
    except ValueError as error:
        raise ReadError(
            f"{what} in the header is {field!r}, where a whole number is expected; copy it again"
        ) from error


def _seconds(field: bytes) -> float:
    try:
        return float(field.decode("ascii").strip(" \0"))
    except ValueError as error:
        raise ReadError(
            f"the length of a record in the header is {field!r}, where a number of seconds is "
            "expected; copy it again"
        ) from error


def _last_digit(field: bytes) -> float:
    _, point, decimals = _text(field).partition(".")
    return 10.0 ** -len(decimals) if point and decimals.isdigit() else 0.0
