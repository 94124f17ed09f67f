"""Neuroscan .cnt files, lazily, as an MNE Raw.

MNE's own reader is not used: it takes the channel offset at its word and mixes channels where the
header is wrong, reports events one sample early, needs a good NumSamples above 2 GB, and stamps
the machine's time zone on the date. The tests compare both where MNE is right.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import mne
import numpy as np
from mne.io import BaseRaw

from featpipe.eeg.samples import Samples
from featpipe.errors import ReadError
from featpipe.readers.distinct_names import tell_renamed
from featpipe.readers.neuroscan_events import EventTable, annotations, event_samples, read_events
from featpipe.readers.neuroscan_evidence import block_length, n_times_of, sample_width
from featpipe.readers.neuroscan_header import Setup, read_setup
from featpipe.readers.preflight import NEWLINE_DAMAGE, OK, Check, is_newline_damaged, verdict
from featpipe.readers.records import Records
from featpipe.readers.through_mne import open_raw
from featpipe.readers.untouched import stored_channels

logger = logging.getLogger(__name__)

_MOST_NUMBERS = 1 << 22  # read at once, so that a long request does not hold the file twice


@dataclass(frozen=True)
class Layout:
    """How the numbers lie in the file.

    Attributes
    ----------
    setup : Setup
        The header.
    table : EventTable
        The event table.
    width : int
        Bytes per number, 2 or 4.
    n_block : int
        Successive samples of one channel that lie together; 1 for sample after sample.
    n_times : int
        Samples per channel; a block that is not complete at the end is left out.
    """

    setup: Setup
    table: EventTable
    width: int
    n_block: int
    n_times: int

    def records(self, path: Path) -> Records:
        """Return the blocks of the file: `n_block` samples of a channel, then of the next."""
        n_numbers = self.n_block * self.setup.n_channels
        n_records = self.n_times // self.n_block
        return Records(path, self.setup.data_start, n_records, n_numbers, f"<i{self.width}")


def read_layout(path: Path) -> Layout:
    """Read the header and decide what it leaves open.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Layout

    Raises
    ------
    ReadError
        When the header is none, when the event table is missing, or when the evidence on the
        sample width is missing or contradictory.
    """
    setup = read_setup(path)
    if setup.events is None:
        raise ReadError(
            f"there is no event table at byte {setup.table_position}; copy the file again"
        )
    width = sample_width(path, setup, setup.events)
    n_block = block_length(path, setup, setup.events, width)
    n_times = n_times_of(setup, setup.events, width) // n_block * n_block
    if not n_times:
        raise ReadError("the header is followed by no data; copy it again")
    return Layout(setup, setup.events, width, n_block, n_times)


class RawNeuroscan(BaseRaw):
    """A Neuroscan .cnt file that reads the samples asked for when they are asked for.

    Parameters
    ----------
    path : Path
        The file.
    layout : Layout
        How its numbers lie.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        setup = layout.setup
        info = mne.create_info(list(setup.ch_names), setup.sfreq, "eeg", verbose="ERROR")
        info.set_meas_date(_meas_date(setup.date))
        info["bads"] = list(setup.bads)
        super().__init__(
            info,
            preload=False,
            filenames=[path],
            last_samps=[layout.n_times - 1],
            raw_extras=[{"layout": layout}],
            orig_format="int" if layout.width == 4 else "short",
        )

    def _read_segment_file(self, data, idx, fi, start, stop, cals, mult) -> None:
        """Fill `data` (n_picked, stop - start) with volts; MNE calls this."""
        layout: Layout = self._raw_extras[fi]["layout"]
        step = max(1, _MOST_NUMBERS // layout.setup.n_channels)
        for first in range(start, stop, step):
            last = min(first + step, stop)
            volts = _read_volts(Path(self.filenames[fi]), layout, first, last)[idx]
            data[:, first - start : last - start] = cals * volts if mult is None else mult @ volts


def _read_volts(path: Path, layout: Layout, start: int, stop: int) -> np.ndarray:
    """Read samples [start, stop) of all channels, (n_channels, stop - start), volt."""
    setup, n_block = layout.setup, layout.n_block
    first, last = start // n_block, -(-stop // n_block)
    counts = layout.records(path).read(first, last)
    counts = counts.reshape(last - first, setup.n_channels, n_block).swapaxes(0, 1)
    counts = counts.reshape(setup.n_channels, -1)  # a view when samples lie one after another
    volts = counts[:, start - first * n_block : stop - first * n_block].astype(np.float64)
    if setup.baseline.any():
        volts -= setup.baseline[:, None]
    volts *= setup.scale[:, None]
    return volts


def check(path: Path) -> Check:
    """Compare the header of a Neuroscan .cnt file with the file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Check
        Bytes behind the event table are normal (impedances, history) and not reported.
    """
    return verdict(path, lambda: _inspect(path))


def _inspect(path: Path) -> Check:
    setup = read_setup(path)
    size = path.stat().st_size
    if is_newline_damaged(path, setup.data_start):
        return Check("corrupt", NEWLINE_DAMAGE)
    if setup.events is None:
        return _no_table(setup, size)
    layout = read_layout(path)
    notes = []
    if setup.n_declared != layout.n_times:
        notes.append(
            f"NumSamples says {setup.n_declared}, the data hold {layout.n_times} samples "
            f"of {8 * layout.width} bits"
        )
    if setup.block_bytes > 1 and layout.n_block == 1:
        notes.append(
            f"the header promises blocks of {setup.block_bytes} bytes per channel, "
            "the data are sample after sample"
        )
    if notes:
        notes.append("the data are believed")
    if layout.table.position >= 1 << 32 and layout.table.kind != 3 and layout.table.n_bytes:
        notes.append("event positions wrap at 4 GiB: compare late events with the protocol")
    return Check("suspicious", "; ".join(notes)) if notes else OK


def _no_table(setup: Setup, size: int) -> Check:
    where = setup.table_position
    if where == 0 or where + 9 > size:
        said = "says 0" if where == 0 else f"is {where}"
        return Check(
            "truncated",
            f"EventTablePos {said}, the file ends at byte {size}: the recording was not closed or "
            "the copy was cut; copy it again or repair it in the program that recorded it",
        )
    return Check(
        "corrupt",
        f"there is no event table at byte {where}, where the header puts it; copy the file again",
    )


def read(path: Path) -> BaseRaw:
    """Open a Neuroscan .cnt file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    mne.io.BaseRaw
        All channels of type "eeg", in volt, those that were flagged at the amplifier among the
        bads; annotations at the exact sample of each event, which is one sample later than MNE's
        reader says (and some more for event tables of type 3).

    Raises
    ------
    ReadError
        As `read_layout`.
    """
    layout = read_layout(path)
    raw = open_raw(path, lambda: RawNeuroscan(path, layout))
    tell_renamed(path.name, layout.setup.stored_names, layout.setup.ch_names)
    events = read_events(path, layout.table)
    samples = event_samples(
        events,
        layout.table.kind,
        layout.setup.data_start,
        layout.width * layout.setup.n_channels,
        layout.n_times,
    )
    raw.set_annotations(annotations(events, samples, layout.n_times, layout.setup.sfreq))
    if outside := len(samples) - int(np.sum((samples >= 0) & (samples < layout.n_times))):
        logger.debug("%s: %d events outside the data were left out", path.name, outside)
    return raw


def samples(path: Path, raw: BaseRaw, ch_names: Sequence[str]) -> Samples | None:
    """Give access to the stored numbers of some channels of a Neuroscan .cnt file.

    Parameters
    ----------
    path : Path
        The file.
    raw : mne.io.BaseRaw
        What `read` returned for it.
    ch_names : sequence of str
        Channels, as `raw` names them.

    Returns
    -------
    Samples or None
        A record is one sample of all channels, or one block. None when `raw` is not the file as
        it lies.
    """
    if not isinstance(raw, RawNeuroscan):
        return None
    layout: Layout = raw._raw_extras[0]["layout"]
    channels = stored_channels(path, raw, layout.n_times, ch_names)
    if channels is None:
        return None
    return Samples(
        sfreq=float(raw.info["sfreq"]),
        n_times=layout.n_times,
        n_per_record=layout.n_block,
        first=channels * layout.n_block,
        offset=layout.setup.baseline[channels],
        scale=1e6 * layout.setup.scale[channels],
        read=layout.records(path).read,
    )


def _meas_date(text: str) -> datetime | None:
    """Local wall clock of the recording, marked UTC because the file names no zone."""
    try:
        return datetime.strptime(text, "%m/%d/%y %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
