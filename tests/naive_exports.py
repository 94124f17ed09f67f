"""Tiny exports written byte by byte: the obvious opposite of the readers."""

import struct
from collections.abc import Sequence

import numpy as np


def cnt_bytes(
    counts: np.ndarray,
    *,
    width: int = 4,
    sfreq: int = 1000,
    declared: int | None = None,
    events: Sequence[tuple[int, int]] = (),
    table: int | None = 2,
    keypads: Sequence[int] = (),
    block: int = 1,
    block_bytes: int | None = None,
    names: Sequence[str] | None = None,
    lsb_uv: float = 0.0303658 / 204.8,
    seconds: float = 0.0,
    date: str = "01/02/20",
    baseline: int = 0,
) -> bytes:
    """Return a Neuroscan .cnt file of counts (n_channels, n_times) with events (sample, code).

    `table` is the type of the event table, None for none; `block` is how many samples of a channel
    lie together, `block_bytes` what the header says about it.
    """
    n_channels, n_times = counts.shape
    names = names or [f"C{i}" for i in range(n_channels)]
    start = 900 + 75 * n_channels
    data = counts.reshape(n_channels, -1, block).swapaxes(0, 1).astype(f"<i{width}").tobytes()
    head = bytearray(900)
    head[0:12] = b"Version 3.0\0"
    head[225:235] = date.encode().ljust(10, b"\0")
    head[235:247] = b"10:11:12".ljust(12, b"\0")
    struct.pack_into("<H", head, 370, n_channels)
    struct.pack_into("<H", head, 376, sfreq)
    struct.pack_into("<i", head, 864, n_times if declared is None else declared)
    struct.pack_into("<i", head, 886, 0 if table is None else start + len(data))
    struct.pack_into("<f", head, 890, seconds)
    struct.pack_into("<i", head, 894, block * width if block_bytes is None else block_bytes)
    if block == 1 and block_bytes is None:
        struct.pack_into("<i", head, 894, 0)
    channels = b"".join(_electrode(i, name, lsb_uv, baseline) for i, name in enumerate(names))
    tail = b"" if table is None else _event_table(events, table, start, n_channels * width, keypads)
    return bytes(head) + channels + data + tail


def _electrode(index: int, name: str, lsb_uv: float, baseline: int) -> bytes:
    row = bytearray(75)
    row[0:10] = name.encode().ljust(10, b"\0")
    struct.pack_into("<ff", row, 19, np.cos(index), np.sin(index))
    struct.pack_into("<h", row, 47, baseline)
    struct.pack_into("<f", row, 59, lsb_uv * 204.8)
    struct.pack_into("<f", row, 71, 1.0)
    return bytes(row)


def _event_table(
    events: Sequence[tuple[int, int]], kind: int, start: int, step: int, keypads: Sequence[int]
) -> bytes:
    rows = b""
    for i, (sample, code) in enumerate(events):
        offset = sample if kind == 3 else start + sample * step
        keypad = keypads[i] if i < len(keypads) else 0
        rows += struct.pack("<HBBi", code, 0, keypad, offset) + bytes(0 if kind == 1 else 11)
    return struct.pack("<Bii", kind, len(rows), 0) + rows


def edf_bytes(
    counts: np.ndarray,
    *,
    sfreq: int = 100,
    annotations: Sequence[tuple[float, str]] | None = None,
    encoding: str = "utf-8",
    n_records: int | None = None,
    names: Sequence[str] | None = None,
    units: Sequence[bytes] | None = None,
    onsets: Sequence[float] | None = None,
    every: Sequence[int] | None = None,
) -> bytes:
    """Return an EDF (with annotations: EDF+) file of counts (n_channels, n_seconds * sfreq).

    With the `onsets` of its records, each one second long, it is discontinuous (EDF+D); marks
    stay at the samples that `annotations` (seconds of data, label) names. Of the second channel
    `every[1]`-th samples are stored alone, and so on, at a rate that is lower by that.
    """
    n_channels, n_times = counts.shape
    total = n_times // sfreq
    names = [*(names or [f"EEG C{i}" for i in range(n_channels)])]
    every = [1] * n_channels if every is None else every
    per_record = [sfreq // n for n in every]
    if annotations is not None:
        names.append("EDF Annotations")
        per_record.append(60)
    n = len(names)
    fixed = ["0", "X X X X", "Startdate X X X X", "01.02.20", "10.11.12", str(256 * (n + 1))]
    fixed += ["" if annotations is None else "EDF+C" if onsets is None else "EDF+D"]
    fixed += [str(total if n_records is None else n_records), "1", str(n)]
    widths = [8, 80, 80, 8, 8, 8, 44, 8, 8, 4]
    dimensions = [unit.decode("latin-1") for unit in units or [b"uV"] * n_channels]
    head = "".join(text.ljust(width) for text, width in zip(fixed, widths, strict=True))
    for width, texts in (
        (16, names),
        (80, [""] * n),
        (8, [*dimensions, *[""] * (n - n_channels)]),
        (8, ["-3276.8"] * n),
        (8, ["3276.7"] * n),
        (8, ["-32768"] * n),
        (8, ["32767"] * n),
        (80, [""] * n),
        (8, [str(k) for k in per_record]),
        (32, [""] * n),
    ):
        head += "".join(text.ljust(width) for text in texts)
    body = b""
    for i in range(total):
        for row, n in zip(counts[:, i * sfreq : (i + 1) * sfreq], every, strict=True):
            body += row[::n].astype("<i2").tobytes()
        if annotations is not None:
            late = 0 if onsets is None else onsets[i] - i
            text = f"+{i + late}\x14\x14\0".encode()
            for onset, label in annotations:
                if int(onset) == i:
                    text += f"+{onset + late}\x14".encode() + label.encode(encoding) + b"\x14\0"
            body += text.ljust(120, b"\0")
    return head.encode("latin-1") + body


def smi_samples_text(rows: Sequence[str], columns: str, *, n_declared: int | None = None) -> str:
    """Return an iView samples export with these rows."""
    count = "" if n_declared is None else f"## Number of Samples:\t{n_declared}{' ' * 200}\n"
    head = f"## [iView]\n## Sample Rate:\t250\n{count}## \n"
    return head + "\t".join(columns.split(",")) + "\n" + "".join(f"{row}\n" for row in rows)


VHDR = """Brain Vision Data Exchange Header File Version 1.0
[Common Infos]
DataFile={name}.eeg
DataFormat=BINARY
DataOrientation=MULTIPLEXED
NumberOfChannels={n_channels}
SamplingInterval=2000
[Binary Infos]
BinaryFormat=IEEE_FLOAT_32
[Channel Infos]
"""


def write_brainvision(folder, name, ch_names, x, n_declared=None):
    """Write x (n_channels, n_times) in microvolt at 500 Hz; returns the name of the header."""
    n_channels = len(ch_names) if n_declared is None else n_declared
    lines = [f"Ch{i}={channel},,1,µV\n" for i, channel in enumerate(ch_names, start=1)]
    text = VHDR.format(name=name, n_channels=n_channels) + "".join(lines)
    (folder / f"{name}.vhdr").write_text(text, encoding="utf-8")
    (folder / f"{name}.eeg").write_bytes(np.asarray(x).T.astype("<f4").tobytes())
    return f"{name}.vhdr"
