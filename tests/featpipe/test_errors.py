"""Messages name what is near and do not grow with a cap."""

from featpipe.errors import unknown
from featpipe.montage import CAP62


def test_of_many_names_the_nearest_are_listed():
    text = unknown("channel", "FP9", CAP62)
    assert text.startswith("unknown channel 'FP9': did you mean 'FPZ'? Known: FPZ, FP2, FP1, ")
    assert text.endswith(", ... (62 in all).")
    assert text.count(",") == 8


def test_case_and_zeros_in_front_are_near():
    assert "did you mean 'Oz'?" in unknown("channel", "OZ", ["O1", "O2", "Oz"])
    assert "did you mean '010'?" in unknown("subject", "10", ["1", "01", "010", "100"])
