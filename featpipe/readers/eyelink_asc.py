"""EyeLink .asc files (edf2asc), with or without header, samples or events.

MNE's reader refuses three real dialects (samples without header, events only, no dummy messages),
so the rows are parsed here.
"""

import itertools
import re
from pathlib import Path

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.cut_rows import (
    lasts_as_told,
    with_all_fields,
    without_cut_end,
    without_open_end,
)
from featpipe.readers.eye_frames import events_frame, samples_frame
from featpipe.readers.eyelink_messages import eyelink_messages
from featpipe.readers.fixation_dispersion import add_dispersion
from featpipe.readers.preflight import OK, Check, verdict
from featpipe.readers.sample_rate import sampling_rate
from featpipe.readers.text_columns import parse_numbers
from featpipe.readers.text_lines import (
    Lines,
    begins_with_digit,
    chosen,
    contains,
    find_lines,
    line,
    only,
    read_lines,
)
from featpipe.recording import EyeRecording, empty_samples

SIGNATURE = re.compile(
    r"\*\* CONVERTED FROM .*edfapi|^\*\* TYPE: EDF_FILE|^[ES](FIX|SACC|BLINK) [LR]\s+\d"
    r"|^(MSG|INPUT|START)[ \t]+\d"
    r"|^\d+(\.\d)?([ \t]+(-?\d+(\.\d*)?|\.)){3,20}[ \t]+[.CIR]{3,}[ \t]*$",
    re.MULTILINE,
)
_MILLISECONDS = 1e3
_BLANK = r"\s+"
_AT_ONCE = 1 << 17  # rows turned into numbers at once
_SIDES = {"left": "L", "right": "R"}
_TWICE_PER_MS, _HALF_MS = 2000.0, 0.0005
"""At 2 kHz edf2asc may write whole ms, so that every stamp stands there twice."""
_NO_START = 2**32 - 1  # what edf2asc writes for the start of a saccade that the tracker lost
_N_OF_ONE, _N_OF_BOTH, _N_FLAGS_OF_BOTH = 4, 7, 5
_GAZE_UNITS = {"GAZE": "px", "HREF": "href", "RAW": "raw", "PUPIL": "raw"}
_EVENT_COLUMNS = {
    "fixation": (rb"EFIX", {"onset": 2, "end": 3, "duration": 4, "pupil_x": 7}),
    "saccade": (rb"ESACC", {"onset": 2, "end": 3, "duration": 4, "amplitude": 9}),
    "blink": (rb"EBLINK", {"onset": 2, "end": 3, "duration": 4}),
}


def check(path: Path) -> Check:
    """Tell whether an EyeLink file holds a recording that was ended.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Check
        Excerpts lack the END line too, so its absence is only suspicious.
    """
    return verdict(path, lambda: _inspect(_read_export(path)[1]))


def _inspect(words: Lines) -> Check:
    n_starts, n_ends = (len(find_lines(words, rb"^%s\s+\d" % word)) for word in (b"START", b"END"))
    if n_starts > n_ends:
        return Check("suspicious", f"{n_starts} START and {n_ends} END lines: its end may be cut")
    return OK


def _read_export(path: Path) -> tuple[Lines, Lines]:
    """Return the millions of sample rows, which begin with a digit, and the few other lines."""
    lines = read_lines(path)
    if not contains(lines, SIGNATURE.pattern.encode()):
        raise ReadError(f"{path}: it has no EyeLink sample, event or message; convert with edf2asc")
    is_row = begins_with_digit(lines)
    is_kept = without_open_end(lines, rb"^START\s", rb"^END\s")
    whole = without_cut_end(lines, is_row & is_kept, _BLANK)
    return chosen(lines, whole), only(lines, ~is_row & is_kept)


def read(path: Path) -> EyeRecording:
    """Read an EyeLink .asc file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    EyeRecording
        Both pupil columns carry the one pupil value, in a unit of the tracker's own: "au (area)" or
        "au (diameter)", as the file says, else "au".
        Messages and input words ("INPUT 127") are messages. Fixations have a dispersion where
        samples are.
        A file of samples that names no eye and has one is taken for the left eye.

    Raises
    ------
    ReadError
        When the file is none, or when a row is malformed; the message names the line.
    """
    rows, words = _read_export(path)
    rate = _declared_rate(words)
    time, eyes = _eyes(rows, words)
    if rate == _TWICE_PER_MS:
        time[1:][np.diff(time) == 0] += _HALF_MS
    numbers = rows.numbers
    del rows  # the whole file, before there are samples as well
    samples = samples_frame(path, time, eyes, "ms", numbers) if time.size else empty_samples()
    events = events_frame([_events(words, kind, eye) for kind in _EVENT_COLUMNS for eye in _SIDES])
    gaze = _gaze_unit(words)
    return EyeRecording(
        samples=samples,
        events=add_dispersion(events, samples),
        messages=eyelink_messages(words),
        units={"gaze": gaze, "pupil": _pupil_unit(words), "dispersion": gaze},
        sfreq=rate or sampling_rate(samples["time"].to_numpy()),
        format="eyelink_asc",
        px_per_degree=_resolution(words),
    )


def _resolution(words: Lines) -> float | None:
    """Units of gaze in one degree, the mean of both axes over the blocks that tell."""
    told = []
    for i_line in find_lines(words, rb"^END\s.*\bRES\s").tolist():
        match = re.search(r"\bRES\s+(\d+(?:\.\d+)?)\s+(\d+(?:\.\d+)?)", line(words, i_line))
        told += [] if match is None else [float(match[1]), float(match[2])]
    known = [value for value in told if value > 0]
    return float(np.mean(known)) if known else None


