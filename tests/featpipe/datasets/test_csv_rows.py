"""Hand-written and exported CSV files: what is read, and that nothing moves to another column."""

import pytest

from featpipe.datasets.csv_rows import read_rows
from featpipe.errors import ConfigError

KNOWN = ("trial", "onset", "offset", "label")


def read(folder, content):
    path = folder / "trials.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_rows(path, KNOWN, ("trial",))


@pytest.mark.parametrize(
    ("row", "n_fields"), [("1,0,20,calm,", 5), ("1,0,12,5,calm", 5), ("1,0,2,1,", 5)]
)
def test_more_fields_than_the_header_are_refused(tmp_path, row, n_fields):
    match = rf"trials\.csv line 3: {n_fields} fields, expected the 4 of the header .*point"
    with pytest.raises(ConfigError, match=match):
        read(tmp_path, f"trial,onset,offset,label\n2,30,40,calm\n{row}\n")


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_what_spreadsheets_save_is_read(tmp_path, separator, encoding):
    lines = (["trial", "onset", "label"], ["1", " 2.5", "Fröhlich"])
    text = "\r\n".join(separator.join(fields) for fields in lines)
    rows = read(tmp_path, text.encode(encoding))
    assert rows.to_dict("records") == [{"trial": "1", "onset": "2.5", "label": "Fröhlich"}]


def test_blank_rows_and_columns_are_passed_over_and_lines_keep_their_numbers(tmp_path):
    rows = read(tmp_path, "trial,onset,,\n\n1,2,,\n,,,\n2,3\n4\n,,,\n")
    assert rows.to_dict("index") == {
        3: {"trial": "1", "onset": "2"}, 5: {"trial": "2", "onset": "3"},
        6: {"trial": "4", "onset": ""},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"PK\x03\x04rest", "it is a workbook.*save it as CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0rest", "it is a workbook.*save it as CSV UTF-8"),
        (
            "trial,onset\n1,2\n".encode("utf-16-le"),
            "no text that can be read: save it as CSV UTF-8",
        ),
        (b"", "it is empty"),
        (b"trial,onset\n,\n", "no rows"),
        (b"trial,,onset\n1,x,2\n", "line 2: 'x' stands in column 2, which has no name"),
        (b'trial,onset\n1,"2\n2,3\n', "line 3: cannot be read as CSV .*quotes"),
    ],
)
def test_what_is_no_table_is_told(tmp_path, content, match):
    with pytest.raises(ConfigError, match=match):
        read(tmp_path, content)
