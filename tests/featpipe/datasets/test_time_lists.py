"""time.txt is understood as it is written and never evaluated."""

import pytest
from lookalikes.seed import time_text

from featpipe.datasets.facts import facts_of
from featpipe.datasets.time_lists import read_bounds
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
        ("start_point_list = [1.5]; end_point_list = [2];", "is no list of sample numbers"),
        ("start_point_list = [1, 5]; end_point_list = [2];", "2 starts and 1 ends"),
        ("start_point_list = []; end_point_list = [];", "0 starts and 0 ends"),
        ("start_point_list = [9]; end_point_list = [2];", "trial 1 is from 0.009 to 0.002 s"),
        ("start_point_list = [1, 4]; end_point_list = [5, 9];", "trial 2 is from 0.004 to 0.009 s"),
        (GOOD * 500, "bytes are no few lists"),
    ],
)
def test_anything_else_is_refused(tmp_path, text, said):
    with pytest.raises(ReadError, match=said) as error:
        bounds(tmp_path, text)
    assert "time.txt" in str(error.value)
    assert "copy time.txt of the release again" in str(error.value)
