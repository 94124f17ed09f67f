"""Progress of long work: a bar on a terminal, plain lines elsewhere; always on stderr."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from featpipe.errors import N_SAID, printable
from pipelines.places import is_url, with_urls
from pipelines.task_progress import GOES_ON, Report
from pipelines.work import Row

console = Console(stderr=True, highlight=False, soft_wrap=True)


def shown(path: Path) -> str:
    """Write a path as a person would: the URL it is of, or relative below the working folder."""
    text = with_urls(str(path.absolute()))  # the cache folder may lie below the working folder
    if is_url(text):
        return text
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


LINE_EVERY_S = 10.0
"""Where there is no terminal a unit that is under way is told of no more often."""

SILENT_S = 30.0
"""After which a line says that work goes on."""


@dataclass
class UnderWay:
    """A unit that says how far it is.

    Attributes
    ----------
    report : Report
        The last one.
    first : int
        Pieces that were done when it was first heard of.
    since, told : float
        When that was, and when it was last written about, s.
    bar : TaskID
        Its own on a terminal.
    """

    report: Report
    first: int
    since: float
    told: float
    bar: TaskID

    def text(self, now: float) -> str:
        """Say how far it is, and how long it will take if it goes on so."""
        unit, done, total, what = self.report
        n_new = done - self.first
        left = (now - self.since) / n_new * (total - done) if n_new else 0
        return f"{unit}: {done} of {total} {what}" + f", about {left:.0f} s left" * (left > 0)


def tell(text: str) -> None:
    """Say something beside the progress, with the URL for every place of one."""
    text = with_urls(text)
    if console.is_terminal:
        console.print(text, markup=False)
    else:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


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
        self.start = self.told = self.alive = time.monotonic()
        self.under_way: dict[str, UnderWay] = {}
        self.finished: set[str] = set()
        self.lock = Lock()
        self.bar = Bar(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"), TimeRemainingColumn(), console=console,
            disable=not console.is_terminal, speed_estimate_period=3600,  # epochs can be long
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
        with self.lock:
            self.finished.add(row.unit)
            if row.unit in self.under_way:
                self.bar.remove_task(self.under_way.pop(row.unit).bar)
        spent = time.monotonic() - self.start
        if console.is_terminal:
            rate = f"{60 * self.done / spent:.1f}/min" + (
                f", {self.failed} failed" * (self.failed > 0)
            )
            self.bar.update(self.task, advance=1, rate=rate)
            if row.state == "failed":
                reason = printable(f" {row.unit}: {with_urls(row.reason)}", N_SAID)
                # as text: reasons name sections like [study], which are tags to rich
                console.print(Text.assemble(("failed", "red"), reason))
            return
        left = spent / self.done * (self.total - self.done)
        is_told = left > 0 and self.done >= self.at_once
        end = f", about {left:.0f} s left" * is_told
        count = f"{self.title} {self.done}/{self.total}"
        self._line(f"{count} {row.unit} {row.state} in {row.seconds:.1f} s{end}")

    def beat(self, n_at_work: int) -> None:
        """Show a sign of life where nothing else was told for long."""
        now = time.monotonic()
        if not console.is_terminal and now - self.alive >= SILENT_S:
            spent = f"{n_at_work} in work, {now - self.start:.0f} s"
            self._line(f"{self.title} {self.done}/{self.total}, {spent}")

    def _line(self, text: str) -> None:
        self.alive = time.monotonic()
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def hear(self, report: Report) -> None:
        """Take note of how far a unit is; called by a thread of its own."""
        if report.what == GOES_ON:
            tell(f"{report.unit} {GOES_ON} {report.done}")
            return
        now = time.monotonic()
        with self.lock:
            if report.unit in self.finished:
                return
            known = self.under_way.get(report.unit)
            if known is None or report.done < known.report.done:  # which begins anew elsewhere
                bar = self._bar_of(report) if known is None else known.bar
                known = UnderWay(report, report.done, now, self.start, bar)
                self.under_way[report.unit] = known
            known.report = report
            self.bar.update(known.bar, completed=report.done)
            if not console.is_terminal and now - self.told >= LINE_EVERY_S:
                longest_ago = min(self.under_way.values(), key=lambda unit: unit.told)
                self.told = longest_ago.told = now
                self._line(f"{self.title} {longest_ago.text(now)}")

    def _bar_of(self, report: Report) -> TaskID:
        name = f"  {report.unit}"
        return self.bar.add_task(name, total=report.total, completed=report.done, rate=report.what)
