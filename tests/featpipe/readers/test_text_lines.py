"""Text of unknown encoding as selectable lines and columns of numbers."""

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers import text_columns, text_lines
from featpipe.reading import read_eye


def read(tmp_path, content: bytes) -> text_lines.Lines:
    path = tmp_path / "export.txt"
    path.write_bytes(content)
    return text_lines.read_lines(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_found(encoding):
    assert text_lines.decode("Größe µm".encode(encoding)) == "Größe µm"


@pytest.mark.parametrize("text", ["Größe", "écrit, créée", "Größe µm", "¿qué?", "12 °C"])
def test_western_text_in_cp1252_is_not_taken_for_chinese(text):
    assert text_lines.decode(text.encode("cp1252")) == text


@pytest.mark.parametrize("text", ["注视点 X", "眼动, 瞳孔直径 [mm]", "0.1,μV"])
def test_chinese_text_in_pairs_is_not_taken_for_western(text):
    assert text_lines.decode(text.encode("gbk")) == text


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
        text_columns.parse_numbers(rows, np.array([True, True]), [0, 1], r"\s+")


@pytest.mark.parametrize("missing", ["", "-", "."])
def test_missing_values_and_short_rows_are_nan(tmp_path, missing):
    lines = read(tmp_path, f"1\t{missing}\t3\n4\t5\n6\t7\t8\t9\t10\n".encode())
    values = text_columns.parse_numbers(lines, np.full(3, True), [0, 1, 2], "\t")
    np.testing.assert_array_equal(values, [[1, np.nan, 3], [4, 5, np.nan], [6, 7, 8]])


def test_the_first_column_must_be_there(tmp_path):
    lines = read(tmp_path, b"1\t2\n\t3\n")
    with pytest.raises(ReadError, match="line 2: field 1 is ''"):
        text_columns.parse_numbers(lines, np.full(2, True), [0, 1], "\t")


@pytest.mark.parametrize("huge", ["inf", "-inf", "1e400", "9" * 400])
def test_what_no_finite_number_can_hold_is_missing(tmp_path, huge):
    lines = read(tmp_path, f"1\t{huge}\n{huge}\t2\n".encode())
    first, both = np.array([True, False]), np.full(2, True)
    assert np.isnan(text_columns.parse_numbers(lines, first, [0, 1], "\t")[0, 1])
    with pytest.raises(ReadError, match=rf"line 2: field 1 is '(inf|-inf|{huge})', not a number"):
        text_columns.parse_numbers(lines, both, [0, 1], "\t")


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "empty"), (b" \n", "empty"), (b"a\0b", "NUL")]
)
def test_what_is_no_text_is_refused(tmp_path, content, message):
    with pytest.raises(ReadError, match=message):
        read(tmp_path, content)


def test_rows_that_are_all_too_short_are_nan_wherever_the_pieces_are_cut(tmp_path, monkeypatch):
    lines = read(tmp_path, b"1\t2\t3\n4\t5\t6\n7\t8\n9\n")
    expected = [[1, 2, 3], [4, 5, 6], [7, 8, np.nan], [9, np.nan, np.nan]]
    for at_once in (1, 2, 3, 100):
        monkeypatch.setattr(text_columns, "_AT_ONCE", at_once)
        values = text_columns.parse_numbers(lines, np.full(4, True), [0, 1, 2], "\t")
        np.testing.assert_array_equal(values, expected)
    short = text_columns.parse_texts(lines, np.array([False, False, True, True]), [0, 2], "\t")
    assert [column.tolist() for column in short] == [["7", "9"], ["", ""]]


def test_chosen_lines_are_those_of_a_text_of_their_own(tmp_path):
    lines = read(tmp_path, b"1 a\nx\n2 b\n3 c\ny\nz\n4 d")
    is_row = text_lines.begins_with_digit(lines)
    here, apart = text_lines.chosen(lines, is_row), text_lines.only(lines, is_row)
    assert here.numbers.tolist() == apart.numbers.tolist() == [0, 2, 3, 6]
    for kept in ([1, 1, 1, 1], [0, 1, 0, 1], [0, 0, 0, 0]):
        mask = np.array(kept, bool)
        assert text_lines.take(here, mask) == text_lines.take(apart, mask)


HEADS = {
    "smi.txt": "## [iView]\nTime\tType\tTrial\tL Raw X [px]\tL POR X [px]\n1\tSMP\t1\t",
    "events.txt": "[iView]\nTable Header for Fixations:\nEvent Type\tTrial\tNumber\tStart\n",
    "eyelink.asc": "START 1000\tLEFT SAMPLES EVENTS\nSAMPLES GAZE LEFT RATE 500\n1000 ",
    "message.asc": "MSG 1000 ",
    "gaze_positions.csv": "gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y\n1,",
    "tobii.tsv": "Recording timestamp\tParticipant name\tGaze point X\tGaze point Y\n1\t",
    "a-All-Data.tsv": "Study:\nTimestamp\tGazePointXLeft\tPupilLeft\n1\t",
    "statistics.txt": "Stimulus\tCategory\tEvent Start Trial Time [ms]\nA\tFixation\t1\t",
    "sdk.csv": "device_time_stamp;left_pupil_diameter\n1;",
    "found.csv": "label,x,y,start,end,duration\nfixation,",
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("filling", ["1", "1\t", "1 ", "1,"])
def test_a_line_of_10_mb_is_named_at_once(tmp_path, name, filling):
    path = tmp_path / name
    path.write_text(HEADS[name] + filling * (10_000_000 // len(filling)) + "\n")
    with pytest.raises(
        ReadError, match=rf"{name}: corrupt: line \d+: 1000\d+ characters in one line"
    ):
        read_eye(path)
