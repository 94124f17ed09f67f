"""Figures with their intervals, as a table for people, for README, and as JSON."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.table import machine, versions

from truth.row import Interval, Row

Results = Mapping[str, Mapping[str, object]]
HEAD = ("what", "points", "over subjects", "over seeds", "of", "expected before")
VERDICT = {True: "came so", False: "did not come so", None: ""}


def cells(row: Row) -> tuple[str, ...]:
    """Return the cells of a row as text."""
    figure = f"{row.figure:+.1f}" if row.is_difference else f"{row.figure:.1f}"
    expected = f"{row.wanted}: {VERDICT[row.is_held]}" if row.wanted else ""
    return row.what, figure, str(row.of_subjects), str(row.of_seeds), row.n, expected


def as_text(found: Mapping[str, Sequence[Row]]) -> str:
    """Lay rows out as a table, one block per experiment."""
    lines = {name: [cells(row) for row in rows] for name, rows in found.items()}
    everything = [HEAD, *(line for of in lines.values() for line in of)]
    widths = [max(map(len, column)) for column in zip(*everything, strict=True)]
    blocks = []
    for name, of in {"": [HEAD], **lines}.items():
        rows = ("  ".join(f"{c:{w}}" for c, w in zip(line, widths, strict=True)) for line in of)
        blocks.append("\n".join([*[name] * bool(name), *(f"  {row}".rstrip() for row in rows)]))
    return "\n".join(blocks)


def as_markdown(results: Results) -> str:
    """Lay results out as README shows them."""
    lines = [f"| {' | '.join(HEAD)} |", "|---|---|---|---|---|---|"]
    for name, about in results.items():
        lines.append(f"| **{name}** | | | | | |")
        lines += [f"| {' | '.join(cells(row))} |" for row in rows_of(about)]
    commands = {str(about["command"]) for about in results.values()}
    runs = " and ".join(f"`{command}`" for command in sorted(commands))
    return "\n".join([*lines, "", f"Figures of {runs}; accuracy in points, 95 % intervals."])


def rows_of(about: Mapping[str, object]) -> list[Row]:
    """Return the rows that results hold of one experiment."""
    stored = about["rows"]
    assert isinstance(stored, list)
    intervals = ("of_subjects", "of_seeds")
    return [Row(**{**row, **{name: Interval(*row[name]) for name in intervals}}) for row in stored]


def read_results(path: Path) -> dict[str, dict[str, object]]:
    """Read what was written, by experiment; nothing where there is no file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_results(
    path: Path, name: str, rows: Sequence[Row], command: str, order: Sequence[str]
) -> None:
    """Replace the results of one experiment; the others stay, each with its own command."""
    results = read_results(path)
    results[name] = {
        "command": command, "machine": machine(), "versions": versions(),
        "rows": [row._asdict() for row in rows],
    }  # fmt: skip
    results = {known: results[known] for known in order if known in results}
    text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
