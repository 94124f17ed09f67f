"""Gazepoint: `*_all_gaze.csv` of Gazepoint Analysis, and logs of the Open Gaze API (PyOpenGaze).

Both use the names of the Open Gaze API, and the columns are found by these. Analysis writes the
start of the recording and the rate of the ticks into the names of two columns; its TIME begins anew
with every media item, its ticks do not.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ReadError
from featpipe.readers.delimited import Delimited, numbers, open_delimited, texts
from featpipe.readers.eye_frames import events_frame, messages_frame, samples_frame
from featpipe.readers.fixation_dispersion import add_dispersion
from featpipe.readers.held_codes import NONE, code_onsets
from featpipe.readers.one_clock import refuse_restart
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.readers.sample_rate import sampling_rate
from featpipe.readers.text_columns import parse_seconds
from featpipe.recording import EyeRecording

SIGNATURE = re.compile(
    r'\A(?=[^\n]*(?:\A|[\t;,"])TIME\b)(?=[^\n]*[\t;,"](?:[FBLR]POGX|[LR]PCX|[LR]PMM|[LR]PUPILD)\b)'
)
_TICKS = re.compile(r"f=(\d+)")
_SIDES = {"left": "L", "right": "R"}
_FIXATION = ("FPOGS", "FPOGD", "FPOGID", "FPOGV")
_NUMBERS = (
    "TIME", "BKID", "BKDUR", "BPOGX", "BPOGY", "BPOGV", *_FIXATION,
    *(side + name for side in _SIDES.values() for name in (
        "POGX", "POGY", "POGV", "PD", "PV", "PMM", "PMMV", "PUPILD", "PUPILV",
    )),
)  # fmt: skip
_MEASURED = ("BPOGX", "LPOGX", "RPOGX", "LPMM", "RPMM", "LPUPILD", "RPUPILD", "LPD", "RPD")
_MM_PER_M = 1000.0
_ROUNDED_S = 2e-5
"""FPOGS, FPOGD and TIME have five decimals each; FPOGS + FPOGD is the TIME of the last sample."""

Columns = Mapping[str, np.ndarray]


def check(path: Path) -> Check:
    """Tell whether there is a time and a row."""
    return verdict(path, lambda: _inspect(path))


def _inspect(path: Path) -> Check:
    if not _open(path).is_row.any():
        return Check("truncated", "the column row is followed by no samples; export it again")
    return OK


def _open(path: Path) -> Delimited:
    table = open_delimited(path, ["TIME"], "export it again with all columns")
    if not any(name.lower() in table.names for name in _MEASURED):
        raise ReadError(
            f"{path}: it holds neither gaze nor pupils, none of {', '.join(_MEASURED)}; export it "
            "again with all columns"
        )
    return table


def read(path: Path) -> EyeRecording:
    """Read an export of Gazepoint Analysis or a log of the Open Gaze API.

    Parameters
    ----------
    path : Path
        The `*_all_gaze.csv`, or the log.

    Returns
    -------
    EyeRecording
        Gaze in shares of the screen, from its upper left corner: of each eye where the log has it
        (LPOGX), else one for both (BPOGX). Pupils in mm (LPMM, or LPUPILD, which is in m) where
        any is valid, else in pixels of the camera (LPD). Lost is what its flag calls invalid.
        Seconds count from the TIME of the first row, by the ticks where their rate is known.
        Fixations (FPOG) and blinks (BKID, BKDUR) are of both eyes, and stand there for either;
        an export that counts no blinks leaves all events to be detected, or it would look as if
        nobody had blinked, and one that tells no durations of those that it counts leaves these.
        Messages are the values of USER, and of TTL0 and TTL1 where they leave the level of the
        first row.

    Raises
    ------
    ReadError
        When there is no TIME, nothing that is measured, one row per fixation, a TIME that begins
        anew without ticks, or a malformed row; the message names file and line.

    References
    ----------
    Gazepoint, "Open Gaze API", version 2.0.
    """
    table = _open(path)
    rows = numbers(table, [name.lower() for name in _NUMBERS])
    columns = dict(zip(_NUMBERS, rows, strict=True))
    _refuse_fixations(path, columns)
    time = _clock(table, columns["TIME"])
    unit, eyes = _eyes(columns)
    samples = samples_frame(path, time, eyes)
    return EyeRecording(
        samples=samples,
        events=add_dispersion(_events(columns, time), samples, True, _ROUNDED_S),
        messages=_messages(table, time),
        units={"gaze": "norm", "pupil": unit, "dispersion": "norm"},
        sfreq=sampling_rate(samples["time"].to_numpy()),
        format="gazepoint",
        event_kinds=("fixation",) if _lacks_durations(columns) else ("fixation", "blink"),
    )


def _refuse_fixations(path: Path, columns: Columns) -> None:
    """Tell the fixations.csv beside it, which has the same columns, by its rows."""
    number = columns["FPOGID"]
    if number.size > 2 and (np.diff(number) != 0).all() and np.isfinite(number).all():
        raise ReadError(
            f"{path}: it holds one row per fixation; give the *_all_gaze.csv that is exported with "
            "it, which holds the fixations as well"
        )


def _clock(table: Delimited, shown: np.ndarray) -> np.ndarray:
    """Return seconds that run through all media items, shape (n_rows,)."""
    places = table.lines.numbers[table.is_row]
    rate = _TICKS.fullmatch(table.units.get("timetick", ""))
    if rate and int(rate[1]):
        place = table.names["timetick"]
        ticks = parse_seconds(
            table.lines, table.is_row, place, table.separator, table.decimal, int(rate[1])
        )
        if np.ptp(ticks) > 0:
            time = shown[0] + (ticks - ticks[0])
            remedy = "export each recording into a file of its own"
            refuse_restart(table.lines.path, places, time, remedy)
            return time
    remedy = "export it again with the column TIMETICK, whose name tells its rate, or cut the file"
    refuse_restart(table.lines.path, places, shown, remedy)
    return shown


def _eyes(columns: Columns) -> tuple[str, dict[str, np.ndarray]]:
    """Return the unit of the pupils, and gaze and pupil of each eye, shape (4, n_rows)."""
    gaze, in_mm, in_px = {}, {}, {}
    is_per_eye = any(np.isfinite(columns[f"{side}POGX"]).any() for side in _SIDES.values())
    for eye, side in _SIDES.items():
        stem = f"{side}POG" if is_per_eye else "BPOG"
        is_seen = columns[f"{stem}V"] != 0  # also where there is no such column
        gaze[eye] = [np.where(is_seen, columns[stem + axis], np.nan) for axis in "XY"]
        in_px[eye] = _size(columns[f"{side}PD"], columns[f"{side}PV"])
        shown = _size(columns[f"{side}PMM"], columns[f"{side}PMMV"])
        in_m = _size(columns[f"{side}PUPILD"], columns[f"{side}PUPILV"])
        in_mm[eye] = np.where(np.isnan(shown), _MM_PER_M * in_m, shown)
    has_mm = any(np.isfinite(size).any() for size in in_mm.values())
    sizes = in_mm if has_mm else in_px
    eyes = {eye: np.stack([*gaze[eye], sizes[eye], sizes[eye]]) for eye in _SIDES}
    return ("mm" if has_mm else "px"), eyes


def _size(values: np.ndarray, flags: np.ndarray) -> np.ndarray:
    return np.where((values > 0) & (flags != 0), values, np.nan)


def _events(columns: Columns, time: np.ndarray) -> pd.DataFrame:
    if np.isnan(columns["BKDUR"]).all():
        return events_frame([])
    late = time - columns["TIME"]  # of each media item
    rows = _last_of_fixations(columns)
    fixations = {"onset": late[rows] + columns["FPOGS"][rows], "duration": columns["FPOGD"][rows]}
    stop, blinked = _blinks(columns["BKID"], columns["BKDUR"], _items(columns), time)
    blinks = {"onset": stop - blinked, "duration": blinked}
    return events_frame(
        [
            {"kind": kind, "eye": eye, **times}
            for kind, times in (("fixation", fixations), ("blink", blinks))
            for eye in _SIDES
        ]
    )


def _lacks_durations(columns: Columns) -> bool:
    """Tell whether blinks are counted, and none has a duration."""
    return bool((columns["BKID"] > 0).any() and not (columns["BKDUR"] > 0).any())


def _last_of_fixations(columns: Columns) -> np.ndarray:
    """Find the row in which the duration of each fixation is complete.

    Its number stands in every row, and begins anew with each media item.
    """
    known = np.all([np.isfinite(columns[name]) for name in _FIXATION], axis=0)
    rows = np.flatnonzero(known & (columns["FPOGV"] != 0))
    item = _items(columns)[rows]
    number = columns["FPOGID"][rows]
    is_last = (np.diff(number) != 0) | (np.diff(item) != 0)
    return rows[np.concatenate([is_last, [True]])[: rows.size]]


def _items(columns: Columns) -> np.ndarray:
    """Count media items, in each of which TIME begins anew."""
    return np.cumsum(np.diff(columns["TIME"], prepend=0.0) < 0)


def _blinks(
    number: np.ndarray, duration: np.ndarray, item: np.ndarray, time: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return end and duration of each blink, s, counted by their numbers where there are any.

    Of two blinks of equal duration the second shows by its number only, if its duration stands
    there since the first. It begins where its number does, unless the numbers of the others come
    with their durations, at the end.
    """
    told = _ends_of_blinks(duration)
    first = _first_of_blinks(number, item) if (number > 0).any() else told
    if not told.size:
        return np.zeros(0), np.zeros(0)
    is_at_end = _come_at_end(first, told)
    side = "left" if is_at_end else "right"  # else the next may begin where this one is told
    last = np.searchsorted(told, np.append(first[1:], number.size), side) - 1
    is_told = (last >= 0) & (told[last] >= first + (not is_at_end))
    row = np.where(is_told, told[last], first)
    length = duration[row]
    is_over = is_told | ~_runs_at_end(number, first)
    stop = np.where(is_told | is_at_end, time[row], time[first] + length)
    is_blink = (length > 0) & is_over
    return stop[is_blink], length[is_blink]


