"""Open and read recordings with MNE so that nothing but a ReadError or a log record leaves it."""

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import mne
import numpy as np
from mne.io import BaseRaw

from featpipe.eeg.marks import flagged_samples
from featpipe.eeg.samples import Samples
from featpipe.errors import ReadError, one_line
from featpipe.readers.records import check_span
from featpipe.readers.untouched import channel_indices, is_projected

logger = logging.getLogger(__name__)

_HARMLESS = (
    "meas date",  # nothing of ours uses the wall clock
    "invalid value encountered",  # electrodes without a screen position
    "divide by zero",
    "Not setting position",
    "Channels contain different",  # filters of the amplifier, which nothing of ours uses
    "Highpass cutoff frequency",
    "All-NaN",
    "expanding outside the data range",
    "contains 'boundary' events",  # told with their times by `featpipe.readers.breaks`
)

_N_PER_RECORD = 256  # long enough to be copied fast, short enough to waste little at the ends


def open_raw(path: Path, opener: Callable[[], BaseRaw], told: Sequence[str] = ()) -> BaseRaw:
    """Open a recording quietly.

    Parameters
    ----------
    path : Path
        The file, for messages.
    opener : callable
        Calls one of MNE's `read_raw_*` functions, or makes a recording of MNE's kind.
    told : sequence of str, optional
        Warnings of MNE, or words of them, that the reader tells better.

    Returns
    -------
    mne.io.BaseRaw
        What the opener returned.

    Raises
    ------
    ReadError
        When MNE fails; its error is the cause.
    """
    with _quiet() as caught:
        try:
            raw = opener()
        except ReadError:  # of a reader of ours
            raise
        except Exception as error:  # MNE's readers raise whatever a broken header leads to
            first = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
            raise ReadError(
                f"{path}: MNE cannot read it ({first}); "
                "open it in the program that wrote it and export it again"
            ) from error
    for warning in caught:
        text = " ".join(str(warning.message).split())
        is_harmless = any(word in text for word in (*_HARMLESS, *told))
        level = logging.DEBUG if is_harmless else logging.WARNING
        logger.log(level, "%s: %s", path.name, one_line(text))
    return raw


@contextmanager
def _quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Collect warnings and silence MNE's logger, whatever handlers it has been given."""
    chatter = logging.getLogger("mne")
    chatter.addFilter(_nothing)
    try:
        with warnings.catch_warnings(record=True) as caught, mne.use_log_level("WARNING"):
            warnings.simplefilter("always")
            yield caught
    finally:
        chatter.removeFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    return False


def samples_through_mne(raw: BaseRaw, ch_names: Sequence[str]) -> Samples:
    """Give a recording of any format the shape of a file of records.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Loaded or not, cropped or modified as it may be.
    ch_names : sequence of str
        The channels wanted, as `raw` names them; their order is that of the result.

    Returns
    -------
    Samples
        Volts in records of 256 samples, or of all there are; the last one is filled up with the
        last sample. Numbers do not depend on how many records are read at a time. NaN where a FIF
        file says that acquisition skipped samples, which MNE fills with zeros.

    Raises
    ------
    ConfigError
        When `raw` has no channel of a wanted name.
    """
    picks = channel_indices(raw, ch_names)
    n_times = int(raw.n_times)
    n_per_record = min(_N_PER_RECORD, n_times)
    n_records = -(-n_times // n_per_record)

    # a product of matrices, which MNE computes for a projection, has other last digits for another
    # number of columns: records are then asked for one by one
    n_at_once = 1 if is_projected(raw) and not raw.preload else n_records

    skipped = flagged_samples(raw, raw.info["sfreq"], n_records * n_per_record, "BAD_ACQ_SKIP")
    skipped = skipped.reshape(n_records, n_per_record)

    def read(start: int, stop: int) -> np.ndarray:
        check_span(start, stop, n_records)
        volts = np.empty((stop - start, len(picks), n_per_record))
        for i in range(start, stop, n_at_once):
            _fill_records(raw, picks, i, volts[i - start : i - start + n_at_once])
        volts.swapaxes(1, 2)[skipped[start:stop]] = np.nan
        return volts.reshape(stop - start, len(picks) * n_per_record)

    return Samples(
        sfreq=float(raw.info["sfreq"]),
        n_times=n_times,
        n_per_record=n_per_record,
        first=np.arange(len(picks), dtype=np.int64) * n_per_record,
        offset=np.zeros(len(picks)),
        scale=np.full(len(picks), 1e6),
        read=read,
    )


def _fill_records(raw: BaseRaw, picks: np.ndarray, first: int, records: np.ndarray) -> None:
    """Fill `records` (n_records, n_picked, n_per_record) with volts, from record `first` on."""
    n_records, n_channels, n = records.shape
    volts = _volts(raw, picks, first * n, min((first + n_records) * n, raw.n_times))
    n_whole, n_rest = divmod(volts.shape[1], n)
    whole = volts[:, : n_whole * n].reshape(n_channels, n_whole, n)
    records[:n_whole] = whole.swapaxes(0, 1)
    if n_rest:
        records[n_whole, :, :n_rest] = volts[:, n_whole * n :]
        records[n_whole, :, n_rest:] = volts[:, -1:]


def _volts(raw: BaseRaw, picks: np.ndarray, start: int, stop: int) -> np.ndarray:
    try:
        return np.asarray(raw.get_data(picks=picks, start=start, stop=stop, verbose="ERROR"))
    except ReadError:
        raise
    except Exception as error:  # a file that was changed or cut behind MNE's back
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise ReadError(
            f"{raw.filenames[0] or 'the recording'}: MNE cannot read samples {start} to {stop} "
            f"({first}); it became shorter or was changed while it was read, copy it again"
        ) from error
