"""Text for spreadsheets: CSV whose cells are never formulas.

Excel and LibreOffice evaluate a cell of a CSV file that begins with one of these characters, in
quotes or not; an apostrophe before it makes text of it. Names of channels come out of files.
"""

from typing import Any

import pandas as pd

BEGIN_FORMULAS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\0",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)
"""The last four are the wide forms of the first four, which Excel takes for them."""


def as_csv(frame: pd.DataFrame) -> str:
    """Write a frame as CSV that is safe to open in a spreadsheet.

    Parameters
    ----------
    frame : pandas.DataFrame
        Numbers are written with six digits, negative ones as they are; text that would begin a
        formula gets an apostrophe in front.

    Returns
    -------
    str
    """
    shown: Any = frame.apply(lambda column: column.map(_inert))
    return shown.to_csv(index=False, float_format="%.6g")


def _inert(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = f"'{value}" if value.lstrip(" ").startswith(BEGIN_FORMULAS) else value
    return text.replace("\r", " ")  # no writer quotes it, and many a reader begins a row there
