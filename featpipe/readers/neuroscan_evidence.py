"""Sample width and layout of a Neuroscan .cnt file, decided from what the file itself shows.

NumSamples is wrong in many published files (-732, 0, too large) and no field names the width, so
a reader that trusts the header turns 32-bit data into noise of twice the length without a word.
Independent witnesses vote here; when they contradict each other the file is refused.
"""

from pathlib import Path

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.neuroscan_events import EventTable, read_events
from featpipe.readers.neuroscan_halves import vote_of_halves
from featpipe.readers.neuroscan_header import Setup
from featpipe.readers.preflight import read_head

_WIDTHS = (2, 4)
_N_PROBE = 1 << 16  # 16-bit words looked at
_LEAST_INTERVALS = 4
_LEAST_PLACES = 10  # all even by chance once in 1024 files
_CLEARLY = 0.8  # smoother than that, or the header is believed


def n_times_of(setup: Setup, table: EventTable, width: int) -> int:
    """Return how many samples lie before the event table at a width in bytes."""
    return (table.position - setup.data_start) // (width * setup.n_channels)


def sample_width(path: Path, setup: Setup, table: EventTable) -> int:
    """Decide whether a file holds 16-bit or 32-bit numbers.

    Parameters
    ----------
    path : Path
        The file.
    setup : Setup
        Its header.
    table : EventTable
        Its event table.

    Returns
    -------
    int
        2 or 4 bytes.

    Raises
    ------
    ReadError
        When there is no evidence, or when its pieces contradict each other.
    """
    remedy = (
        "correct NumSamples (int32 at byte 864) if you know the length, "
        "or export the recording again as EDF"
    )
    if (table.position - setup.data_start) % (2 * setup.n_channels):
        raise ReadError(
            f"{table.position - setup.data_start} bytes of data are no whole number of samples of "
            f"{setup.n_channels} channels: bytes were lost or added; copy the file again"
        )
    votes = {
        "data length": _length_vote(setup, table),
        "NumSamples": _nearest(setup.n_declared, setup, table, 0.0),
        "declared seconds": _nearest(setup.seconds * setup.sfreq, setup, table, 0.1),
        "event positions": _event_vote(path, setup, table),
        "numbers": vote_of_halves(
            path, setup.data_start, table.position, setup.n_channels,
            float(np.median(np.abs(setup.scale))),
        ),
    }  # fmt: skip
    if votes["event positions"] == 4 and (votes["NumSamples"] or votes["numbers"]):
        del votes["event positions"]  # a clock half as fast makes all even too
    cast = {name: width for name, width in votes.items() if width}
    if len(set(cast.values())) == 1:
        return next(iter(cast.values()))
    if not cast:
        raise ReadError(f"nothing tells 16-bit from 32-bit samples; {remedy}")
    said = ", ".join(f"{name}: {8 * width}-bit" for name, width in cast.items())
    raise ReadError(f"the evidence on the sample width is contradictory ({said}); {remedy}")


def _length_vote(setup: Setup, table: EventTable) -> int | None:
    return 2 if (table.position - setup.data_start) % (4 * setup.n_channels) else None


def _nearest(n_times: float, setup: Setup, table: EventTable, tolerance: float) -> int | None:
    """Width at which the data have this many samples, within a relative tolerance."""
    if not n_times > 0:
        return None
    near = [
        width
        for width in _WIDTHS
        if abs(n_times_of(setup, table, width) - n_times) <= tolerance * n_times
    ]
    return near[0] if len(near) == 1 else None


def _event_vote(path: Path, setup: Setup, table: EventTable) -> int | None:
    """Width at which the events lie on samples.

    An odd place is proof of 16 bits. Of 16-bit samples every second one is a 32-bit sample too, and
    a trigger that comes every second, or on a grid of 250 ms, may find those alone: only many
    places, with intervals that differ and have no common divisor but that 2, speak for 32 bits.
    """
    offset = read_events(path, table)["offset"].astype(np.int64)
    if table.kind == 3:
        return 2 if np.any(offset > n_times_of(setup, table, 4)) else None
    inside = offset[(offset >= setup.data_start) & (offset < table.position)]
    places, rests = np.divmod(np.unique(inside) - setup.data_start, 2 * setup.n_channels)
    if np.any(rests):
        return None  # positions are not those of samples: they say nothing
    if np.any(places % 2):
        return 2
    intervals = np.unique(np.diff(places)) // 2
    is_irregular = len(intervals) >= _LEAST_INTERVALS and np.gcd.reduce(intervals) == 1
    return 4 if is_irregular and len(places) >= _LEAST_PLACES else None


def block_length(path: Path, setup: Setup, table: EventTable, width: int) -> int:
    """Decide how many successive samples of one channel lie together.

    The header's channel offset promises blocks in files whose data are in fact sample after
    sample (one of EEGLAB's test files: blocks of 8 would mix its two channels). A channel read in
    the right layout is smoother than in the wrong one, and the data are believed.

    Parameters
    ----------
    path, setup, table
        The file, its header and its event table.
    width : int
        Bytes per number.

    Returns
    -------
    int
        1 for sample after sample.
    """
    n_block = max(1, setup.block_bytes // width)
    n_channels = setup.n_channels
    if n_block == 1 or table.position - setup.data_start < width * n_block * n_channels:
        return 1
    n_bytes = min(2 * _N_PROBE * n_channels, table.position - setup.data_start)
    n_bytes -= n_bytes % (width * n_block * n_channels)
    counts = np.frombuffer(read_head(path, n_bytes, setup.data_start), f"<i{width}").astype(float)
    single = _roughness(counts.reshape(-1, n_channels).T)
    blocks = counts.reshape(-1, n_channels, n_block).swapaxes(0, 1).reshape(n_channels, -1)
    return 1 if single < _CLEARLY * _roughness(blocks) else n_block


def _roughness(counts: np.ndarray) -> float:
    return float(np.mean(np.abs(np.diff(counts))))
