"""Small files that inflate a thousandfold are refused at once, in little memory."""

import json
import subprocess
import sys
import zipfile
import zlib

import pytest
from lookalikes.bids_eye import SIDECAR, write_table
from lookalikes.processes import environment
from naive_workbooks import xlsx_bytes

from featpipe.readers import workbook_rows

READ = """
import json, resource, sys
from pathlib import Path
from featpipe.reading import check
scale = 1 if sys.platform == "darwin" else 1024
status, reason = check(Path(sys.argv[1]))
peaks = [scale * resource.getrusage(of).ru_maxrss
         for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([status, reason, max(peaks)]))
"""
MOST = 500_000_000
SMALL = '"$0" "$@"; exit $?'
"""A shell starts the process: one that pytest starts counts the memory of pytest as its peak."""

PART = "xl/worksheets/sheet1.xml"


def read_alone(path):
    """Check a file in a process of its own: verdict, reason and peak memory."""
    done = subprocess.run(
        ["sh", "-c", SMALL, sys.executable, "-c", READ, str(path)],
        capture_output=True, text=True, check=True, env=environment(), timeout=60,
    )  # fmt: skip
    status, reason, peak = json.loads(done.stdout)
    return status, reason, peak


@pytest.mark.parametrize(
    ("row", "reason"),
    [(b"\0", "NUL characters"), (b"\n", "line ends were lost"), (b"1\t2\t3\t4\n", "more than")],
    ids=["zeros", "line ends", "rows"],
)
def test_a_table_of_two_gigabytes_is_refused(tmp_path, row, reason):
    path = tmp_path / "sub-01_task-film_recording-eye1_physio.tsv.gz"
    write_table(path, "", SIDECAR | {"RecordedEye": "left"})
    packer = zlib.compressobj(9, wbits=31)
    block = packer.compress(row * ((1 << 24) // len(row))) + packer.flush(zlib.Z_FULL_FLUSH)
    # a full flush forgets what was before, so that the same block can be repeated; no end is needed
    head, rest = block[:10], block[10:]
    path.write_bytes(head + rest * 128)
    assert path.stat().st_size < 4e6
    status, said, peak = read_alone(path)
    assert (status, reason in said) == ("corrupt", True)
    assert peak < MOST


@pytest.mark.parametrize(
    ("fill", "n"),
    [(b" ", 2000), (b"<row><c><v>1</v></c></row>", 100), (b'<row r="9"><c r="A9"/></row>', 100)],
    ids=["blanks", "cells", "one row"],
)
def test_a_workbook_that_repeats_itself_is_refused(tmp_path, fill, n):
    path = write_bomb(tmp_path / "1_1.xlsx", fill * ((1 << 20) // len(fill)), n)
    assert path.stat().st_size < 4e6
    status, said, peak = read_alone(path)
    assert (status, "would inflate to" in said) == ("corrupt", True)
    assert peak < MOST


def test_a_workbook_that_lies_about_its_size_is_refused(tmp_path):
    path = write_bomb(tmp_path / "1_1.xlsx", b" " * (1 << 20), 500)
    content = bytearray(path.read_bytes())
    entry = content.rfind(b"PK\x01\x02", 0, content.rfind(PART.encode()))
    content[entry + 24 : entry + 28] = (5000).to_bytes(4, "little")
    path.write_bytes(content)
    status, said, peak = read_alone(path)
    assert (status, "damaged" in said) == ("corrupt", True)
    assert peak < MOST


def test_one_long_text_in_every_cell_is_refused(tmp_path, monkeypatch):
    """A text is stored once, and as large as it is in every cell that names it."""
    monkeypatch.setattr(workbook_rows, "_MAX_TEXT", 8999)
    path = tmp_path / "1_1.xlsx"
    path.write_bytes(xlsx_bytes({"1": [["x" * 3000]] * 3}))
    assert (
        "its texts go beyond 8999 characters" in workbook_rows.read_cells(str(path), 99)["refused"]
    )
    monkeypatch.setattr(workbook_rows, "_MAX_TEXT", 9000)
    assert len(workbook_rows.read_cells(str(path), 99)["sheets"]) == 1


def write_bomb(path, block, n):
    """Write a workbook of eye events whose sheet holds n times a block."""
    path.write_bytes(xlsx_bytes({"1": [["Fixation Duration [ms]", 2.0]]}))
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    begin, end = parts.pop(PART).split(b"</sheetData>")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
        with new.open(PART, "w") as part:
            part.write(begin)
            for _ in range(n):
                part.write(block)
            part.write(b"</sheetData>" + end)
    return path