def _gaze_unit(words: Lines) -> str:
    """Return the unit of the gaze, from the first line that declares samples, else events."""
    for head in (rb"SAMPLES", rb"EVENTS"):
        for i_line in find_lines(words, rb"^%s\s+(GAZE|HREF|RAW|PUPIL)\b" % head).tolist():
            return _GAZE_UNITS[line(words, i_line).split()[1]]
    return "px"


def _pupil_unit(words: Lines) -> str:
    """Return what pupils are: areas, diameters, or, where blocks tell nothing or both, unknown."""
    heads = find_lines(words, rb"^PUPIL\s+(AREA|DIAMETER)\b").tolist()
    told = {line(words, i_line).split()[1].lower() for i_line in heads}
    return f"au ({told.pop()})" if len(told) == 1 else "au"


def _declared_rate(words: Lines) -> float | None:
    for i_line in find_lines(words, rb"^(SAMPLES|EVENTS)\s.*\bRATE\s").tolist():
        match = re.search(r"\bRATE\s+(\d+(?:\.\d+)?)", line(words, i_line))
        if match and float(match[1]) > 0:
            return float(match[1])
    return None


def _eyes(rows: Lines, words: Lines) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return times, s, and of each eye gaze and pupil, (4, n_times), NaN where it is lost."""
    n_times = len(rows.numbers)
    time = np.empty(n_times)
    eyes = {side: np.full((4, n_times), np.nan) for side in _SIDES}
    heads = find_lines(words, rb"^SAMPLES\s")  # each begins a block with a layout of its own
    blocks = np.searchsorted(rows.numbers, words.numbers[heads])
    bounds = np.concatenate([[0], blocks, [n_times]]).tolist()
    for i, (first, stop) in enumerate(itertools.pairwise(bounds)):
        if first == stop:
            continue
        named = line(words, int(heads[i - 1])).split() if i else []
        sides = tuple(eye for eye in _SIDES if eye.upper() in named)
        sides = sides or _eyes_of(words, rows, first)
        for begin in range(first, stop, _AT_ONCE):
            piece = slice(begin, min(begin + _AT_ONCE, stop))
            every = np.ones(piece.stop - begin, bool)
            columns = range(1 + 3 * len(sides))
            values = parse_numbers(chosen(rows, piece), every, columns, _BLANK).T
            time[piece] = values[0] / _MILLISECONDS
            for i_eye, side in enumerate(sides):
                eyes[side][:, piece] = _eye(values[1 + 3 * i_eye : 4 + 3 * i_eye])
    return time, eyes


def _eyes_of(words: Lines, rows: Lines, first: int) -> tuple[str, ...]:
    """Eyes of rows that no SAMPLES line describes, from their fields and the events.

    A row has a time and gaze and pupil of each eye, then one field of flags, of five characters for
    both eyes. Three more numbers of one eye are the target's, of the remote mode.
    """
    fields = line(rows, first).split()
    flags = [field for field in fields if re.fullmatch(r"[.A-Z]{3,}", field)]
    n_numbers = len(fields) - len(flags)
    if n_numbers == _N_OF_BOTH and flags and len(flags[0]) == _N_FLAGS_OF_BOTH:
        return ("left", "right")
    if n_numbers != _N_OF_ONE:
        raise ReadError(
            f"{rows.path}, line {rows.numbers[first] + 1}: no line SAMPLES says what its "
            f"{n_numbers} numbers and flags {' '.join(flags) or 'none'} are ({_N_OF_ONE} are those "
            f"of one eye, {_N_OF_BOTH} with {_N_FLAGS_OF_BOTH} flags those of both); convert the "
            "recording again, without leaving out lines"
        )
    is_left, is_right = (
        contains(words, rb"^(START|EVENTS|EFIX|ESACC|EBLINK)\s.*\b%s\b" % names)
        for names in (b"(LEFT|L)", b"(RIGHT|R)")
    )
    return ("right",) if is_right and not is_left else ("left",)


def _eye(values: np.ndarray) -> np.ndarray:
    """Gaze x and y, pupil x and y of one eye, (4, n_times), NaN where it is lost."""
    x, y, pupil = values
    eye = np.array([x, y, pupil, pupil])
    eye[:, np.isnan(x) | np.isnan(y) | ~(pupil > 0)] = np.nan
    return eye


def _events(words: Lines, kind: str, eye: str) -> dict[str, np.ndarray | str]:
    word, columns = _EVENT_COLUMNS[kind]
    rows = find_lines(words, rb"^%s\s+%s\s" % (word, _SIDES[eye].encode()))
    rows = with_all_fields(words, rows, list(columns.values()), _BLANK)
    is_wanted = np.zeros(len(words.starts), bool)
    is_wanted[rows] = True
    values = parse_numbers(words, is_wanted, list(columns.values()), _BLANK)
    has_start = values[:, 0] != _NO_START
    rows, values = rows[has_start], values[has_start]
    values[:, :3] /= _MILLISECONDS
    values = values[lasts_as_told(words, rows, *values[:, :3].T)]
    table: dict[str, np.ndarray | str] = {"kind": kind, "eye": eye}
    table |= dict(zip(columns, values.T, strict=True))
    return table | ({"pupil_y": table["pupil_x"]} if "pupil_x" in table else {})
