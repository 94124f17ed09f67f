"""EEGLAB .set files, with or without their .fdt: MATLAB 5 through MNE, 7.3 by `eeglab_hdf5`."""

import struct
from functools import lru_cache
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pymatreader
from mne.io import BaseRaw

from featpipe.errors import ReadError
from featpipe.readers.breaks import log_breaks
from featpipe.readers.eeglab_hdf5 import Header, open_set, read_header
from featpipe.readers.mat5_sound import is_hdf5, require_sound
from featpipe.readers.mat5_walk import HEAD_BYTES
from featpipe.readers.preflight import OK, Check, read_head, verdict
from featpipe.readers.through_mne import open_raw

MAGIC = b"MATLAB "
_MAT5 = b"MATLAB 5.0"
_SMALL = 64 << 20  # above this a .set without .fdt holds the data itself and is not parsed twice


def _fields(path: Path) -> dict[str, Any]:
    """Return the declared shape, and under "data" the name of their file or how many there are."""
    about = path.stat()
    return _parsed(path.absolute(), about.st_size, about.st_mtime_ns, about.st_ino)


@lru_cache(maxsize=1024)
def _parsed(path: Path, *version: int) -> dict[str, Any]:
    """Parse a file once for its sources, its check and its reading: a large one takes seconds."""
    if header := header_of(path):
        counts = {"nbchan": header.n_channels, "pnts": header.n_times, "trials": header.n_trials}
        named = header.data if isinstance(header.data, str) else header.n_data
        return counts | {"data": named}
    _require_sound(path)
    content = pymatreader.read_mat(path)
    content = content.get("EEG", content)
    fields = {name: content[name] for name in ("nbchan", "pnts", "trials") if name in content}
    data = content["data"]
    return fields | {"data": data if isinstance(data, str) else np.size(data)}


def header_of(path: Path) -> Header | None:
    """Return the head of a file of MATLAB 7.3, read once while the file is untouched.

    Parameters
    ----------
    path : Path
        The .set file.

    Returns
    -------
    Header or None
        None of MATLAB 5.

    Raises
    ------
    ReadError
        When it is damaged or declares what no recording has.
    """
    about = path.stat()
    return _header(path.absolute(), about.st_size, about.st_mtime_ns, about.st_ino)


@lru_cache(maxsize=1024)
def _header(path: Path, *version: int) -> Header | None:
    try:
        return read_header(path) if is_hdf5(read_head(path, HEAD_BYTES)) else None
    except ReadError as error:
        raise ReadError(f"{path}: {error}") from error


def _require_sound(path: Path) -> None:
    """Walk a file before SciPy, which MNE reads it with, believes sizes and types in it."""
    try:
        require_sound(path)
    except ReadError as error:
        raise ReadError(f"{path}: {error}") from error


def data_file(path: Path) -> Path | None:
    """Return the .fdt file that a .set file needs.

    Parameters
    ----------
    path : Path
        The .set file.

    Returns
    -------
    Path or None
        None when the data are inside the .set file.

    Raises
    ------
    ReadError
        When neither the file it names nor one of its own name is there.
    """
    twin = path.with_suffix(".fdt")
    if path.stat().st_size > _SMALL and not twin.is_file() and not header_of(path):
        return None
    return _data_file(path, _fields(path))


def _data_file(path: Path, fields: dict) -> Path | None:
    named = fields["data"]
    if not isinstance(named, str):
        return None
    for candidate in (path.parent / Path(named.replace("\\", "/")).name, path.with_suffix(".fdt")):
        if candidate.is_file():
            return candidate
    raise ReadError(
        f"{path}: its data are in {named}, which is not beside it; copy it too, or save the .set "
        "again with the data inside"
    )


def sources(path: Path) -> tuple[Path, ...]:
    """Return the .set file and its .fdt file, when it needs one.

    Parameters
    ----------
    path : Path
        The .set file.

    Returns
    -------
    tuple of Path
        The .set file first.

    Raises
    ------
    ReadError
        When the .fdt file is missing.
    """
    data = data_file(path)
    return (path,) if data is None else (path, data)


def check(path: Path) -> Check:
    """Compare what a .set file declares with its own size and that of its .fdt file.

    Parameters
    ----------
    path : Path
        The .set file.

    Returns
    -------
    Check
    """
    return verdict(path, lambda: _inspect(path))


def _inspect(path: Path) -> Check:
    head = read_head(path, HEAD_BYTES)
    if not head.startswith(MAGIC):
        return Check("corrupt", f"it begins with {head[:8]!r}, not as MATLAB writes .set files")
    if gap := _missing_bytes(path, head):
        return Check("truncated", f"its last variable lacks {gap} bytes; copy it again")
    is_large = path.stat().st_size > _SMALL and not path.with_suffix(".fdt").is_file()
    if is_large and not header_of(path):
        return OK
    fields = _fields(path)
    n_channels, n_times, n_trials = (int(fields[name]) for name in ("nbchan", "pnts", "trials"))
    if n_trials > 1:
        return Check("corrupt", f"it holds {n_trials} epochs; give the continuous recording")
    data = _data_file(path, fields)
    wanted = n_channels * n_times * (4 if data else 1)
    found = data.stat().st_size if data else fields["data"]
    unit = f"bytes in {data.name}" if data else "numbers"
    if found < wanted:
        return Check("truncated", f"{wanted} {unit} are declared, {found} are there; copy it again")
    return OK if found == wanted else Check("corrupt", f"{found} {unit}, {wanted} are declared")


def _missing_bytes(path: Path, head: bytes) -> int:
    """How many bytes the first variable of a MATLAB 5 file, often the only one, goes beyond it."""
    if not head.startswith(_MAT5):
        return 0
    order = "<" if head[126:128] == b"IM" else ">"
    kind, n_bytes = struct.unpack(f"{order}II", read_head(path, 8, HEAD_BYTES).ljust(8, b"\0"))
    wanted = HEAD_BYTES + 8 + (n_bytes if kind in (14, 15) else 0)
    return max(0, wanted - path.stat().st_size)


def read(path: Path) -> BaseRaw:
    """Open an EEGLAB .set file.

    Parameters
    ----------
    path : Path
        The .set file.

    Returns
    -------
    mne.io.BaseRaw
        Events as annotations; boundaries are logged.

    Raises
    ------
    ReadError
        When MNE cannot read it.
    """
    fdt, header = data_file(path), header_of(path)
    if header is None and fdt is None and path.stat().st_size > _SMALL:
        _require_sound(path)
    if header is None:
        raw = open_raw(path, lambda: mne.io.read_raw_eeglab(path, preload=False))
    else:
        raw = open_raw(path, lambda: open_set(path, header, fdt))
    log_breaks(path, raw)
    return raw
