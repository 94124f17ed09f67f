"""The event table of a Neuroscan .cnt file: where it is and at which samples events lie.

MNE reports events of types 1 and 2 one sample early and puts type 3, whose offsets are sample
numbers, through the formula for byte positions; the clocks of EEG and eye tracker are aligned on
these events, so the table is read here and the sample given is the one the amplifier marked.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import mne
import numpy as np

from featpipe.readers.preflight import read_head

_HEAD = struct.Struct("<Bii")
_RECORD_BYTES = {1: 8, 2: 19, 3: 19}
_REJECT, _ACCEPT = 0xC, 0xD
_WRAP = 1 << 32


@dataclass(frozen=True)
class EventTable:
    """Place and form of the event table.

    Attributes
    ----------
    position : int
        Its first byte, which is where the data end.
    kind : int
        1 or 2: offsets are byte positions; 3: offsets are sample numbers.
    n_bytes : int
        Length of the records behind the nine bytes of its head.
    """

    position: int
    kind: int
    n_bytes: int


def find_event_table(path: Path, stored: int, data_start: int, size: int) -> EventTable | None:
    """Find the event table of a Neuroscan .cnt file.

    Parameters
    ----------
    path : Path
        The file.
    stored : int
        EventTablePos of the header as an unsigned number; it wraps at 4 GiB.
    data_start, size : int
        First byte of the data, and bytes in the file.

    Returns
    -------
    EventTable or None
        None when there is none at the place stored, nor 4 GiB or a multiple further.
    """
    for position in range(stored, size - _HEAD.size + 1, _WRAP):
        kind, n_bytes, _ = _HEAD.unpack(read_head(path, _HEAD.size, position))
        is_whole = kind in _RECORD_BYTES and n_bytes >= 0 and not n_bytes % _RECORD_BYTES[kind]
        if is_whole and data_start <= position and position + _HEAD.size + n_bytes <= size:
            return EventTable(position, kind, n_bytes)
    return None


def read_events(path: Path, table: EventTable) -> np.ndarray:
    """Read the records of an event table.

    Parameters
    ----------
    path : Path
        The file.
    table : EventTable
        From `find_event_table`.

    Returns
    -------
    numpy.ndarray, shape (n_events,)
        Fields "stim", "keyboard", "keypad" and "offset", as stored.
    """
    fields = [("stim", "<u2"), ("keyboard", "u1"), ("keypad", "u1"), ("offset", "<u4")]
    rest = _RECORD_BYTES[table.kind] - 8
    record = np.dtype([*fields, ("rest", f"V{rest}")] if rest else fields)
    return np.frombuffer(read_head(path, table.n_bytes, table.position + _HEAD.size), record)


def event_samples(
    events: np.ndarray, kind: int, data_start: int, sample_bytes: int, n_times: int
) -> np.ndarray:
    """Return the sample at which each event lies.

    Parameters
    ----------
    events : numpy.ndarray
        From `read_events`.
    kind : int
        Type of the event table.
    data_start : int
        First byte of the data.
    sample_bytes : int
        Bytes of one sample of all channels.
    n_times : int
        Samples in the recording; tells which lap of 4 GiB a byte position is on.

    Returns
    -------
    numpy.ndarray of int64, shape (n_events,)
        (offset - data_start) // sample_bytes for types 1 and 2, the offset itself for type 3.
    """
    offset = events["offset"].astype(np.int64)
    if kind == 3:
        return offset
    if data_start + n_times * sample_bytes >= _WRAP:  # events are stored in the order of time
        offset += _WRAP * np.cumsum(np.diff(offset, prepend=offset[:1]) < 0)
    return (offset - data_start) // sample_bytes


def annotations(
    events: np.ndarray, samples: np.ndarray, n_times: int, sfreq: float
) -> mne.Annotations:
    """Turn events into annotations at their exact sample.

    Parameters
    ----------
    events : numpy.ndarray
        From `read_events`.
    samples : numpy.ndarray of int
        From `event_samples`.
    n_times : int
        Samples in the recording; events outside are left out, the end mark of Scan 4 among them.
    sfreq : float
        Hz.

    Returns
    -------
    mne.Annotations
        Described as MNE does: the stimulus code, or "Keyboard Response n", "KeyPad Response n".
        A span that the operator rejected becomes "BAD_" with its duration.
    """
    onset, duration, text = [], [], []
    marks = (events["keypad"] >> 4).tolist()
    for i, sample in enumerate(samples.tolist()):
        if not 0 <= sample < n_times or marks[i] == _ACCEPT:
            continue
        is_bad = marks[i] == _REJECT
        onset.append(sample / sfreq)
        duration.append((_span_end(samples, marks, i, n_times) - sample) / sfreq if is_bad else 0.0)
        text.append(f"{'BAD_' if is_bad else ''}{_describe(events[i])}")
    return mne.Annotations(onset, duration, text, orig_time=None)


def _span_end(samples: np.ndarray, marks: list[int], first: int, n_times: int) -> int:
    later = (int(samples[j]) for j in range(first + 1, len(marks)) if marks[j] == _ACCEPT)
    return min(next(later, n_times), n_times)


def _describe(event: np.void) -> str:
    if event["keypad"] & 0x0F:
        return f"KeyPad Response {event['keypad'] & 0x0F}"
    if event["keyboard"]:
        return f"Keyboard Response {event['keyboard']}"
    return str(event["stim"])
