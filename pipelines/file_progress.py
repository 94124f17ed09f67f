"""How much of many files has been read: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from types import TracebackType

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from pipelines.progress import console


class FileProgress:
    """Tell how much of many files has been read, and the time left; nothing where there is little.

    Parameters
    ----------
    title : str
        What is being done.
    total : int
        Bytes in all.
    """

    EVERY_S = 5.0
    """Seconds between two lines where there is no terminal."""

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total, self.done = title, total, 0
        self.start = self.told = time.monotonic()
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console,
            transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self.task = self.bar.add_task(title, total=total)

    def __enter__(self) -> "FileProgress":
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def advance(self, n_bytes: int) -> None:
        """Take note of one file that was read."""
        self.done += n_bytes
        self.bar.update(self.task, advance=n_bytes)
        now = time.monotonic()
        if console.is_terminal or now - self.told < self.EVERY_S:
            return
        self.told = now
        left = (now - self.start) / max(self.done, 1) * (self.total - self.done)
        count = f"{self.title} {self.done / 1e6:.0f}/{self.total / 1e6:.0f} MB"
        sys.stderr.write(f"{count}, about {left:.0f} s left\n")
        sys.stderr.flush()
