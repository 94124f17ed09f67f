"""The numbers of EDF and BDF files as they are stored: 16 or 24 bit, record by record."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mne.io import BaseRaw

from featpipe.eeg.samples import Samples
from featpipe.readers.edf_header import Header, read_header
from featpipe.readers.records import Records, check_span, fill
from featpipe.readers.untouched import stored_channels

_LARGEST_RECORD = 1 << 24  # bytes; a recording may be one record, and a record is read whole


@dataclass(frozen=True)
class Records24:
    """A row of equal records of 24-bit numbers.

    Attributes
    ----------
    path : Path
        The file.
    data_start : int
        First byte of the first record; at least 1.
    n_records : int
        How many there are.
    n_numbers : int
        Numbers in a record.
    """

    path: Path
    data_start: int
    n_records: int
    n_numbers: int

    def read(self, start: int, stop: int) -> np.ndarray:
        """Read records [start, stop).

        Parameters
        ----------
        start, stop : int
            Records, counted from 0.

        Returns
        -------
        numpy.ndarray of int32, shape (stop - start, n_numbers)
            C-contiguous, aligned, in the byte order of this machine.

        Raises
        ------
        ReadError
            When the file has become shorter, or cannot be opened any more.
        """
        check_span(start, stop, self.n_records)
        n_all = (stop - start) * self.n_numbers
        # one byte more, before the first number: each number is then the upper three bytes of a
        # 32-bit word that overlaps its neighbour, and a shift drops the lowest byte, sign kept
        stored = np.empty(1 + 3 * n_all, np.uint8)
        fill(self.path, self.data_start - 1 + 3 * start * self.n_numbers, stored)
        words = np.ndarray((n_all,), "<i4", stored, strides=(3,))
        return np.right_shift(words, 8, dtype=np.int32).reshape(stop - start, self.n_numbers)


def samples(path: Path, raw: BaseRaw, ch_names: Sequence[str]) -> Samples | None:
    """Give access to the stored numbers of some channels of an EDF or BDF file.

    Parameters
    ----------
    path : Path
        The file.
    raw : mne.io.BaseRaw
        What `edf.read` returned for it.
    ch_names : sequence of str
        Channels, as `raw` names them.

    Returns
    -------
    Samples or None
        A record of the file is a record. None when the file is discontinuous, when the channels
        have another rate than `raw`, when its records are larger than a block should be, when a
        Status channel is asked for, which MNE masks, and when `raw` is not the file as it lies.
    """
    header = read_header(path)
    if header.is_discontinuous or not header.signals:
        return None
    if header.record_bytes > _LARGEST_RECORD:
        return None
    n_records = header.n_stored(path)
    extras = raw._raw_extras[0]  # MNE has no public way to tell the scale of a channel
    n_per_record = int(extras["max_samp"])
    channels = stored_channels(path, raw, n_records * n_per_record, ch_names)
    if channels is None or np.isin(channels, extras["stim_channel_idxs"]).any():
        return None
    signals = np.asarray(extras["sel"])[channels]  # those of other rates were left out
    if (header.n_samples[signals] != n_per_record).any():
        return None
    starts = np.concatenate([[0], np.cumsum(header.n_samples)])
    per_number = np.asarray(extras["cal"], np.float64)[channels]
    return Samples(
        sfreq=float(raw.info["sfreq"]),
        n_times=n_records * n_per_record,
        n_per_record=n_per_record,
        first=starts[signals].astype(np.int64),
        offset=-np.asarray(extras["offsets"], np.float64)[channels] / per_number,
        scale=1e6 * per_number * np.asarray(extras["units"], np.float64)[channels],
        read=_records(path, header, n_records).read,
        largest=float(1 << (8 * header.width - 1)),
    )


def _records(path: Path, header: Header, n_records: int) -> Records | Records24:
    n_numbers = int(header.n_samples.sum())
    if header.width == 3:
        return Records24(path, header.data_start, n_records, n_numbers)
    return Records(path, header.data_start, n_records, n_numbers, "<i2")
