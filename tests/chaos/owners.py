"""Two runs on one output folder, and an owner that was killed."""

from pathlib import Path

from chaos.as_tests import outcomes
from chaos.row import Row

CASES = {
    "test_of_two_runs_started_together_one_works_and_the_other_names_it": (
        "two runs of one folder at once", "one works, one exits 4 and names it",
    ),
    "test_a_killed_owner_is_in_nobodys_way": (
        "the owner of a folder is killed", "the next run works at once, byte-identical",
    ),
}  # fmt: skip


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Start two runs; kill an owner."""
    found = outcomes(folder, "pipelines/test_ownership.py", *CASES)
    return [found[name].row(what, 1, figure, figure) for name, (what, figure) in CASES.items()]
