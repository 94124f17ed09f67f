"""One bit flipped in one published file, of every kind in turn."""

from pathlib import Path

from chaos.as_tests import outcomes
from chaos.row import Row


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Flip a bit, verify, flip it back; 60 times."""
    name = "test_one_flipped_bit_of_any_file_is_found"
    found = outcomes(folder, "pipelines/test_verify.py", name)[name]
    what = "flip a bit of a published file, `featpipe verify`"
    return [found.row(what, 60, "{found} of 60 found", "60 of 60")]
