"""Tables of text whose names, separators and decimal signs their users chose."""

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers.delimited import (
    Delimited,
    first_of,
    numbers,
    open_delimited,
    seconds_per_unit,
    texts,
)


def opened(tmp_path, text: str, encoding: str = "utf-8") -> Delimited:
    path = tmp_path / "export.txt"
    path.write_bytes(text.encode(encoding))
    return open_delimited(path, ["Time", "Start"], "export it again")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    ("separator", "decimal"), [("\t", "."), ("\t", ","), (";", "."), (";", ","), (",", ".")]
)
def test_separator_decimal_sign_units_and_places_are_found(tmp_path, separator, decimal, encoding):
    rows = [["Größe: 5"], ["Name", "Start [µs]", "Größe (mm)", "größe"], ["a b", "1.5", "-2.5", ""]]
    text = "\r\n".join(separator.join(row) for row in rows).replace(".", decimal)
    table = opened(tmp_path, text, encoding)
    assert (table.separator, table.decimal) == (separator, decimal)
    assert dict(table.names) == {"name": 0, "start": 1, "größe": 2}
    assert table.units["größe"] == "mm"
    np.testing.assert_array_equal(
        numbers(table, ["start", "größe", "size", "größe"]), [[1.5], [-2.5], [np.nan], [-2.5]]
    )
    assert [column.tolist() for column in texts(table, ["name", "size"])] == [["a b"], [""]]
    assert seconds_per_unit(table, "start") == 1e-6
    assert first_of(table, ["size", "start"]) == "start"
    assert first_of(table, ["size"]) == ""


def test_a_separator_between_quotation_marks_separates_nothing(tmp_path):
    table = opened(tmp_path, '"Time","Text"\n"1","(2, 3)"\n2,5" wide\n3,"a"\n')
    assert numbers(table, ["time"]).tolist() == [[1, 2, 3]]
    assert texts(table, ["text"])[0].tolist() == ["(2  3)", "5 wide", "a"]


@pytest.mark.parametrize("label", ["(" * 900_000, "([" * 400_000, "(" + "x" * 900_000])
def test_a_name_that_is_nearly_a_megabyte_long_does_no_harm(tmp_path, label):
    table = opened(tmp_path, f"{label}\nTime,{label},X\n1,2,3\n")
    assert numbers(table, ["time", "x"]).tolist() == [[1], [3]]


def test_rows_of_nothing_but_separators_are_none(tmp_path):
    table = opened(tmp_path, "Time\tX\t\n1\t2\t\n\t\t\n\n3\t4\n\t\t\n")
    assert numbers(table, ["time", "x"]).tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Times,X\n1,2\n", r"export\.txt: no column 'Time' among Times, X; export it again"),
        ("Time,X\n1,2\n1,2,3\n", r"export\.txt, line 3: it has 3 fields, the row of names 2"),
    ],
)
def test_what_is_no_such_table_is_told(tmp_path, text, message):
    with pytest.raises(ReadError, match=message):
        opened(tmp_path, text)


def test_a_last_row_that_is_cut_is_left_out(tmp_path, caplog):
    table = opened(tmp_path, "Time,X,Y\n1,2,3\n4,5,6\n7,")
    assert numbers(table, ["time"]).tolist() == [[1, 4]]
    assert "its last line is cut and left out" in caplog.text


@pytest.mark.parametrize("row", ["15,1", "15,,1", "15"])
def test_a_row_that_is_cut_among_many_is_refused_with_its_line(tmp_path, row):
    rows = ["Time,X,Y,Z", *(f"{i},1,2,3" for i in range(40))]
    rows[16] = row
    with pytest.raises(
        ReadError, match=r"export\.txt, line 17: it has \d fields, where 4 are usual"
    ):
        opened(tmp_path, "\n".join(rows))


@pytest.mark.parametrize("row", ["15,,", "15,", "15,1,2", "15,1,2,"])
def test_a_row_that_lacks_only_empty_fields_is_not_cut(tmp_path, row):
    rows = ["Time,X,Y,Z,Note", *(f"{i},1,2,," for i in range(40))]
    rows[16] = row
    assert numbers(opened(tmp_path, "\n".join(rows)), ["time"])[0, 15] == 15


@pytest.mark.parametrize("n_short", [1, 4])
def test_a_spreadsheet_leaves_out_empty_fields_at_the_end_of_rows(tmp_path, n_short):
    """Of one row the separator is there; of many it need not be."""
    end = ["15,1,"] * n_short if n_short == 1 else ["15,1"] * n_short
    rows = ["Time,X,Y", *(f"{i},1,2" for i in range(15)), *end, *["16,1,2"] * 20, "17,1,"]
    assert numbers(opened(tmp_path, "\n".join(rows)), ["time"]).size == 36 + n_short


def test_a_unit_that_measures_no_time_is_refused(tmp_path):
    table = opened(tmp_path, "Time [px],X\n1,2\n")
    with pytest.raises(ReadError, match=r"times 'time' are in 'px', which is none of s, ms"):
        seconds_per_unit(table, "time")
    assert seconds_per_unit(opened(tmp_path, "Time,X\n1,2\n"), "time", "us") == 1e-6
