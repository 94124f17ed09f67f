"""Write a continuous Neuroscan file: 32-bit samples, all channels of a moment side by side."""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

SENSITIVITY = float(np.float32(0.0303658))
"""Scale of a 24-bit amplifier's files."""

UV_PER_COUNT = SENSITIVITY / 204.8
"""One count is 0.148 nV."""

SETUP_BYTES, CHANNEL_BYTES = 900, 75
_CHUNK = 16384


def write_cnt(
    path: Path,
    channels_uv: np.ndarray,
    ch_names: Sequence[str],
    sfreq: int,
    marks: Sequence[tuple[int, int]],
    *,
    patient: str = "SIMULATED",
    session: str = "SIMULATED",
) -> None:
    """Write a recording as a Neuroscan .cnt file.

    Parameters
    ----------
    path : Path
        File to write.
    channels_uv : numpy.ndarray, shape (n_channels, n_times), microvolt
        Values beyond +-318 mV do not fit 32 bits and are clipped.
    ch_names : sequence of str
        At most 9 ASCII characters each.
    sfreq : int
        Hz.
    marks : sequence of (int, int)
        Sample number from 0 and code of each event. MNE reports such a mark one sample early.
    patient, session : str
        Header fields of at most 20 and 9 characters.
    """
    n_channels, n_times = channels_uv.shape
    table_at = SETUP_BYTES + CHANNEL_BYTES * n_channels + 4 * n_channels * n_times
    with path.open("wb") as file:
        file.write(_setup(ch_names, sfreq, n_times, table_at, len(marks), patient, session))
        for i, name in enumerate(ch_names):
            file.write(_electrode(name, 2 * np.pi * i / n_channels))
        for begin in range(0, n_times, _CHUNK):
            block = channels_uv[:, begin : begin + _CHUNK].astype(np.float64) / UV_PER_COUNT
            counts = np.clip(np.rint(block, out=block), -(2.0**31), 2.0**31 - 1)
            file.write(counts.T.astype("<i4", order="C").tobytes())
        file.write(_event_table(marks, n_channels))


def _setup(
    ch_names: Sequence[str],
    sfreq: int,
    n_times: int,
    table_at: int,
    n_events: int,
    patient: str,
    session: str,
) -> bytes:
    header = bytearray(SETUP_BYTES)
    fields = {
        0: b"Version 3.0",
        21: b"Unspecified",
        121: patient.encode("ascii")[:20],
        143: b"U",
        144: b"U",
        205: session.encode("ascii")[:9],
        225: b"01/02/20",
        235: b"09:00:00",
        353: struct.pack("<i", n_events),
        370: struct.pack("<H", len(ch_names)),
        376: struct.pack("<H", sfreq),
        402: struct.pack("<2h", *(_index(ch_names, name) for name in ("VEO", "HEO"))),
        864: struct.pack("<I", n_times & 0xFFFFFFFF),
        # the position of a table beyond 4 GiB wraps here, as in real files
        886: struct.pack("<I", table_at & 0xFFFFFFFF),
        890: struct.pack("<f", n_times / sfreq),
        894: struct.pack("<i", 0),
    }
    for at, value in fields.items():
        header[at : at + len(value)] = value
    return bytes(header)


def _index(ch_names: Sequence[str], name: str) -> int:
    return list(ch_names).index(name) if name in ch_names else -1


def _electrode(name: str, angle: float) -> bytes:
    record = bytearray(CHANNEL_BYTES)
    label = name.encode("ascii")[:9]
    record[: len(label)] = label
    # screen places on a circle, off the axes: 0 would make readers divide by 0
    struct.pack_into("<2f", record, 19, 320 + 200 * np.cos(angle), 240 + 200 * np.sin(angle))
    struct.pack_into("<f", record, 59, SENSITIVITY)
    struct.pack_into("<f", record, 71, 1.0)
    return bytes(record)


def _event_table(marks: Sequence[tuple[int, int]], n_channels: int) -> bytes:
    start = SETUP_BYTES + CHANNEL_BYTES * n_channels
    records = [
        struct.pack("<HBbihhf3x", code, 0, 0, start + 4 * n_channels * sample, 0, 0, 0.0)
        for sample, code in marks
    ]
    return struct.pack("<Bii", 2, 19 * len(records), 0) + b"".join(records)
