"""SMI events: text exports of the Event Detector and of BeGaze, one row per detected event."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.cut_rows import lasts_as_told, with_all_fields
from featpipe.readers.eye_frames import events_frame, messages_frame, told_kinds
from featpipe.readers.held_codes import NONE
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.readers.text_columns import parse_numbers
from featpipe.readers.text_lines import Lines, contains, find_lines, line, read_lines, split_lines
from featpipe.recording import EyeRecording, empty_samples

SIGNATURE = re.compile(
    r"^Table Header for |^(Fixation|Saccade|Blink) [LR](\t| {4}|,|;)", re.MULTILINE
)
_MICROSECONDS = 1e6
_KINDS = {"fixation": "(?:Fixation|Visual Intake)", "saccade": "Saccade", "blink": "Blink"}
_HEADERS = {"fixation": "(?:Fixations|Visual Intakes)", "saccade": "Saccades", "blink": "Blinks"}
_SIDES = {"left": "L", "right": "R"}
_COLUMNS = {
    "fixation": {
        "onset": "start",
        "end": "end",
        "duration": "duration",
        "pupil_x": "avgpupilsizex",
        "pupil_y": "avgpupilsizey",
        "dispersion_x": "dispersionx",
        "dispersion_y": "dispersiony",
    },
    "saccade": {"onset": "start", "end": "end", "duration": "duration", "amplitude": "amplitude"},
    "blink": {"onset": "start", "end": "end", "duration": "duration"},
}
_DEFAULT_ROWS = {
    "fixation": "Event Type,Trial,Number,Start,End,Duration,Location X,Location Y,Dispersion X,"
    "Dispersion Y,Plane,Avg. Pupil Size X,Avg. Pupil Size Y",
    "saccade": "Event Type,Trial,Number,Start,End,Duration,Start Loc.X,Start Loc.Y,End Loc.X,"
    "End Loc.Y,Amplitude",
    "blink": "Event Type,Trial,Number,Start,End,Duration",
}


@dataclass(frozen=True)
class Dialect:
    """How an export writes its rows.

    Attributes
    ----------
    separator, decimal : str
        Field separator, one character, and decimal sign.
    columns : mapping
        Kind of event -> names of its columns, lower case, letters and digits only.
    pupil_unit : str
        "px", or "mm" where the header says so.
    sfreq : float or None
        Hz, from the header.
    """

    separator: str
    decimal: str
    columns: Mapping[str, list[str]]
    pupil_unit: str
    sfreq: float | None


def check(path: Path) -> Check:
    """Tell whether an SMI events export holds events.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Check
        The format declares no number of events, so a cut is seen only when it ends inside a row.
    """
    return verdict(path, lambda: _inspect(path))


def _inspect(path: Path) -> Check:
    lines = _read_rows(path)
    if not any(len(_rows(lines, kind, side)) for kind in _KINDS for side in _SIDES):
        return Check("suspicious", "no fixation, saccade or blink is in it")
    return OK


def read(path: Path) -> EyeRecording:
    """Read an SMI events export.

    Parameters
    ----------
    path : Path
        The file; tabs, commas, semicolons and runs of blanks separate its fields.

    Returns
    -------
    EyeRecording
        Without samples. A "blink" of many seconds is lost tracking; it is kept as written. A kind
        without a table of its own in the head and without an event was not exported.

    Raises
    ------
    ReadError
        When the file is no such export, or when a row is malformed; the message names the line.
    """
    lines = _read_rows(path)
    dialect = _dialect(lines)
    events = events_frame([_events(lines, dialect, kind, eye) for kind in _KINDS for eye in _SIDES])
    named = [kind for kind, head in _HEADERS.items() if contains(lines, _head(head).encode())]
    return EyeRecording(
        samples=empty_samples(),
        events=events,
        messages=messages_frame(*_messages(lines, dialect)),
        units={"gaze": "px", "pupil": dialect.pupil_unit, "dispersion": "px"},
        sfreq=dialect.sfreq,
        format="smi_events",
        event_kinds=tuple(dict.fromkeys([*named, *told_kinds(events)])),
    )


def _read_rows(path: Path) -> Lines:
    lines = read_lines(path)
    if not contains(lines, SIGNATURE.pattern.encode()):
        raise ReadError(f"{path}: it has no table of events; export events from BeGaze")
    return lines


def _rows(lines: Lines, kind: str, eye: str) -> np.ndarray:
    return find_lines(lines, rf"^{_KINDS[kind]} {_SIDES[eye]}(?=\t| {{4}}|,|;)".encode())


def _dialect(lines: Lines) -> Dialect:
    text = lines.text.tobytes().decode("utf-8")
    first = re.search(r"^(?:\w+ [LR]|UserEvent|Event Type)(\t| {4,}|,|;)(.*)$", text, re.MULTILINE)
    separator = "\t" if first is None or first[1].startswith(" ") else first[1]
    sfreq = re.search(r"^(?:##\s*)?Sample Rate:\s*(\d+(?:\.\d+)?)", text, re.MULTILINE)
    headers = {kind: _header(text, kind) for kind in _KINDS}
    row = re.search(rf"^(?:{'|'.join(_KINDS.values())}) [LR].*$", text, re.MULTILINE)
    has_comma = row is not None and re.search(r"[\t; ]-?\d+,\d+", row[0]) is not None
    return Dialect(
        separator=separator,
        decimal="," if separator != "," and has_comma else ".",
        columns={kind: [_plain(name) for name in names] for kind, names in headers.items()},
        pupil_unit="mm" if any("mm" in name for name in headers["fixation"]) else "px",
        sfreq=float(sfreq[1]) if sfreq else None,
    )


def _head(kinds: str) -> str:
    return rf"^Table Header for {kinds}:"


def _header(text: str, kind: str) -> list[str]:
    """Column names of one kind of event, as the export states them or as all known ones do."""
    found = re.search(rf"{_head(_HEADERS[kind])}\s*\n+(Event Type.*)$", text, re.MULTILINE)
    row = found[1] if found else _DEFAULT_ROWS[kind]
    return [name.strip() for name in re.split(r"\t| {4,}|,|;", row)]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\[.*\]", "", name.lower()))


def _separated(lines: Lines) -> Lines:
    """Turn runs of blanks between fields into tabs, keeping the numbers of the lines."""
    return split_lines(lines.path, re.sub(rb" *\t *| {4,}", b"\t", lines.text.tobytes()))


def _events(lines: Lines, dialect: Dialect, kind: str, eye: str) -> dict[str, np.ndarray | str]:
    known = dialect.columns[kind]
    wanted = {name: known.index(head) for name, head in _COLUMNS[kind].items() if head in known}
    if not {"onset", "duration"} <= wanted.keys():
        raise ReadError(f"{lines.path}: the {kind} table has no Start or Duration; export it again")
    rows = _rows(lines, kind, eye)
    if dialect.separator == "\t":
        lines = _separated(lines)
    rows = with_all_fields(lines, rows, list(wanted.values()), re.escape(dialect.separator))
    is_wanted = np.zeros(len(lines.starts), bool)
    is_wanted[rows] = True
    values = parse_numbers(
        lines, is_wanted, list(wanted.values()), dialect.separator, dialect.decimal
    )
    table = dict(zip(wanted, values.T, strict=True))
    for name in table.keys() & {"onset", "end", "duration"}:
        table[name] = table[name] / _MICROSECONDS
    if "end" in table:
        is_whole = lasts_as_told(lines, rows, table["onset"], table["end"], table["duration"])
        table = {name: column[is_whole] for name, column in table.items()}
    return {"kind": kind, "eye": eye} | table


def _messages(lines: Lines, dialect: Dialect) -> tuple[list[float], list[str]]:
    """Return times and texts of user events, and of trigger lines the state of the port."""
    times, texts = [], []
    splitter = r"\t| {4,}" if dialect.separator == "\t" else re.escape(dialect.separator)
    for i_line in find_lines(lines, rb"^(UserEvent|Trigger)").tolist():
        row = line(lines, i_line)
        is_trigger = row.startswith("Trigger")
        fields = re.split(splitter, row, maxsplit=5 if is_trigger else 4)
        if len(fields) < (6 if is_trigger else 5) or not fields[3].strip().isdigit():
            raise ReadError(
                f"{lines.path}, line {i_line + 1}: a user event has a start and a description, a "
                f"trigger a start, a duration and the state of the port, found {row!r}; repair the "
                "line or export the events again"
            )
        if not is_trigger or fields[5].strip() not in NONE:
            times.append(int(fields[3]) / _MICROSECONDS)
            texts.append(fields[5].strip() if is_trigger else fields[4])
    return times, texts
