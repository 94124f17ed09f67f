"""ANT Neuro .cnt files (EEProbe; RIFF or RF64 inside) through MNE and libeep.

libeep kills the interpreter on some damaged files, so the chunks are walked first, and the
library is tried in a process of its own before it is let into this one.
"""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import mne
from mne.io import BaseRaw

from featpipe.errors import ReadError
from featpipe.readers.preflight import OK, Check, read_head, verdict
from featpipe.readers.through_mne import open_raw

_NEEDED = (b"eeph", b"LIST")
_TRIAL = """
import sys
from antio import read_cnt
from antio.parser import read_info, read_meas_date, read_subject_info, read_triggers
cnt = read_cnt(sys.argv[1])
read_info(cnt), read_meas_date(cnt), read_subject_info(cnt), read_triggers(cnt)
cnt.get_samples_as_nparray(cnt.get_sample_count() - 1, cnt.get_sample_count())
"""
_TRIAL_SECONDS = 60
_TRIGGERS = (".evt", ".EVT", ".trg", ".TRG")


class Chunk(NamedTuple):
    """One chunk of a RIFF or RF64 file: its name, and where its content lies."""

    name: bytes
    start: int
    stop: int


def read_chunks(path: Path) -> list[Chunk]:
    """Walk the chunks below the outermost one.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    list of Chunk

    Raises
    ------
    ReadError
        When the file is not of this kind, or when a chunk goes beyond its end.
    """
    magic = read_head(path, 4)
    if magic not in (b"RIFF", b"RF64"):
        raise ReadError(f"it begins with {magic!r}, not with RIFF or RF64 as ANT .cnt files do")
    wide = 8 if magic == b"RF64" else 4
    size = path.stat().st_size
    if read_head(path, 4, 4 + wide) != b"CNT ":
        raise ReadError(f"it begins with {magic!r} but is not an ANT .cnt file")
    outer = int.from_bytes(read_head(path, wide, 4), "little")
    if 4 + wide + outer > size:
        raise ReadError(_short(4 + wide + outer, size))
    chunks, at = [], 8 + wide
    while at < 4 + wide + outer:
        head = read_head(path, 4 + wide, at)
        start = at + 4 + wide
        stop = start + int.from_bytes(head[4:], "little")
        if len(head) < 4 + wide or stop > size:
            raise ReadError(_short(stop, size))
        chunks.append(Chunk(head[:4], start, stop))
        at = stop + (stop - start) % 2
    return chunks


def _short(wanted: int, size: int) -> str:
    return f"its chunks go to byte {wanted}, the file ends at byte {size}; copy it again"


def check(path: Path) -> Check:
    """Compare the chunks of an ANT .cnt file with its size.

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
    try:
        chunks = read_chunks(path)
    except ReadError as error:
        return Check("truncated" if "its chunks go" in str(error) else "corrupt", str(error))
    names = [chunk.name for chunk in chunks]
    missing = [name.decode() for name in _NEEDED if name not in names]
    if missing:
        found = b" ".join(names).decode("ascii", "backslashreplace")
        return Check("corrupt", f"no chunk {' '.join(missing)} among {found}; copy it again")
    if not any(path.with_suffix(suffix).exists() for suffix in _TRIGGERS):
        return Check("suspicious", "no .evt of its name beside it, so no triggers; copy that, too")
    return OK


def read(path: Path) -> BaseRaw:
    """Open an ANT .cnt file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    mne.io.BaseRaw
        Bipolar channels (BIP) of type "misc"; triggers as annotations.

    Raises
    ------
    ReadError
        When libeep does not survive the file or cannot read it.
    """
    _try_elsewhere(path)
    return open_raw(path, lambda: mne.io.read_raw_ant(path, preload=False))


def _try_elsewhere(path: Path) -> None:
    command = [sys.executable, "-c", _TRIAL, str(path)]
    try:
        trial = subprocess.run(command, capture_output=True, timeout=_TRIAL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        how = f"libeep did not come back within {_TRIAL_SECONDS} s"
    else:
        if trial.returncode == 0:
            return
        last = trial.stderr.decode(errors="replace").strip().splitlines()[-1:]
        how = f"libeep crashed on it (signal {-trial.returncode})"
        if trial.returncode > 0:
            how = f"libeep cannot read it ({''.join(last)})"
    raise ReadError(f"{path}: {how}; copy it again or export it as EDF from the ANT program")
