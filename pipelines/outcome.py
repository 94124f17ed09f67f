"""What verbs print when they are done, and the exit code of it."""

import json
from pathlib import Path
from typing import Any

import click

from featpipe.errors import N_SAID, printable
from pipelines.exits import DONE, ENVIRONMENT, ENVIRONMENT_ERRORS, SOME_FAILED
from pipelines.places import with_urls


def print_plan(
    stale: list[dict[str, str]], as_json: bool, options: Any = None, before: str = ""
) -> int:
    """Print what would be made and why; `before` stands in front of each line."""
    for row in stale:
        row["reason"] = with_urls(row["reason"])
    if as_json:
        content = {"outputs": stale} | ({} if options is None else {"options": options})
        click.echo(json.dumps(content, ensure_ascii=False, default=str))
        return DONE
    last = ""
    for row in stale:
        reason = "as above" if row["reason"] == last and len(last) > 60 else row["reason"]
        text = f"{row['state']:8} {row['output']}" + f"  ({reason})" * bool(reason)
        click.echo("\n".join(before + line for line in text.splitlines()))
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
    click.echo(f"{before}{n_fresh} fresh, {n_to_make} to make{told}")
    return DONE


def _things(n: int) -> str:
    return f"{n} thing{'s' * (n != 1)}"


def finish(rows: list[Any], out: Path, as_json: bool, scores: Any = None) -> int:
    """Print what came of a run; the exit code says whether all of it worked."""
    from pipelines.progress import shown
    from pipelines.summary import LAYOUT

    counts = {state: sum(r.state == state for r in rows) for state in ("made", "kept", "failed")}
    failed = [r for r in rows if r.state == "failed"]
    n_defects = sum(r.step == LAYOUT for r in failed)
    if as_json:
        failures = [
            {"unit": r.unit, "error": r.error, "reason": r.reason, "made": list(r.files)}
            for r in failed
        ]
        about = {"out": with_urls(str(out)), **counts, "failures": failures}
        about |= {} if scores is None else {"scores": scores}
        click.echo(json.dumps(about, ensure_ascii=False))
    else:
        if scores is not None:
            click.echo(f"{scores}\n")
        counts["failed"] -= n_defects
        text = ", ".join(f"{n} {state}" for state, n in counts.items() if n or state != "failed")
        text += f", {_things(n_defects)} missing or wrong in the folder, told above" * bool(
            n_defects
        )
        if n_files := sum(len(r.files) for r in failed):
            text += f", yet {n_files} output{'s' * (n_files > 1)} of the failed made"
        click.echo(f"{text}; outputs in {shown(out)}", err=scores is not None)
        for r in (r for r in failed if r.step != LAYOUT):
            made = ", ".join(Path(file).relative_to(out).as_posix() for file in r.files)
            why = f"failed: {r.unit}: {r.reason}" + f" (made: {made})" * bool(made)
            click.echo(printable(why, N_SAID), err=True)
        if failed:
            click.echo(f"reasons are kept in {shown(out / 'failures.parquet')}", err=True)
    return code_of(rows)


def code_of(rows: list[Any]) -> int:
    """Return the exit code of a run: whether all worked, and if not, whose fault it is."""
    failed = [row for row in rows if row.state == "failed"]
    if any(row.error in ENVIRONMENT_ERRORS for row in failed):
        return ENVIRONMENT
    return SOME_FAILED if failed else DONE
