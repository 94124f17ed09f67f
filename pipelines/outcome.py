"""What verbs print when they are done, and the exit code of it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from featpipe.errors import N_SAID, few, printable
from pipelines import stopping
from pipelines.exits import DONE, ENVIRONMENT, ENVIRONMENT_ERRORS, SOME_FAILED
from pipelines.json_text import json_text
from pipelines.places import with_urls
from pipelines.work_names import units_of


def print_plan(
    stale: list[dict[str, str]],
    as_json: bool,
    options: Any = None,
    before: str = "",
    gone: str = "",
) -> int:
    """Print what would be made and why; `before` stands in front of each line.

    `gone` says in one line why no recording is there, instead of the lines of all that wait.
    """
    for row in stale:
        row["reason"] = with_urls(row["reason"])
    if as_json:
        content = {"outputs": stale} | ({} if options is None else {"options": options})
        click.echo(json_text(content))
        return DONE
    last = ""
    if gone:
        click.echo(f"{before}{'waiting':8} {gone}")
    for row in stale:
        if gone and row["state"] == "waiting":
            continue
        reason = "as above" if row["reason"] == last and len(last) > 60 else row["reason"]
        text = f"{row['state']:8} {row['output']}" + f"  ({reason})" * bool(reason)
        click.echo("\n".join(before + printable(line, N_SAID) for line in text.splitlines()))
        last = row["reason"]
    n_fresh = sum(row["state"] == "fresh" for row in stale)
    n_left = sum(row["state"] in ("unasked", "optional") for row in stale)
    n_bad, n_waiting, n_defects = (
        sum(row["state"] == state for row in stale) for state in ("unusable", "waiting", "defect")
    )
    told = f", {n_bad} of them would fail" * (n_bad > 0)
    told += f"; files of {n_waiting} more are not there" * (n_waiting > 0)
    told += f"; {_things(n_defects)} missing or wrong in the folder" * (n_defects > 0)
    n_to_make = len(stale) - n_fresh - n_left - n_waiting - n_defects
    click.echo(f"{before}files: {n_fresh} fresh, {n_to_make} to make{told}")
    return DONE


def _things(n: int) -> str:
    return f"{n} thing{'s' * (n != 1)}"


def finish(
    rows: list[Any],
    out: Path,
    as_json: bool,
    scores: Any = None,
    more: Mapping[str, Any] | None = None,
) -> int:
    """Print what came of a run, `more` in JSON only; the code says whether all of it worked."""
    from pipelines.progress import shown
    from pipelines.summary import LAYOUT

    counts = {state: sum(r.state == state for r in rows) for state in ("made", "kept", "failed")}
    failed = [r for r in rows if r.state == "failed"]
    n_defects = sum(r.step == LAYOUT for r in failed)
    if as_json:
        if left := sum(stopping.not_begun().values()):
            counts["not_begun"] = left
        failures = [
            {"unit": r.unit, "error": r.error, "reason": r.reason, "made": list(r.files)}
            for r in failed
        ]
        about = {"out": with_urls(str(out)), **counts, "failures": failures}
        about |= {} if scores is None else {"scores": scores}
        click.echo(json_text(about | dict(more or {})))
    else:
        if scores is not None:
            click.echo(f"{scores}\n")
        text = "; ".join(_counts(rows))
        text += f", {_things(n_defects)} missing or wrong in the folder, told above" * bool(
            n_defects
        )
        if n_files := sum(len(r.files) for r in failed):
            text += f", yet {n_files} output{'s' * (n_files > 1)} of the failed made"
        click.echo(f"{text}; outputs in {shown(out)}", err=scores is not None)
        for r in (r for r in failed if r.step != LAYOUT and not r.meets_all):
            made = ", ".join(Path(file).relative_to(out).as_posix() for file in r.files)
            why = f"failed: {r.unit}: {r.reason}" + f" (made: {made})" * bool(made)
            click.echo(printable(why, N_SAID), err=True)
        if without_room := [r for r in failed if r.meets_all]:
            names = few([r.unit for r in without_room])
            click.echo(printable(f"failed: {names}: {without_room[0].reason}", N_SAID), err=True)
        if failed and (out / "failures.parquet").exists():
            click.echo(f"reasons are kept in {shown(out / 'failures.parquet')}", err=True)
    return code_of(rows)


def _counts(rows: list[Any]) -> Iterator[str]:
    """Say how many units of each kind came to what: "recordings: 6 made, 2 kept, 8 not begun"."""
    from pipelines.summary import LAYOUT

    left = stopping.not_begun()
    steps = dict.fromkeys(row.step for row in rows if row.step != LAYOUT)
    names = list(dict.fromkeys(units_of(step) for step in (*steps, *left))) or [units_of("")]
    for name in names:
        states = [row.state for row in rows if row.step in steps and units_of(row.step) == name]
        counts = {state: states.count(state) for state in ("made", "kept", "failed")}
        # the traces of recordings are made first, and then left out as well
        counts["not begun"] = max([0, *(n for step, n in left.items() if units_of(step) == name)])
        yield f"{name}: " + ", ".join(
            f"{n} {state}" for state, n in counts.items() if n or state in ("made", "kept")
        )


def code_of(rows: list[Any]) -> int:
    """Return the exit code of a run: whether all worked, and if not, whose fault it is."""
    failed = [row for row in rows if row.state == "failed"]
    if any(row.error in ENVIRONMENT_ERRORS for row in failed):
        return ENVIRONMENT
    return SOME_FAILED if failed else DONE
