"""Workbooks written by hand, .xlsx and .xls, just enough of each format to be one."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

Sheets = Mapping[str, Sequence[Sequence[object]]]

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
FILEPASS = struct.pack("<HH54x", 0x2F, 54)
"""What Excel 97 writes behind the first record of a workbook with a password."""


def xlsx_bytes(sheets: Sheets) -> bytes:
    """An .xlsx with the texts inside their cells."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    names = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i}" r:id="rId{i}"/>'
        for i, name in enumerate(sheets, start=1)
    )
    links = "".join(
        f'<Relationship Id="rId{i}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(sheets) + 1)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f"<sheets>{names}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}'
        "</Relationships>",
    }
    for i, rows in enumerate(sheets.values(), start=1):
        parts[f"xl/worksheets/sheet{i}.xml"] = (
            f'<worksheet xmlns="{_MAIN}"><sheetData>{_xml_rows(rows)}</sheetData></worksheet>'
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode())
    return packed.getvalue()


def _xml_rows(rows: Sequence[Sequence[object]]) -> str:
    return "".join(
        f'<row r="{i}">' + "".join(_xml_cell(i, j, cell) for j, cell in enumerate(row)) + "</row>"
        for i, row in enumerate(rows, start=1)
    )


def _xml_cell(i_row: int, i_column: int, cell: object) -> str:
    place = f'r="{chr(65 + i_column)}{i_row}"'
    if isinstance(cell, str):
        text = f'<is><t xml:space="preserve">{escape(cell)}</t></is>'
        return f'<c {place} t="inlineStr">{text}</c>' if cell else ""
    return f"<c {place}><v>{float(str(cell))!r}</v></c>"


def xls_bytes(sheets: Sheets, after_begin: bytes = b"") -> bytes:
    """An .xls of Excel 97: BIFF8 records in an OLE container."""
    begin = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 1997, 0, 6)) + after_begin
    begin += _record(0x42, struct.pack("<H", 1200))
    at = len(begin) + sum(4 + 6 + len(_short_text(name)) for name in sheets) + 4
    bound, pages = [], []
    for name, rows in sheets.items():
        page = _record(0x809, struct.pack("<HHHHII", 0x600, 16, 0, 1997, 0, 6))
        for i_row, row in enumerate(rows):
            page += b"".join(_biff_cell(i_row, j, cell) for j, cell in enumerate(row))
        page += _record(0x0A, b"")
        bound.append(_record(0x85, struct.pack("<IH", at, 0) + _short_text(name)))
        pages.append(page)
        at += len(page)
    return _in_ole(begin + b"".join(bound) + _record(0x0A, b"") + b"".join(pages))


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _short_text(text: str) -> bytes:
    return struct.pack("<BB", len(text), 0) + text.encode("latin-1")


def _biff_cell(i_row: int, i_column: int, cell: object) -> bytes:
    place = struct.pack("<HHH", i_row, i_column, 0)
    if isinstance(cell, int | float):
        return _record(0x203, place + struct.pack("<d", cell))
    text = str(cell).encode("utf-16-le")
    return _record(0x204, place + struct.pack("<HB", len(text) // 2, 1) + text) if cell else b""


def _in_ole(stream: bytes) -> bytes:
    """One stream, "Workbook", in sectors of 512 bytes: table, folder, stream."""
    stream = stream.ljust(4096, b"\0")  # shorter ones would lie in sectors of 64 bytes
    stream += b"\0" * (-len(stream) % 512)
    n_sectors = len(stream) // 512
    n_tables = -(-(n_sectors + 1) // 127)
    first = n_tables + 1
    chain = [_FAT] * n_tables + [_END]
    chain += [*range(first + 1, first + n_sectors), _END]
    chain += [_FREE] * (n_tables * 128 - len(chain))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    head += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIII", 0, n_tables, n_tables, 0, 4096, _END, 0, _END, 0)
    head += struct.pack("<109I", *range(n_tables), *[_FREE] * (109 - n_tables))
    folder = _entry("Root Entry", 5, 1, _END, 0) + _entry("Workbook", 2, _FREE, first, len(stream))
    return head + struct.pack(f"<{len(chain)}I", *chain) + folder.ljust(512, b"\0") + stream


def _entry(name: str, kind: int, child: int, start: int, n_bytes: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    entry = text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1)
    entry += struct.pack("<III", _FREE, _FREE, child) + b"\0" * 36
    return entry + struct.pack("<IQ", start, n_bytes)
