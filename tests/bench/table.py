"""Rows of the comparison, as a table for people and as JSON."""

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.timing import Times

OURS = "featpipe"
LIBRARIES = ("featpipe", "mne", "scipy", "numpy", "numba", "pyarrow", "pandas", "dask")


@dataclass(frozen=True)
class Row:
    """One tool doing one piece of work.

    Attributes
    ----------
    group, case : str
        Row group (what `--only` takes), and the input.
    tool : str
        Who did it; `OURS` is what the ratios refer to.
    best, median : float or None
        In `unit`; None when the tool could not be run, `note` says why.
    n_runs : int
        Timed runs.
    unit : str
        "s", or "MB".
    correctness : mapping
        Figure -> value; what the figure is stands in its name, with the unit.
    compared : str
        What exactly was done.
    note : str
        What a reader has to know to judge the row.
    """

    group: str
    case: str
    tool: str
    best: float | None
    median: float | None
    n_runs: int
    correctness: Mapping[str, float]
    compared: str
    note: str = ""
    unit: str = "s"


def timed(
    group: str, case: str, tool: str, times: Times, correctness: Mapping[str, float], compared: str,
    note: str = "",
) -> Row:  # fmt: skip
    """Make a row of timed runs."""
    best, middle, n_runs = times.best, times.median, len(times.seconds)
    return Row(group, case, tool, best, middle, n_runs, correctness, compared, note)


def missing(group: str, case: str, tool: str, compared: str, reason: str) -> Row:
    """Make a row that says why there is no figure."""
    return Row(group, case, tool, None, None, 0, {}, compared, f"not run: {reason}")


def as_text(rows: Iterable[Row]) -> str:
    """Lay the rows out as a table, one block per group and case."""
    blocks = []
    for (group, case), of in groupby(rows, lambda row: (row.group, row.case)):
        lines = [_cells(row, ratio) for row, ratio in with_ratios(list(of))]
        lines.insert(0, ("tool", "best", "median", "ratio", "correctness", "note"))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = ("  ".join(f"{c:{w}}" for c, w in zip(line, widths, strict=True)) for line in lines)
        blocks.append("\n".join([f"{group}: {case}", *(f"  {line}".rstrip() for line in text)]))
    return "\n\n".join(blocks)


def as_markdown(found: Mapping[str, Any]) -> str:
    """Lay what `write_json` wrote out as README shows it."""
    lines = ["| tool | best | ratio | how right |", "|---|---|---|---|"]
    for (group, case), of in groupby(found["rows"], lambda row: (row["group"], row["case"])):
        lines.append(f"| **{group}**: {case} | | | |")
        for of_row in of:
            row = Row(**{name: of_row[name] for name in Row.__annotations__})
            tool, best, _, ratio, *rest = _cells(row, of_row["ratio"])
            how_right = "; ".join(text for text in rest if text.strip("-"))
            lines.append(f"| {tool} | {best} | {ratio} | {how_right} |")
    about, libraries = found["machine"], found["versions"]
    versions = ", ".join(f"{name} {number}" for name, number in libraries.items())
    return "\n".join([*lines, "", f"{about['cpu']}, {about['n_cpus']} CPUs; {versions}."])


def with_ratios(rows: Sequence[Row]) -> list[tuple[Row, float | None]]:
    """Pair the rows of one case with their best figure as a multiple of ours."""
    ours = next((row.best for row in rows if row.tool == OURS), None)
    return [(row, row.best / ours if row.best is not None and ours else None) for row in rows]


def _cells(row: Row, ratio: float | None) -> tuple[str, ...]:
    figures = "; ".join(f"{name} {value:.2g}" for name, value in row.correctness.items())
    best, middle = (
        "-" if value is None else f"{value:.3g} {row.unit}" for value in (row.best, row.median)
    )
    return (
        row.tool,
        best,
        middle,
        "-" if ratio is None else f"{ratio:.2f}",
        figures or "-",
        row.note,
    )


def write_json(rows: Sequence[Row], path: Path, command: str) -> None:
    """Write the rows with machine, versions and command."""
    cases = groupby(rows, lambda row: (row.group, row.case))
    content = {
        "command": command,
        "machine": machine(),
        "versions": versions(),
        "rows": [asdict(row) | {"ratio": r} for _, of in cases for row, r in with_ratios(list(of))],
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    """Describe what the figures were measured on."""
    return {"cpu": _cpu(), "n_cpus": os.cpu_count(), "system": platform.platform()}


def _cpu() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Return the versions of Python and of what was compared, as installed beside us."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
