"""Tables of BIDS with a header (`*_events.tsv`, `*_channels.tsv`, `participants.tsv`) as text."""

from pathlib import Path

import pandas as pd

from featpipe.errors import ReadError
from featpipe.readers.text_lines import decode
from featpipe.regular_files import content_of

_MAX_BYTES = 1 << 24
_MAX_CELLS = 1 << 21  # a hundred thousand events in twenty columns, and as text some seconds
_LOST = "n/a"


def read_tsv(path: Path, required: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a table of text.

    Parameters
    ----------
    path : Path
        Separated by tabs, with a row of names.
    required : tuple of str
        Columns that must be there.

    Returns
    -------
    pandas.DataFrame of str
        Indexed by line of the file, from 1; cells are stripped, those that are n/a are empty, blank
        lines are left out.

    Raises
    ------
    ReadError
        When it cannot be read, lacks a column, or a row has not as many fields as there are names;
        the message names file and line.
    """
    text = decode(content_of(path, _MAX_BYTES))
    if "\0" in text:
        raise ReadError(f"{path}: it is no table of text; copy it again")
    if (n_cells := text.count("\t") + text.count("\n")) > _MAX_CELLS:
        raise ReadError(
            f"{path}: {n_cells} cells, expected at most {_MAX_CELLS}: see whether it is a table of "
            "samples under another name"
        )
    rows = [
        (number, [cell.strip() for cell in line.split("\t")])
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip()
    ]
    names = rows[0][1] if rows else []
    for name in required:
        if name not in names:
            raise ReadError(f"{path}: no column {name}; separate by tabs, and name it in line 1")
    if len({*names}) < len(names):
        raise ReadError(f"{path}: a column is there twice: take one out")
    for number, cells in rows[1:]:
        if len(cells) != len(names):
            raise ReadError(
                f"{path} line {number}: {len(cells)} fields, where line 1 names {len(names)} "
                "columns; correct the tabs"
            )
    cells = [["" if cell == _LOST else cell for cell in row] for _, row in rows[1:]]
    return pd.DataFrame(cells, [number for number, _ in rows[1:]], names, dtype="str")
