"""Tables of eye samples whose columns the study describes: one row per sample, any names.

For what a lab, a web tracker or a script of its own writes; a file of a known export format has a
reader that knows more than a description can say.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ReadError, few
from featpipe.readers.delimited import Delimited, texts
from featpipe.readers.described_table import labels_in, open_described, separators
from featpipe.readers.eye_csv_settings import (
    MEASURES,
    PUPIL_IN_MM,
    EyeCsv,
    named_columns,
    option_of,
)
from featpipe.readers.eye_frames import messages_frame, samples_frame
from featpipe.readers.held_codes import code_onsets
from featpipe.readers.preflight import OK, Check, read_head, verdict
from featpipe.readers.sample_rate import PER_SECOND, refuse_other_unit, sampling_rate
from featpipe.readers.text_columns import parse_numbers, parse_seconds
from featpipe.readers.text_lines import decode
from featpipe.recording import EyeRecording, empty_events

NAME = "eye_csv"
DESCRIBES = "any table of eye samples whose columns the study describes in [eye.csv]"
_HEAD_BYTES = 1 << 16
_WHOLE = re.compile(r"^(\d+)\.0*$")
_SIDES = ("left", "right")

Columns = Mapping[str, np.ndarray]


def is_described(path: Path, csv: EyeCsv) -> bool:
    """Tell from the beginning of a file whether it names all the columns.

    Parameters
    ----------
    path : Path
        Any file.
    csv : EyeCsv
        The description.

    Returns
    -------
    bool
    """
    return _share_named(path, csv) == 1


def is_nearly_described(path: Path, csv: EyeCsv) -> bool:
    """Tell whether a row names at least half of the columns, though not all of them.

    Parameters
    ----------
    path : Path
        Any file.
    csv : EyeCsv
        The description.

    Returns
    -------
    bool
    """
    return 0.5 <= _share_named(path, csv) < 1


def _share_named(path: Path, csv: EyeCsv) -> float:
    """Return the share of the columns that one row in the beginning of a file names, the most."""
    head = read_head(path, _HEAD_BYTES)
    text = head.decode(csv.encoding, "replace") if csv.encoding else decode(head)
    names, marks = set(named_columns(csv).values()), separators(csv.delimiter, csv.decimal)
    found = (len(names.intersection(labels_in(row, s))) for row in text.splitlines() for s in marks)
    return max(found, default=0) / len(names)


def check(path: Path, csv: EyeCsv) -> Check:
    """Tell whether the file has the columns and a row."""
    return verdict(path, lambda: _inspect(_open(path, csv)))


def _inspect(table: Delimited) -> Check:
    if not table.is_row.any():
        return Check("truncated", "the row of names is followed by no samples; export it again")
    return OK


def read(path: Path, csv: EyeCsv) -> EyeRecording:
    """Read a table of eye samples.

    Parameters
    ----------
    path : Path
        The file: a row of names, which other lines may precede, and one row per sample.
    csv : EyeCsv
        What its columns are.

    Returns
    -------
    EyeRecording
        What one column holds for both eyes stands there for either. A gaze of which one coordinate
        is lost is lost, and so is all of an eye that its validity does not call seen. Without
        events: they are detected.

    Raises
    ------
    ReadError
        When a column is not there, a field is no number, time does not rise or cannot be in its
        unit, or nothing was seen; the message names file, line, option and value.
    """
    table = _open(path, csv)
    time = _time(table, csv)
    values = _measured(table, csv)
    is_seen = _seen(table, csv)
    eyes = {side: _eye(csv, side, values, is_seen, time.size) for side in _SIDES}
    if not any(np.isfinite(eye).any() for eye in eyes.values()):
        raise ReadError(
            f"{path}: no row holds a gaze or a pupil ({few(_spelled(csv, MEASURES))}); compare "
            "[eye.csv] missing and valid_values with what stands in these columns"
        )
    gaze = "px" if csv.screen_px else csv.gaze_unit
    pupil = "mm" if csv.pupil_unit in PUPIL_IN_MM else csv.pupil_unit
    return EyeRecording(
        samples=samples_frame(path, time, eyes),
        events=empty_events(),
        messages=_messages(table, csv, time),
        units={"gaze": gaze, "pupil": pupil, "dispersion": gaze},
        sfreq=sampling_rate(time),
        format=NAME,
    )


def _open(path: Path, csv: EyeCsv) -> Delimited:
    wanted = {f"[eye.csv] {option}": name for option, name in named_columns(csv).items()}
    return open_described(path, wanted, csv.delimiter, csv.decimal, csv.comment, csv.encoding)


def _spelled(csv: EyeCsv, starts: tuple[str, ...]) -> list[str]:
    """Return the options that begin so, with their columns, for messages."""
    columns = named_columns(csv).items()
    return [
        f"[eye.csv] {option} = {name!r}" for option, name in columns if option.startswith(starts)
    ]


def _time(table: Delimited, csv: EyeCsv) -> np.ndarray:
    """Read the time in s, shape (n_rows,), and refuse one that does not rise."""
    called = _spelled(csv, ("time",))
    time = parse_seconds(
        table.lines, table.is_row, table.names[csv.time], table.separator, table.decimal,
        PER_SECOND[csv.time_unit], called,
    )  # fmt: skip
    step = np.diff(time)
    is_wrong = ~(np.isfinite(step) & (step > 0))
    if is_wrong.any():
        row = int(np.argmax(is_wrong))
        remedy = (
            "export one row per moment, with all digits of its time"
            if step[row] == 0
            else "its clock was set back, or several recordings follow each other: cut them apart"
        )
        raise ReadError(
            f"{table.lines.path}, line {table.lines.numbers[table.is_row][row + 1] + 1}: "
            f"{called[0]}: {time[row + 1]:.9g} s follows {time[row]:.9g} s, where a later time is "
            f"expected ({int(is_wrong.sum())} such rows); {remedy}"
        )
    option = f'[eye.csv] time_unit = "{csv.time_unit}"'
    refuse_other_unit(table.lines.path, time, csv.time_unit, option, "set it to")
    return time


def _measured(table: Delimited, csv: EyeCsv) -> dict[str, np.ndarray]:
    """Read gaze and pupils, option -> values, NaN where lost."""
    columns = {o: name for o, name in named_columns(csv).items() if o.startswith(MEASURES)}
    marks = [_number(mark) for mark in csv.missing]
    try:
        values = parse_numbers(
            table.lines,
            table.is_row,
            [table.names[name] for name in (csv.time, *columns.values())],
            table.separator,
            table.decimal,
            [mark for mark in marks if isinstance(mark, str)],
            _spelled(csv, ("time",)) + _spelled(csv, MEASURES),
        ).T[1:]
    except ReadError as error:
        raise ReadError(f"{error}; a mark of lost values belongs in [eye.csv] missing") from error
    lost = [mark for mark in marks if isinstance(mark, float)]
    values = np.where(np.isin(values, lost) | np.isinf(values), np.nan, values)
    return dict(zip(columns, values, strict=True))


def _number(mark: str | float) -> str | float:
    """Return a number where a text is one: 1, "1" and "1.0" are the same, "OK" and "ok" too."""
    try:
        return float(mark)
    except ValueError:
        return str(mark).strip()


def _seen(table: Delimited, csv: EyeCsv) -> dict[str, np.ndarray]:
    """Read validities, option -> whether the eye was seen, shape (n_rows,)."""
    columns = {o: name for o, name in named_columns(csv).items() if o.startswith("valid")}
    wanted = {_folded(value) for value in csv.valid_values}
    found = [np.unique(x, return_inverse=True) for x in texts(table, list(columns.values()))]
    is_good = [np.array([_folded(text) in wanted for text in kinds]) for kinds, _ in found]
    if columns and not any(good.any() for good in is_good):
        shown = [repr(str(text)) for kinds, _ in found for text in kinds]
        raise ReadError(
            f"{table.lines.path}: {' and '.join(_spelled(csv, ('valid',)))} hold "
            f"{few(list(dict.fromkeys(shown)))}, none of [eye.csv] valid_values = "
            f"{list(csv.valid_values)}; add what stands there when the eye is seen"
        )
    rows = [good[which] for good, (_, which) in zip(is_good, found, strict=True)]
    return dict(zip(columns, rows, strict=True))


def _folded(value: str | float) -> str | float:
    number = _number(value)
    return number.casefold() if isinstance(number, str) else number


def _eye(csv: EyeCsv, side: str, values: Columns, is_seen: Columns, n_times: int) -> np.ndarray:
    """Return gaze x and y and twice the one pupil of an eye, shape (4, n_times)."""
    absent = np.full(n_times, np.nan)
    x, y, size = (values.get(option_of(csv, what, side) or "", absent) for what in MEASURES)
    width, height = csv.screen_px or (1.0, 1.0)
    gaze = np.stack([width * x, height * y])
    gaze[:, np.isnan(gaze).any(axis=0)] = np.nan
    size = PUPIL_IN_MM.get(csv.pupil_unit, 1.0) * np.where(size > 0, size, np.nan)
    eye = np.stack([*gaze, size, size])
    if (option := option_of(csv, "valid", side)) is not None:
        eye[:, ~is_seen[option]] = np.nan
    return eye


def _messages(table: Delimited, csv: EyeCsv, time: np.ndarray) -> pd.DataFrame:
    if csv.message is None:
        return messages_frame([], [])
    (codes,) = texts(table, [csv.message])
    # Scripts keep codes as floats where some row had none: 0.0 is no code, and 7.0 is 7.
    codes = pd.Series(codes, dtype="str").str.replace(_WHOLE, r"\1", regex=True).to_numpy(str)
    rows = code_onsets(codes)
    return messages_frame(time[rows].tolist(), codes[rows].tolist())