def _first_of_blinks(number: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Find the row in which the number of each blink begins; single rows may lack it.

    Numbers begin anew with each media item.
    """
    rows = np.flatnonzero(number > 0)
    is_new = np.diff(number[rows], prepend=0.0) != 0
    is_new[1:] |= (np.diff(item[rows]) != 0) & (np.diff(rows) > 1)
    return rows[is_new]


def _come_at_end(first: np.ndarray, told: np.ndarray) -> bool:
    """Tell whether numbers come with their durations; next ones may begin where others end."""
    since = told[told >= first[0]] if first.size else told
    return since.size > 0 and since[0] in first[:1] and bool(np.isin(since, first).mean() > 0.5)


def _runs_at_end(number: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Mark the blink that is not over where the file ends, of numbers that end with theirs."""
    runs = np.zeros(first.size, bool)
    if first.size and number[-1] > 0 and (np.nan_to_num(number[first[0] :]) == 0).any():
        runs[-1] = True
    return runs


def _ends_of_blinks(duration: np.ndarray) -> np.ndarray:
    """Find the first row that tells the whole duration of each blink.

    The documents say that it is the duration of the preceding blink, and not in how many rows it
    stands; so a blink ended where it changes, unless it still grows in the next row.
    """
    duration = np.nan_to_num(duration)
    change = np.diff(duration, prepend=0.0)
    grows_on = np.append(change[1:] > 0, False)[: duration.size]
    return np.flatnonzero((duration > 0) & (change != 0) & ~grows_on)


def _messages(table: Delimited, time: np.ndarray) -> pd.DataFrame:
    user, *levels, flags = texts(table, ["user", "ttl0", "ttl1", "ttlv"])
    times, codes = [], []
    flagged = [np.where(flags == "0", level[0], level) for level in levels]
    for column, idle in ((user, NONE), *((level, ("", level[0])) for level in flagged)):
        rows = code_onsets(column, idle)
        times += time[rows].tolist()
        codes += column[rows].tolist()
    return messages_frame(times, codes)
