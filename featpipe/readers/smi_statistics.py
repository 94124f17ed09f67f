"""SMI BeGaze event statistics: tables of events, one row per fixation, saccade or blink.

BeGaze 3 writes all kinds into one table and tells them by a category; BeGaze 2 writes one table per
kind, whose names carry it. Pairing them with samples is not done: no name tells what belongs to it.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ReadError, few
from featpipe.readers.delimited import (
    Delimited,
    first_of,
    numbers,
    open_delimited,
    plain,
    seconds_per_unit,
    texts,
)
from featpipe.readers.eye_frames import events_frame, messages_frame, told_kinds
from featpipe.readers.one_clock import refuse_several
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.recording import EyeRecording, empty_samples

_START = {  # where each kind has a table of its own
    "fixation": ("Fixation Start", "Visual Intake Start"),
    "saccade": ("Saccade Start",),
    "blink": ("Blink Start",),
}
_KINDS = {"fixation": "fixation", "visual intake": "fixation", "saccade": "saccade"}
_KINDS |= {"blink": "blink"}
_RAW, _IN_TRIAL, _TRIAL = "eventstartrawtime", "eventstarttrialtime", "trialstartrawtime"
_STARTS = ("Event Start Raw Time", "Event Start Trial Time", *sum(_START.values(), ()))
_COUNTS = ("Fixation Count", "Visual Intake Count", "Saccade Count", "Blink Count")
SIGNATURE = re.compile(
    rf"^(?=[^\n]*[\t;,])[^\n]*\b(?:{'|'.join(_STARTS + _COUNTS)})\b", re.MULTILINE
)
_PREFIXES = ("", "fixation", "visualintake", "saccade")
_OTHER_EYE = {"left": "r", "right": "l"}  # "L", "Left", "Binocular"; German and English alike
_NOTHING = ("", "-")
_MAX_OVERLAP_S = 0.1


def check(path: Path) -> Check:
    """Tell whether the table names starts of events and has rows."""
    return verdict(path, lambda: _inspect(path))


def _inspect(path: Path) -> Check:
    if not _open(path).is_row.any():
        return Check("truncated", "the column row is followed by no events; export it again")
    return OK


def _open(path: Path) -> Delimited:
    table = open_delimited(path, [*_STARTS, *_COUNTS], "export the event statistics from BeGaze")
    if not first_of(table, [plain(name) for name in _STARTS]):
        raise ReadError(
            f"{path}: it counts events and does not tell when they were; export the event "
            "statistics from BeGaze, one row per event"
        )
    return table


def read(path: Path) -> EyeRecording:
    """Read event statistics of BeGaze.

    Parameters
    ----------
    path : Path
        A table of all kinds of events of one participant, or of one kind.

    Returns
    -------
    EyeRecording
        Without samples. Visual intakes of glasses are fixations. Events that name no eye, or both,
        stand there for either. Seconds are the tracker's where the table has its raw times (of the
        events, or of their trials), else those that it has. Pupils in px, or in mm where the table
        knows no px. Messages are the contents of all other rows. An event that is repeated, as it
        may be for each area of interest, counts once. Of a kind that has none in the whole table
        nothing is known, since kinds are chosen when it is exported.

    Raises
    ------
    ReadError
        When the table is of several participants, tells no starts or no kind of event that is
        known, when its times begin anew with every trial, or when a row is malformed; the message
        names file and line.
    """
    table = _open(path)
    refuse_several(table, ["participant", "subject"])
    kinds = _kinds(table)
    pupil = _pupil_columns(table)
    of_eyes = [
        _events(table, kinds == kind, kind, side, pupil) for kind in _START for side in _OTHER_EYE
    ]
    events = events_frame(of_eyes)
    return EyeRecording(
        samples=empty_samples(),
        events=events,
        messages=_messages(table, kinds == ""),
        units={
            "gaze": "px",
            "pupil": table.units.get(pupil[0], "") or "px",
            "dispersion": table.units.get(_column(table, "dispersionx"), "") or "px",
        },
        sfreq=None,
        format="smi_statistics",
        event_kinds=told_kinds(events),
    )


def _column(table: Delimited, name: str) -> str:
    return first_of(table, [prefix + name for prefix in _PREFIXES])


def _kinds(table: Delimited) -> np.ndarray:
    """Return the kind of event of each row, "" where it is none."""
    if "category" not in table.names:
        kinds = [k for k, names in _START.items() if first_of(table, [plain(n) for n in names])]
        if not kinds:
            raise ReadError(
                f"{table.lines.path}: no column 'Category' tells fixations from saccades; export "
                "it again with all columns"
            )
        return np.full(np.count_nonzero(table.is_row), kinds[0])
    categories = np.char.lower(texts(table, ["category"])[0])
    found = sorted(set(categories.tolist()))
    if table.is_row.any() and not set(found) & _KINDS.keys():
        raise ReadError(
            f"{table.lines.path}: of its categories ({few(found)}) none is {', '.join(_KINDS)}; "
            "export the event statistics from BeGaze in English"
        )
    return np.array([_KINDS.get(category, "") for category in categories.tolist()], dtype=str)


def _pupil_columns(table: Delimited) -> tuple[str, str]:
    """Return the columns of pupil x and y; of px and mm those that hold anything."""
    pairs = (("averagepupilsizex", "averagepupilsizey"), 2 * ("averagepupildiameter",))
    for x, y in pairs:
        (shown,) = texts(table, [_column(table, x)])
        if not np.isin(shown, _NOTHING).all():
            return _column(table, x), _column(table, y)
    return "", ""


def _times(table: Delimited, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return onsets and durations in s; where a table has no duration, from the end."""
    start = first_of(table, [plain(name) for name in _STARTS])
    length = first_of(table, ["eventduration", start.replace("start", "duration")])
    names = [start, start.replace("start", "end"), length, _TRIAL]
    onset, stop, duration, trial = numbers(table, names, rows)
    unit = seconds_per_unit(table, start)
    lasted = np.where(
        np.isnan(duration), (stop - onset) * unit, duration * seconds_per_unit(table, length)
    )
    if start == _IN_TRIAL and _TRIAL in table.names:
        return onset * unit + trial * seconds_per_unit(table, _TRIAL), lasted
    return onset * unit, lasted


