"""EDF, EDF+, BDF and BDF+ files through MNE, after a pre-flight of header, clock and units."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import mne
import numpy as np
from mne.io import BaseRaw

from featpipe.eeg.settings import EegSettings
from featpipe.errors import ReadError
from featpipe.readers.amplitude import expected, is_plausible, microvolt_spread
from featpipe.readers.bdf_status import STATUS, nameless_status
from featpipe.readers.distinct_names import distinct_names, tell_renamed
from featpipe.readers.edf_clock import check_clock
from featpipe.readers.edf_header import Header, read_header
from featpipe.readers.edf_rates import left_out, triggers
from featpipe.readers.edf_units import correct_units, without_unit
from featpipe.readers.preflight import (
    FASTEST_HZ,
    NEWLINE_DAMAGE,
    OK,
    Check,
    is_newline_damaged,
    verdict,
)
from featpipe.readers.stim import annotate_stim
from featpipe.readers.through_mne import open_raw

_TOLD = ("Channel names are not unique",)  # by ourselves, with the names that they get


def check(path: Path) -> Check:
    """Compare the header of an EDF or BDF file with its size, its time stamps and its units.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Check
        Data are read, four seconds of them, only when EEG signals have no unit.
    """
    return verdict(path, lambda: _inspect(path))


def _inspect(path: Path) -> Check:
    header = read_header(path)
    if not header.signals:
        return Check("corrupt", "it holds annotations and no signals; give the file with the EEG")
    if np.any(header.n_samples < 0) or not header.n_samples[header.signals].any():
        least = int(header.n_samples[header.signals].min())
        return Check(
            "corrupt",
            f"the header declares records of {least} samples per signal, where one or more are "
            "expected; copy it again",
        )
    if not 0 < header.record_s < np.inf:
        return Check(
            "corrupt",
            f"the header declares records of {header.record_s:g} seconds, so that the sampling "
            "rate is unknown; copy or export the recording again",
        )
    fastest = float(header.n_samples[header.signals].max() / header.record_s)
    if fastest > FASTEST_HZ:
        return Check(
            "corrupt",
            f"the header declares records of {header.record_s:g} seconds, which is {fastest:g} "
            f"samples per second, where {FASTEST_HZ:g} or fewer are expected; copy or export the "
            "recording again",
        )
    n_data = path.stat().st_size - header.data_start
    n_whole = header.n_stored(path)
    if is_newline_damaged(path, header.data_start):
        return Check("corrupt", NEWLINE_DAMAGE)
    if n_whole < max(header.n_records, 1):
        return Check(
            "truncated",
            f"{header.n_records} records of {header.record_bytes} bytes are declared, "
            f"{n_data / header.record_bytes:.2f} are there; copy the file again",
        )
    clock = check_clock(path, header, n_whole)
    if clock.status == "corrupt":
        return clock
    units = _check_units(path, header)
    if units.status == "corrupt":
        return units
    found = [_check_number(header, n_data), clock, units]
    reasons = [reason for status, reason in found if status != "ok"]
    return Check("suspicious", "; ".join(reasons)) if reasons else OK


def _check_number(header: Header, n_data: int) -> Check:
    n_whole, n_rest = divmod(n_data, header.record_bytes)
    if header.n_records < 0:
        return Check("suspicious", f"the recording was not closed; it holds {n_whole} records")
    if n_whole > header.n_records or n_rest:
        return Check(
            "suspicious",
            f"{header.n_records} records are declared, {n_data / header.record_bytes:.2f} are "
            f"there; {n_whole} are read",
        )
    return OK


def _check_units(path: Path, header: Header) -> Check:
    bare = without_unit(header)
    if not bare:
        return OK
    picks = [header.signals.index(i) for i in bare]
    spread = microvolt_spread(_open(path, header), picks)
    names = ", ".join(header.labels[i] for i in bare[:4]) + ", ..." * (len(bare) > 4)
    what = f"no physical dimension is given for {names}"
    if is_plausible(spread):
        size = "constant" if spread is None else f"{spread:.3g} microvolt"
        return Check("suspicious", f"{what}; taken for microvolt (standard deviation: {size})")
    return Check(
        "corrupt",
        f"{what}, and as microvolt their standard deviation would be {spread:.3g}, where "
        f"{expected()} is expected; export the recording in microvolt, or correct the header",
    )


def read(path: Path, settings: EegSettings | None = None) -> BaseRaw:
    """Open an EDF or BDF file.

    Parameters
    ----------
    path : Path
        The file.
    settings : EegSettings, optional
        What channels are wanted, and for what: where signals have several rates, this decides
        which of them are read.

    Returns
    -------
    mne.io.BaseRaw
        EDF+ annotations as annotations; a Status channel as a channel of type "stim"; what is in
        another unit than volts as "misc". Signals of another rate than the EEG's are left out, and
        a Status channel of another rate is annotations. Not loaded.

    Raises
    ------
    ReadError
        When MNE cannot read it, in UTF-8 nor in Latin-1, or finds another length than the file
        has, and when the EEG has several rates.
    """
    header = read_header(path)
    others = left_out(path, header, settings or EegSettings())
    raw = _open(path, header, others)
    _tell_namesakes_apart(raw, path, header)
    _check_length(raw, path, header, others)
    apart = [i for i in triggers(header) if i in others]
    if apart:  # beside a channel of another rate MNE misplaces them
        alone = _open(path, header, [i for i in header.signals if i not in apart])
        alone.set_annotations(None)
        annotate_stim(alone)
        raw.set_annotations(raw.annotations + alone.annotations)
    return raw


def _check_length(raw: BaseRaw, path: Path, header: Header, others: Sequence[int]) -> None:
    """Refuse what MNE stretched: it counts samples by the fastest channel it was given."""
    kept = next(i for i in header.signals if i not in others)
    n_times = header.n_stored(path) * int(header.n_samples[kept])
    if raw.n_times != n_times:
        raise ReadError(
            f"MNE finds {raw.n_times} samples where the file holds {n_times}; export the "
            "recording again, with all signals at one rate"
        )


def _open(path: Path, header: Header, without: Sequence[int] = ()) -> BaseRaw:
    """Open a file with its own units, not loaded."""
    reader = mne.io.read_raw_bdf if header.width == 3 else mne.io.read_raw_edf
    labels = "|".join(re.escape(header.labels[i]) for i in without)
    exclude = rf"[\s\0]*({labels})[\s\0]*$" if without else ()  # MNE keeps what fills a label up
    kept = [i for i in header.signals if i not in without]
    status = nameless_status(header)
    stim = kept.index(status) if status in kept else "auto"
    reader = partial(reader, path, preload=False, exclude=exclude, stim_channel=stim)
    try:
        raw = open_raw(path, reader, _TOLD)
    except ReadError as error:
        if "encoding" not in str(error.__cause__):
            raise
        raw = open_raw(path, partial(reader, encoding="latin1"), _TOLD)
    correct_units(raw, header)
    _correct_rate(raw, header)
    return raw


def _tell_namesakes_apart(raw: BaseRaw, path: Path, header: Header) -> None:
    """Let the first of several channels keep its name, where MNE numbers each; name the unnamed."""
    signals = list(raw._raw_extras[0]["sel"])
    labels = [header.labels[i] for i in signals]
    if (status := nameless_status(header)) in signals:
        labels[signals.index(status)] = STATUS
        raw.rename_channels({raw.ch_names[signals.index(status)]: STATUS})
    if len(set(labels)) < len(labels) or "" in labels:
        found = distinct_names(labels)
        tell_renamed(path.name, labels, found)
        raw.rename_channels(dict(zip(raw.ch_names, found, strict=True)))


def _correct_rate(raw: BaseRaw, header: Header) -> None:
    """Give a recording the whole-number rate that its header had no room to tell exactly."""
    read = set(raw._raw_extras[0]["sel"].tolist())
    fastest = max(read, key=lambda i: header.n_samples[i])
    with raw.info._unlock():  # MNE has no public way that leaves the numbers alone
        raw.info["sfreq"] = header.rate(fastest)
        raw.info["lowpass"] = min(raw.info["lowpass"], raw.info["sfreq"] / 2)
