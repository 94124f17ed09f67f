"""Text of unknown encoding as selectable lines and columns of numbers."""

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers import text_lines


def read(tmp_path, content: bytes) -> text_lines.Lines:
    path = tmp_path / "export.txt"
    path.write_bytes(content)
    return text_lines.read_lines(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_found(encoding):
    assert text_lines.decode("Größe µm".encode(encoding)) == "Größe µm"


def test_chinese_text_that_cp1252_cannot_hold_is_gb18030():
    assert text_lines.decode("\u4e02开始".encode("gb18030")) == "\u4e02开始"


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r\r\n", b"\r"])
@pytest.mark.parametrize("end", [True, False])
def test_line_ends_of_every_kind(tmp_path, newline, end):
    lines = read(tmp_path, newline.join([b"one", b"2", b"three"]) + (newline if end else b""))
    assert [text_lines.line(lines, i) for i in range(len(lines.starts))] == ["one", "2", "three"]
    assert text_lines.begins_with_digit(lines).tolist() == [False, True, False]
    assert text_lines.find_lines(lines, b"^t|n").tolist() == [0, 2]


def test_selected_lines_keep_their_numbers(tmp_path):
    lines = read(tmp_path, b"a\n1 2\nb\n3 x\n")
    rows = text_lines.only(lines, text_lines.begins_with_digit(lines))
    assert rows.numbers.tolist() == [1, 3]
    with pytest.raises(ReadError, match=r"export\.txt, line 4: field 2 is 'x', not a number"):
        text_lines.parse_numbers(rows, np.array([True, True]), [0, 1], r"\s+")


@pytest.mark.parametrize("missing", ["", "-", "."])
def test_missing_values_and_short_rows_are_nan(tmp_path, missing):
    lines = read(tmp_path, f"1\t{missing}\t3\n4\t5\n6\t7\t8\t9\t10\n".encode())
    values = text_lines.parse_numbers(lines, np.full(3, True), [0, 1, 2], "\t")
    np.testing.assert_array_equal(values, [[1, np.nan, 3], [4, 5, np.nan], [6, 7, 8]])


def test_the_first_column_must_be_there(tmp_path):
    lines = read(tmp_path, b"1\t2\n\t3\n")
    with pytest.raises(ReadError, match="line 2: field 1 is ''"):
        text_lines.parse_numbers(lines, np.full(2, True), [0, 1], "\t")


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "empty"), (b" \n", "empty"), (b"a\0b", "NUL")]
)
def test_what_is_no_text_is_refused(tmp_path, content, message):
    with pytest.raises(ReadError, match=message):
        read(tmp_path, content)
