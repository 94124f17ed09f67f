"""Time several ways of doing the same, taking turns so that noise of the machine hits them all."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any, NamedTuple


class Times(NamedTuple):
    """Seconds of the timed runs, and what the run before them returned."""

    seconds: tuple[float, ...]
    result: Any

    @property
    def best(self) -> float:
        """The run that was disturbed least."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """The run in the middle."""
        return median(self.seconds)


def say(text: str) -> None:
    """Report progress on stderr; the results go to stdout."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def take_turns(
    tools: Mapping[str, Callable[[], Any]],
    n_runs: int,
    before: Mapping[str, Callable[[], object]] | None = None,
) -> dict[str, Times]:
    """Run every tool once untimed, then `n_runs` rounds of all tools.

    Parameters
    ----------
    tools : mapping
        Name -> what to time. The first call pays for compiling and for a cold page cache.
    n_runs : int
        Timed runs of each tool.
    before : mapping, optional
        Name -> what is called before each run of that tool and not timed: deletes what its run
        before has made.
    """
    prepare = before or {}
    results: dict[str, Any] = {}
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    for name, tool in tools.items():
        say(f"    {name}, once untimed")
        prepare.get(name, bool)()
        results[name] = tool()
    os.sync()  # or generated files would be written to disk beside what is timed
    for number in range(n_runs):
        for name, tool in tools.items():
            prepare.get(name, bool)()
            begin = time.perf_counter()
            tool()
            seconds[name].append(time.perf_counter() - begin)
        shown = ", ".join(f"{name} {of[-1]:.3g} s" for name, of in seconds.items())
        say(f"    round {number + 1} of {n_runs}: {shown}")
    return {name: Times(tuple(of), results[name]) for name, of in seconds.items()}
