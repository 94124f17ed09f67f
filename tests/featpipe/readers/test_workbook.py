"""Workbooks in any state end in sheets or in a `ReadError`: no abort, no bomb, no hang."""

import random
import re
import zipfile

import pytest
from naive_seed_eyes import workbook
from naive_workbooks import FILEPASS, xls_bytes, xlsx_bytes

from featpipe.errors import ReadError
from featpipe.readers import workbook as reader
from featpipe.readers.workbook import mentions, read_workbook
from featpipe.reading import check, read_eye

SHEETS = {"a": [["Fixation Duration [ms]", 2.0], ["µ", 0.1]], "b": []}


def repacked(content, change):
    """The .xlsx with the text of its first sheet changed."""
    with zipfile.ZipFile(content) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    name = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as new:
        for part, text in parts.items():
            new.writestr(part, change(text) if part == name else text)
    return content


@pytest.mark.parametrize(("suffix", "write"), [("xls", xls_bytes), ("xlsx", xlsx_bytes)])
def test_cells_come_as_they_stand(tmp_path, suffix, write):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(write(SHEETS))
    assert read_workbook(path) == (("a", 1, SHEETS["a"]), ("b", 1, []))
    assert mentions(path, re.compile(rb"fixation\s+duration", re.IGNORECASE))
    assert not mentions(path, re.compile(rb"Saccade Duration"))


@pytest.mark.parametrize(("suffix", "write"), [("xls", xls_bytes), ("xlsx", xlsx_bytes)])
def test_a_cut_workbook_is_refused(tmp_path, suffix, write):
    content = write(workbook(2))
    path = tmp_path / f"1_1.{suffix}"
    for share in (0.2, 0.5, 0.9):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(ReadError, match=f"1_1.{suffix}: .*(cut off|damaged|no known)"):
            read_eye(path)


@pytest.mark.parametrize("name", ["1_1.xls", "1_1.xlsx"])
def test_a_password_is_named(tmp_path, name):
    path = tmp_path / name
    locked = xls_bytes(SHEETS, FILEPASS)
    if name == "1_1.xlsx":  # Excel packs the whole file into a stream of an OLE container
        locked = xls_bytes(SHEETS).replace(
            "Workbook".encode("utf-16-le") + b"\0" * 20,
            "EncryptedPackage\0\0".encode("utf-16-le"),
        )
    path.write_bytes(locked)
    status, reason = check(path)
    assert (status, "password" in reason) == ("corrupt", True)


def test_a_bomb_is_refused_by_what_it_declares(tmp_path):
    path = tmp_path / "1_1.xlsx"
    path.write_bytes(xlsx_bytes(SHEETS))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file, file.open("x", "w") as part:
        for _ in range(513):
            part.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(ReadError, match="would inflate to 5379"):
        read_eye(path)


def test_a_bomb_that_lies_ends_with_its_process(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "_MAX_MEMORY", 256 << 20)
    path = tmp_path / "1_1.xlsx"
    path.write_bytes(xlsx_bytes(SHEETS))
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    repacked(path, lambda text: text.replace(b"</sheetData>", far))
    with pytest.raises(
        ReadError, match=r"1_1.xlsx: corrupt: its structure is damaged beyond reading"
    ):
        read_eye(path)


def test_what_takes_too_long_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "_MAX_SECONDS", 0.001)
    path = tmp_path / "1_1.xlsx"
    path.write_bytes(xlsx_bytes(SHEETS))
    with pytest.raises(ReadError, match=r"takes over 0.001 s"):
        read_eye(path)


def test_a_sheet_of_too_many_cells_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "_MAX_CELLS", 3)
    path = tmp_path / "1_1.xls"
    path.write_bytes(xls_bytes(SHEETS))
    with pytest.raises(ReadError, match="sheet 'a' goes beyond 3 cells"):
        read_eye(path)


@pytest.mark.parametrize(("suffix", "write"), [("xls", xls_bytes), ("xlsx", xlsx_bytes)])
def test_a_changed_byte_is_survived(tmp_path, suffix, write):
    """Some of these end calamine's process; none ends this one."""
    content, chance = write(workbook(1)), random.Random(7)
    path, refused = tmp_path / f"1_1.{suffix}", []
    for _ in range(20):
        changed = bytearray(content)
        for _ in range(8):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        path.write_bytes(changed)
        try:
            read_eye(path)
        except ReadError as error:
            refused.append(str(error))
    assert refused
    assert all(path.name in said for said in refused)