def _events(
    table: Delimited, is_kind: np.ndarray, kind: str, side: str, pupil: tuple[str, str]
) -> Mapping[str, np.ndarray | str]:
    """Return the events of one kind and eye."""
    (eyes,) = texts(table, [first_of(table, ["eyelr", "eye"])])
    rows = table.is_row.copy()
    rows[table.is_row] = is_kind & ~np.char.startswith(np.char.lower(eyes), _OTHER_EYE[side])
    if not rows.any():
        return {}
    times = np.stack(_times(table, rows), axis=1)
    _refuse_restart(table, rows, times[:, 0], kind)
    times, first = np.unique(times, axis=0, return_index=True)
    _refuse_overlap(table, np.flatnonzero(rows)[first], times, kind)
    measures = {"pupil_x": pupil[0], "pupil_y": pupil[1]}
    measures |= {f"dispersion_{axis}": _column(table, f"dispersion{axis}") for axis in "xy"}
    names = {"saccade": {"amplitude": _column(table, "amplitude")}, "fixation": measures}
    values = _measured(table, rows, names.get(kind, {}))
    onset, duration = times.T
    return {"kind": kind, "eye": side, "onset": onset, "duration": duration} | {
        name: value[first] for name, value in values.items()
    }


def _measured(
    table: Delimited, rows: np.ndarray, names: Mapping[str, str]
) -> dict[str, np.ndarray]:
    start = first_of(table, [plain(name) for name in _STARTS])
    return dict(zip(names, numbers(table, [start, *names.values()], rows)[1:], strict=True))


def _refuse_restart(table: Delimited, rows: np.ndarray, onset: np.ndarray, kind: str) -> None:
    """Refuse times that begin anew with the next trial, unless its raw start is told."""
    start = first_of(table, [plain(name) for name in _STARTS])
    if (
        "trial" not in table.names
        or start == _RAW
        or (start == _IN_TRIAL and _TRIAL in table.names)
    ):
        return
    trial = texts(table, ["trial"])[0][rows[table.is_row]]
    begins_anew = (onset[1:] < onset[:-1]) | (start == _IN_TRIAL)
    falls = np.flatnonzero((trial[1:] != trial[:-1]) & begins_anew)
    if falls.size:
        i = int(falls[0])
        line = table.lines.numbers[np.flatnonzero(rows)[i + 1]] + 1
        raise ReadError(
            f"{table.lines.path}, line {line}: this {kind} of trial {trial[i + 1]} begins at "
            f"{onset[i + 1]:g} s, behind one of trial {trial[i]} at {onset[i]:g} s, so times begin "
            "anew with every trial; export 'Event Start Raw Time' too, or every trial into a file "
            "of its own"
        )


def _refuse_overlap(table: Delimited, rows: np.ndarray, times: np.ndarray, kind: str) -> None:
    """Refuse times of several trials that each begin at 0: an eye makes one event at a time."""
    onset, stop = times[:, 0], times.sum(axis=1)
    latest = np.maximum.accumulate(np.nan_to_num(stop))
    early = np.flatnonzero(onset[1:] < latest[:-1] - _MAX_OVERLAP_S)
    if early.size:
        i = int(early[0])
        raise ReadError(
            f"{table.lines.path}, line {table.lines.numbers[rows[i + 1]] + 1}: this {kind} begins "
            f"at {onset[i + 1]:g} s, where another of the same eye lasts until {latest[i]:g} s, so "
            "times begin anew with every trial; export 'Event Start Raw Time' too, or every trial "
            "into a file of its own"
        )


def _messages(table: Delimited, is_other: np.ndarray) -> pd.DataFrame:
    start = first_of(table, [plain(name) for name in _STARTS])
    starts, contents = texts(table, [start, "content"])
    is_message = is_other & ~np.isin(contents, _NOTHING) & ~np.isin(starts, _NOTHING)
    rows = table.is_row.copy()
    rows[table.is_row] = is_message
    return messages_frame(_times(table, rows)[0].tolist(), contents[is_message].tolist())
