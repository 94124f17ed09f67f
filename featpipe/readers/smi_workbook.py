"""SMI BeGaze events in an .xls or .xlsx workbook, one trial per sheet, as SEED and SEED-V do it.

Starts of events may be there (BeGaze can export them) or not (SEED-V has none).
"""

import re
from pathlib import Path

from featpipe.errors import ReadError
from featpipe.readers.preflight import Check, verdict
from featpipe.readers.sheet_events import Table, find_table, kinds_of, pupil_unit, trial_table
from featpipe.readers.trial_tables import TrialTable, flaw_check, trial_recording
from featpipe.readers.workbook import mentions, read_workbook
from featpipe.recording import EyeRecording

_SIGNATURE = re.compile(rb"Fixation\s+Duration", re.IGNORECASE)


def is_one(path: Path) -> bool:
    """Tell whether a file is a workbook of fixations, or one that hides what it is.

    Parameters
    ----------
    path : Path
        Any file.

    Returns
    -------
    bool
    """
    return mentions(path, _SIGNATURE)


def check(path: Path) -> Check:
    """Read a workbook and tell what is wrong in it.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Check
        "suspicious" where single rows, sheets or counts do not make sense.
    """
    return verdict(path, lambda: flaw_check(_trials(path)[2]))


def read(path: Path) -> EyeRecording:
    """Read a workbook of BeGaze events.

    Parameters
    ----------
    path : Path
        The .xls or .xlsx file. Sheets are trials, numbered by their names where each name holds a
        number of its own, else by their place; an empty sheet is a trial without events.

    Returns
    -------
    EyeRecording
        Without samples; of the left eye where the sheets name none. Pupils in pixels of the eye
        camera or in mm, as the sheets say.

    Raises
    ------
    ReadError
        When it is no workbook, truncated, damaged or protected, or when no sheet holds events; the
        message names sheet and row.
    """
    sheets, tables, _ = _trials(path)
    kinds = [kind for sheet in sheets for kind in kinds_of(sheet)]
    units = {"gaze": "px", "pupil": pupil_unit(sheets[0]), "dispersion": "px"}
    return trial_recording(tables, units, "smi_workbook", kinds)


def _trials(path: Path) -> tuple[list[Table], list[TrialTable], list[str]]:
    """Return the sheets that hold events, the trials, and what is wrong in them."""
    found = [(sheet, find_table(path, sheet)) for sheet in read_workbook(path)]
    found = [(sheet, table) for sheet, table in found if table or not sheet.rows]  # no remarks
    sheets = [table for _, table in found if table]
    if not sheets:
        raise ReadError(
            f"{path}: no sheet has a column 'Fixation Duration [ms]'; export events from BeGaze"
        )
    if len({pupil_unit(table) for table in sheets}) > 1:
        raise ReadError(f"{path}: pupils in px in some sheets, in mm in others; export one unit")
    tables, flaws = [], []
    for (sheet, table), number in zip(found, _numbers([s.name for s, _ in found]), strict=True):
        if table is None:
            flaws.append(f"sheet {sheet.name!r} is empty: trial {number} has no events")
            continue
        trial, said = trial_table(table, number)
        tables.append(trial)
        flaws += said
    if not any(len(table.events) for table in tables):
        raise ReadError(f"{path}: no sheet has an event under its column names; export it again")
    return sheets, tables, flaws


def _numbers(names: list[str]) -> list[int]:
    """Return the number of the trial of each sheet."""
    found = [re.findall(r"\d+", name) for name in names]
    numbers = [int(digits[0]) for digits in found if len(digits) == 1]
    is_told = len(set(numbers)) == len(names) and min(numbers) > 0
    return numbers if is_told else list(range(1, len(names) + 1))
