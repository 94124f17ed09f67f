"""Files of times are understood as they are written and never evaluated."""

import time

import pytest
from lookalikes.seed import time_text

from featpipe.datasets.facts import facts_of
from featpipe.datasets.time_lists import read_bounds, read_times
from featpipe.errors import ReadError

GOOD = time_text(facts_of("seed").sessions[0])


def bounds(folder, text):
    path = folder / "time.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_bounds(path)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace(";", ""),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace(" ", "").replace(",\n", ","),
        b"\xef\xbb\xbf" + GOOD.encode(),
    ],
    ids=["as released", "no semicolons", "Windows", "one line each", "with a mark"],
)
def test_the_bounds_of_seed(tmp_path, text):
    session = facts_of("seed").sessions[0]
    assert bounds(tmp_path, text) == (session.onsets, session.offsets)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no list, expected start_point_list and end_point_list"),
        ("start_point_list = [1];", "start_point_list, expected"),
        ("start_point_list = [1]; end_point_list = [2]; import os", "'import os' is no list"),
        (
            "start_point_list = [1.5]; end_point_list = [2];",
            "'1.5' is no whole number",
        ),
        ("start_point_list = [1, 5]; end_point_list = [2];", "2 starts and 1 ends"),
        ("start_point_list = []; end_point_list = [];", "0 starts and 0 ends"),
        ("start_point_list = [9]; end_point_list = [2];", "trial 1 is from 0.009 to 0.002 s"),
        ("start_point_list = [1, 4]; end_point_list = [5, 9];", "trial 2 is from 0.004 to 0.009 s"),
        (GOOD + GOOD, "start_point_list is there twice"),
        ("start_point_list = [1 2 3,,4]; end_point_list = [2, 3, 4, 5]", "'' is no whole number"),
        ("start_point_list = [\u0661]; end_point_list = [2];", "'\u0661' is no whole number"),
        (f"start_point_list = [{'9' * 5000}];", r"'9{80}\.\.\. \(5000 characters\)' is no"),
        ("start_point_list = [1\x1b[31m];", "is no list of sample numbers"),
    ],
)
def test_anything_else_is_refused(tmp_path, text, said):
    with pytest.raises(ReadError, match=said) as error:
        bounds(tmp_path, text)
    assert "time.txt" in str(error.value)
    assert "copy time.txt of the release again" in str(error.value)


SESSION = "Session 1: start_second: [{}] end_second: [{}]"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SESSION.format("1", "9" * 400), "is no number of seconds"),
        (SESSION.format("a" * 60_000, "2"), r"'a{80}\.\.\. \(60000 characters\)' is no number"),
        (SESSION.format("1,,2", "3, 4, 5"), "'' is no number"),
        (SESSION.format("1", "2").replace(" 1:", f" {'1' * 5000}:"), "are expected"),
        (SESSION.format("\u0661", "2"), "'\u0661' is no number"),
    ],
)
def test_what_is_no_number_of_seconds_is_told_in_a_line(tmp_path, text, said):
    path = tmp_path / "trial_start_end_timestamp.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReadError, match=said) as error:
        read_times(path)
    assert len(str(error.value)) < 300 + len(str(path))


@pytest.mark.parametrize("read", [read_bounds, read_times])
def test_larger_files_are_not_read_and_blanks_take_no_time(tmp_path, read):
    path = tmp_path / "trial_start_end_timestamp.txt"
    path.write_text(SESSION.format("1", "2") * 3000)
    with pytest.raises(ReadError, match="more than 65536 bytes"):
        read(path)
    start = time.perf_counter()
    for text in ("Session 1: start_second: [1]", "start_point_list = [1]", ""):
        path.write_text(text + " " * 60_000 + "x")
        with pytest.raises(ReadError):
            read(path)
    assert time.perf_counter() - start < 1
