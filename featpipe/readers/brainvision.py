"""BrainVision recordings (.vhdr or .ahdr with its data and marker files) through MNE."""

import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import mne
import numpy as np
from mne.io import BaseRaw

from featpipe.eeg.samples import Samples
from featpipe.errors import ReadError
from featpipe.readers.brainvision_header import MOST_TEXT, Header, read_header
from featpipe.readers.brainvision_texts import write_texts
from featpipe.readers.breaks import log_breaks
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.readers.records import Records
from featpipe.readers.text_lines import decode
from featpipe.readers.through_mne import open_raw
from featpipe.readers.untouched import stored_channels
from featpipe.regular_files import content_of


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
    if header.form is None:
        return OK
    size = header.data.stat().st_size
    n_times, n_rest = divmod(size, header.sample_bytes)
    if not n_times or n_rest:
        return Check(
            "truncated",
            f"{header.data.name} has {size} bytes, which is not a whole number of samples of "
            f"{header.n_channels} channels of {header.sample_bytes // header.n_channels} bytes; "
            "copy it again",
        )
    return _compare_length(header, n_times)


def _compare_length(header: Header, n_times: int) -> Check:
    name = header.data.name
    if header.n_declared not in (None, n_times):
        what = f"DataPoints in the header is {header.n_declared}, {name} holds {n_times} samples"
        if not header.is_multiplexed:  # every channel but the first would begin at a wrong place
            return Check("truncated", f"{what} of each channel; copy it again")
        return Check(
            "suspicious",
            f"{what}, and these are read: the data may have "
            "been cut; compare its size with the original",
        )
    last = max(_marker_positions(header.markers), default=0)
    if last > n_times:
        return Check(
            "suspicious",
            f"a marker lies at sample {last}, {name} ends at sample {n_times}: "
            "the data may have been cut; compare its size with the original",
        )
    return OK


def _marker_positions(path: Path | None) -> list[int]:
    if path is None:
        return []
    text = decode(content_of(path, MOST_TEXT))
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
        When MNE cannot read it, or an electrode's unit is no voltage.
    """
    header = read_header(path)
    markers: str | Literal[False] = False if header.markers is None else header.markers.name
    files = {"data_fname": str(header.data.absolute()), "marker_fname": markers}
    with TemporaryDirectory() as folder:
        texts = write_texts(Path(folder), path, header.markers)
        raw = open_raw(path, lambda: mne.io.read_raw_brainvision(texts, overrides=files))
    log_breaks(path, raw)
    return raw


def samples(path: Path, raw: BaseRaw, ch_names: Sequence[str]) -> Samples | None:
    """Give access to the stored numbers of some channels of a BrainVision recording.

    Parameters
    ----------
    path : Path
        The .vhdr or .ahdr file.
    raw : mne.io.BaseRaw
        What `read` returned for it.
    ch_names : sequence of str
        Channels, as `raw` names them.

    Returns
    -------
    Samples or None
        A record is one sample of all channels. None when the data are text or channel after
        channel, and when `raw` is not the file as it lies.
    """
    header = read_header(path)
    if header.form is None or not header.is_multiplexed:
        return None
    n_times = header.data.stat().st_size // header.sample_bytes
    channels = stored_channels(header.data, raw, n_times, ch_names)
    if channels is None:
        return None
    infos = {info["ch_name"]: info for info in raw.info["chs"]}
    volts = [infos[name]["range"] * infos[name]["cal"] for name in ch_names]
    return Samples(
        sfreq=float(raw.info["sfreq"]),
        n_times=n_times,
        n_per_record=1,
        first=channels,
        offset=np.zeros(len(channels)),
        scale=1e6 * np.array(volts, np.float64),
        read=Records(header.data, 0, n_times, header.n_channels, header.form).read,
    )
