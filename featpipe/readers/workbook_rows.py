"""A child process: reads the workbook it is given and writes its cells as JSON.

Not imported by anything: `featpipe.readers.workbook` runs this file. calamine asks for whatever
memory a damaged workbook names, and then ends the process it is in (one in a hundred .xls files of
which a byte was changed); so it gets a process of its own, with a limit.
"""

import json
import sys

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

_MAX_TEXT = 32 << 20  # characters: one long text may be that of every cell


def read_cells(path: str, max_cells: int) -> dict:
    """Return the cells of every worksheet.

    Parameters
    ----------
    path : str
        The workbook.
    max_cells : int
        Most cells of all sheets together.

    Returns
    -------
    dict
        "sheets": list of (name, number of the first row, rows), or "refused": why not.
    """
    sheets, n_cells, n_text = [], 0, 0
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            for about in workbook.sheets_metadata:
                if about.typ != SheetTypeEnum.WorkSheet:
                    continue
                sheet = workbook.get_sheet_by_name(about.name)
                n_cells += sheet.height * sheet.width
                if n_cells > max_cells:
                    return {"refused": f"sheet {about.name!r} goes beyond {max_cells} cells"}
                first = 1 if sheet.start is None else sheet.start[0] + 1
                rows = [_trimmed(row) for row in sheet.to_python()]
                n_text += sum(len(cell) for row in rows for cell in row if isinstance(cell, str))
                if n_text > _MAX_TEXT:
                    return {"refused": f"its texts go beyond {_MAX_TEXT} characters"}
                sheets.append((about.name, first, rows))
    except PasswordError:
        return {"refused": "it is protected by a password; save it without one"}
    except CalamineError as error:
        return {"refused": f"its structure is damaged ({error})"}
    return {"sheets": sheets}


def _trimmed(row: list) -> list:
    """Take off the empty cells at the end, of which one stray cell far out makes millions."""
    while row and row[-1] == "":
        row.pop()
    return row


def _limit_memory(n_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: only the time limit of the parent holds
        return
    resource.setrlimit(resource.RLIMIT_AS, (n_bytes, n_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _limit_memory(int(sys.argv[3]))
    json.dump(read_cells(sys.argv[1], int(sys.argv[2])), sys.stdout, default=str)
