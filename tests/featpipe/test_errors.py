"""Messages name what is near and do not grow with a cap."""

import pickle

from featpipe.errors import MixedRatesError, ReadError, few, one_line, printable, unknown
from featpipe.montage import CAP62
from featpipe.readers.preflight import Check, verdict


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


ODD = "a\r\nb\x1b[31m\udc80\u202e"


def test_what_files_say_becomes_one_line_that_moves_no_cursor():
    escaped = r"a\r\nb\x1b[31m\udc80\u202e"
    assert one_line(ODD) == escaped
    assert str(ReadError(f"x.set: {ODD}")) == f"x.set: {escaped}"
    assert few([ODD]) == escaped
    again = pickle.loads(pickle.dumps(MixedRatesError(ODD)))  # from a worker
    assert type(again) is MixedRatesError
    assert str(again) == escaped


def test_a_long_message_keeps_the_file_and_the_next_step():
    text = str(ReadError(f"x.set: {'a' * 100_000}; copy it again"))
    assert len(text) == 1000
    assert text.startswith("x.set: aaa")
    assert text.endswith("aaa; copy it again")


def test_a_verdict_is_one_line_too(tmp_path):
    path = tmp_path / "a\nb.set"
    path.touch()

    def raises():
        raise ReadError(f"{path}: {ODD}")

    assert verdict(path, raises).reason == one_line(ODD)
    assert verdict(path, lambda: Check("corrupt", ODD)) == ("corrupt", one_line(ODD))
