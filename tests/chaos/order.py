"""One worker against two, and recordings in another order."""

from pathlib import Path

from chaos.as_tests import outcomes
from chaos.row import Row


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Extract twice, and compare bytes."""
    name = "test_neither_workers_nor_order_change_a_byte"
    found = outcomes(folder, "pipelines/test_lost_workers.py", name)[name]
    figure = "{tables} of {tables} tables byte-identical"
    return [found.row("one worker, then two and shuffled recordings", 1, figure, "all")]
