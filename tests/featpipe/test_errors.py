"""Messages name what is near and do not grow with a cap."""

from featpipe.errors import few, printable, unknown
from featpipe.montage import CAP62


def test_of_many_names_the_nearest_are_listed():
    text = unknown("channel", "FP9", CAP62)
    assert text.startswith("unknown channel 'FP9': did you mean 'FPZ'? Known: FPZ, FP2, FP1, ")
    assert text.endswith(", ... (62 in all).")
    assert text.count(",") == 8


def test_case_and_zeros_in_front_are_near():
    assert "did you mean 'Oz'?" in unknown("channel", "OZ", ["O1", "O2", "Oz"])
    assert "did you mean '010'?" in unknown("subject", "10", ["1", "01", "010", "100"])


def test_what_a_message_shows_of_a_file_is_one_line_and_can_be_seen():
    assert printable("a\nb\x1b[2J\u202e\ud800 \u00e9") == "a\\nb\\x1b[2J\\u202e\\ud800 \u00e9"
    assert printable("x" * 900_000, 10) == "xxxxxxxxxx... (900000 characters)"
    assert len(few(["x" * 900_000, "a\nb"])) < 300
    assert "\n" not in few(["x", "a\nb"])
