"""The time stamps of EDF+ and BDF+ records: lost bytes, and holes between records.

MNE puts the records of a discontinuous file end to end, which shifts everything behind a hole.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from featpipe.readers.edf_header import Header
from featpipe.readers.preflight import OK, Check
from featpipe.regular_files import open_file

_STAMP = re.compile(rb"([+-]\d+(?:\.\d*)?)[\x14\x15]")
_STAMP_BYTES = 48
_N_SPREAD = 64  # records whose stamp is looked at where the file calls itself continuous
_STEP_S = 1e-3  # some recorders round their stamps to this
_DRIFT_S = 10e-3
_N_NAMED = 3


def check_clock(path: Path, header: Header, n_records: int) -> Check:
    """Compare the time stamps of the records with their number.

    Parameters
    ----------
    path : Path
        The file.
    header : Header
        Its header.
    n_records : int
        Records whose data are there.

    Returns
    -------
    Check
        "corrupt" where a stamp is missing, and where records do not follow one another to within
        half a sample or 1 ms, whichever is longer; "suspicious" where smaller steps add up to
        more than 10 ms. All records of a discontinuous file are looked at, 64 of any other. A
        header has no room for the length of 255 samples at 256 Hz: the stamps may go by the length
        that it tells, or by the one that is meant.
    """
    if header.annotations is None or not header.record_s:
        return OK
    records = np.arange(n_records)
    if not header.is_discontinuous:
        records = np.unique(np.linspace(0, n_records - 1, _N_SPREAD).astype(int))
    stamps = []
    for i_record, stamp in zip(records, _stamps(path, header, records), strict=True):
        if stamp is None:
            return Check(
                "corrupt",
                f"the annotations of record {i_record} do not begin with a time stamp: bytes were "
                "lost or added before it; copy the file again",
            )
        stamps.append(stamp)
    fastest = max(header.signals, key=lambda i: header.n_samples[i])
    sample_s = 1 / header.rate(fastest)
    lengths = (int(header.n_samples[fastest]) * sample_s, header.record_s)
    checks = [_judge(records, np.array(stamps), length_s, sample_s) for length_s in lengths]
    return min(checks, key=lambda check: ("ok", "suspicious", "corrupt").index(check.status))


def _stamps(path: Path, header: Header, records: np.ndarray) -> Iterator[float | None]:
    """Yield the onset in seconds of each record, None where there is no time stamp."""
    first = header.annotations or 0
    at = header.data_start + int(header.n_samples[:first].sum()) * header.width
    n_bytes = min(_STAMP_BYTES, int(header.n_samples[first]) * header.width)
    with open_file(path) as file:
        for i_record in records:
            file.seek(at + int(i_record) * header.record_bytes)
            found = _STAMP.match(file.read(n_bytes))
            yield float(found[1]) if found else None


def _judge(records: np.ndarray, stamps: np.ndarray, record_s: float, sample_s: float) -> Check:
    late = stamps - stamps[0] - (records - records[0]) * record_s  # behind where we put it
    steps = np.diff(late)
    holes = np.flatnonzero(np.abs(steps) > max(_STEP_S, 0.5 * sample_s))
    if len(holes):
        spans = [
            _describe(int(records[i]), int(records[i + 1]), float(steps[i]))
            for i in holes[:_N_NAMED]
        ]
        more = f" and {len(holes) - _N_NAMED} more" if len(holes) > _N_NAMED else ""
        return Check(
            "corrupt",
            f"its records do not follow one another in time: {'; '.join(spans)}{more}. Read as one "
            "piece, all that follows would be at the wrong time; split the file there, or export "
            "it as continuous (EDF+C)",
        )
    drift = late[np.abs(late).argmax()]
    if abs(drift) > _DRIFT_S:
        return Check(
            "suspicious",
            f"its time stamps run up to {drift:+.3f} s away from its sampling rate; read at the "
            "sampling rate",
        )
    return OK


def _describe(before: int, after: int, step: float) -> str:
    kind = "a hole" if step > 0 else "an overlap"
    return f"{kind} of {abs(step):g} s between records {before} and {after} (counted from 0)"
