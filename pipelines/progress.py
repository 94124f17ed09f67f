"""Progress of long work: a bar on a terminal, plain lines elsewhere; always on stderr."""

import sys
import time
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from pipelines.engine import Row

console = Console(stderr=True, highlight=False, soft_wrap=True)


def shown(path: Path) -> str:
    """Write a path as a person would: relative where it lies below the working folder."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


class Progress:
    """Count finished units and estimate the time left.

    Parameters
    ----------
    title : str
        What is being done.
    total : int
        Number of units.
    at_once : int
        How many are worked on at the same time; before so many are finished nothing is told of the
        time left, because the first one says little of those beside it.
    """

    def __init__(self, title: str, total: int, at_once: int = 1) -> None:
        self.title, self.total, self.done = title, total, 0
        self.failed = 0
        self.at_once = at_once
        self.start = time.monotonic()
        self.bar = Bar(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"), TimeRemainingColumn(), console=console,
            disable=not console.is_terminal,
        )  # fmt: skip
        self.task = self.bar.add_task(title, total=total, rate="")

    def __enter__(self) -> "Progress":
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def advance(self, row: Row) -> None:
        """Take note of one finished unit."""
        self.done += 1
        self.failed += row.state == "failed"
        spent = time.monotonic() - self.start
        if console.is_terminal:
            rate = f"{60 * self.done / spent:.1f}/min" + (
                f", {self.failed} failed" * (self.failed > 0)
            )
            self.bar.update(self.task, advance=1, rate=rate)
            if row.state == "failed":
                console.print(f"[red]failed[/red] {row.unit}: {row.reason}")
            return
        left = spent / self.done * (self.total - self.done)
        is_told = left > 0 and self.done >= self.at_once
        end = f", about {left:.0f} s left" * is_told
        count = f"{self.title} {self.done}/{self.total}"
        sys.stderr.write(f"{count} {row.unit} {row.state} in {row.seconds:.1f} s{end}\n")
        sys.stderr.flush()
