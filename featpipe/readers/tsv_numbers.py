"""Columns of numbers from a tab-separated file without a header, gzipped or not, within limits."""

import gzip
import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ReadError

MAX_BYTES = 1 << 30
"""Of a file, inflated: 1000 Hz for eight hours have 900 MB. A small one may inflate to any size."""

LOST = ("n/a", "N/A", "NaN", "nan", "NA", ".", "")
"""How lost values are written; "n/a" is what BIDS prescribes."""

_CHUNK = 1 << 20
_MOST_INFLATED = 1032  # times the size of a file, by deflate
_TAB, _NEWLINE = 9, 10


class CutShortError(ReadError):
    """A gzipped file ends before its content does."""


def inflated(path: Path, max_bytes: int | None = None) -> bytes:
    """Return the content of a file, inflated where it is gzipped.

    Parameters
    ----------
    path : Path
        The file.
    max_bytes : int, optional
        Most bytes that are inflated; by default `MAX_BYTES`.

    Raises
    ------
    CutShortError
        When a gzipped file ends too early.
    ReadError
        When it cannot be opened, is damaged or larger than that.
    """
    max_bytes = MAX_BYTES if max_bytes is None else max_bytes
    parts, n_bytes = [], 0
    for part in _parts(path):
        n_bytes += len(part)
        _refuse_larger(path, n_bytes, max_bytes)
        parts.append(part)
    return b"".join(parts)


def first_lines(path: Path) -> list[bytes]:
    """Return the first lines of a file, those in its first megabyte, inflated where it is gzipped.

    Raises
    ------
    ReadError
        When it cannot be opened or is damaged there.
    """
    return [line.rstrip(b"\r") for line in next(_parts(path), b"").split(b"\n")]


def refuse_cut(path: Path) -> None:
    """Inflate a file to its end, keeping nothing.

    Raises
    ------
    CutShortError
        When a gzipped file ends too early.
    ReadError
        When it is damaged, or larger than `MAX_BYTES`.
    """
    n_bytes = 0
    for part in _parts(path):
        n_bytes += len(part)
        _refuse_larger(path, n_bytes, MAX_BYTES)


def may_be_cut(path: Path) -> bool:
    """Tell from its last bytes whether a gzipped file may have been cut, without inflating it.

    They hold the size of the content, which is between that of the file and a thousand times as
    much. Of a file that was cut anything stands there, which now and then is within.
    """
    n_bytes = path.stat().st_size
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return False
        file.seek(max(0, n_bytes - 4))
        (told,) = struct.unpack("<I", file.read(4).ljust(4, b"\0"))
    return not n_bytes <= told <= _MOST_INFLATED * n_bytes


def _refuse_larger(path: Path, n_bytes: int, max_bytes: int) -> None:
    if n_bytes > max_bytes:
        raise ReadError(
            f"{path}: it inflates to more than {max_bytes} bytes, which no eye recording has; "
            "replace it"
        )


def _parts(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if is_packed else path.open("rb") as file:
            while part := file.read(_CHUNK):
                yield part
    except EOFError as error:
        raise CutShortError(f"{path}: it ends within its content; copy it again") from error
    except zlib.error as error:
        raise ReadError(f"{path}: its content is damaged ({error}); copy it again") from error
    except OSError as error:  # of gzip, too
        raise ReadError(f"{path}: it cannot be read ({error}); copy it again") from error


def read_columns(path: Path, names: Sequence[str], wanted: Sequence[str]) -> dict[str, np.ndarray]:
    """Read columns of numbers.

    Parameters
    ----------
    path : Path
        The file. A first line that repeats the names is passed over.
    names : sequence of str
        All columns, in order.
    wanted : sequence of str
        Those that are read.

    Returns
    -------
    dict of numpy.ndarray, shape (n_rows,)
        By name; lost values are NaN.

    Raises
    ------
    ReadError
        When a row has more or fewer fields than there are names, or a field is no number; the
        message names file and line.
    """
    text = inflated(path).replace(b"\r\n", b"\n").rstrip(b"\n")
    first, _, rest = text.partition(b"\n")
    n_skipped = int(is_header(first, names))
    text = rest if n_skipped else text
    if b"\0" in text:
        raise ReadError(f"{path}: it holds NUL characters, so it is no table; copy it again")
    if not text:
        return {name: np.empty(0) for name in wanted}
    _refuse_other_widths(path, text, len(names), n_skipped)
    frame = _parsed(path, text, names, wanted, n_skipped)
    columns = {name: frame[name].to_numpy(float) for name in wanted}
    return {name: np.where(np.isfinite(x), x, np.nan) for name, x in columns.items()}


def is_header(line: bytes, names: Sequence[str]) -> bool:
    """Tell whether a line repeats the names of the columns, which BIDS forbids and people do."""
    fields = line.decode("utf-8", "replace").lower().split("\t")
    return [field.strip() for field in fields] == [name.lower() for name in names]


def _refuse_other_widths(path: Path, text: bytes, n_fields: int, n_skipped: int) -> None:
    codes = np.frombuffer(text + b"\n", np.uint8)
    ends_field = np.flatnonzero((codes == _TAB) | (codes == _NEWLINE))
    found = np.diff(np.flatnonzero(codes[ends_field] == _NEWLINE), prepend=-1)
    if (found != n_fields).any():
        i_line = int(np.argmax(found != n_fields))
        raise ReadError(
            f"{path}, line {i_line + 1 + n_skipped}: {found[i_line]} fields, where Columns of the "
            f"sidecar names {n_fields}: correct Columns, or copy the file again"
        )


def _parsed(
    path: Path, text: bytes, names: Sequence[str], wanted: Sequence[str], n_skipped: int
) -> pd.DataFrame:
    # blank lines were refused with their width, but a table of one column may have them
    how = {
        "sep": "\t", "header": None, "names": list(names), "usecols": list(wanted), "quoting": 3,
        "skip_blank_lines": False, "keep_default_na": False, "encoding_errors": "replace",
    }  # fmt: skip
    try:
        return pd.read_csv(
            io.BytesIO(text), dtype="float64", na_values=list(LOST), low_memory=False, **how
        )
    except (ValueError, OverflowError) as error:
        frame = pd.read_csv(io.BytesIO(text), dtype="str", **how)
        for name in wanted:
            cells = frame[name].str.strip().mask(frame[name].isin(LOST))
            is_bad = cells.notna().to_numpy() & np.isnan(
                np.array(pd.to_numeric(cells, errors="coerce"), float)
            )
            if is_bad.any():
                i_line = int(np.argmax(is_bad))
                raise ReadError(
                    f"{path}, line {i_line + 1 + n_skipped}: {name} = {cells.iloc[i_line]!r} is no "
                    "number; lost values are written n/a: correct it, or copy the file again"
                ) from error
        raise ReadError(f"{path}: it cannot be read ({error}); copy it again") from error
