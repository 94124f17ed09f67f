"""A recording that ends every process that touches it, among 20."""

from pathlib import Path

from chaos.as_tests import outcomes
from chaos.row import Row


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Extract with two workers, one recording of which aborts."""
    name = "test_a_poisonous_recording_fails_alone_and_is_named"
    found = outcomes(folder, "pipelines/test_lost_workers.py", name)[name]
    figure = "{done} of {of} made byte-identical, 1 named, exit 3"
    return [found.row("a recording that ends its process", 1, figure, "all others, exit 3")]
